"""Every view says so while the ledger cannot be read, and shows what there is again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from agent.desk.desk import Desk
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable
from tests.support.page import DeskPractice, desk_in, signed_in

VIEWS = ("/", "/history", "/trends", "/history/20260714-120000-ABCDE")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as made:
        yield made


def not_opened() -> None:
    raise LedgerUnavailable("The ledger cannot be opened: database is locked.", may_pass=True)


@pytest.mark.parametrize("path", VIEWS)
def test_a_ledger_that_was_not_opened_yet_is_said(practice: DeskPractice, path: str) -> None:
    practice.ledger.close()
    practice.ledger = Ledger(not_opened)  # type: ignore[arg-type]
    answer = signed_in(practice.desk).get(path)
    assert answer.status_code == 503
    assert "The ledger cannot be read just now" in answer.text


@pytest.mark.parametrize("path", VIEWS)
def test_a_ledger_that_is_locked_is_said_and_then_shown_again(practice: DeskPractice, path: str) -> None:
    def locked(*_told: object) -> None:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    desk: Desk = practice.desk
    client = signed_in(desk)
    engine = practice.ledger._engine
    event.listen(engine, "before_cursor_execute", locked)
    answer = client.get(path)
    event.remove(engine, "before_cursor_execute", locked)
    assert (answer.status_code, "The ledger cannot be read just now" in answer.text) == (503, True)
    assert "The ledger cannot be read" not in client.get(path).text


def test_a_button_is_told_as_well(practice: DeskPractice) -> None:
    practice.ledger.close()
    practice.ledger = Ledger(not_opened)  # type: ignore[arg-type]
    client = signed_in(practice.desk)
    answer = client.post("/retry", data={"packet": "20260714-120000-ABCDE"})
    assert (answer.status_code, 'href="/"' in answer.text) == (503, True)
