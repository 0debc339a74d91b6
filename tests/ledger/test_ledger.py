"""The ledger: what is written is read back, whole or not at all, and never overwritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy import text as sql
from sqlalchemy.exc import DatabaseError, IntegrityError

from agent.clock import Reading
from agent.ledger.ledger import Ledger
from agent.ledger.opening import HEAD, LedgerUnavailable, memory_ledger, open_ledger, read_only
from agent.ledger.records import ClaimState, LaneRecord, Shelf
from agent.ledger.schema import metadata
from agent.model import LaneId, LaneKind, PacketState, SentFile
from tests.support.packets import NOW, SCANS, STATEMENTS, TROUBLE, accepted, claim, hours, packet


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger(memory_ledger())
    yield made
    made.close()


RECEIPT = {"warnings": ["w"], "attachment_control_number": "CHC#1"}


def test_a_packet_comes_back_as_it_was_admitted(ledger: Ledger) -> None:
    record = packet(problem=TROUBLE, warnings=("a",), claim="CLM-1", next_at=NOW, folder="box", keep_names=True)
    with ledger.transaction() as tx:
        tx.admit(record, NOW)
    assert ledger.packet("p1") == record
    assert ledger.unfinished() == [record]


def test_packets_are_read_with_few_statements_however_many_they_are() -> None:
    """The driver keeps each statement that it has met: one for every number of packets was megabytes in a day."""
    database = memory_ledger()
    ledger = Ledger(database)
    records = [packet(f"p{number:02}") for number in range(70)]
    with ledger.transaction() as tx:
        for record in records:
            tx.admit(record, NOW)
    statements: set[str] = set()
    event.listen(database, "before_cursor_execute", lambda *told: statements.add(told[2]))
    for count in range(71):
        assert ledger.packets([record.id for record in records[:count]]) == records[:count]
    assert len(statements) <= 16
    ledger.close()


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    twice = packet()
    with pytest.raises(IntegrityError), ledger.transaction() as tx:
        tx.admit(twice, NOW)
        tx.admit(twice, NOW)
    assert ledger.unfinished() == []
    assert ledger.journal() == []


def test_the_life_of_a_packet(ledger: Ledger) -> None:
    def now() -> object:
        return ledger.packet("p1")

    with ledger.transaction() as tx:
        tx.admit(packet(), NOW)
        tx.start_attempt(packet(), NOW)
    assert (now().state, now().attempts, now().first_attempt_at) == (PacketState.SENDING, 1, NOW)
    trying = now()
    with ledger.transaction() as tx:
        tx.end_attempt(trying, NOW, "retry", 500, "busy")
        tx.queue(trying, NOW + hours(1), problem=TROUBLE, possibly_sent=True)
    assert (now().state, now().next_at, now().possibly_sent) == (PacketState.QUEUED, NOW + hours(1), True)
    waiting = now()
    with ledger.transaction() as tx:
        tx.start_attempt(waiting, NOW + hours(1))
    trying = now()
    with ledger.transaction() as tx:
        tx.end_attempt(trying, NOW + hours(1), "delivered", 201)
        tx.deliver(trying, RECEIPT, [SentFile("scan.pdf", 100, "ab")], NOW + hours(1))
    assert (now().state, now().unshelved, now().control_number) == (PacketState.DELIVERED, True, "CHC#1")
    assert [file.sha256 for file in now().documents] == ["ab"]
    delivered = now()
    with ledger.transaction(synced=False) as tx:
        tx.shelved(delivered, NOW + hours(1))
    assert (now().state, now().shelf, now().attempts) == (PacketState.SENT, Shelf.SENT, 2)
    assert ledger.unfinished() == []
    events = [line.event for line in ledger.journal("p1")]
    assert events == ["admitted", "attempt", "outcome", "attempt", "outcome", "shelved"]


def test_a_failed_packet_is_unfinished_until_it_is_shelved_and_unresolved_until_someone_deals_with_it(
    ledger: Ledger,
) -> None:
    with ledger.transaction() as tx:
        tx.admit(packet(), NOW)
        tx.fail(packet(), TROUBLE, NOW)
    [failed] = ledger.unfinished()
    assert failed.unshelved
    with ledger.transaction() as tx:
        tx.shelved(failed, NOW)
    assert ledger.unfinished() == []
    [failed] = ledger.unresolved()
    with ledger.transaction() as tx:
        tx.resolve(failed, NOW, "retry")
    assert ledger.unresolved() == []


@pytest.mark.parametrize("statement", ["UPDATE journal SET event = 'x'", "DELETE FROM journal"])
def test_the_journal_can_only_grow(tmp_path: Path, statement: str) -> None:
    opened = open_ledger(tmp_path / "ledger.sqlite3", NOW)
    with Ledger(opened.engine).transaction() as tx:
        tx.note(NOW, "started")
    with pytest.raises(DatabaseError, match="append-only"), opened.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    opened.engine.dispose()


def test_claims_that_matter_are_those_within_24_hours_and_those_of_packets_on_their_way(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        tx.admit(packet("p1", STATEMENTS), NOW)
        tx.claim(claim("p1"))
        tx.claim(accepted("p2", hours(23)))
        tx.claim(accepted("p3", hours(25)))
        tx.claim(replace(accepted("p4", hours(1)), store_id="store-2"))
    found = {one.packet: one for one in ledger.claims("store-1", NOW)}
    assert set(found) == {"p1", "p2"}
    assert (found["p1"].active, found["p2"].active) == (True, False)
    with ledger.transaction() as tx:
        tx.mark_claim("p1", ClaimState.ACCEPTED, NOW)
        tx.release_claim("p2")
    [only] = ledger.claims("store-1", NOW)
    assert (only.state, only.accepted_at) == (ClaimState.ACCEPTED, NOW)


def test_a_clock_that_was_set_moves_every_wait_along(ledger: Ledger) -> None:
    held = packet("p1", STATEMENTS, state=PacketState.HELD, next_at=NOW + hours(5), first_attempt_at=NOW)
    with ledger.transaction() as tx:
        tx.admit(held, NOW)
        tx.claim(accepted("p0", hours(1)))
        tx.lane(LaneRecord(SCANS, rest_until=NOW, setbacks=1))
        tx.waits(SCANS, [("scan.pdf", "1-1-")], NOW)
        tx.shift_times(timedelta(hours=2), NOW)
    assert ledger.packet("p1").next_at == NOW + hours(7)
    assert ledger.packet("p1").first_attempt_at == NOW + hours(2)
    assert ledger.claims("store-1", NOW)[0].accepted_at == NOW + hours(1)
    assert ledger.lanes()[SCANS].rest_until == NOW + hours(2)
    assert set(ledger.waiting_since(SCANS).values()) == {NOW + hours(2)}


def test_lanes_waits_and_the_clock_are_remembered(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        tx.lane(LaneRecord(SCANS))
        tx.lane(LaneRecord(SCANS, paused_since=NOW, problem=TROUBLE, marker_expected=True))
        tx.waits(SCANS, [("a.pdf", "1-1-"), ("b.pdf", "1-1-")], NOW)
        tx.remember_clock(Reading(NOW, 1.0, "boot"))
        tx.remember_clock(Reading(NOW, 2.5, "boot"))
    assert ledger.lanes() == {SCANS: LaneRecord(SCANS, paused_since=NOW, problem=TROUBLE, marker_expected=True)}
    assert ledger.clock_reading() == Reading(NOW, 2.5, "boot")
    waits = ledger.waiting_since(SCANS)
    with ledger.transaction() as tx:
        tx.waits_no_more(SCANS, [next(iter(waits))])
    assert len(ledger.waiting_since(SCANS)) == 1


def test_lookalikes_are_the_accounts_packets_of_that_size_on_their_way_or_lately_sent(ledger: Ledger) -> None:
    sent = {"state": PacketState.SENT, "ended_at": NOW - hours(2)}
    with ledger.transaction() as tx:
        for record in [
            packet("under-way"),
            packet("sent", **sent),
            packet("sent-long-ago", **sent | {"ended_at": NOW - hours(200)}),
            packet("other-metadata", fingerprint="other"),
            packet("other-size", sizes={"scan.pdf": 7}),
            packet("other-lane", STATEMENTS),
            packet("failed", state=PacketState.FAILED, ended_at=NOW),
            packet("failed-unsure", state=PacketState.FAILED, ended_at=NOW, possibly_sent=True),
            packet("other-account", account="there", **sent),
            packet("renamed-store", LaneId("once-called-so", LaneKind.ATTACHMENTS), account="here", **sent),
        ]:
            tx.admit(record, NOW)
    found = {record.id for record in ledger.lookalikes(SCANS, "here", "", 100, NOW - hours(168))}
    assert found == {"under-way", "sent", "failed-unsure", "renamed-store"}


def test_what_says_the_same_is_found_whatever_its_size(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for name, size, said in [("a", 7, "f"), ("b", 100, "f"), ("c", 100, "g"), ("d", 100, ""), ("e", 7, "")]:
            tx.admit(packet(name, fingerprint=said, sizes={"scan.pdf": size}), NOW)
    found = {record.id for record in ledger.lookalikes(SCANS, "", "f", 100, NOW)}
    assert found == {"a", "b", "d"}  # of those that say nothing, the bytes may tell
    query = "EXPLAIN QUERY PLAN SELECT * FROM packet WHERE store='s' AND kind='k' AND fingerprint IN ('f', '')"
    [line] = ledger.rows(sql(query))  # type: ignore[arg-type]
    assert "packet_by_content" in line.detail


# --- Opening --------------------------------------------------------------------------------------------------------


def test_the_migrations_lead_to_just_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = open_ledger(tmp_path / "ledger.sqlite3", NOW).engine
    with engine.connect() as connection:
        for table in metadata.tables.values():
            columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
            assert {column[1] for column in columns} == {column.name for column in table.columns}
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
    engine.dispose()


def test_every_commit_is_synced_and_the_log_is_written_ahead(tmp_path: Path) -> None:
    engine = open_ledger(tmp_path / "ledger.sqlite3", NOW).engine
    with Ledger(engine).transaction(synced=False) as tx:
        tx.note(NOW, "unsynced")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 500, "truncate", "foreign"])
def test_a_damaged_ledger_is_set_aside_and_kept(tmp_path: Path, damage: bytes | str) -> None:
    path = tmp_path / "ledger.sqlite3"
    first = open_ledger(path, NOW)
    with Ledger(first.engine).transaction() as tx:
        for number in range(50):
            tx.admit(packet(f"p{number}"), NOW)
    first.engine.dispose()
    if damage == "truncate":
        path.write_bytes(path.read_bytes()[:9000])
    elif damage == "foreign":
        path.unlink()
        sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()
    else:
        path.write_bytes(damage)
    before = path.read_bytes()
    opened = open_ledger(path, NOW)
    assert Ledger(opened.engine).unfinished() == []
    opened.engine.dispose()
    if damage:
        assert opened.why == "damaged"
        assert opened.set_aside.read_bytes() == before
    else:
        assert opened.set_aside is None  # an empty file is what a crash before the first commit leaves


def test_a_ledger_of_a_newer_outtray_is_set_aside_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    first = open_ledger(path, NOW)
    with first.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    first.engine.dispose()
    opened = open_ledger(path, NOW)
    opened.engine.dispose()
    assert opened.why == "newer"
    with closing(sqlite3.connect(opened.set_aside)) as kept, kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    kept.close()


def test_two_ledgers_set_aside_in_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    for text in (b"first" * 300, b"second" * 300):
        path.write_bytes(text)
        open_ledger(path, NOW).engine.dispose()
    kept = sorted(other.read_bytes()[:5] for other in tmp_path.glob("ledger.sqlite3.damaged-*"))
    assert kept == [b"first", b"secon"]


def test_a_place_that_cannot_be_written_is_told_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        open_ledger(tmp_path / "file" / "ledger.sqlite3", NOW)


def test_reading_beside_the_agent_never_makes_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="no ledger"):
        read_only(tmp_path / "ledger.sqlite3")
    assert list(tmp_path.iterdir()) == []
