"""Where a packet's files stand now, so that people can be shown them."""

from __future__ import annotations

from pathlib import Path

from agent.delivery.places import shelf_packet, shelves_of
from agent.folder import failed
from agent.folder.documents import number_on
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.packets import shelf_names
from agent.ledger.records import LanePlaces, PacketRecord, Shelf
from agent.settings.schema import LaneSettings


def shelf_of(fs: FileSystem, record: PacketRecord, lane: LaneSettings, past: LanePlaces | None = None) -> Path:
    """Return the folder that a packet's files stand in, or in which they are looked for.

    `past`: where the lane's shelves stood before the settings changed. Raises FileSystemProblem.
    """
    if record.shelf in (Shelf.HELD, Shelf.SENDING):
        return lane.shelf("held" if record.shelf is Shelf.HELD else "sending") / record.id
    if record.shelf is Shelf.FAILED:
        return failed.shelf_of(fs, shelves_of(lane, "failed", past), shelf_packet(record, ""))
    ended, packet = record.ended_at or record.arrived_at, shelf_packet(record, "")
    days = [shelf / f"{ended.astimezone():%Y-%m-%d}" for shelf in shelves_of(lane, "sent", past)]
    return next((day for day in days[1:] if number_on(fs, day, packet) is not None), days[0])


def standing_files(
    fs: FileSystem, record: PacketRecord, lane: LaneSettings, past: LanePlaces | None = None
) -> list[Path]:
    """Return where a packet's files stand, in its own order; none where people have taken them away.

    Raises FileSystemProblem where the shelf cannot be read.
    """
    shelf = shelf_of(fs, record, lane, past)
    if record.shelf in (Shelf.HELD, Shelf.SENDING):
        paths = [shelf / file.name for file in record.files]
    else:
        packet = shelf_packet(record, "")
        number = number_on(fs, shelf, packet)
        if number is None:
            return []
        names = shelf_names(packet, number).files
        paths = [shelf / names[file.name] for file in record.files]
    return [path for path in paths if _is_there(fs, path)]


def _is_there(fs: FileSystem, path: Path) -> bool:
    try:
        fs.identify(path)
    except FileSystemProblem:
        return False
    return True
