"""What is old goes with all that is known of it, on the word of both clocks, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.ledger.kept import GONE
from agent.model import PacketState, Problem
from tests.support import files
from tests.support.simulated_practice import REFUSE, SCANS, SETTINGS, SimulatedPractice, accept

DAYS = 30
NAMES = ("Lindqvist_Maya", "CLM-77", "CHC#")


def practice_that_keeps(spool: Path, sent: int = 0, failed: int = 0) -> SimulatedPractice:
    kept = f"[agent]\nkeep_sent_days = {sent}\nkeep_failed_days = {failed}\n{SETTINGS}"
    made = SimulatedPractice(spool, kept.replace("environment", "rescan_seconds = 60\nenvironment"))
    made.service().tells_time = True
    return made


def drop(practice: SimulatedPractice, name: str, *, refused: bool = False) -> None:
    if refused:
        practice.service().script.append(REFUSE)
    practice.drop(f"{name}.json", files.sidecar(claimId="CLM-77"))
    practice.drop(f"{name}.pdf", files.pdf(pages=len(name)))
    practice.pass_(minutes=2)


def sleep(practice: SimulatedPractice, days: int) -> None:
    """Let days go by in which the PC sleeps, and then a little in which the agent works."""
    practice.clock.pass_(timedelta(days=days).total_seconds())
    practice.pass_(minutes=5)


def standing(practice: SimulatedPractice, shelf: str) -> set[str]:
    return {name for name in practice.standing() if name.startswith(f"{shelf}/")}


def known(practice: SimulatedPractice) -> str:
    """All that the ledger holds, as one text."""
    with practice.ledger._engine.connect() as connection:
        return "\n".join(str(line) for line in connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]


@pytest.mark.parametrize(("failed", "goes"), [(0, False), (DAYS, True), (DAYS * 3, False)])
def test_failed_files_go_after_their_days_with_what_is_known_of_them(tmp_path: Path, failed: int, goes: bool) -> None:
    practice = practice_that_keeps(tmp_path, failed=failed)
    drop(practice, "Lindqvist_Maya", refused=True)
    assert len(standing(practice, "failed")) == 4
    sleep(practice, DAYS - 2)
    drop(practice, "recent", refused=True)
    assert len(standing(practice, "failed")) == 8
    sleep(practice, 4)
    left = standing(practice, "failed")
    assert len(left) == (4 if goes else 8)
    assert any("Lindqvist" in name for name in left) is not goes
    [old, recent] = sorted(practice.ledger.history(), key=lambda record: record.arrived_at)
    assert (old.name == GONE, recent.name) == (goes, "recent")
    assert ("Lindqvist" in known(practice)) is not goes
    assert (old.resolved_at is not None) is goes
    assert practice.ledger.verify_journal().broken_at == 0


@pytest.mark.parametrize("renamed", [["pdf"], ["pdf", "json"]])
def test_what_people_have_renamed_on_the_shelf_is_theirs_and_stays_with_its_problem(
    tmp_path: Path, renamed: list[str]
) -> None:
    practice = practice_that_keeps(tmp_path, failed=DAYS)
    drop(practice, "scan", refused=True)
    for ending in renamed:
        practice.rename(f"failed/scan.{ending}", f"failed/Lindqvist.{ending}")
    before = standing(practice, "failed")
    sleep(practice, DAYS + 4)
    assert standing(practice, "failed") == before
    assert [packet.resolved_at for packet in practice.ledger.history()] == [None]


def test_what_was_sent_and_needs_someone_is_forgotten_once_that_person_has_looked(tmp_path: Path) -> None:
    practice = practice_that_keeps(tmp_path, sent=DAYS)
    taken = accept(1)
    look = Problem("fewer", "Fewer came than went.", "Ask the service.")
    practice.service().script = [replace(taken, outcome=replace(taken.outcome, problem=look))]
    drop(practice, "scan")
    sleep(practice, DAYS + 12)
    [packet] = practice.ledger.history()
    assert (packet.name, practice.ledger.unresolved_counts()) == ("scan", {SCANS: 1})
    practice.control.inbox.ask(Request("dismiss", packets=(packet.id,), actor="it"))
    sleep(practice, 2)
    [packet] = practice.ledger.history()
    assert packet.name == GONE


@pytest.mark.parametrize("clock", ["wrong", "unproved"])
def test_nothing_goes_on_the_word_of_one_clock(tmp_path: Path, clock: str) -> None:
    practice = practice_that_keeps(tmp_path, sent=DAYS, failed=DAYS)
    practice.service().tells_time = clock != "unproved"
    drop(practice, "Lindqvist_Maya", refused=True)
    drop(practice, "sent")
    if clock == "unproved":
        practice.clock.pass_(timedelta(days=DAYS * 2).total_seconds())
    else:
        practice.clock.moment += timedelta(days=DAYS * 40)
    before = practice.standing()
    practice.pass_(minutes=10)
    assert practice.standing() == before
    assert not [record for record in practice.ledger.history() if record.name == GONE]


def test_sent_packets_are_forgotten_with_their_files_and_still_counted(tmp_path: Path) -> None:
    practice = practice_that_keeps(tmp_path, sent=DAYS)
    drop(practice, "Lindqvist_Maya")
    assert all(name in known(practice) for name in NAMES)
    sleep(practice, DAYS + 3)
    assert standing(practice, "sent") == set()
    assert not [name for name in NAMES if name in known(practice)]
    [record] = practice.ledger.history()
    assert (record.state, record.name, record.receipt) == (PacketState.SENT, GONE, None)


def test_files_that_people_delete_take_their_traces_along(tmp_path: Path) -> None:
    practice = practice_that_keeps(tmp_path)
    drop(practice, "Lindqvist_Maya", refused=True)
    drop(practice, "other", refused=True)
    for name in standing(practice, "failed"):
        if "Lindqvist" in name:
            practice.fs.remove(practice.folder(SCANS) / name)
    practice.pass_(minutes=5)
    assert "Lindqvist" not in known(practice)
    assert [record.name for record in practice.ledger.unresolved()] == ["other"]


def test_what_people_have_changed_since_is_theirs(tmp_path: Path) -> None:
    practice = practice_that_keeps(tmp_path, failed=DAYS)
    drop(practice, "Lindqvist_Maya", refused=True)
    [scan] = [name for name in standing(practice, "failed") if name.endswith(".pdf")]
    practice.fs.put(practice.folder(SCANS) / scan, files.pdf(pages=30))
    before = standing(practice, "failed")
    sleep(practice, DAYS * 2)
    assert standing(practice, "failed") == before


def test_lines_older_than_anything_is_kept_go_and_the_chain_goes_on(tmp_path: Path) -> None:
    practice = practice_that_keeps(tmp_path, sent=DAYS, failed=DAYS)
    drop(practice, "Lindqvist_Maya")
    first = len(practice.ledger.journal())
    sleep(practice, DAYS - 5)
    drop(practice, "later")
    sleep(practice, 10)
    found = practice.ledger.verify_journal()
    assert (found.broken_at, found.begins_behind) == (0, first)
    assert "journal-trimmed" in [line.event for line in practice.ledger.journal()]
    drop(practice, "last")
    assert practice.ledger.verify_journal().broken_at == 0
