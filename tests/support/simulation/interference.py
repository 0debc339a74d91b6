"""Portals and gateways answer for the services, now and then or for hours."""

from __future__ import annotations

import random

from tests.support.simulation import network, portals
from tests.support.simulation.setup import BILLS, LANES
from tests.support.simulation.world import Killed, World


def _account(world: World, dice: random.Random) -> network.Account:
    lane = world.service(dice.choice(LANES))
    return world.network.accounts.setdefault(lane, network.Account(lane))


def a_portal_answers(world: World, dice: random.Random) -> None:
    """Let the next requests be answered by a portal."""
    _come(world, dice, portals.PORTALS)


def agent_is_ended_in_each_try(world: World, dice: random.Random) -> None:
    """Let the agent be killed each time that the service has taken something, so that no answer is ever recorded."""

    def die() -> None:
        raise Killed

    times = dice.choice((6, 60))
    world.told.append(f"{world.time} the agent to be killed after each of {times} uploads")
    world.network.kill_after.extend([die] * times)


def a_name_is_used_behind_a_portal(world: World, dice: random.Random) -> None:
    """Let a portal answer a statement upload, and somebody else have used the name when it goes again."""
    account = world.network.accounts.setdefault(world.service(BILLS), network.Account(world.service(BILLS)))
    coming = [dice.choice(tuple(portals.FOREIGN)), "name-refused"]
    world.told.append(f"{world.time} to come for {account.lane}: {coming}")
    account.coming.extend(coming)


def a_gateway_answers(world: World, dice: random.Random) -> None:
    """Let the next requests be answered by a gateway, whether the service took them or not."""
    _come(world, dice, portals.GATEWAYS)


def a_portal_stays(world: World, dice: random.Random) -> None:
    """Let a portal answer for hours."""
    _stay(world, dice, dice.choice(portals.PORTALS))


def replies_stay_away(world: World, dice: random.Random) -> None:
    """Let a service take everything for hours, and every reply be lost."""
    _stay(world, dice, dice.choice((*portals.TAKEN, portals.CUT, "lost-after")))


def _come(world: World, dice: random.Random, faults: tuple[str, ...]) -> None:
    account = _account(world, dice)
    coming = [dice.choice(faults) for _ in range(dice.choice((1, 1, 2, 4)))]
    world.told.append(f"{world.time} to come for {account.lane}: {coming}")
    account.coming.extend(coming)


def _stay(world: World, dice: random.Random, fault: str) -> None:
    account = _account(world, dice)
    until = world.clock.seconds + dice.choice((300.0, 5 * 3600.0, 26 * 3600.0))
    account.outage = network.Outage(fault, until)
    world.told.append(f"{world.time} {account.lane} answered by {fault} until {(until - 1000) / 3600:.1f} h")
