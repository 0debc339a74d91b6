"""Nothing in the journal can be changed, left out or put in between unseen."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from tests.support.packets import NOW, hours

REFUSALS = ("journal_refuses_update", "journal_refuses_delete")


def with_lines(path: Path, count: int = 5) -> Ledger:
    ledger = Ledger(open_ledger(path, NOW).engine)
    for number in range(count):
        with ledger.transaction() as tx:
            tx.note(NOW + hours(number), "pause", lane="main-street/statements", actor="rosa", number=number, of=(1, 2))
    return ledger


def test_a_journal_as_it_was_written_is_whole(tmp_path: Path) -> None:
    ledger = with_lines(tmp_path / "ledger.sqlite")
    with ledger.transaction() as tx:
        tx.note(NOW, "two")
        tx.note(NOW, "in one transaction")
    found = ledger.verify_journal()
    assert (found.lines, found.broken_at, found.begins_behind) == (7, 0, 0)
    assert len(found.head) == 64
    ledger.close()


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE journal SET actor = 'ruth' WHERE number = 3", 3),
        ("UPDATE journal SET at = '2020-01-01T00:00:00.000000+00:00' WHERE number = 1", 1),
        ("UPDATE journal SET event = 'resume' WHERE number = 5", 5),
        ("UPDATE journal SET detail = '{}' WHERE number = 2", 2),
        ("UPDATE journal SET packet = 'p9' WHERE number = 4", 4),
        ("UPDATE journal SET chain = '' WHERE number = 4", 4),
        ("DELETE FROM journal WHERE number = 1", 1),
        ("DELETE FROM journal WHERE number = 3", 3),
        ("DELETE FROM journal WHERE number < 4", 1),
        (
            "INSERT INTO journal (number, at, packet, lane, event, detail, actor, chain) "
            "SELECT 6, at, packet, lane, event, detail, actor, chain FROM journal WHERE number = 5",
            6,
        ),
        ("UPDATE journal SET number = 9 WHERE number = 5", 5),
    ],
)
def test_what_was_changed_is_found(tmp_path: Path, tampering: str, broken_at: int) -> None:
    path = tmp_path / "ledger.sqlite"
    with_lines(path).close()
    with sqlite3.connect(path) as neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute(tampering)
    neighbour.close()
    ledger = Ledger(open_ledger(path, NOW).engine)
    assert ledger.verify_journal().broken_at == broken_at
    ledger.close()


@pytest.mark.parametrize("verb", ["UPDATE journal SET actor = 'ruth'", "DELETE FROM journal"])
def test_the_database_itself_refuses_it(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "ledger.sqlite"
    with_lines(path).close()
    with sqlite3.connect(path) as neighbour, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        neighbour.execute(verb)
    neighbour.close()


def test_an_end_that_was_cut_off_is_found_by_a_link_that_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = with_lines(path)
    kept = ledger.verify_journal().head
    ledger.close()
    with sqlite3.connect(path) as neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute("DELETE FROM journal WHERE number > 3")
    neighbour.close()
    ledger = Ledger(open_ledger(path, NOW).engine)
    assert ledger.verify_journal().broken_at == 0
    assert ledger.verify_journal(kept).broken_at == 4
    ledger.close()
