"""Files of the same names that are not the same: strangers beside a retry, copies, deleted files, odd names."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.simulation import contents, network
from tests.support.simulation.actors import _stem, _stems, staff_drags_back
from tests.support.simulation.setup import BILLS, SCANS
from tests.support.simulation.world import Cut, World


def retry_beside_a_stranger(world: World, dice: random.Random) -> None:
    """Bring half of another patient's packet under a failed one's names, try that again, and bring the other half."""
    failed = [path for path in world.on(SCANS, "failed") if path.suffix.casefold() in (".pdf", ".rtf", ".txt", ".json")]
    if not failed or SCANS in world.unmounted:
        return
    path = dice.choice(sorted(failed))
    stem = path.name.removesuffix(".json").rpartition(".")[0] or path.name.removesuffix(".json")
    if _stem(stem) in _stems(world):
        return
    token = world.token()
    ending = dice.choice(("pdf", "txt", path.suffix.casefold().strip(".")))
    ending = "pdf" if ending == "json" else ending
    halves = [
        (world.folder(SCANS) / f"{stem}.json", contents.sidecar(token)),
        (world.folder(SCANS) / f"{stem}.{ending}", contents.scan(token, 1, ending)),
    ]
    dice.shuffle(halves)
    world.told.append(f"{world.time} {halves[0][0].name} ({token}) comes, and what failed beside it is tried again")
    (first, data), (second, rest) = halves
    world.put(first, data)

    def other_half() -> None:
        standing = world.waiting(SCANS)
        if SCANS not in world.unmounted and standing.get(first) == data and second not in standing:
            world.put(second, rest)

    world.later(dice.choice((20.0, 900.0)), other_half)
    packets = tuple(packet.id for packet in world.practice.ledger.unresolved())
    if dice.random() < 0.7:
        world.later(dice.choice((0.0, 5.0)), lambda: world.ask("retry", packets))
    else:
        staff_drags_back(world, dice)


def dies_in_mid_take(world: World, dice: random.Random) -> None:
    """Let the agent be killed when it has moved some of a packet's files; what is left is scanned over meanwhile."""
    world.cut = Cut("move", dice.randint(1, 5))
    world.at_start.append(lambda: _scanned_over(world, dice))


def _scanned_over(world: World, dice: random.Random) -> None:
    """Replace the scans that stand in the folder while their sidecar is gone, as a scanner with fixed names does."""
    standing = world.waiting(SCANS)
    gone = b"".join(data for path, data in world.on(SCANS, "sending").items())
    for path, data in sorted(standing.items()):
        tokens = network.TOKEN.findall(data)
        if tokens and tokens[0] in gone and not path.name.endswith(".json") and not world.in_hand(path):
            token = world.token()
            in_place = dice.random() < 0.5
            world.told.append(f"{world.time} {path.name} is scanned over ({token}{', in place' if in_place else ''})")
            if not in_place:
                world.delete(path)
            world.put(path, contents.scan(token, 1, path.suffix.casefold().strip(".")))


def statement_is_copied(world: World, dice: random.Random) -> None:
    """Leave a copy of a statement file beside it, or of one that was sent, as people and sync programs do."""
    found = {**world.waiting(BILLS), **world.on(BILLS, "sent"), **world.on(BILLS, "held")}
    found = {path: data for path, data in found.items() if data in world.wholes and network.TOKEN.findall(data)}
    if not found or BILLS in world.unmounted:
        return
    path = dice.choice(sorted(found))
    mark = dice.choice((" - Copy", " (1)", " (conflicted copy)", " 2"))
    target = world.folder(BILLS) / f"{path.stem}{mark}{path.suffix}"
    if world.fs._key(target) in world.fs._nodes or path in world.writing:
        return
    again = dice.choice((bytes, _with_a_blank_line, _sorted_anew)) if path.suffix.casefold() == ".csv" else bytes
    world.told.append(f"{world.time} {path.name} is copied to {target.name} ({again.__name__})")
    world.put(target, again(found[path]))


def _with_a_blank_line(data: bytes) -> bytes:
    return data + b"\n"


def _sorted_anew(data: bytes) -> bytes:
    head, *rows = data.splitlines(keepends=True)
    return head + b"".join(reversed(rows))


def recycle_bin_fills(world: World, dice: random.Random) -> None:
    """Let a NAS keep one patient's deleted scan beside another's deleted sidecar."""
    name = dice.choice(
        ("#recycle", "@Recycle", "#snapshot", "@eaDir", "__MACOSX", "lost+found", "Recycler", "$RECYCLE")
    )
    place = world.folder(SCANS) / name
    if SCANS in world.unmounted or any(place in path.parents for path in world.waiting(SCANS)):
        return
    world.told.append(f"{world.time} {name} fills")
    card = dice.choice(("claim.json", f"{name}.json", "scan.json"))
    world.ignored |= {card, "scan.pdf"}
    world.put(place / card, contents.sidecar(world.token()))
    world.put(place / "scan.pdf", contents.scan(world.token(), 1, "pdf"))


def an_unprintable_name_comes(world: World, dice: random.Random) -> None:
    """Let an old scanner name a file with bytes that are no text."""
    path: Path = world.folder(SCANS) / f"scan\udcff {dice.randrange(99)}.pdf"
    if SCANS in world.unmounted or world.fs._key(path) in world.fs._nodes:
        return
    world.told.append(f"{world.time} a file comes whose name is no text")
    world.put(path, contents.scan(world.token(), 1, "pdf"))
