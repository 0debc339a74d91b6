"""Nothing in the journal can be changed, left out or put in between unseen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger, read_only
from tests.support import activity
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
        ("UPDATE journal SET at = 'yesterday' WHERE number = 2", 2),
        ("UPDATE journal SET at = '2026-07-14T09:41:00' WHERE number = 2", 2),
        ("UPDATE journal SET at = 7 WHERE number = 2", 2),
        ("UPDATE journal SET detail = '{' WHERE number = 3", 3),
        ("UPDATE journal SET detail = 'null' WHERE number = 3", 3),
        ("UPDATE journal SET detail = x'ff' WHERE number = 3", 3),
        ("UPDATE journal SET event = 7 WHERE number = 4", 4),
        ("UPDATE journal SET chain = x'00ff' WHERE number = 5", 5),
        (
            "INSERT INTO journal SELECT 0, at, packet, lane, event, detail, actor, chain FROM journal WHERE number = 1",
            1,
        ),
        ("DROP TABLE journal", 1),
    ],
)
def test_what_was_changed_is_found(tmp_path: Path, tampering: str, broken_at: int) -> None:
    path = tmp_path / "ledger.sqlite"
    with_lines(path).close()
    with closing(sqlite3.connect(path)) as neighbour, neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute(tampering)
    neighbour.close()
    ledger = Ledger(read_only(path))
    assert ledger.verify_journal().broken_at == broken_at
    ledger.close()


START = "INSERT INTO journal_start (id, number, chain)"


@pytest.mark.parametrize(
    ("start", "broken_at"),
    [
        (f"{START} VALUES (1, -1, '')", 1),
        (f"{START} VALUES (1, -7, 'x')", 1),
        (f"{START} VALUES (1, 0, 'x')", 1),
        (f"{START} VALUES (1, 2, '')", 1),
        (f"{START} SELECT 1, number, chain FROM journal WHERE number = 2", 2),
        (f"{START} SELECT 1, number, chain FROM journal WHERE number = 5", 5),
    ],
)
def test_a_start_of_which_no_line_says_that_old_ones_were_removed_is_not_believed(
    tmp_path: Path, start: str, broken_at: int
) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = with_lines(path)
    kept = ledger.verify_journal().head
    ledger.close()
    with closing(sqlite3.connect(path)) as neighbour, neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute(start)
        neighbour.execute("DELETE FROM journal WHERE number <= (SELECT number FROM journal_start)")
        neighbour.execute("UPDATE journal SET actor = 'ruth' WHERE (SELECT number FROM journal_start) < 0")
    neighbour.close()
    ledger = Ledger(read_only(path))
    assert (ledger.verify_journal().broken_at, ledger.verify_journal(kept).broken_at) == (broken_at, broken_at)
    ledger.close()


def test_lines_that_were_removed_for_their_age_are_told_of(tmp_path: Path) -> None:
    ledger = with_lines(tmp_path / "ledger.sqlite")
    kept = ledger.verify_journal().head
    for hour in (2, 3):
        with ledger.transaction() as tx:
            tx.trim_journal(NOW + hours(hour), NOW + hours(9))
    found = ledger.verify_journal(kept)
    assert (found.broken_at, found.begins_behind, found.lines) == (0, 3, 4)
    ledger.close()


def test_a_ledger_of_packets_has_lines(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = with_lines(path, 0)
    assert ledger.verify_journal().broken_at == 0
    activity.remember(ledger, *activity.sent_ones())
    ledger.close()
    with closing(sqlite3.connect(path)) as neighbour, neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute("DELETE FROM journal")
    neighbour.close()
    ledger = Ledger(read_only(path))
    assert ledger.verify_journal().broken_at == 1
    ledger.close()


@pytest.mark.parametrize("verb", ["UPDATE journal SET actor = 'ruth'", "DELETE FROM journal"])
def test_the_database_itself_refuses_it(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "ledger.sqlite"
    with_lines(path).close()
    with (
        closing(sqlite3.connect(path)) as neighbour,
        neighbour,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        neighbour.execute(verb)
    neighbour.close()


def test_an_end_that_was_cut_off_is_found_by_a_link_that_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = with_lines(path)
    kept = ledger.verify_journal().head
    ledger.close()
    with closing(sqlite3.connect(path)) as neighbour, neighbour:
        for trigger in REFUSALS:
            neighbour.execute(f"DROP TRIGGER {trigger}")
        neighbour.execute("DELETE FROM journal WHERE number > 3")
    neighbour.close()
    ledger = Ledger(open_ledger(path, NOW).engine)
    assert ledger.verify_journal().broken_at == 0
    assert ledger.verify_journal(kept).broken_at == 4
    ledger.close()
