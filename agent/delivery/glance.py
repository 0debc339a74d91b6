"""How things stand, at a glance: one picture and four counts, the same for the tray, the page and `outtray status`.

The first line that holds is the picture (the words of each are the desk's own):

| Lanes and packets | Picture |
|---|---|
| the engine does not run | not-running |
| no lane has been looked at yet | working |
| a lane is blocked or offline, or its packets do not get through | blocked |
| something needs someone | attention |
| a lane is paused | paused |
| something is being sent, or goes next | working |
| anything else | idle |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.model import LaneState, PacketState
from agent.shown import in_unicode

_MOVING = (PacketState.SENDING, PacketState.DELIVERED)
_ENDED = (PacketState.SENT, PacketState.FAILED)
_STOPPED = (LaneState.BLOCKED, LaneState.OFFLINE)


class Icon(StrEnum):
    """The six pictures, each of another shape. The values are the names of the drawings."""

    IDLE = "idle"
    WORKING = "working"
    ATTENTION = "attention"
    PAUSED = "paused"
    BLOCKED = "blocked"
    NOT_RUNNING = "not-running"


@dataclass(frozen=True)
class Glance:
    """The picture, and how many things need someone, are being sent, go next, and go by themselves later."""

    icon: Icon
    needs: int
    sending: int
    next: int
    later: int


def glance(snapshot: Snapshot) -> Glance:
    """Return how things stand. Pure."""
    needs = sum(1 for _ in lanes_in_need(snapshot)) + snapshot.needs_attention
    sending = sum(packet.state in _MOVING for packet in snapshot.packets)
    free = {lane.lane for lane in snapshot.lanes if lane.state is LaneState.RUNNING and not is_hampered(lane)}
    upcoming = sum(packet.lane in free and _is_due(packet, snapshot.at) for packet in snapshot.packets)
    open_ones = sum(packet.state not in _ENDED and not packet.needs_someone for packet in snapshot.packets)
    return Glance(_icon(snapshot, needs, sending + upcoming), needs, sending, upcoming, open_ones - sending - upcoming)


def status_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON, for other programs, with how things stand at a glance."""
    return {**in_unicode(asdict(snapshot)), "glance": asdict(glance(snapshot))}


def _icon(snapshot: Snapshot, needs: int, under_way: int) -> Icon:
    lanes = snapshot.lanes
    if not snapshot.running:
        return Icon.NOT_RUNNING
    if not lanes:
        return Icon.WORKING
    if any(lane.state in _STOPPED or is_hampered(lane) for lane in lanes):
        return Icon.BLOCKED
    if needs:
        return Icon.ATTENTION
    if any(lane.state is LaneState.PAUSED for lane in lanes):
        return Icon.PAUSED
    return Icon.WORKING if under_way else Icon.IDLE


def lanes_in_need(snapshot: Snapshot) -> Iterator[LaneSnapshot]:
    """Yield the lanes that only a person can help."""
    for lane in snapshot.lanes:
        if lane.problem is not None and (lane.state in _STOPPED or lane.problem.code in LANE_TROUBLES):
            yield lane


def is_hampered(lane: LaneSnapshot) -> bool:
    """Tell whether a lane runs and does not get through: it tries again by itself, as when a service is not reached."""
    has_trouble = lane.problem is not None and lane.problem.code not in LANE_TROUBLES
    return lane.state is LaneState.RUNNING and has_trouble


def _is_due(packet: PacketSnapshot, at: str) -> bool:
    if packet.state != PacketState.QUEUED:
        return False
    return not packet.next_at or not at or datetime.fromisoformat(packet.next_at) <= datetime.fromisoformat(at)


LANE_TROUBLES = frozenset(
    {
        "left-by-another-pc",
        "folder-denied",
        "folder-full",
        "folder-damaged",
        "folder-in-the-way",
        "folder-nested",
        "folder-passed-over",
        "folder-unpicked",
        "folder-was-a-shelf",
        "ledger-trouble",
        "waits-elsewhere",
    }
)
"""Problems of a lane that runs which only a person can end; the others go by themselves."""
