"""The ledger is lost, or comes back as it was; the PC is replaced by another one."""

from __future__ import annotations

import random

from tests.support.simulation.setup import LANES
from tests.support.simulation.world import World


def backup_is_made(world: World, dice: random.Random) -> None:
    """Keep the ledger as it is now."""
    world.backups.append(world.practice.copy_of_ledger())
    world.told.append(f"{world.time} the ledger is backed up")


def old_ledger_is_restored(world: World, dice: random.Random) -> None:
    """Bring back one of the ledgers that were kept, or the empty one of the first day."""
    backup = dice.choice([None, *world.backups, *world.backups])
    world.told.append(f"{world.time} an old ledger is restored: {'of the first day' if backup is None else 'a backup'}")
    _forgetting(world)
    world.down(dice.choice((1.0, 600.0)))
    world.at_start.append(lambda: world.practice.restore_ledger(backup))


def ledger_is_lost(world: World, dice: random.Random) -> None:
    """Lose the ledger."""
    world.told.append(f"{world.time} the ledger is lost")
    _forgetting(world)
    world.down(dice.choice((1.0, 600.0)))
    world.at_start.append(lambda: world.practice.restore_ledger(None))


def pc_is_replaced(world: World, dice: random.Random) -> None:
    """Put another PC in the place of this one: the same folders and settings, a data folder of its own."""
    world.told.append(f"{world.time} another PC takes over")
    _forgetting(world)
    world.is_upset = world.was_replaced = True
    world.down(3600.0)

    def begin() -> None:
        for left in world.spool.iterdir():  # its data folder is its own
            left.unlink()
        world.practice.installation = f"{world.practice.installation}+"
        world.practice.restore_ledger(None)
        world.clock.boot()

    world.at_start.append(begin)


def _forgetting(world: World) -> None:
    """What the shelves do not prove to be sent, nobody can know any more."""
    for lane in LANES:
        proven = b"".join(world.on(lane, "sent").values())
        for taken in world.network.accepted:
            if taken.lane in world.setup.services[lane] and taken.token.encode() not in proven:
                taken.unsure = True
    world.forgot = True
