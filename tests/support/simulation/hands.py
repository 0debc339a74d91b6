"""People and antivirus programs on the shelves: files changed, held, closed to everybody, for a while or for long."""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path

from tests.support.simulation import network
from tests.support.simulation.setup import LANES, SCANS
from tests.support.simulation.world import World


def someone_changes_a_file(world: World, dice: random.Random) -> None:
    """Put another patient's document in the place of a scan that waits to be sent, now or while something is sent."""
    if dice.random() < 0.3:
        world.network.during.append(lambda: _change(world, dice))
    else:
        _change(world, dice)


def _change(world: World, dice: random.Random) -> None:
    places = {**world.on(SCANS, "sending"), **world.on(SCANS, "held")}
    found = [path for path in places if not path.name.endswith(".json") and not world.in_hand(path)]
    found = [path for path in found if network.TOKEN.findall(places[path])]
    if not found or SCANS in world.unmounted:
        return
    path = dice.choice(sorted(found))
    old = places[path]
    token = network.TOKEN.findall(old)[0].decode()
    stranger = world.token()
    new = re.sub(network.TOKEN.pattern, stranger.encode(), old)
    if dice.random() < 0.3:
        new += b"\n" if path.suffix == ".txt" else b""
    node = world.fs._nodes[world.fs._key(path)]
    mtime, anew = node.mtime_ns, dice.random() < 0.5
    world.swapped[stranger] = token
    world.destroyed.add(hashlib.sha256(old).hexdigest())
    world.told.append(f"{world.time} someone puts {stranger} in the place of {token}: {path}")
    if anew:
        world.delete(path)
    world.put(path, new)
    if dice.random() < 0.3:
        world.fs._nodes[world.fs._key(path)].mtime_ns = mtime


def antivirus_holds(world: World, dice: random.Random) -> None:
    """Let nobody open, move or remove a file, or anything in a folder, for seconds, hours or days."""
    lane = dice.choice(LANES)
    found = dict.fromkeys((*world.waiting(lane), *world.on(lane, "sent")), b"")
    for shelf in ("sending", "held", "failed"):
        found.update(world.documents(lane, shelf))
    if not found or lane in world.unmounted:
        return
    path = dice.choice(sorted(found))
    if dice.random() < 0.2 and path.parent != world.folder(lane):
        path = path.parent
    seconds = dice.choice((30.0, 600.0, 3 * 3600.0))
    world.told.append(f"{world.time} nobody may touch {path} for {seconds:g} s")
    world.blockades[path] = (world.clock.seconds + seconds, dice.choice(("busy", "denied")))


def antivirus_holds_the_spool(world: World, dice: random.Random) -> None:
    """Let no file of the spool be deleted for a while."""
    world.spool_held_until = world.clock.seconds + dice.choice((5.0, 600.0, 7 * 3600.0))
    world.told.append(f"{world.time} the spool is held until {(world.spool_held_until - 1000) / 3600:.3f} h")


def is_held(world: World, path: Path) -> bool:
    """Tell whether something keeps everybody from a path."""
    return any(place == path or place in path.parents for place in world.blockades)
