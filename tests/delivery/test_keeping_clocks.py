"""Nothing is removed from `sent` on the word of one clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import files
from tests.support.folders import ARRIVED
from tests.support.simulated_practice import SCANS, SETTINGS, SimulatedPractice

KEEPING = f"[agent]\nkeep_sent_days = 400\n{SETTINGS}".replace("environment", "rescan_seconds = 60\nenvironment")
OLD, RECENT = "2025-01-01", "2026-07-01"


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    made = SimulatedPractice(tmp_path, KEEPING)
    made.service().tells_time = True
    for day in (OLD, RECENT):
        made.fs.put(made.folder() / "sent" / day / "scan.pdf", files.pdf())
    return made


def days(practice: SimulatedPractice) -> set[str]:
    return {name.split("/")[1] for name in practice.standing() if name.startswith("sent/")}


def test_what_is_old_by_both_clocks_goes_without_anything_being_sent(practice: SimulatedPractice) -> None:
    practice.pass_(minutes=2)
    assert days(practice) == {RECENT}


@pytest.mark.parametrize("years", [2, 6])
def test_a_clock_years_ahead_removes_nothing_more(practice: SimulatedPractice, years: int) -> None:
    practice.clock.moment += timedelta(days=365 * years)
    practice.pass_(minutes=2)
    practice.clock.moment += timedelta(days=365)
    practice.pass_(minutes=2)
    practice.clock.moment = practice.clock.truly
    practice.pass_(minutes=2)
    assert days(practice) == {RECENT}


@pytest.mark.parametrize("can", ["not be asked", "not tell"])
def test_without_the_services_word_everything_stays(practice: SimulatedPractice, can: str) -> None:
    practice.service().is_away, practice.service().tells_time = can == "not be asked", False
    practice.pass_(minutes=30)
    assert days(practice) == {OLD, RECENT}


def test_a_service_that_comes_back_is_asked_again(practice: SimulatedPractice) -> None:
    practice.service().is_away = True
    practice.pass_(minutes=30)
    practice.service().is_away = False
    practice.pass_(minutes=30)
    assert days(practice) == {RECENT}


def test_what_is_sent_while_the_clock_is_behind_stands_under_the_day_that_it_is(
    practice: SimulatedPractice,
) -> None:
    practice.clock.moment -= timedelta(days=60)
    practice.drop("implant.json", files.sidecar())
    practice.drop("implant.pdf", files.pdf())
    practice.pass_(minutes=2)
    practice.clock.moment = practice.clock.truly
    practice.pass_(minutes=2)
    assert days(practice) == {RECENT, f"{ARRIVED.astimezone():%Y-%m-%d}"}
    assert practice.receipts(SCANS)[0]["sent_at"].startswith(f"{ARRIVED:%Y-%m-%d}")
