"""What there is to tell of, put together from the snapshot and the packets that need someone. Names nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.delivery.glance import lanes_in_need
from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.page.views.attention import anchor_of, lane_anchor, packet_anchor
from agent.ledger.records import PacketRecord
from agent.model import LaneKind, LaneState, PacketState

_ROW = re.compile(r"(?:row|statement) (\d+)")
_NEW_COLUMNS = frozenset({"no-header", "column-missing", "columns-rival", "two-profiles", "wrong-profile"})
_WANTED = frozenset({"withdrawn"})  # a person did it: nothing to tell that person


class Cause(StrEnum):
    """Why packets need someone. Each is told of once, however many packets it has."""

    NO_SIDECAR = "no-sidecar"
    ROWS = "rows"
    COLUMNS = "columns"
    STATEMENT = "statement"  # a statement file that was not sent for another reason
    REFUSED = "refused"
    PACKET = "packet"  # any other packet that was not sent
    AMISS = "amiss"  # delivered, and the service took it amiss afterwards


@dataclass(frozen=True)
class Member:
    """One packet of a cause. `anchor` is its item on the page, `name` its first file, `rows` how many rows are bad."""

    anchor: str
    name: str = ""
    rows: int = 0


@dataclass(frozen=True)
class LaneTrouble:
    """A lane that does not move, or needs someone. `waiting`: packets that go once it does."""

    lane: str
    state: LaneState
    code: str
    waiting: int

    @property
    def anchor(self) -> str:
        """Return the id of the lane's item on the page."""
        return lane_anchor(self.lane)


@dataclass(frozen=True)
class Situation:
    """All of it at one moment. `running` lanes are those that deliver, with what they are about to send."""

    alive: bool
    lanes: tuple[LaneTrouble, ...]
    running: Mapping[str, int]
    causes: Mapping[Cause, tuple[Member, ...]]
    sent_today: int


def situation_of(snapshot: Snapshot, needing: Iterable[PacketRecord]) -> Situation:
    """Return what there is to tell of. `needing`: the ledger's packets that need someone."""
    causes: dict[Cause, list[Member]] = {}
    for packet in snapshot.packets:
        if packet.needs_someone:
            member = Member(anchor_of(packet), packet.files[0] if packet.files else packet.name)
            causes.setdefault(Cause.NO_SIDECAR, []).append(member)
    for record in needing:
        if record.problem is not None and record.problem.code not in _WANTED:
            causes.setdefault(_cause_of(record), []).append(_member(record))
    troubles = tuple(_trouble(lane, snapshot) for lane in lanes_in_need(snapshot))
    troubled = {trouble.lane for trouble in troubles}
    return Situation(
        alive=snapshot.running,
        lanes=troubles,
        running={
            lane.lane: _to_go(lane.lane, snapshot)
            for lane in snapshot.lanes
            if lane.state is LaneState.RUNNING and lane.lane not in troubled
        },
        causes={cause: tuple(members) for cause, members in causes.items()},
        sent_today=sum(lane.counts.get(PacketState.SENT, 0) for lane in snapshot.lanes),
    )


def _cause_of(record: PacketRecord) -> Cause:
    code = record.problem.code if record.problem else ""
    if record.state is PacketState.SENT:
        return Cause.AMISS
    if record.lane.kind is LaneKind.STATEMENTS:
        return Cause.ROWS if code == "statement-rows" else Cause.COLUMNS if code in _NEW_COLUMNS else Cause.STATEMENT
    return Cause.NO_SIDECAR if code == "no-sidecar" else Cause.REFUSED if code == "refused" else Cause.PACKET


def _member(record: PacketRecord) -> Member:
    details = record.problem.details if record.problem else ()
    rows = {found[1] for fault in details if (found := _ROW.match(fault.where))}
    name = record.documents[0].name if record.documents else record.name
    return Member(packet_anchor(record.id), name.rpartition("/")[2], len(rows))


def _trouble(lane: LaneSnapshot, snapshot: Snapshot) -> LaneTrouble:
    return LaneTrouble(lane.lane, lane.state, lane.problem.code if lane.problem else "", _to_go(lane.lane, snapshot))


def _to_go(lane: str, snapshot: Snapshot) -> int:
    going = (PacketState.QUEUED, PacketState.SENDING)
    return sum(packet.lane == lane and packet.state in going for packet in snapshot.packets)
