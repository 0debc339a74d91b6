"""A clock that is set while the agent works: whatever waits, waits as long as it should."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, UNREACHABLE, SimulatedPractice
from tests.support.statement_world import long_sleeps


@pytest.mark.slow
def test_a_scan_that_waits_for_its_sidecar_does_not_fail_when_the_clock_is_set_forward(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path, SETTINGS.replace("environment", "rescan_seconds = 3600\nenvironment"))
    practice.drop("scan.pdf", files.pdf())
    practice.pass_(minutes=2.5)
    practice.clock.moment += timedelta(days=4)
    with long_sleeps():
        practice.pass_(hours=71)
        assert practice.problems() == []
        practice.pass_(hours=2)
    assert [problem["code"] for problem in practice.problems()] == ["no-sidecar"]


def test_a_try_that_comes_back_after_the_clock_was_set_forward_does_not_make_the_packet_give_up(
    tmp_path: Path,
) -> None:
    # The result waits in the inbox while the clock is set, and is met by the loop that sleeps there.
    practice = SimulatedPractice(tmp_path)
    practice.service().rule = lambda _name, _accepted: UNREACHABLE
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", files.pdf())
    steps = 0

    def clock_is_set() -> bool:
        nonlocal steps
        steps += 1
        practice.control.inbox.hint(SCANS)  # so that the loop never really sleeps
        practice.clock.pass_(1)
        if practice.service().received and practice.clock.seconds < 2000:
            practice.clock.moment += timedelta(days=5)
            practice.clock.seconds += 1000
            practice.clock.moment += timedelta(seconds=1000)
        return steps > 20

    practice.control.run_until(clock_is_set)
    assert practice.service().received
    practice.service().rule = lambda _name, _accepted: None
    practice.pass_(minutes=20)
    assert practice.problems() == []
    assert len(practice.receipts()) == 1
