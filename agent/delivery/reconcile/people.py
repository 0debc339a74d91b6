"""What people did on the shelves: waiting packets whose files they took away, failed ones that they have dealt with."""

from __future__ import annotations

from agent.delivery import problems
from agent.delivery.lane import Lane
from agent.delivery.state import State
from agent.folder.filesystem import FileSystemProblem, Offline
from agent.ledger.records import PacketRecord
from agent.model import PacketState


def notice_what_people_did(state: State, lane: Lane) -> None:
    """Notice what people have taken away from a lane's shelves. Raises FileSystemProblem where they cannot be read."""
    for packet in list(state.packets.values()):
        waits = packet.state in (PacketState.HELD, PacketState.QUEUED)
        if waits and packet.lane == lane.id and _files_gone(lane, packet):
            withdrawn(state, packet)
    failed = [packet for packet in state.ledger.unresolved() if packet.lane == lane.id]
    dealt_with = lane.places.dealt_with(failed) if failed else []
    if dealt_with:
        with state.ledger.transaction(synced=False) as tx:
            for packet in dealt_with:
                tx.resolve(packet, state.clock.now(), "files-gone")


def withdrawn(state: State, packet: PacketRecord) -> None:
    """Record that people have taken a waiting packet's files away."""
    now = state.clock.now()
    words = problems.WITHDRAWN if packet.state is PacketState.HELD else problems.VANISHED
    with state.ledger.transaction() as tx:
        tx.fail(packet, words.problem(name=packet.upload_name or packet.name), now)
        if not packet.possibly_sent:
            tx.release_claim(packet.id)
    state.refresh([packet.id])


def _files_gone(lane: Lane, packet: PacketRecord) -> bool:
    try:
        return lane.places.files_gone(packet)
    except Offline:
        raise
    except FileSystemProblem:
        return False  # one packet's folder that cannot be read says nothing, and stops no other
