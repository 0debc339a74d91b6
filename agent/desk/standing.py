"""Where a packet's files stand now, so that people can be shown them."""

from __future__ import annotations

from pathlib import Path

from agent.delivery.places import shelf_packet
from agent.folder.documents import number_on
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.packets import shelf_names
from agent.ledger.records import PacketRecord, Shelf
from agent.settings.schema import LaneSettings


def shelf_of(record: PacketRecord, lane: LaneSettings) -> Path:
    """Return the folder that a packet's files stand in, or in which they are looked for."""
    if record.shelf in (Shelf.HELD, Shelf.SENDING):
        return lane.shelf("held" if record.shelf is Shelf.HELD else "sending") / record.id
    if record.shelf is Shelf.FAILED:
        return lane.shelf("failed")
    ended = record.ended_at or record.arrived_at
    return lane.shelf("sent") / f"{ended.astimezone():%Y-%m-%d}"


def standing_files(fs: FileSystem, record: PacketRecord, lane: LaneSettings) -> list[Path]:
    """Return where a packet's files stand, in its own order; none where people have taken them away.

    Raises FileSystemProblem where the shelf cannot be read.
    """
    shelf = shelf_of(record, lane)
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
