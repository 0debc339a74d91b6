"""Who does what: each function is one thing that happens, decided by dice of its own.

People act sensibly: nobody drops a sidecar beside another one's scan, or drags a file onto one that stands there. What
OutTray itself puts back into the folder meanwhile is OutTray's to answer for.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from agent.folder.names import name_key
from tests.support.simulation import contents, network, weather
from tests.support.simulation.setup import BILLS, LANES, SCANS
from tests.support.simulation.world import HINDRANCES, Cut, Killed, World

Act = Callable[[World, random.Random], None]

STEMS = ("smith", "Smith, Anna", "x-ray left", "müller", "SMITH")
BILL_NAMES = ("Statements.csv", "Statements.csv", "Statements.csv", "STATEMENTS.CSV", "july.json", "Statements.json")


# --- names ----------------------------------------------------------------------------------------------------------


def _stem(name: str) -> str:
    """Return what a scan and its sidecar have in common."""
    base = name.casefold().removesuffix(".json")
    stem, dot, ending = base.rpartition(".")
    return name_key((stem if dot and ending in ("pdf", "rtf", "txt") else base).partition(" page ")[0])


def _stems(world: World) -> set[str]:
    """Return what the names in the folder of scans speak of."""
    return {_stem(path.relative_to(world.folder(SCANS)).parts[0]) for path in world.waiting(SCANS)}


def _absent(world: World, lane: object) -> bool:
    return lane in world.unmounted


# --- staff and the scanner ------------------------------------------------------------------------------------------


def staff_drops(world: World, dice: random.Random) -> None:
    """Drop a packet in one of its forms, sidecar first, late, together, faulty, or never."""
    stem = dice.choice(STEMS)
    _drop(world, dice, stem if _stem(stem) not in _stems(world) else f"{stem} {dice.randrange(1000, 9999)}")


def scanner_scans(world: World, dice: random.Random) -> None:
    """Scan under the next free number; with an empty folder it begins again at 1."""
    taken = _stems(world)
    number = next(number for number in range(1, 999) if f"scn_{number:04d}" not in taken)
    _drop(world, dice, f"SCN_{number:04d}", slowly=dice.random() < 0.7)


def _drop(world: World, dice: random.Random, stem: str, slowly: bool = False) -> None:
    if _absent(world, SCANS) or _stem(stem) in _stems(world):
        return
    token = world.token()
    form = dice.choice(("stem", "stem", "full", "list", "folder"))
    endings = dice.sample(("pdf", "rtf", "txt", "PDF"), dice.choice((1, 1, 2)))
    if form == "full" or {"pdf", "PDF"} <= set(endings):
        endings = endings[:1]
    place = world.folder(SCANS)
    names = [f"{stem}.{ending}" for ending in endings]
    if form == "list":
        names = [f"{stem} page {number}.{ending}" for number, ending in enumerate(endings, start=1)]
    if form == "folder":
        place /= stem
        names = [f"page {number}.{ending}" for number, ending in enumerate(endings, start=1)]
    documents = {
        place / name: contents.scan(token, number, ending.lower())
        for number, (name, ending) in enumerate(zip(names, endings, strict=True))
    }
    card = place / {"full": f"{names[0]}.json", "folder": "claim.json"}.get(form, f"{stem}.json")
    said = {"files": names} if form == "list" else {}
    faulty = dice.random() < 0.15
    text = contents.faulty_sidecar(token, dice, **said) if faulty else contents.sidecar(token, **said)
    world.told.append(f"{world.time} drop {stem!r} ({form}, {token}{', faulty' if faulty else ''})")

    def put_documents() -> None:
        for path, data in documents.items():
            if slowly and not path.name.endswith("txt"):
                _write_slowly(world, dice, path, data)
            else:
                world.put(path, data)

    def put_card() -> None:
        world.put(card, text)

    def now_or_never(first: list[Path], then: Callable[[], None], others: list[Path]) -> None:
        """Bring the other half if the first still stands there alone, as whoever brings it can see."""
        standing = world.waiting(SCANS)
        ours = all(path in standing and token.encode() in standing[path] for path in first)
        free = not any(world.fs._key(path) in world.fs._nodes for path in others)
        if not _absent(world, SCANS) and ours and free and _alone(world, token, stem):
            then()

    order = dice.choice(("together", "together", "first", "late", "never" if dice.random() < 0.4 else "late"))
    delay = dice.choice((0.5, 3.0, 60.0, 3600.0, 7 * 3600.0))
    if order == "first":
        put_card()
        world.later(delay, lambda: now_or_never([card], put_documents, list(documents)))
    else:
        put_documents()
        if order == "together":
            put_card()
        elif order == "late":
            world.later(delay, lambda: now_or_never(list(documents), put_card, [card]))


def _alone(world: World, token: str, stem: str) -> bool:
    """Tell whether nothing else under this name stands in the folder."""
    of_stem = [
        data
        for path, data in world.waiting(SCANS).items()
        if _stem(path.relative_to(world.folder(SCANS)).parts[0])
        in (_stem(stem), f"{_stem(stem)} page 1", f"{_stem(stem)} page 2")
    ]
    return all(token.encode() in data for data in of_stem)


def _write_slowly(world: World, dice: random.Random, path: Path, data: bytes) -> None:
    gives_up = dice.random() < 0.07
    pieces = [data[: len(data) // 2]] if gives_up else contents.in_pieces(data, dice)
    pauses = [dice.choice((0.3, 1.0, 8.0, 100.0)) for _ in range(len(pieces) + 1)]
    world.write_slowly(path, pieces, pauses, finished=not gives_up)


def staff_drops_again(world: World, dice: random.Random) -> None:
    """Drop the very same scan and sidecar once more, from a copy of what was sent."""
    sent = world.on(SCANS, "sent")
    if _absent(world, SCANS) or not sent:
        return
    path = dice.choice(sorted(sent))
    tokens = network.TOKEN.findall(sent[path])
    of_packet = {
        each: data for each, data in sent.items() if tokens and tokens[0] in data and each.parent == path.parent
    }
    targets = {world.folder(SCANS) / each.name: data for each, data in of_packet.items()}
    if {_stem(target.name) for target in targets} & _stems(world) or "page" in path.name:
        return
    world.told.append(f"{world.time} drop {tokens[0].decode()} again")
    for target, data in targets.items():
        world.put(target, data)


def _is_another_packet_now(world: World, data: bytes) -> None:
    """Take note that what is left of a scan's packet is not what was sent before: it may go, too."""
    for token in {token.decode() for token in network.TOKEN.findall(data)}:
        if token not in world.rows:
            world.drops[token] = max(1, world.drops[token]) + 1


def staff_deletes(world: World, dice: random.Random) -> None:
    """Delete a file from the folder, from held, or from failed."""
    lane = dice.choice(LANES)
    place = dice.choice(("folder", "held", "failed"))
    if _absent(world, lane):
        return
    found = world.waiting(lane) if place == "folder" else world.on(lane, place)
    found = {path: data for path, data in found.items() if not world.in_hand(path)}
    if found:
        path = dice.choice(sorted(found))
        world.told.append(f"{world.time} delete {path}")
        _is_another_packet_now(world, found[path])
        world.delete(path)


def staff_renames(world: World, dice: random.Random) -> None:
    """Rename a scan that has no sidecar yet, or a statement file."""
    lane = dice.choice(LANES)
    if _absent(world, lane):
        return
    found = [path for path in world.waiting(lane) if path.parent == world.folder(lane) and not world.in_hand(path)]
    found = [path for path in found if path.name not in world.ignored]
    if lane is SCANS:
        found = [path for path in found if not path.name.endswith(".json")]
    if not found:
        return
    path = dice.choice(sorted(found))
    target = path.with_name(f"renamed {dice.randrange(1000, 9999)}{path.suffix}")
    if target.name not in {each.name for each in world.waiting(lane)}:
        world.told.append(f"{world.time} rename {path.name} to {target.name}")
        _is_another_packet_now(world, world.waiting(lane)[path])
        world.move(path, target)


def staff_drags_back(world: World, dice: random.Random) -> None:
    """Drag a failed packet's files back into the folder."""
    lane = dice.choice(LANES)
    failed = world.on(lane, "failed")
    if _absent(world, lane) or not failed:
        return
    path = dice.choice(sorted(failed))
    tokens = network.TOKEN.findall(failed[path])
    if not tokens or world.in_hand(path):
        return
    shelf = next(shelf for shelf in world.shelves(lane, "failed") if shelf in path.parents)
    if path.parent != shelf:
        top = shelf / path.relative_to(shelf).parts[0]
        target = world.folder(lane) / top.name
        if lane is SCANS and _stem(top.name) not in _stems(world) and world.fs._key(target) not in world.fs._nodes:
            world.told.append(f"{world.time} drag the folder {top.name} back")
            world.move(top, target)
        return
    together = [each for each, data in failed.items() if tokens[0] in data and each.parent == shelf]
    if lane is BILLS:
        together = [path]
    names = {each: world.folder(lane) / each.name for each in together}
    taken = {name_key(each.name) for each in world.waiting(lane)}
    if any(world.in_hand(each) or name_key(each.name) in taken for each in together):
        return
    if lane is SCANS and {_stem(each.name) for each in together} & _stems(world):
        return
    world.told.append(f"{world.time} drag {[each.name for each in together]} back")
    for each, target in sorted(names.items()):
        world.move(each, target)


def someone_opens(world: World, dice: random.Random) -> None:
    """Look at a file in a program that lets nobody else have it."""
    lane = dice.choice(LANES)
    if _absent(world, lane):
        return
    found = [path for path in world.theirs(world.folder(lane)) if not world.in_hand(path)]
    if found:
        path = dice.choice(sorted(found))
        handle = world.fs.hold_open(path, writing=False, exclusive=dice.random() < 0.5)
        world.told.append(f"{world.time} open {path}")
        world.holding.append(handle)
        world.later(dice.choice((1.0, 30.0, 300.0)), handle.close)


def junk_arrives(world: World, dice: random.Random) -> None:
    """Leave what no lane picks up, and what no lane can send."""
    lane = dice.choice(LANES)
    name = dice.choice(("Thumbs.db", "~$letter.docx", "download.crdownload", "setup.exe", "notes.docx"))
    path = world.folder(lane) / name
    if _absent(world, lane) or world.fs._key(path) in world.fs._nodes:
        return
    if lane is BILLS or name not in ("setup.exe", "notes.docx"):
        world.ignored.add(name)
    world.put(path, f"{world.token()} of {name}".encode())


# --- the PMS --------------------------------------------------------------------------------------------------------


def pms_exports(world: World, dice: random.Random) -> None:
    """Write a statement file, slowly and in place, over what stands there."""
    name = dice.choice(BILL_NAMES)
    path = world.folder(BILLS) / name
    if _absent(world, BILLS) or path in world.writing or world.in_hand(path):
        return
    token, rows = world.token(), dice.randint(1, 3)
    data = contents.statement(token, rows, name.casefold().rpartition(".")[2])
    world.rows[token] = rows
    world.drops[token] += 1
    world.told.append(f"{world.time} export {name} ({token})")
    if dice.random() < 0.4:
        world.put(path, data)
        return
    pieces = contents.in_pieces(data, dice)
    in_time = (0.2, 0.5, 1.0)  # where nobody can tell that a table is open, its writer must not pause for longer
    pauses = [
        dice.choice(
            in_time if name.casefold().endswith("csv") and not world.conditions.windows else (*in_time, 20.0, 90.0)
        )
        for _ in range(len(pieces) + 1)
    ]
    world.write_slowly(path, pieces, pauses)


# --- IT and the PC --------------------------------------------------------------------------------------------------


def it_pauses(world: World, dice: random.Random) -> None:
    """Pause all lanes, and let them go on later."""
    world.ask("pause")
    world.later(dice.choice((60.0, 3600.0, 12 * 3600.0)), lambda: world.ask("resume"))


def it_resumes(world: World, dice: random.Random) -> None:
    """Let every lane try again at once."""
    world.ask("resume")


def it_retries(world: World, dice: random.Random) -> None:
    """Try every failed packet again."""
    failed = tuple(packet.id for packet in world.practice.ledger.unresolved())
    world.told.append(f"{world.time} retry {len(failed)} failed")
    world.ask("retry", failed)


def agent_restarts(world: World, dice: random.Random) -> None:
    """Let the agent be ended in good order, and started again."""
    world.down(dice.choice((1.0, 600.0, 10 * 3600.0)))


def agent_dies(world: World, dice: random.Random) -> None:
    """Let the agent be killed at some step to come."""
    kind = dice.choice(("file", "file", "before", "after"))
    world.cut = Cut(kind, dice.randint(1, 40 if kind == "file" else 12))


def agent_dies_sending(world: World, dice: random.Random) -> None:
    """Let the agent be killed in the middle of a request, or right after the service has taken it."""

    def die() -> None:
        raise Killed

    dice.choice((world.network.during, world.network.kill_after)).append(die)


def pc_restarts(world: World, dice: random.Random) -> None:
    """Let the PC be switched off, its clock perhaps behind when it comes back.

    One that is ahead then is left out: nobody can tell hours that have passed from those that someone has set.
    """
    seconds = dice.choice((120.0, 10 * 3600.0, 60 * 3600.0))
    minutes = dice.choice((0, 0, 0, -2, -70))
    world.told.append(f"{world.time} the PC is off for {seconds:g} s")
    world.down(seconds)
    world.later(seconds / 2, lambda: _boots(world, minutes))


def _boots(world: World, minutes: float) -> None:
    world.clock.boot()
    world.set_clock(minutes)


def something_hinders(world: World, dice: random.Random) -> None:
    """Let a step to come fail: the file is open, the rights are gone, the disk or the ledger's disk is full."""
    kind = dice.choice((*HINDRANCES, "full"))
    world.cut = Cut(kind, dice.randint(1, 12))


def someone_is_quicker(world: World, dice: random.Random) -> None:
    """Let something happen just before a file is moved."""
    act = dice.choice((staff_deletes, pms_exports, scanner_scans, staff_renames))
    world.cut = Cut("act", dice.randint(1, 6), lambda: act(world, dice))


def something_happens_while_sending(world: World, dice: random.Random) -> None:
    """Let something happen while a request is under way."""
    act = dice.choice((staff_deletes, pms_exports, scanner_scans, clock_is_set, staff_drops))
    world.network.during.append(lambda: act(world, dice))


def clock_is_set(world: World, dice: random.Random) -> None:
    """Set the PC's clock within a boot."""
    minutes = dice.choice((-1200, -90, -10, 10, 90, 600, 1200))
    world.told.append(f"{world.time} clock {minutes:+} min")
    world.set_clock(minutes)


def pc_sleeps(world: World, dice: random.Random) -> None:
    """Let both clocks go on with nothing running."""
    world.clock.pass_(dice.choice((600.0, 8 * 3600.0, 30 * 3600.0)))


# --- the share, the events, the services ----------------------------------------------------------------------------


def share_vanishes(world: World, dice: random.Random) -> None:
    """Let the share not answer for a while, or be unmounted."""
    if not world.conditions.share or _absent(world, SCANS):
        return
    seconds = dice.choice((3.0, 600.0, 9 * 3600.0))
    world.told.append(f"{world.time} the share goes for {seconds:g} s")
    if dice.random() < 0.5:
        world.fs.share_vanishes(world.folder(SCANS))
        world.later(seconds, lambda: world.fs.share_returns(world.folder(SCANS)))
    elif not any(world.folder(SCANS) in path.parents for path in world.writing):
        world.unmount(SCANS)
        world.later(seconds, lambda: world.mount(SCANS) if SCANS in world.unmounted else None)


def events_fail(world: World, dice: random.Random) -> None:
    """Let the threads that listen die, and perhaps no new ones be had for a while."""
    world.hints.die()
    if dice.random() < 0.5:
        world.hints.deaf = True

        def hear_again() -> None:
            world.hints.deaf = False

        world.later(1800.0, hear_again)


def events_overflow(world: World, dice: random.Random) -> None:
    """Let so much happen elsewhere that every event is lost, although the threads that listen go on."""
    world.hints.overflows = True

    def hear_again() -> None:
        world.hints.overflows = False

    world.later(dice.choice((5.0, 300.0, 5 * 3600.0)), hear_again)


def network_fails(world: World, dice: random.Random) -> None:
    """Let the next requests of a service go wrong, each in its own way."""
    account = _account(world, dice)
    faults = [dice.choice(weather.FAULTS) for _ in range(dice.choice((1, 1, 2, 4)))]
    world.told.append(f"{world.time} to come for {account.lane}: {faults}")
    account.coming.extend(faults)


def service_is_out(world: World, dice: random.Random) -> None:
    """Let a service be out for hours."""
    account = _account(world, dice)
    fault = dice.choice(("refused", "503", "403", "404", "401", "no-tls", "lost-after", "500", "lost-before"))
    account.outage = network.Outage(fault, world.clock.seconds + dice.choice((300.0, 2 * 3600.0, 26 * 3600.0)))
    world.told.append(
        f"{world.time} {account.lane} out with {fault} until {(account.outage.until - 1000) / 3600:.1f} h"
    )


def _account(world: World, dice: random.Random) -> network.Account:
    lane = world.service(dice.choice(LANES))
    return world.network.accounts.setdefault(lane, network.Account(lane))


ACTS: dict[Act, int] = {
    staff_drops: 9,
    scanner_scans: 8,
    pms_exports: 9,
    staff_drops_again: 1,
    staff_deletes: 2,
    staff_renames: 2,
    staff_drags_back: 3,
    someone_opens: 2,
    junk_arrives: 1,
    it_pauses: 1,
    it_resumes: 1,
    it_retries: 3,
    agent_restarts: 1,
    pc_restarts: 1,
    agent_dies: 5,
    agent_dies_sending: 2,
    something_hinders: 3,
    someone_is_quicker: 2,
    something_happens_while_sending: 2,
    clock_is_set: 1,
    pc_sleeps: 1,
    share_vanishes: 2,
    events_fail: 1,
    events_overflow: 1,
    network_fails: 6,
    service_is_out: 2,
}
