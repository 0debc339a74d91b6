"""Files that are renamed on a shelf: by people, as a problem asks them to, or by another system's way of spelling."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import REFUSE, SCANS, STATEMENTS, UNREACHABLE, SimulatedPractice


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    return SimulatedPractice(tmp_path)


def rename(practice: SimulatedPractice, shelf: str, old: str, new: str) -> None:
    practice.fs.rename(practice.folder() / shelf / old, practice.folder() / shelf / new)


@pytest.mark.parametrize("by", ["retry", "dragged"])
def test_a_scan_that_is_renamed_as_its_problem_asks_goes_with_its_sidecar(practice: SimulatedPractice, by: str) -> None:
    practice.drop("x.tif", files.pdf())
    practice.drop("x.json", files.sidecar())
    practice.pass_(10)
    [problem] = practice.problems()
    rename(practice, "failed", "x.tif", "x.pdf")
    practice.pass_(minutes=5)
    assert [found["packet"] for found in practice.problems()] == [problem["packet"]]
    if by == "retry":
        practice.ask(Request("retry", packets=(problem["packet"],), actor="front-desk"))
    else:
        for name in ("x.pdf", "x.json"):
            practice.fs.rename(practice.folder() / "failed" / name, practice.folder() / name)
        practice.hint(SCANS)
    practice.pass_(minutes=5)
    assert [list(got.files) for got in practice.service().accepted] == [["x.pdf"]]
    assert practice.problems() == []


def test_another_failed_packet_keeps_its_scan_of_the_same_bytes(practice: SimulatedPractice) -> None:
    practice.service().script = [REFUSE] * 2
    practice.drop("a.pdf", files.pdf())
    practice.drop("a.json", files.sidecar(claimId="A"))
    practice.pass_(minutes=1)
    for name, data in {"b1.pdf": files.pdf(), "b2.pdf": files.pdf(pages=3)}.items():
        practice.drop(name, data)
    practice.drop("b.json", files.sidecar(claimId="B", files=["b1.pdf", "b2.pdf"]))
    practice.pass_(minutes=1)
    problems = {problem["name"]: problem["packet"] for problem in practice.problems()}
    practice.fs.remove(practice.folder() / "failed" / "a.pdf")
    practice.ask(Request("retry", packets=(problems["a"],), actor="front-desk"))
    practice.pass_(minutes=5)
    assert {"failed/b.json", "failed/b1.pdf", "failed/b2.pdf"} <= practice.standing().keys()


def test_a_lone_file_that_is_renamed_on_failed_still_needs_someone(practice: SimulatedPractice) -> None:
    practice.drop("s.csv", b"no statement\n", STATEMENTS)
    practice.pass_(10)
    assert len(practice.problems(STATEMENTS)) == 1
    failed = practice.folder(STATEMENTS) / "failed"
    practice.fs.rename(failed / "s.csv", failed / "s.old.csv")
    practice.pass_(minutes=5)
    assert len(practice.problems(STATEMENTS)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("spelled", [lambda name: unicodedata.normalize("NFD", name), str.upper])
def test_a_held_file_that_another_system_spells_its_own_way_goes_when_its_window_opens(
    practice: SimulatedPractice, spelled: object
) -> None:
    for account in ("1001", "1002"):
        practice.drop("café.csv", statement(account), STATEMENTS)
        practice.pass_(minutes=1)
    [held] = [name for name in practice.standing(STATEMENTS) if name.startswith("held/") and name.endswith(".csv")]
    path = practice.folder(STATEMENTS) / held
    practice.fs.rename(path, path.with_name(spelled(path.name)))  # type: ignore[operator]
    practice.pass_(hours=25)
    assert [got.filename for got in practice.service(STATEMENTS).accepted] == ["café.csv", "café.csv"]
    assert not [name for name in practice.standing(STATEMENTS) if name.startswith(("held/", "sending/"))]


def test_a_held_file_that_people_rename_is_not_withdrawn_and_goes_under_its_own_name(
    practice: SimulatedPractice,
) -> None:
    for account in ("1001", "1002"):
        practice.drop("S.csv", statement(account), STATEMENTS)
        practice.pass_(minutes=1)
    [held] = [name for name in practice.standing(STATEMENTS) if name.startswith("held/") and name.endswith(".csv")]
    path = practice.folder(STATEMENTS) / held
    practice.fs.rename(path, path.with_name("S new.csv"))
    practice.pass_(minutes=30)
    assert practice.problems(STATEMENTS) == []
    practice.pass_(hours=25)
    assert [got.filename for got in practice.service(STATEMENTS).accepted] == ["S.csv", "S.csv"]
    assert not [name for name in practice.standing(STATEMENTS) if name.startswith(("held/", "sending/"))]


def test_a_scan_that_people_rename_while_it_waits_for_its_next_try_stays_with_its_packet(
    practice: SimulatedPractice,
) -> None:
    practice.service().script = [UNREACHABLE] * 8
    practice.drop("x.pdf", files.pdf())
    practice.drop("x.json", files.sidecar())
    practice.pass_(minutes=1)
    [waits] = [name for name in practice.standing() if name.startswith("sending/") and name.endswith(".pdf")]
    path = practice.folder() / waits
    practice.fs.rename(path, path.with_name("Lindqvist.pdf"))
    practice.pass_(hours=1)
    assert not [name for name in practice.standing() if name.startswith("sending/")]
    assert [list(got.files) for got in practice.service().accepted] == [["x.pdf"]]
