"""Each lane's folder: there, with the rights that OutTray needs, watched, with room, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from agent.delivery.installation import known_id
from agent.desk.doctor.finding import Check, Finding, State, found
from agent.desk.doctor.own_folders import try_rights
from agent.desk.doctor.world import World
from agent.folder import problems, shelves
from agent.folder.carrying import names_in
from agent.folder.filesystem import Entry, FileSystemProblem, InTheWay, Offline
from agent.folder.names import MARKER
from agent.folder.problems import folder_problem
from agent.ledger.records import LaneRecord
from agent.model import LaneId
from agent.settings.locations import data_folder
from agent.settings.schema import LaneSettings, Settings, ShelfName

GIGABYTE = 1_000_000_000
FEW_BYTES, TOO_FEW_BYTES = GIGABYTE, GIGABYTE // 10
_POLLED = "OutTray looks into it every few seconds"


def check_lane_folder(
    lane: LaneId, settings: LaneSettings, agent: Settings, records: Mapping[LaneId, LaneRecord], world: World
) -> Iterator[Finding]:
    """Check one lane's folder. Where it cannot be looked into, the rest is skipped."""
    try:
        entries = world.fs.list(settings.folder)
        _expect_marker(entries, settings.folder, records.get(lane))
    except FileSystemProblem as trouble:
        yield found(Check.FOLDER, folder_problem(trouble, settings.folder), lane)
        return
    marked = any(entry.name == MARKER for entry in entries)
    said = "Can be reached." if marked else "Can be reached; OutTray has not worked in it yet."
    yield Finding(Check.FOLDER, State.OK, said, lane=str(lane), detail=str(settings.folder))
    yield _rights(lane, settings, world)
    yield _watching(lane, settings, world)
    yield _shelves(lane, settings, agent, world)
    yield check_room(settings.folder, world, lane)


def _expect_marker(entries: list[Entry], folder: Path, record: LaneRecord | None) -> None:
    """Raise `Offline` for the empty place of a share that is not mounted: OutTray's marker is gone from it."""
    if record is not None and record.expects_marker(folder) and not entries:
        raise Offline(folder, "the folder is empty and lacks OutTray's marker: a share that is not mounted?")


def _rights(lane: LaneId, settings: LaneSettings, world: World) -> Finding:
    places = {settings.folder, *(_standing(settings.shelf(shelf), settings, world) for shelf in _SHELVES)}
    for place in sorted(places):
        try:
            try_rights(world.fs, place)
        except FileSystemProblem as trouble:
            return found(Check.RIGHTS, folder_problem(trouble, place), lane)
    return Finding(Check.RIGHTS, State.OK, "OutTray may read, write, rename and delete in it.", lane=str(lane))


_SHELVES: tuple[ShelfName, ...] = ("held", "sending", "sent", "failed")


def _standing(shelf: Path, settings: LaneSettings, world: World) -> Path:
    """Return the shelf, or the nearest folder above it where it is not made yet."""
    above = (place for place in (shelf, *shelf.parents) if world.is_folder(place))
    return next(above, settings.folder)


def _watching(lane: LaneId, settings: LaneSettings, world: World) -> Finding:
    try:
        remote = world.fs.is_remote(settings.folder)
    except FileSystemProblem:
        remote = False
    if settings.watch == "poll" or (settings.watch == "auto" and remote):
        why = "The settings say so" if settings.watch == "poll" else "It is on a network share"
        return Finding(Check.WATCHING, State.OK, f"{why}: {_POLLED}.", lane=str(lane))
    try:
        world.listen(settings.folder, lambda _path: None).stop()
    except (OSError, RuntimeError) as trouble:
        deaf = problems.DEAF.problem(folder=settings.folder)
        return replace(found(Check.WATCHING, deaf, lane, State.WARN), detail=type(trouble).__name__)
    return Finding(Check.WATCHING, State.OK, "The system tells at once of new files.", lane=str(lane))


def _shelves(lane: LaneId, settings: LaneSettings, agent: Settings, world: World) -> Finding:
    """Tell of packets that nobody looks after: another installation's, and folders that no manifest explains."""
    mine = known_id(data_folder(agent.agent))
    unknown = foreign = 0
    try:
        for last in (settings.shelf("sent"), settings.shelf("failed")):
            names_in(world.fs, last)  # a link in a shelf's place is not worked in
        for shelf in (settings.shelf("sending"), settings.shelf("held")):
            for taken in shelves.taken(world.fs, shelf):
                unknown += taken.packet is None
                foreign += taken.packet is not None and taken.packet.installation != mine
    except FileSystemProblem as trouble:
        in_the_way = trouble.path if isinstance(trouble, InTheWay) else settings.folder
        return found(Check.SHELVES, folder_problem(trouble, in_the_way), lane)
    if foreign:
        return Finding(
            Check.SHELVES,
            State.WARN,
            f"{_packets(foreign)} in sending or held belong to OutTray on another PC, or to an earlier installation.",
            "If that PC shares this folder and OutTray runs there, nothing needs doing. If not, ask the service what "
            "has arrived, and drag the other files back into the folder.",
            str(lane),
            f"{unknown} more without a manifest" if unknown else "",
        )
    if unknown:
        return Finding(
            Check.SHELVES,
            State.WARN,
            f"{unknown} folder{'s' * (unknown != 1)} in sending or held cannot be told whose: the note in it is gone.",
            "Have IT look into them. What still has to go can be dragged back into the folder with its sidecar.",
            str(lane),
        )
    inside = all(settings.shelf(shelf).is_relative_to(settings.folder) for shelf in _SHELVES)
    said = "Inside the folder." if inside else "Some stand outside of the folder; across volumes, files are copied."
    return Finding(Check.SHELVES, State.OK, f"{said} Nothing is left behind.", lane=str(lane))


def _packets(count: int) -> str:
    return "1 packet" if count == 1 else f"{count} packets"


def check_room(folder: Path, world: World, lane: object = "") -> Finding:
    """Tell how much room the disk has that a folder is on."""
    try:
        free = world.fs.free_bytes(folder)
    except FileSystemProblem as trouble:
        return found(Check.DISK, folder_problem(trouble, folder), lane)
    room = f"{free / GIGABYTE:,.0f} GB" if free >= 10 * GIGABYTE else f"{free / GIGABYTE * 1000:,.0f} MB"
    if free >= FEW_BYTES:
        return Finding(Check.DISK, State.OK, f"{room} free.", lane=str(lane))
    state = State.FAIL if free < TOO_FEW_BYTES else State.WARN
    remedy = "Make room on this disk: OutTray needs it to keep what it sends."
    return Finding(Check.DISK, state, f"Only {room} free.", remedy, str(lane), str(folder))
