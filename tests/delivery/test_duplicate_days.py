"""For how long the same is known again: no clock that is wrong for a time makes it forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import files
from tests.support.simulated_practice import SCANS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import ROW, csv
from tests.support.statement_world import long_sleeps

YEARS = [timedelta(days=9), timedelta(days=6 * 365)]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[SimulatedPractice]:
    made = SimulatedPractice(tmp_path)
    for service in made.services.values():
        service.tells_time = True
    with long_sleeps():
        yield made


def a_scan(practice: SimulatedPractice, _name: str) -> None:
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", files.pdf())


def a_statement(practice: SimulatedPractice, name: str) -> None:
    practice.drop(name, csv(ROW), STATEMENTS)


def set_forward(practice: SimulatedPractice, by: timedelta) -> None:
    practice.clock.moment += by


def boots(practice: SimulatedPractice, by: timedelta) -> None:
    practice.clock.pass_(600)
    practice.clock.boot()
    practice.clock.moment += by
    practice.restart()


@pytest.mark.parametrize("by", YEARS, ids=lambda by: f"{by.days} days")
@pytest.mark.parametrize("happens", [set_forward, boots])
@pytest.mark.parametrize("drop", [a_scan, a_statement])
def test_what_was_sent_an_hour_ago_is_known_again_whatever_the_clock_says(
    practice: SimulatedPractice,
    by: timedelta,
    happens: Callable[[SimulatedPractice, timedelta], None],
    drop: Callable[[SimulatedPractice, str], None],
) -> None:
    lane = SCANS if drop is a_scan else STATEMENTS
    drop(practice, "Statements.csv")
    practice.pass_(hours=1)
    happens(practice, by)
    practice.pass_(seconds=1)
    drop(practice, "Statements - Copy.csv")
    practice.pass_(hours=1)
    assert len(practice.service(lane).accepted) == 1
    assert [problem["code"] for problem in practice.problems(lane)] == ["duplicate"]


@pytest.mark.slow
@pytest.mark.parametrize("drop", [a_scan, a_statement])
def test_after_its_days_the_same_goes_again(
    practice: SimulatedPractice, drop: Callable[[SimulatedPractice, str], None]
) -> None:
    lane = SCANS if drop is a_scan else STATEMENTS
    drop(practice, "Statements.csv")
    practice.pass_(days=8)
    drop(practice, "Statements - Copy.csv")
    practice.pass_(hours=1)
    assert len(practice.service(lane).accepted) == 2


FORMS = {
    "beside": ("scan.json", "scan.pdf"),
    "full name": ("scan.pdf.json", "scan.pdf"),
    "folder": ("Example/claim.json", "Example/scan.pdf"),
    "other names": ("x-ray.json", "x-ray.pdf"),
}


@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("again", ["beside", "folder"])
def test_a_packet_is_known_again_in_another_form(practice: SimulatedPractice, first: str, again: str) -> None:
    for form in (first, again):
        for name, data in zip(FORMS[form], (files.sidecar(), files.pdf()), strict=True):
            practice.drop(name, data)
        practice.pass_(minutes=1)
    assert len(practice.service(SCANS).accepted) == 1
    assert [problem["code"] for problem in practice.problems()] == ["duplicate"]
