"""What a wrong clock, a boot, and a service's Date do to the 24 hours of a name: one story a rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.model import LaneId, PacketState
from tests.support.clock_world import HOUR, ClockWorld
from tests.support.faulty_practice import statement
from tests.support.files import pdf, sidecar
from tests.support.simulated_practice import SCANS, STATEMENTS, SimulatedPractice
from tests.support.statement_world import NORTH, long_sleeps

NAME = "Statements.csv"


@pytest.fixture(params=[True, False], ids=["boots named", "boots unnamed"])
def world(request: pytest.FixtureRequest) -> Iterator[ClockWorld]:
    made = ClockWorld(names_boots=request.param)
    with long_sleeps():
        yield made
    made.close()


def taken(world: ClockWorld) -> int:
    return len(world.practice.service(NORTH).accepted)


def a_second_is_held(world: ClockWorld) -> None:
    world.drop("north", NAME)
    world.run(60)
    world.drop("north", NAME)
    world.run(60)
    assert [packet.state for packet in world.practice.control.state.packets.values()] == [PacketState.HELD]


@pytest.mark.parametrize("minutes", [-6 * 525_600, -1500, -300, 0, 300, 1500, 6 * 525_600, None])
def test_after_a_boot_the_services_own_time_says_when_a_held_file_goes(world: ClockWorld, minutes: int | None) -> None:
    a_second_is_held(world)
    world.boot(10 * HOUR, minutes)
    world.run(13.9 * HOUR)
    assert taken(world) == 1
    world.run(HOUR)
    assert taken(world) == 2


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [-1500, 1500])
def test_while_the_service_cannot_be_asked_nothing_goes_under_a_name_of_an_earlier_boot(
    world: ClockWorld, minutes: int
) -> None:
    a_second_is_held(world)
    world.practice.service(NORTH).is_away = True  # and what is sent to it would arrive
    world.boot(10 * HOUR, minutes)
    world.run(13.9 * HOUR)
    assert taken(world) == 1
    world.practice.service(NORTH).is_away = False
    world.run(HOUR)
    assert taken(world) == 2


def test_a_new_file_is_taken_while_its_name_is_in_doubt_and_goes_when_the_service_has_told_its_time(
    world: ClockWorld,
) -> None:
    world.drop("north", NAME)
    world.run(60)
    world.practice.service(NORTH).is_away = True
    world.boot(10 * HOUR, 1500)
    world.drop("north", NAME)
    world.run(60)
    assert [packet.state for packet in world.practice.control.state.packets.values()] == [PacketState.QUEUED]
    assert taken(world) == 1
    world.practice.service(NORTH).is_away = False
    world.run(600)
    assert [packet.state for packet in world.practice.control.state.packets.values()] == [PacketState.HELD]
    world.run(14 * HOUR)
    assert taken(world) == 2


def test_a_service_that_does_not_tell_its_time_leaves_the_pcs_clock(world: ClockWorld) -> None:
    world.practice.service(NORTH).tells_time = False
    a_second_is_held(world)
    world.boot(10 * HOUR, 0)
    world.run(13.9 * HOUR)
    assert taken(world) == 1
    world.run(HOUR)
    assert taken(world) == 2


@pytest.mark.parametrize("minutes", [-6 * 525_600, -1500, -300])
def test_a_clock_that_ran_backwards_over_a_boot_shortens_nothing_and_makes_no_wait_longer_than_a_day(
    world: ClockWorld, minutes: int
) -> None:
    world.practice.service(NORTH).tells_time = False
    a_second_is_held(world)
    world.boot(HOUR, minutes)
    world.run(60)
    [packet] = world.practice.control.state.packets.values()
    assert packet.next_at is not None
    assert packet.next_at - world.practice.clock.now() <= timedelta(hours=24)
    world.run(24 * HOUR)
    assert taken(world) == 2


@pytest.mark.parametrize("off", [-300, 300])
def test_a_clock_that_was_wrong_at_a_boot_and_is_put_right_moves_no_claim_of_before(
    world: ClockWorld, off: int
) -> None:
    world.practice.service(NORTH).tells_time = False
    a_second_is_held(world)
    world.boot(10 * HOUR, off)
    world.practice.service(NORTH).is_away = True
    world.run(60)
    world.put_right()
    world.run(60)
    [packet] = world.practice.control.state.packets.values()
    assert packet.next_at is not None
    left = packet.next_at - world.practice.clock.now()
    assert timedelta(hours=13.9) <= left <= timedelta(hours=24)


def test_where_the_service_is_not_asked_the_steady_clock_of_one_boot_proves_a_day(world: ClockWorld) -> None:
    a_second_is_held(world)
    world.practice.service(NORTH).is_away = True
    world.boot(10 * HOUR, -1500)
    world.run(23.9 * HOUR)
    assert taken(world) == 1
    world.run(HOUR)
    assert taken(world) == 2


def test_in_one_boot_starts_of_the_agent_prove_the_time_between_them(world: ClockWorld) -> None:
    a_second_is_held(world)
    world.practice.service(NORTH).is_away = True
    for _ in range(8):
        world.down(3 * HOUR - 60, 0)
        world.run(60)
        assert taken(world) == 1 + (world.practice.clock.seconds > 1000 + 24 * HOUR + 60)
    world.run(120)
    assert taken(world) == 2


@pytest.mark.slow
@pytest.mark.parametrize("lane", [SCANS, STATEMENTS])
@pytest.mark.parametrize("tells_time", [True, False])
def test_a_clock_that_is_years_ahead_after_a_boot_makes_nobody_forget_what_was_sent(
    tmp_path: Path, lane: LaneId, tells_time: bool
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service(lane).tells_time = tells_time
    for number in range(2):
        if lane == SCANS:
            practice.drop("scan.pdf", pdf())
            practice.drop("scan.json", sidecar())
        else:
            practice.drop(f"Statements {number}.csv", statement("1001"), STATEMENTS)
        practice.pass_(minutes=1)
        practice.clock.boot()
        practice.clock.moment += timedelta(days=2000)
        practice.restart()
    assert len(practice.service(lane).accepted) == 1
    assert [problem["code"] for problem in practice.problems(lane)] == ["duplicate"]


def test_what_is_older_than_that_by_the_steady_clock_or_by_the_services_is_forgotten(tmp_path: Path) -> None:
    for boots in (False, True):
        practice = SimulatedPractice(tmp_path)
        practice.service().tells_time = True
        for number in range(2):
            practice.drop("scan.pdf", pdf())
            practice.drop("scan.json", sidecar())
            practice.pass_(minutes=1)
            practice.clock.pass_(8 * 24 * HOUR)
            if boots:
                practice.clock.boot()
                practice.restart()
                practice.drop("other.pdf", pdf())  # whose reply tells the time
                practice.drop("other.json", sidecar(claimId=f"CLM-{number}"))
                practice.pass_(minutes=1)
        assert not practice.problems(), boots
