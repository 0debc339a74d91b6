"""The snapshot: put together from a running control thread, or from the ledger alone when no agent runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from agent.delivery.actions import Found
from agent.delivery.installation import known_id
from agent.delivery.lane import Lane
from agent.delivery.problems import LEDGER_TROUBLE
from agent.delivery.reconcile.old_folders import left_waiting
from agent.delivery.reconcile.other_pcs import left_on_shelves
from agent.delivery.reconcile.settings_changed import known_lanes, left_behind
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot, moment
from agent.delivery.state import State
from agent.delivery.troubles import Thing, is_ledgers
from agent.delivery.unpicked import Waits, remembered
from agent.folder.real import RealFileSystem
from agent.folder.settling import FileLook, FileStatus
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable, read_only
from agent.ledger.records import LaneRecord, PacketRecord
from agent.model import Fault, LaneId, LaneState, PacketState, Problem, Readiness
from agent.settings.environment import environment_of
from agent.settings.locations import data_folder, ledger_file
from agent.settings.schema import Settings

NEEDS_SOMEONE_AFTER = timedelta(minutes=30)  # how long a scan may wait for its sidecar before it is shown to people


def snapshot_of(state: State, notes: tuple[str, ...]) -> Snapshot:
    """Return what a running agent is doing. Called in the control thread."""
    now = state.clock.now()
    unresolved, counts = state.numbers(_midnight(now))
    lanes = []
    packets = [
        _packet(packet, state.sending.get(packet.id), state.troubles.of(Thing("packet", packet.lane, packet.id)))
        for packet in state.packets.values()
    ]
    for lane in state.lanes.values():
        record = state.lane_records.get(lane.id, LaneRecord(lane.id))
        found = list(lane.found.values())
        reasons, overdue = _reasons(lane.looks), _overdue(lane.looks)
        packets.extend(_found(lane, one, reasons, overdue, now) for one in found)
        of_states = Counter({str(name): count for name, count in counts.get(lane.id, {}).items()})
        of_states.update(_state_of(one) for one in found)
        needs = unresolved.get(lane.id, 0) + sum(_waits_for_someone(one, overdue, now) for one in found)
        condition, since, problem = _lane_state(record, lane.offline)
        lanes.append(
            LaneSnapshot(
                lane=str(lane.id),
                state=condition,
                folder=str(lane.settings.folder),
                watching=str(lane.watcher.state.watching) if lane.watcher else "",
                since=moment(since),
                problem=problem or state.trouble_of(lane.id),
                counts=dict(of_states),
                needs_attention=needs,
                left_alone=lane.left_alone,
                environment=str(environment_of(lane.settings)),
            )
        )
    lanes.extend(left_behind(state.known_lanes, state.other_records, state.packets.values(), unresolved))
    return Snapshot(
        at=moment(now) or "",
        running=True,
        pid=os.getpid(),
        lanes=tuple(lanes),
        packets=tuple(packets),
        needs_attention=sum(lane.needs_attention for lane in lanes),
        notes=notes,
    )


def status_without_agent(settings: Settings) -> Snapshot:
    """Return what the ledger alone tells, when no agent runs."""
    now = datetime.now(UTC)
    records: Mapping[LaneId, LaneRecord] = {}
    counts: Mapping[LaneId, Mapping[PacketState, int]] = {}
    unfinished: list[PacketRecord] = []
    unresolved: Mapping[LaneId, int] = {}
    waits: dict[LaneId, Waits] = {}
    trouble: Problem | None = None
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        pass
    else:
        try:
            records, counts = ledger.lanes(), ledger.counts(_midnight(now))
            unfinished, unresolved = ledger.unfinished(), ledger.unresolved_counts()
            waits = {lane: ledger.waiting_since(lane) for lane in settings.lanes}
        except Exception as error:
            if not is_ledgers(error):
                raise
            trouble = LEDGER_TROUBLE.problem((Fault("ledger", "", str(getattr(error, "orig", error))),))
        finally:
            ledger.close()
    lanes = []
    watched = {lane_settings.folder for lane_settings in settings.lanes.values()}
    own, ours = known_id(data_folder(settings.agent)), {packet.id for packet in unfinished}
    for lane, lane_settings in settings.lanes.items():
        record = records.get(lane, LaneRecord(lane))
        state, since, problem = _lane_state(record, None)
        places, folder = record.places, lane_settings.folder
        elsewhere = left_waiting(RealFileSystem(), lane, places, folder, watched) if places else None
        left_alone = remembered(waits.get(lane, {}), lane_settings.folder, now)
        behind = left_on_shelves(RealFileSystem(), lane, lane_settings, own, ours, now) if own else None
        lanes.append(
            LaneSnapshot(
                lane=str(lane),
                state=state,
                folder=str(lane_settings.folder),
                since=moment(since),
                problem=trouble or problem or behind or elsewhere or left_alone,
                left_alone=left_alone,
                counts={str(state): count for state, count in counts.get(lane, {}).items()},
                needs_attention=unresolved.get(lane, 0),
                environment=str(environment_of(lane_settings)),
            )
        )
    lanes.extend(left_behind(known_lanes(settings), records, unfinished, unresolved))
    return Snapshot(
        at=moment(now) or "",
        running=False,
        pid=0,
        lanes=tuple(lanes),
        packets=tuple(_packet(packet, None) for packet in unfinished),
        needs_attention=sum(lane.needs_attention for lane in lanes),
    )


def _lane_state(record: LaneRecord, offline: Problem | None) -> tuple[LaneState, datetime | None, Problem | None]:
    if offline is not None:
        return LaneState.OFFLINE, None, offline
    if record.paused_since is not None:
        return LaneState.PAUSED, record.paused_since, None
    if record.blocked_since is not None:
        return LaneState.BLOCKED, record.blocked_since, record.problem
    return LaneState.RUNNING, None, record.problem


def _packet(packet: PacketRecord, progress: tuple[int, int] | None, trouble: Problem | None = None) -> PacketSnapshot:
    sent, total = progress or (0, sum(packet.sizes))
    problem = trouble or packet.problem
    return PacketSnapshot(
        id=packet.id,
        lane=str(packet.lane),
        name=packet.name,
        state=str(packet.state),
        next_at=moment(packet.next_at),
        attempts=packet.attempts,
        sent_bytes=sent,
        total_bytes=total,
        why=problem.sentence if problem else "",
        files=tuple(file.name for file in packet.files if file.role == "document"),
        sidecar=next((file.name for file in packet.files if file.role == "sidecar"), ""),
        since=moment(packet.arrived_at),
    )


def _found(
    lane: Lane, found: Found, reasons: Mapping[str, str], overdue: Collection[str], now: datetime
) -> PacketSnapshot:
    candidate = found.candidate
    return PacketSnapshot(
        id="",
        lane=str(lane.id),
        name=candidate.name,
        state=_state_of(found),
        total_bytes=sum(file.identity.size for file in candidate.files),
        why=_why(found, reasons),
        files=tuple(file.name for file in candidate.files),
        sidecar=candidate.sidecar.name if candidate.sidecar else "",
        since=moment(found.since),
        needs_someone=_waits_for_someone(found, overdue, now),
    )


def _reasons(looks: Iterable[FileLook]) -> dict[str, str]:
    """Return why files are not done yet, by their names."""
    reasons = {}
    for seen in looks:
        if seen.status is FileStatus.IN_USE:
            reasons[seen.observation.name] = f"{seen.observation.base} is open in another program."
        elif seen.reason:
            reasons[seen.observation.name] = f"{seen.observation.base} is not complete: {seen.reason}."
    return reasons


def _overdue(looks: Iterable[FileLook]) -> frozenset[str]:
    """Return the files that are not complete after all the time that they are given."""
    return frozenset(seen.observation.name for seen in looks if seen.status is FileStatus.OVERDUE)


def _why(found: Found, reasons: Mapping[str, str]) -> str:
    """Say what files that are no packet yet are waiting for."""
    candidate = found.candidate
    reason = next((reasons[member.name] for member in candidate.members if member.name in reasons), "")
    if candidate.readiness is Readiness.WAITING:
        return f"Waits for {', '.join(candidate.missing)}." if candidate.sidecar else reason or "Waits for its sidecar."
    return reason


def _state_of(found: Found) -> str:
    waiting = found.candidate.readiness is Readiness.WAITING
    return str(PacketState.WAITING if waiting else PacketState.SETTLING)


def _waits_for_someone(found: Found, overdue: Collection[str], now: datetime) -> bool:
    """Tell whether scans without a sidecar stay where they are until a person does something.

    In a subfolder they never fail: there what is not complete after all its time needs someone at once.
    """
    candidate = found.candidate
    if candidate.sidecar is not None:
        return False
    if candidate.folder and not candidate.retry_of and any(member.name in overdue for member in candidate.members):
        return True
    return candidate.readiness is Readiness.WAITING and now - found.since >= NEEDS_SOMEONE_AFTER


def _midnight(now: datetime) -> datetime:
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
