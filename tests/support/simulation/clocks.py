"""The PC's clock is wrong from a boot on, and is put right later; agents that run once at a time."""

from __future__ import annotations

import random

from tests.support.simulation.world import World

DAY = 24 * 60


def pc_boots_with_a_wrong_clock(world: World, dice: random.Random) -> None:
    """Let the PC come back with a clock that is hours, days or years off; the time service mends it, soon or late."""
    off = dice.choice((-3 * 365 * DAY, -7 * DAY, -20 * 60, -5 * 60, 5 * 60, 20 * 60, 7 * DAY, 6 * 365 * DAY))
    seconds = dice.choice((60.0, 3600.0, 10 * 3600.0))
    world.told.append(f"{world.time} the PC is off for {seconds:g} s, and boots {off:+} min off")
    world.down(seconds)

    def boot() -> None:
        world.clock.boot()
        world.set_clock(off)
        world.later(dice.choice((3.0, 200.0, 3600.0, 20 * 3600.0)) + seconds / 2, lambda: _put_right(world))

    world.later(seconds / 2, boot)


def clock_is_put_right(world: World, dice: random.Random) -> None:
    """Let the time service do its work."""
    _put_right(world)


def clock_is_years_ahead(world: World, dice: random.Random) -> None:
    """Let the clock be years ahead for a few seconds, or an hour."""
    world.told.append(f"{world.time} the clock is years ahead")
    world.set_clock(dice.choice((2, 6)) * 365 * DAY)
    world.ask("look")
    world.later(dice.choice((3.0, 3600.0)), lambda: _put_right(world))


def runs_once(world: World, dice: random.Random) -> None:
    """Let the agent end and start again several times, as a scheduler has it."""
    pause = dice.choice((60.0, 900.0, 2 * 3600.0))
    world.told.append(f"{world.time} the agent runs every {pause:g} s")
    for number in range(dice.choice((2, 5, 12))):
        world.later(number * (pause + 30), lambda: world.down(pause))


def _put_right(world: World) -> None:
    if world.clock.moment != world.clock.truly:
        world.told.append(f"{world.time} the clock is put right")
    world.clock.moment = world.clock.truly
