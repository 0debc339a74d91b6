"""Every statement file that cannot go, dropped into a running lane: it fails with its reason, its bytes are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.bad_statements import BAD_STATEMENTS, BadStatements
from tests.support.practice import standing
from tests.support.statement_files import ROW, csv
from tests.support.statements_practice import LANE, StatementsPractice

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementsPractice]:
    with StatementsPractice(tmp_path_factory.mktemp("practice")) as practice:
        yield practice


@pytest.fixture
def practice(running: StatementsPractice) -> Iterator[StatementsPractice]:
    """The practice with nothing on `failed`."""
    yield running
    for path in (running.folder / "failed").iterdir():
        path.unlink()


@pytest.mark.parametrize("bad", BAD_STATEMENTS, ids=lambda bad: bad.id)
def test_it_fails_with_its_reason_and_nothing_goes_out(practice: StatementsPractice, bad: BadStatements) -> None:
    practice.drop(bad.filename, bad.data)
    if not bad.settles:
        assert practice.engine is not None
        lane = practice.engine.control.state.lanes[LANE]
        practice.wait_for(
            lambda: any(look.reason and look.observation.name == bad.filename for look in lane.looks),
            "a look that finds it incomplete",
        )
        practice.let_pass(seconds=11 * 60)
    practice.wait_until_failed(1)
    [problem] = practice.problems().values()
    assert problem["code"] == bad.code
    failed = standing(practice.folder / "failed")
    assert failed.pop(bad.filename) == bad.data
    [text] = [data.decode() for name, data in failed.items() if name.endswith(".problem.txt")]
    for words in bad.words:
        assert words.lower() in text.lower()
    for fault in problem["details"]:
        assert fault["where"] in text
        assert fault["value"] in text
        assert fault["message"] in text
    assert "Traceback" not in text
    assert practice.sandbox.requests == []
    assert practice.waiting() == []


def test_the_problem_lists_every_bad_row_with_its_column_and_value(practice: StatementsPractice) -> None:
    rows = [
        ROW,
        ("", "07/31/2026", "A B", "1.00"),
        ("2", "02/30/2026", "A B", "1.00"),
        ("3", "07/31/2026", "A B", '"1,2"'),
    ]
    practice.drop("july.csv", csv(*rows))
    practice.wait_until_failed(1)
    [problem] = practice.problems().values()
    found = [(fault["where"], fault["value"]) for fault in problem["details"]]
    assert [where for where, _value in found] == [
        "row 3, column Account Number",
        "row 4, column Statement Date",
        "row 5, column Amount Due",
    ]
    assert [value for _where, value in found] == ["", "02/30/2026", "1,2"]
    text = (practice.folder / "failed" / "july.problem.txt").read_text(encoding="utf-8")
    assert all(where in text and value in text for where, value in found)
    assert json.loads((practice.folder / "failed" / "july.problem.json").read_text(encoding="utf-8")) == problem
    assert practice.sandbox.requests == []
