"""Trying a failed packet again: its files go back into the watched folder, where they are met like new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from agent.crashpoints import here
from agent.delivery.lane import Lane
from agent.delivery.places import Places, shelf_packet
from agent.folder import failed
from agent.folder.filesystem import FileSystem, FileSystemProblem, Missing, Offline
from agent.ledger.ledger import Ledger
from agent.ledger.records import PacketRecord, Shelf
from agent.log import log, where
from agent.model import LaneId, PacketState
from agent.settings.schema import LaneSettings


def retry(
    ledger: Ledger, lanes: Mapping[LaneId, Lane], packets: Iterable[str], now: datetime, actor: str
) -> Iterator[LaneId]:
    """Put failed packets back; yield the lanes in which there is something new to look at."""
    for packet_id in packets:
        packet = ledger.packet(packet_id)
        if packet is None or packet.lane not in lanes:
            continue
        lane = lanes[packet.lane]
        if put_back(ledger, lane.fs, lane.settings, packet, now, actor, lane.places):
            yield packet.lane
        elif _is_half_back(lane, packet):  # a file was in use in its middle: the lane's recovery finishes it
            lane.recovered = False
            yield packet.lane


def finish_putting_back(ledger: Ledger, lane: Lane, now: datetime) -> bool:
    """Finish what a crash, or a file in use, has cut off; tell whether nothing of that is left to do.

    Raises FileSystemProblem when the shelf cannot be read.
    """
    known = [packet for packet in map(ledger.packet, _half_back(lane)) if packet is not None and packet.lane == lane.id]
    for packet in known:
        put_back(ledger, lane.fs, lane.settings, packet, now, "", lane.places)
    return not any(_is_half_back(lane, packet) for packet in known)


def _is_half_back(lane: Lane, packet: PacketRecord) -> bool:
    try:
        return packet.id in _half_back(lane)
    except FileSystemProblem:
        return True


def _half_back(lane: Lane) -> list[str]:
    return [packet for shelf in lane.places.stood("failed") for packet in failed.half_back(lane.fs, shelf)]


def put_back(
    ledger: Ledger,
    fs: FileSystem,
    settings: LaneSettings,
    packet: PacketRecord,
    now: datetime,
    actor: str,
    places: Places,
) -> bool:
    """Put one failed packet's files back into its lane's folder; tell whether there was anything to put back."""
    if packet.state is not PacketState.FAILED or packet.shelf is not Shelf.FAILED or packet.resolved_at:
        return False
    of_shelf = shelf_packet(packet, places.installation)
    try:
        _expect_folder(fs, settings)
        shelf = failed.shelf_of(fs, places.stood("failed"), of_shelf)
        try:
            failed.put_back(fs, settings.folder, shelf, of_shelf)
            here("put-back-not-recorded")
            how = "retry"
        except Missing:
            failed.tidy(fs, shelf, of_shelf)
            how = "files-gone"
    except FileSystemProblem as trouble:
        log.warning("a packet could not be put back", extra={"packet": packet.id, "trouble": where(trouble)})
        return False
    with ledger.transaction() as tx:
        tx.resolve(packet, now, how, actor)
    return how == "retry"


def _expect_folder(fs: FileSystem, settings: LaneSettings) -> None:
    """Raise Offline where a share is not mounted: its empty place gives no files back, and is none to put them into."""
    try:
        standing = fs.names(settings.folder)
    except Missing as problem:
        raise Offline(settings.folder, problem.reason) from problem
    if not standing:
        raise Offline(settings.folder, "the folder is empty and lacks OutTray's marker")
