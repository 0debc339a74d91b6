"""Which files of the lane are candidates."""

from __future__ import annotations

import pytest

from agent.folder.settling import FileLook, FileStatus
from agent.intake.statements.gather import gather_statements
from agent.model import Identity, Observation, Readiness

INCLUDE = ("*.xml", "*.csv")


def _look(name: str, status: FileStatus = FileStatus.SETTLED) -> FileLook:
    return FileLook(Observation(name, Identity(1, 1, "")), status)


def test_every_file_of_an_included_name_is_a_candidate_by_itself() -> None:
    found = gather_statements([_look("Statements.XML"), _look("july.csv"), _look("july.xlsx")], INCLUDE)
    assert [(c.name, c.files[0].name, c.readiness) for c in found] == [
        ("Statements", "Statements.XML", Readiness.READY),
        ("july", "july.csv", Readiness.READY),
    ]


@pytest.mark.parametrize("status", [s for s in FileStatus if s not in (FileStatus.SETTLED, FileStatus.OVERDUE)])
def test_a_file_that_is_not_settled_is_settling(status: FileStatus) -> None:
    (found,) = gather_statements([_look("a.csv", status)], INCLUDE)
    assert found.readiness is Readiness.SETTLING
