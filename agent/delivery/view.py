"""What the planner is shown of the state: plain values, put together anew for each plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from agent.delivery.actions import Found
from agent.delivery.lane import Lane
from agent.delivery.planner import LaneView, View
from agent.delivery.service_times import ServiceTimes
from agent.delivery.state import State
from agent.folder.names import name_key
from agent.ledger.records import FilenameClaim, PacketRecord
from agent.model import LaneKind

UNSURE_DAYS = 30  # for how long a statement file is known again whose reply was lost


def view_of(
    state: State, service_times: ServiceTimes, verifying: frozenset[str], free_senders: int, now: datetime
) -> View:
    """Return what the planner has to know. `verifying`: the packets about which a service is still being asked."""
    stuck = state.troubles.waiting("packet")
    return View(
        lanes=tuple(_lane_view(state, service_times, lane, now) for lane in state.lanes.values()),
        packets=tuple(sorted(state.packets.values(), key=lambda packet: (packet.arrived_at, packet.id))),
        finished=tuple(done for done in state.finished if done.packet.id not in stuck),
        free_senders=free_senders,
        stuck=stuck,
        verifying=verifying,
        stopping=state.begins_nothing,
    )


def _lane_view(state: State, service_times: ServiceTimes, lane: Lane, now: datetime) -> LaneView:
    waiting = state.troubles.waiting("files")
    found = tuple(
        one for one in lane.found.values() if one.packet not in state.packets and one.candidate.name not in waiting
    )
    has_any = found or any(packet.lane == lane.id for packet in state.packets.values())
    return LaneView(
        id=lane.id,
        terms=lane.terms,
        record=state.lane_records[lane.id],
        offline=lane.offline is not None or not lane.recovered,
        found=found,
        lookalikes={one.packet: _lookalikes(state, service_times, lane, one, now) for one in found},
        forgets_before=service_times.ago(lane.id, now, timedelta(days=lane.terms.duplicate_days)),
        claims=tuple(_claims(state, lane, found, now)) if _is_statements(lane) and has_any else (),
    )


def _claims(state: State, lane: Lane, found: Iterable[Found], now: datetime) -> list[FilenameClaim]:
    if lane.terms.scope == "store":  # one file a day: there are few
        return state.ledger.claims(lane.terms.account, now)
    names = [packet.upload_name for packet in state.packets.values() if packet.lane == lane.id]
    names.extend(one.upload_name for one in found if one.checked is not None)
    return state.ledger.claims_on(lane.terms.account, dict.fromkeys(map(name_key, names)).keys(), now)


def _lookalikes(
    state: State, service_times: ServiceTimes, lane: Lane, found: Found, now: datetime
) -> tuple[PacketRecord, ...]:
    checked, statements = found.checked, _is_statements(lane)
    if checked is None or checked.problem is not None or not (checked.fingerprint or statements):
        return ()
    days = max(UNSURE_DAYS, lane.duplicate_days) if statements else lane.duplicate_days
    since = service_times.ago(lane.id, now, timedelta(days=days))
    size = sum(file.identity.size for file in found.candidate.files)
    return tuple(state.ledger.lookalikes(lane.id, lane.terms.account, checked.fingerprint, size, since))


def _is_statements(lane: Lane) -> bool:
    return lane.id.kind is LaneKind.STATEMENTS
