"""IT changes the settings while packets are on their way: the agent is ended, and starts again with the new ones."""

from __future__ import annotations

import random

from tests.support.simulation.setup import BILLS, LANES, SCANS, SHELVES
from tests.support.simulation.world import World


def it_goes_live(world: World, dice: random.Random) -> None:
    """Change from the test service to the real one, which has met none of our packets."""
    lane = dice.choice(LANES)
    world.setup.services[lane].append(f"{lane.kind}-{len(world.setup.services[lane])}")
    world.known_before[lane] = {packet.id for packet in world.practice.ledger.history()}
    _restart(world, dice, f"{lane.kind} goes live")


def it_renames_the_store(world: World, dice: random.Random) -> None:
    """Give the store another name; its account is the same."""
    world.setup.store = dice.choice(("main-street", "high-street", "dr-example"))
    _restart(world, dice, f"the store is called {world.setup.store}")


def it_moves_a_folder(world: World, dice: random.Random) -> None:
    """Watch another folder; the old one stays behind, or is moved there with all that is in it."""
    lane = dice.choice(LANES)
    if world.unmounted or (lane is SCANS and world.conditions.share) or world.writing:
        return
    old, folders = world.folder(lane), world.setup.folders[lane]
    new = old.with_name(f"{lane.kind} {len(folders)}")
    with_all = dice.random() < 0.5 and not any(world.in_hand(path) for path in world.everything(old))
    folders.append(new)
    for name in SHELVES:
        places = world.setup.shelves[lane, name]
        if old in places[-1].parents:
            places.append(new / places[-1].relative_to(old))

    def move() -> None:
        if with_all:
            world.fs.rename(old, new)
        else:
            world.fs.make_folder(new)

    _restart(world, dice, f"{old} becomes {new}, {'moved' if with_all else 'left behind'}", move)


def it_moves_a_shelf(world: World, dice: random.Random) -> None:
    """Give a shelf another name or place; what stands on the old one stays there."""
    lane, name = dice.choice((SCANS, SCANS, BILLS)), dice.choice((*SHELVES, "failed"))
    places = world.setup.shelves[lane, name]
    places.append(world.folder(lane) / f"{dice.choice(('Problems', 'Old', 'Shelf'))} {len(world.setup.moved)}")
    world.setup.moved.append(name)
    _restart(world, dice, f"{name} of {lane.kind} is {places[-1].name}")


def _restart(world: World, dice: random.Random, what: str, meanwhile: object = None) -> None:
    world.told.append(f"{world.time} settings: {what}")
    world.is_upset = True
    world.down(dice.choice((1.0, 600.0)))
    if callable(meanwhile):
        meanwhile()
