"""Trying a failed packet again: its files go back into the watched folder, where they are met like new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from agent.crashpoints import here
from agent.delivery.lane import Lane
from agent.delivery.places import shelf_packet
from agent.folder import failed
from agent.folder.filesystem import FileSystem, FileSystemProblem, Missing
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
        if put_back(ledger, lane.fs, lane.settings, packet, now, actor, lane.places.installation):
            yield packet.lane


def put_back(
    ledger: Ledger,
    fs: FileSystem,
    settings: LaneSettings,
    packet: PacketRecord,
    now: datetime,
    actor: str,
    installation: str = "",
) -> bool:
    """Put one failed packet's files back into its lane's folder; tell whether there was anything to put back."""
    if packet.state is not PacketState.FAILED or packet.shelf is not Shelf.FAILED or packet.resolved_at:
        return False
    shelf, of_shelf = settings.shelf("failed"), shelf_packet(packet, installation)
    try:
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
