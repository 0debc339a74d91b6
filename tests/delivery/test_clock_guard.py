"""A clock that was set moves the waits along; time that passes, asleep or awake, does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.clock import Reading
from agent.delivery.clock_guard import ClockGuard
from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from tests.support.packets import NOW, accepted, hours


@pytest.mark.parametrize(
    ("wall_passes", "steady_passes", "boot", "moved_by"),
    [
        (1.0, 1.0, "boot-1", 0),
        (10.0, 10.0, "boot-1", 0),
        (26.0, 1.0, "boot-1", 25),
        (-5.0, 1.0, "boot-1", -6),
        (48.0, 0.5, "boot-2", 0),
    ],
    ids=["an hour", "a night asleep", "set forward by 25 hours", "set back by 6 hours", "a reboot"],
)
def test_the_waits_move_with_the_clock(wall_passes: float, steady_passes: float, boot: str, moved_by: float) -> None:
    ledger = Ledger(memory_ledger())
    with ledger.transaction() as tx:
        tx.claim(accepted("p0", hours(0)))
    ClockGuard(ledger).mind(Reading(NOW, 1000.0, "boot-1"))
    later = Reading(NOW + hours(wall_passes), 1000.0 + steady_passes * 3600, boot)
    assert ClockGuard(ledger).mind(later) is (moved_by != 0)
    [claim] = ledger.claims("store-1", NOW - timedelta(days=9))
    assert claim.accepted_at == NOW + hours(moved_by)
    ledger.close()


@pytest.mark.parametrize(
    ("wall_passes", "steady_passes", "same_boot"),
    [
        (2.0, 2.0, True),
        (3.0, 2.0, False),
        (-1.0, 2.0, False),
        (2.0, -900 / 3600, False),
        (0.0, 0.0, True),
    ],
    ids=["the next start", "set forward between", "set back between", "a boot", "at once"],
)
def test_where_boots_are_not_named_a_start_is_in_the_boot_of_the_last_one_if_both_clocks_went_on_together(
    wall_passes: float, steady_passes: float, same_boot: bool
) -> None:
    ledger = Ledger(memory_ledger())
    with ledger.transaction() as tx:
        tx.claim(accepted("p0", hours(1)))
    ClockGuard(ledger).mind(Reading(NOW, 1000.0, ""))
    ClockGuard(ledger).mind(Reading(NOW + hours(wall_passes), 1000.0 + steady_passes * 3600, ""))
    [claim] = ledger.claims("store-1", NOW - timedelta(days=9))
    assert claim.unproved is not same_boot
    ledger.close()


def test_a_clock_that_runs_a_little_fast_shortens_no_window() -> None:
    ledger = Ledger(memory_ledger())
    guard = ClockGuard(ledger)
    guard.mind(Reading(NOW, 0.0, "boot-1"))
    with ledger.transaction() as tx:
        tx.claim(accepted("p0", hours(0)))
    for n in range(1, 101):
        guard.mind(Reading(NOW + timedelta(minutes=6 * n, seconds=0.5 * n), 360.0 * n, "boot-1"))
    [claim] = ledger.claims("store-1", NOW)
    assert claim.accepted_at == NOW + timedelta(seconds=50)
    ledger.close()


def test_slow_drift_never_adds_up_to_a_jump() -> None:
    ledger = Ledger(memory_ledger())
    guard = ClockGuard(ledger)
    moved = [
        guard.mind(Reading(NOW + timedelta(minutes=6 * n, seconds=0.5 * n), 360.0 * n, "boot-1")) for n in range(100)
    ]
    assert not any(moved)
    ledger.close()
