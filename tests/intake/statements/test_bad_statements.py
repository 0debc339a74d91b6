"""Every way in which a statement file can be bad: what is said, and that nothing is left behind."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent.intake.structure import incomplete_reason
from tests.support.bad_statements import BAD_STATEMENTS, BadStatements
from tests.support.statement_files import check

CASES = pytest.mark.parametrize("bad", BAD_STATEMENTS, ids=lambda bad: bad.id)


@CASES
def test_a_bad_file_is_told_in_its_own_terms_and_leaves_nothing(bad: BadStatements, tmp_path: Path) -> None:
    checked = check(bad.data, bad.filename, tmp_path / "spool.json")
    assert checked.problem is not None
    said = "\n".join(
        [checked.problem.sentence, checked.problem.what_to_do]
        + [f"{fault.where}: {fault.value} {fault.message}" for fault in checked.problem.details]
    )
    assert checked.problem.code == bad.code, said
    for word in bad.words:
        assert word in said
    assert checked.request is None
    assert list(tmp_path.iterdir()) == []


@CASES
def test_what_is_said_is_said_kindly(bad: BadStatements, tmp_path: Path) -> None:
    problem = check(bad.data, bad.filename, tmp_path / "spool.json").problem
    assert problem is not None
    said = " ".join([problem.sentence, problem.what_to_do, *(f.message for f in problem.details)])
    for word in ("error", "invalid", "please", "oops", "!", "{", "}", "you forgot"):
        assert word not in said.lower()
    assert problem.sentence.endswith(".")
    assert problem.what_to_do.endswith(".")
    assert bad.filename in problem.sentence


@CASES
def test_the_table_knows_which_files_ever_settle(bad: BadStatements) -> None:
    assert (incomplete_reason(io.BytesIO(bad.data), bad.filename, len(bad.data)) is None) == bad.settles


def test_there_are_at_least_forty_and_no_two_alike() -> None:
    assert len({bad.id for bad in BAD_STATEMENTS}) == len(BAD_STATEMENTS) >= 40
