"""A ledger that cannot be used as the agent starts: it waits and shows that, and goes on once the ledger is free."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.delivery import engine as engines
from agent.delivery.engine import SETTINGS_CHANGED, engine
from agent.ledger.opening import LedgerUnavailable, open_ledger
from agent.settings.schema import Settings
from tests.support.packets import NOW
from tests.support.practice import Practice
from tests.support.process import run


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LEDGER_PATIENCE", 0.05)
    monkeypatch.setattr("agent.delivery.control.LEDGER_PATIENCE", 0.05)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with Practice(tmp_path, running=False) as made:
        yield made


@contextmanager
def locked(practice: Practice) -> Iterator[None]:
    """Hold the ledger so that nobody can read it either, as a backup or a repair does."""
    connection = sqlite3.connect(practice.data_dir / "ledger.sqlite", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def test_the_agent_starts_shows_it_and_goes_on_when_the_ledger_is_free(practice: Practice) -> None:
    practice.drop_packet()
    with locked(practice):
        practice.start()
        assert practice.engine is not None
        practice.wait_for(lambda: (practice.lane_status().get("problem") or {}).get("code"), "the lane to say it")
        assert practice.lane_status()["problem"]["code"] == "ledger-trouble"
        [note] = practice.engine.notes
        assert "tries again by itself" in note
    practice.wait_until_sent(1)
    practice.wait_for(lambda: practice.lane_status()["problem"] is None, "the trouble to end")
    assert practice.engine.notes == ()


@pytest.mark.slow
def test_a_ledger_with_an_open_writer_is_waited_for_as_well(practice: Practice) -> None:
    connection = sqlite3.connect(practice.data_dir / "ledger.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    practice.drop_packet()
    practice.start()
    connection.close()
    practice.wait_until_sent(1)


def test_what_waiting_does_not_mend_is_said_at_once(practice: Practice) -> None:
    (practice.data_dir / "ledger.sqlite").unlink()
    (practice.data_dir / "ledger.sqlite").mkdir()
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        practice.start()


@pytest.mark.parametrize("words", ["database is locked", "database or disk is full", "disk I/O error"])
def test_what_may_pass_is_told_from_what_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    def fails(_path: Path, _patience: float) -> None:
        raise sqlite3.OperationalError(words)

    monkeypatch.setattr("agent.ledger.opening._ready", fails)
    with pytest.raises(LedgerUnavailable) as told:
        open_ledger(tmp_path / "ledger.sqlite", NOW)
    assert told.value.may_pass


@pytest.mark.slow
def test_a_pass_ends_with_4_and_names_the_ledger(practice: Practice) -> None:
    practice.drop_packet()
    with locked(practice):
        done = run(practice, "run", "--once", "--json")
    assert done.returncode == 4
    assert "ledger" in json.loads(done.stdout)["unreachable"]["main-street/attachments"]
    assert practice.waiting() == ["scan.json", "scan.pdf"]
    assert run(practice, "run", "--once").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("words", [["history"], ["retry", "--all-failed"], ["pause"], ["trace", "x"]])
def test_a_command_says_that_the_ledger_is_held(practice: Practice, words: list[str]) -> None:
    with locked(practice):
        done = run(practice, *words)
    assert (done.returncode, done.stdout) == (4, "")
    assert "ledger cannot be used just now" in done.stderr


@pytest.mark.slow
def test_status_says_it_of_each_lane(practice: Practice) -> None:
    with locked(practice):
        done = run(practice, "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [lane["problem"]["code"] for lane in json.loads(done.stdout)["lanes"]] == ["ledger-trouble"]


def test_settings_that_were_changed_since_the_last_start_are_written_down(practice: Practice) -> None:
    def starts(settings: Settings) -> list[str]:
        with engine(settings) as agent:
            return [line.detail["sha256"] for line in agent.ledger.journal() if line.event == SETTINGS_CHANGED]

    as_before = practice.settings
    changed = as_before.model_copy(update={"agent": as_before.agent.model_copy(update={"senders": 2})})
    assert [len(starts(settings)) for settings in (as_before, as_before, changed, changed)] == [1, 1, 2, 2]
    assert len(set(starts(changed))) == 2
