"""A ledger older than the shelves, as after a backup was restored: noticed, and what the shelves prove is taken."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from agent.delivery.requests import Request
from agent.folder.names import RECEIPT
from agent.model import LaneId, PacketState
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import (
    LOSE_REPLY,
    REFUSE,
    SCANS,
    SETTINGS,
    STATEMENTS,
    UNREACHABLE,
    SimulatedPractice,
    accept,
)


def raw(engine: Engine) -> sqlite3.Connection:
    connection = engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


class Restored:
    """A practice whose ledger is backed up at once, and restored with `again`."""

    def __init__(self, practice: SimulatedPractice) -> None:
        self.practice = practice
        self.copy = sqlite3.connect(":memory:")
        raw(practice._database).backup(self.copy)

    def again(self) -> SimulatedPractice:
        self.copy.backup(raw(self.practice._database))
        self.practice.restart()
        self.practice.pass_(minutes=10)
        return self.practice


def drop(practice: SimulatedPractice, lane: LaneId = SCANS) -> None:
    if lane == SCANS:
        practice.drop("scan.pdf", files.pdf())
        practice.drop("scan.json", files.sidecar())
    else:
        practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=1)


def states(practice: SimulatedPractice) -> list[PacketState]:
    return sorted(packet.state for packet in practice.ledger.history())


def begun(tmp_path: Path) -> SimulatedPractice:
    practice = SimulatedPractice(tmp_path)
    practice.pass_(minutes=1)
    return practice


def test_what_was_sent_since_is_known_again_as_a_duplicate_and_by_its_name(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    backup = Restored(practice)
    drop(practice)
    drop(practice, STATEMENTS)
    backup.again()
    assert practice.control.state.outdated
    assert states(practice) == ["sent", "sent"]
    drop(practice)
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.pass_(minutes=1)
    assert [problem["code"] for problem in practice.problems()] == ["duplicate"]
    assert [packet.state for packet in practice.ledger.unfinished()] == [PacketState.HELD]
    assert len(practice.service().accepted) == len(practice.service(STATEMENTS).accepted) == 1


def test_what_the_ledger_believes_to_be_on_its_way_has_been_sent(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    practice.service().script = [UNREACHABLE] * 9
    practice.service(STATEMENTS).script = [UNREACHABLE] * 9
    drop(practice)
    drop(practice, STATEMENTS)
    assert states(practice) == ["queued", "queued"]
    backup = Restored(practice)
    practice.pass_(hours=9)
    assert states(practice) == ["sent", "sent"]
    backup.again()
    assert (states(practice), practice.control.state.outdated) == (["sent", "sent"], True)
    assert (
        len(practice.ledger.claims(practice.control.state.lanes[STATEMENTS].terms.account, practice.clock.now())) == 1
    )
    assert {packet.control_number for packet in practice.ledger.history()} - {""}


@pytest.mark.slow
def test_what_has_failed_since_is_shown_and_not_called_removed(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    practice.service().script = [*[UNREACHABLE] * 9, REFUSE]
    drop(practice)
    assert states(practice) == ["queued"]
    backup = Restored(practice)
    practice.pass_(hours=9)
    drop(practice, STATEMENTS)
    [before] = practice.problems()
    backup.again()
    [packet] = practice.ledger.unresolved()
    assert packet.problem is not None
    assert packet.problem.code == before["code"]
    assert practice.problems() == [before]


def test_what_may_have_been_tried_since_is_sent_as_perhaps_sent(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    backup = Restored(practice)
    drop(practice, STATEMENTS)
    practice.service().script = [LOSE_REPLY, *[UNREACHABLE] * 50]
    drop(practice)
    practice.service().script[:] = [UNREACHABLE] * 3 + [accept(7)]
    backup.again()
    practice.pass_(hours=3)
    [receipt] = practice.receipts()
    assert receipt["possibly_sent_twice"] is True


def test_what_was_sent_first_of_all_since_is_told_by_its_manifest(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    backup = Restored(practice)
    practice.restart()
    practice.service().script = [LOSE_REPLY, *[UNREACHABLE] * 50]
    drop(practice)
    practice.service().script[:] = [accept(7)]
    backup.again()
    practice.pass_(hours=3)
    [receipt] = practice.receipts()
    assert receipt["possibly_sent_twice"] is True


def test_a_ledger_that_knows_its_shelves_opens_no_receipt_again(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    drop(practice)
    drop(practice, STATEMENTS)
    opened: list[Path] = []
    plain = practice.fs.open

    def noting(path: Path):
        opened.append(path)
        return plain(path)

    practice.fs.open = noting  # type: ignore[method-assign]
    practice.restart()
    practice.pass_(minutes=10)
    assert not practice.control.state.outdated
    assert [path for path in opened if path.name.endswith(RECEIPT)] == []


def test_a_copy_of_a_receipt_makes_no_ledger_an_old_one(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    drop(practice)
    [name] = [name for name in practice.standing() if name.endswith(RECEIPT)]
    path = practice.folder() / name
    practice.fs.put(path.with_name(f"copy of {path.name}"), practice.standing()[name])
    practice.restart()
    practice.pass_(minutes=10)
    assert (practice.control.state.outdated, states(practice)) == (False, ["sent"])


@pytest.mark.parametrize("minutes", [-1500, -600, -10, 10, 600, 1500])
@pytest.mark.parametrize("ledger", ["old", "lost", "of another boot"])
def test_a_name_that_the_shelves_prove_to_be_used_is_free_24_hours_later_by_the_services_clock(
    tmp_path: Path, ledger: str, minutes: int
) -> None:
    """The PC's clock is wrong as the shelves are read, and the ledger that has seen it right is gone."""
    practice = begun(tmp_path)
    practice.service(STATEMENTS).tells_time = True
    backup = Restored(practice)
    drop(practice, STATEMENTS)
    sent_at = practice.clock.seconds
    practice.clock.moment += timedelta(minutes=minutes)
    if ledger == "of another boot":
        practice.clock.boot()
    if ledger == "old":
        backup.again()
    else:
        practice.restart(fresh_ledger=True)
        practice.pass_(minutes=10)
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.pass_(minutes=10)
    practice.clock.pass_(sent_at + 23.9 * 3600 - practice.clock.seconds)
    practice.pass_(minutes=1)
    assert len(practice.service(STATEMENTS).accepted) == 1
    practice.clock.pass_(600)
    practice.pass_(minutes=10)
    assert len(practice.service(STATEMENTS).accepted) == 2


@pytest.mark.parametrize("lane", [SCANS, STATEMENTS])
@pytest.mark.parametrize("days", [9, 29])
def test_a_lost_ledger_shortens_no_memory_that_the_settings_ask_for(tmp_path: Path, days: int, lane: LaneId) -> None:
    long = SETTINGS.replace('folder = "', 'duplicate_days = 30\nfolder = "')
    practice = SimulatedPractice(tmp_path, long)
    practice.pass_(1)
    drop(practice, lane)
    practice.clock.pass_(days * 86400)
    practice.restart(fresh_ledger=True)
    practice.pass_(minutes=10)
    if lane == SCANS:
        drop(practice)
    else:
        practice.drop("Statements - Copy.csv", statement("1001"), STATEMENTS)
    practice.pass_(hours=1)
    assert len(practice.service(lane).accepted) == 1
    assert len(practice.problems(lane)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [-10, -3, 3, 10])
def test_a_receipt_of_a_clock_that_was_nearly_right_shortens_no_window(tmp_path: Path, minutes: int) -> None:
    practice = begun(tmp_path)
    practice.service(STATEMENTS).tells_time = True
    practice.clock.moment += timedelta(minutes=minutes)
    drop(practice, STATEMENTS)
    sent_at = practice.clock.seconds
    practice.clock.moment -= timedelta(minutes=minutes)
    practice.clock.boot()
    practice.restart(fresh_ledger=True)
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.pass_(sent_at + 24 * 3600 - 60 - practice.clock.seconds)
    assert len(practice.service(STATEMENTS).accepted) == 1
    practice.pass_(minutes=25)
    assert len(practice.service(STATEMENTS).accepted) == 2


def test_what_is_held_says_why_after_its_ledger_is_lost(tmp_path: Path) -> None:
    practice = begun(tmp_path)
    for account in ("1001", "1002", "1003"):
        practice.drop("Statements.csv", statement(account), STATEMENTS)
        practice.pass_(minutes=1)
    before = [packet.problem for packet in practice.ledger.unfinished()]
    practice.restart(fresh_ledger=True)
    practice.pass_(minutes=1)
    assert [packet.state for packet in practice.ledger.unfinished()] == [PacketState.HELD] * 2
    assert [packet.problem for packet in practice.ledger.unfinished()] == before
    assert all(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scan\udcff.pdf", "Smith\udcff/scan.pdf", "Smith/1\udcff.pdf"])
def test_a_failed_file_whose_name_is_no_text_is_found_again_after_its_ledger_is_lost(tmp_path: Path, name: str) -> None:
    practice = begun(tmp_path)
    practice.drop(name, b"%PDF-1.4 no picture at all")
    card = f"{name.partition('/')[0]}/claim.json" if "/" in name else f"{name.removesuffix('.pdf')}.json"
    practice.drop(card, b"{}")
    practice.pass_(minutes=30)
    (before,) = practice.ledger.unresolved()
    practice.restart(fresh_ledger=True)
    practice.pass_(minutes=30)
    (after,) = practice.ledger.unresolved()
    assert (after.name, after.folder) == (before.name, before.folder)
    assert sorted(file.name for file in after.files) == sorted(file.name for file in before.files)
    practice.ask(Request("retry", packets=(after.id,), actor="it"))
    practice.pass_(minutes=30)
    (again,) = practice.ledger.unresolved()
    assert again.id != after.id
