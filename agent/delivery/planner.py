"""Decides. `plan(view, now)` looks at everything at once and says what to do next.

Pure: no clock, no disk, no network, no thread. The control thread carries the actions out, looks again, and asks again,
until nothing is left to do now. So each rule here can be read, and tested, as input and expected list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.delivery import problems
from agent.delivery.actions import Action, Admit, Check, Fail, Found, Hold, Reschedule, Shelve, Start
from agent.delivery.verdicts import Finished, settle
from agent.folder.names import name_key
from agent.ledger.filename_rule import WINDOW, Claims, Continues, Duplicate, Free, Taken, Unproved, judge, turn
from agent.ledger.records import ClaimState, FilenameClaim, LaneRecord, PacketRecord
from agent.model import LaneId, LaneKind, PacketState, Problem, Readiness

PROTECTION_ENDS_EARLY = timedelta(hours=1)  # an upload and two clocks lie between our time and the service's


@dataclass(frozen=True)
class Terms:
    """What the settings say that matters for deciding."""

    waiting_hours: float = 72
    give_up_hours: float = 72
    account: str = ""  # whose memory counts: the service's address and the store's account there
    scope: str = "filename"
    on_conflict: str = "hold"
    duplicate_days: float = 7


@dataclass(frozen=True)
class LaneView:
    """One lane at one moment. `claims` are its store's filename claims, at least those on the names of its packets and
    found files; `lookalikes` the packets that say the same as a found one, by the found one's id."""

    id: LaneId
    terms: Terms
    record: LaneRecord
    offline: bool = False
    found: tuple[Found, ...] = ()
    lookalikes: Mapping[str, tuple[PacketRecord, ...]] | None = None
    forgets_before: datetime | None = None  # what was sent before this is no duplicate's original any more
    claims: tuple[FilenameClaim, ...] = ()


@dataclass(frozen=True)
class View:
    """All that there is to decide on."""

    lanes: tuple[LaneView, ...] = ()
    packets: tuple[PacketRecord, ...] = ()  # unfinished, in order of arrival
    finished: tuple[Finished, ...] = ()
    free_senders: int = 0
    stuck: frozenset[str] = frozenset()  # packets whose files could not be moved just now
    verifying: frozenset[str] = frozenset()  # delivered packets about which the service is still being asked
    stopping: bool = False


def plan(view: View, now: datetime) -> list[Action]:
    """Return what to do now, in the order in which to do it."""
    lanes = {lane.id: lane for lane in view.lanes}
    if view.finished:
        # What came back changes everything else: record it first, then look again.
        return [action for done in view.finished for action in _settle(done, lanes[done.packet.lane], now)]
    left = view.stuck | view.verifying
    actions: list[Action] = [
        Shelve(packet)
        for packet in view.packets
        if packet.unshelved and packet.id not in left and not _offline(lanes, packet.lane)
    ]
    if view.stopping:
        return actions
    senders = _Senders(view, lanes, now)
    claims = _by_account(view.lanes)
    admitted: dict[object, set[object]] = {_account(lane): set() for lane in view.lanes}
    actions.extend(_start(view, lanes, claims, senders, now))
    for lane in view.lanes:
        if not lane.offline and lane.record.paused_since is None:
            actions.extend(_admit(lane, admitted[_account(lane)], claims[lane.id], senders, now))
    return actions


def _by_account(lanes: Iterable[LaneView]) -> dict[LaneId, Claims]:
    """Return the claims by which each lane is judged: lanes of one account see what the others do in the same round."""
    of_account: dict[object, dict[str, FilenameClaim]] = {}
    for lane in lanes:
        of_account.setdefault(_account(lane), {}).update((claim.packet, claim) for claim in lane.claims)
    claims = {account: Claims(known.values()) for account, known in of_account.items()}
    return {lane.id: claims[_account(lane)] for lane in lanes}


def _account(lane: LaneView) -> object:
    return (lane.id.kind, lane.terms.account) if lane.terms.account else lane.id


def _settle(done: Finished, lane: LaneView, now: datetime) -> Iterator[Action]:
    return settle(done, lane.record, lane.terms.give_up_hours, now, lane.claims, lane.terms.scope)


# --- Packets that are ours already ----------------------------------------------------------------------------------


def _start(
    view: View, lanes: Mapping[LaneId, LaneView], claims: Mapping[LaneId, Claims], senders: _Senders, now: datetime
) -> Iterator[Action]:
    for packet in view.packets:
        if packet.state not in (PacketState.HELD, PacketState.QUEUED):
            continue
        lane = lanes.get(packet.lane)
        if lane is None or lane.offline or lane.record.paused_since or packet.id in view.stuck:
            continue
        if senders.none_left and not lane.claims:
            continue  # of a long queue nearly all: nothing but a sender is what they wait for
        if packet.state is PacketState.HELD:
            yield from _release(packet, lane, claims[lane.id], senders, now)
        elif packet.state is PacketState.QUEUED and (packet.next_at is None or packet.next_at <= now):
            verdict = _rule(lane, claims[lane.id], packet, now)
            if isinstance(verdict, Unproved):
                continue
            if _unprotected(packet, claims[lane.id], now):
                when = problems.moment(packet.lost_since or now)
                yield Fail(packet, None, problems.LOST_TOO_LONG_AGO.problem(name=packet.upload_name, when=when))
            elif isinstance(verdict, Taken):
                yield Hold(packet, None, verdict.until, problems.held(lane.terms.scope, packet.upload_name))
            elif senders.take(lane):
                yield Start(packet)


def _unprotected(packet: PacketRecord, claims: Claims, now: datetime) -> bool:
    """Tell whether a statement file whose reply was lost could be taken twice: the service's own rule, which would
    refuse it the second time, has let go of the name, or is about to."""
    mine = claims.of(packet.id)
    if mine is None or mine.state is not ClaimState.UNKNOWN or packet.lane.kind is not LaneKind.STATEMENTS:
        return False
    since = packet.lost_since or mine.accepted_at or mine.claimed_at
    return now >= since + WINDOW - PROTECTION_ENDS_EARLY


def _release(
    packet: PacketRecord, lane: LaneView, claims: Claims, senders: _Senders, now: datetime
) -> Iterator[Action]:
    verdict = _rule(lane, claims, packet, now)
    if isinstance(verdict, Unproved):
        return
    if isinstance(verdict, Taken):
        if packet.next_at is None or abs(packet.next_at - verdict.until) > timedelta(seconds=1):
            yield Reschedule(packet, verdict.until)
    elif packet.name_refusals and packet.next_at is not None and packet.next_at > now:
        return  # the service itself has said "used already": only time helps
    elif senders.take(lane):
        yield Start(packet)


def _rule(lane: LaneView, claims: Claims, packet: PacketRecord, now: datetime) -> Free | Taken | Unproved:
    mine = claims.of(packet.id)
    if mine is None:
        return Free()
    if mine.unproved:  # its own lost try: whether the service still remembers that
        return Unproved(mine)
    scope = lane.terms.scope
    beside = claims.beside(mine, scope)
    return Free() if len(beside) == 1 else turn(beside, mine, scope=scope, now=now)


# --- Files that are not ours yet ------------------------------------------------------------------------------------


def _admit(lane: LaneView, admitted: set[object], claims: Claims, senders: _Senders, now: datetime) -> Iterator[Action]:
    for found in sorted(lane.found, key=lambda found: (found.since, found.candidate.name)):
        if found.not_yet:
            continue
        candidate = found.candidate
        problem = candidate.problem
        if candidate.folder and candidate.sidecar is None and not candidate.retry_of:
            continue  # pictures that somebody keeps in a folder: they become a packet with a sidecar, or never
        if candidate.readiness is Readiness.SETTLING and found.incomplete:
            file, reason = found.incomplete
            is_sidecar = candidate.sidecar is not None and file == candidate.sidecar.base
            words = problems.INCOMPLETE_SIDECAR if is_sidecar else problems.INCOMPLETE
            problem = words.problem(name=file, reason=reason)
        elif candidate.readiness is Readiness.WAITING and _waited_long(found, lane.terms, now):
            problem = _nothing_came(found, lane.terms)
        elif candidate.readiness is Readiness.READY:
            if found.checked is None:
                if not found.checking:
                    yield Check(lane.id, found)
                continue
            problem = found.checked.problem
            if problem is None:
                action = _ready(lane, found, admitted, claims, senders, now)
                if isinstance(action, Admit):
                    admitted |= {_said(found), _alike(found)} - {None}
                    if action.claim is not None:
                        claims.add(action.claim)
                if action is not None and not (isinstance(action, Check) and found.checking):
                    yield action
                continue
        if problem is not None:
            yield Admit(lane.id, found, PacketState.FAILED, problem=problem)


def _ready(
    lane: LaneView, found: Found, admitted: Set[object], claims: Claims, senders: _Senders, now: datetime
) -> Admit | None:
    """Admit a packet that is in order: to go, to be held, or as a duplicate. None: the twin ahead decides first."""
    if lane.id.kind is LaneKind.STATEMENTS:
        return _by_rule(lane, found, admitted, claims, senders, now)
    if _alike(found) in admitted:
        return None
    possibly_sent = False
    for twin in (lane.lookalikes or {}).get(found.packet, ()):
        if not _is_twin(found, twin):
            possibly_sent = possibly_sent or _was_corrected(twin, found)
            continue
        if twin.state in (PacketState.QUEUED, PacketState.SENDING, PacketState.DELIVERED):
            return None
        if twin.state is PacketState.FAILED and not all(file.sha256 for file in twin.documents):
            possibly_sent = possibly_sent or twin.possibly_sent  # what just went out, nobody recorded
            continue
        if _same_bytes(twin, found):
            if twin.state is PacketState.SENT:
                problem = _duplicate(_files(found), twin.ended_at, twin.control_number)
                return Admit(lane.id, found, PacketState.FAILED, problem=problem)
            possibly_sent = possibly_sent or twin.possibly_sent
    return Admit(lane.id, found, PacketState.QUEUED, start=senders.take(lane), possibly_sent=possibly_sent)


def _by_rule(
    lane: LaneView, found: Found, admitted: Set[object], claims: Claims, senders: _Senders, now: datetime
) -> Admit | None:
    assert found.checked is not None  # noqa: S101 - the caller has looked
    mine = FilenameClaim(
        packet=found.packet,
        store_id=lane.terms.account,
        key=name_key(found.upload_name),
        sha256="".join(found.checked.sha256[:1]),
        state=ClaimState.RESERVED,
        claimed_at=claims.end_of_the_line(now),
    )
    # The same file whose reply was lost, under another name, or after the window: the rule does not know it any more.
    twins = [twin for twin in (lane.lookalikes or {}).get(found.packet, ()) if _same_content(twin, found)]
    possibly_sent = any(twin.state is PacketState.FAILED and twin.possibly_sent for twin in twins)
    scope = lane.terms.scope
    verdict = judge(claims.beside(mine, scope), mine, scope=scope, now=now)
    if isinstance(verdict, Free | Taken | Unproved) and lane.terms.duplicate_days:
        if _said(found) in admitted:
            return None
        since = lane.forgets_before or now - timedelta(days=lane.terms.duplicate_days)
        for twin in twins:
            is_namesake = name_key(twin.upload_name) == mine.key
            if is_namesake and isinstance(verdict, Free):
                continue  # the rule knows its name, and lets it go once more after the window
            if twin.state in (PacketState.QUEUED, PacketState.SENDING, PacketState.DELIVERED) and not is_namesake:
                return None  # the twin ahead decides first
            if problem := _copy(found, twin, since):
                return Admit(lane.id, found, PacketState.FAILED, problem=problem)
    match verdict:
        case Free():
            start = senders.take(lane)
            return Admit(lane.id, found, PacketState.QUEUED, start=start, possibly_sent=possibly_sent, claim=mine)
        case Continues(claim=earlier):
            taken_over = replace(earlier, packet=mine.packet, active=True)
            return Admit(
                lane.id,
                found,
                PacketState.QUEUED,
                start=senders.take(lane),
                possibly_sent=True,
                claim=taken_over,
                continues=earlier.packet,
            )
        case Unproved(by=earlier):
            if earlier.sha256 == mine.sha256:
                return None  # what has gone stands on its shelf: nothing is lost by waiting in the folder
            return Admit(lane.id, found, PacketState.QUEUED, possibly_sent=possibly_sent, claim=mine)
        case Duplicate(of=claim):
            problem = _duplicate(found.upload_name, claim.accepted_at)
            return Admit(lane.id, found, PacketState.FAILED, problem=problem)
        case Taken(until=until):
            if lane.terms.on_conflict == "fail":
                words = problems.STORE_USED_FAIL if lane.terms.scope == "store" else problems.NAME_USED_FAIL
                problem = words.problem(name=found.upload_name, until=problems.moment(until))
                return Admit(lane.id, found, PacketState.FAILED, problem=problem)
            return Admit(
                lane.id,
                found,
                PacketState.HELD,
                until=until,
                problem=problems.held(lane.terms.scope, found.upload_name),
                possibly_sent=possibly_sent,
                claim=mine,
            )


def _copy(found: Found, twin: PacketRecord, since: datetime) -> Problem | None:
    """Say of what a statement file is a copy; None where that has not been sent, or was not accepted in the end."""
    name, of = found.upload_name, twin.upload_name or twin.name
    if twin.state not in (PacketState.SENT, PacketState.FAILED):
        return problems.COPY_AHEAD.problem(name=name, of=of)
    if twin.state is not PacketState.SENT or twin.problem is not None or (twin.ended_at or since) < since:
        return None
    if name_key(name) == name_key(of) or twin.ended_at is None:
        return _duplicate(name, twin.ended_at)
    return problems.COPY.problem(name=name, of=of, when=f"on {problems.moment(twin.ended_at)}")


def _waited_long(found: Found, terms: Terms, now: datetime) -> bool:
    return now - found.since >= timedelta(hours=terms.waiting_hours)


def _nothing_came(found: Found, terms: Terms) -> Problem:
    candidate = found.candidate
    if candidate.sidecar is None:
        return problems.NO_SIDECAR.problem(
            name=candidate.files[0].base if candidate.files else candidate.name,
            hours=terms.waiting_hours,
            sidecar=f"{candidate.name}.json",
        )
    missing = ", ".join(candidate.missing) or f"{candidate.name}.*"
    return problems.FILES_MISSING.problem(name=candidate.sidecar.base, missing=missing)


def _files(found: Found) -> str:
    first, *more = (file.base for file in found.candidate.files)
    return f"{first} and {len(more)} more" if more else first


def _duplicate(name: str, sent_at: datetime | None, control_number: str = "") -> Problem:
    if sent_at is None:
        return problems.DUPLICATE_AHEAD.problem(name=name)
    reference = f" Its control number is {control_number}." if control_number else ""
    return problems.DUPLICATE.problem(name=name, when=f"on {problems.moment(sent_at)}", reference=reference)


def _is_twin(found: Found, packet: PacketRecord) -> bool:
    """Tell whether claim, metadata and sizes are the same: only then is it worth reading the bytes."""
    same_metadata = found.checked is not None and found.checked.fingerprint == packet.fingerprint
    return same_metadata and _sizes(found) == packet.sizes


def _was_corrected(twin: PacketRecord, found: Found) -> bool:
    """Tell whether this is a failed packet whose metadata were corrected, and that may have arrived before."""
    was_dealt_with = twin.state is PacketState.FAILED and twin.resolved_at is not None
    return was_dealt_with and twin.possibly_sent and _same_bytes(twin, found)


def _alike(found: Found) -> object:
    """Return what is equal in packets of the same claim, metadata and sizes; None before the check."""
    return None if found.checked is None else (found.checked.fingerprint, _sizes(found))


def _sizes(found: Found) -> tuple[int, ...]:
    return tuple(sorted(file.identity.size for file in found.candidate.files))


def _same_content(twin: PacketRecord, found: Found) -> bool:
    """Tell whether two statement files ask for the same: whatever they are called, and however they are written."""
    said = found.checked.fingerprint if found.checked else ""
    return (bool(said) and said == twin.fingerprint) or _same_bytes(twin, found)


def _said(found: Found) -> object:
    """Return what is equal in statement files that ask for the same; None where that is not known."""
    return (found.checked.fingerprint or None) if found.checked is not None else None


def _same_bytes(twin: PacketRecord, found: Found) -> bool:
    theirs = sorted(file.sha256 for file in twin.documents)
    return found.checked is not None and "" not in theirs and theirs == sorted(found.checked.sha256)


# --- Who may send ---------------------------------------------------------------------------------------------------


class _Senders:
    """Hands out the free senders: none to a lane that must not send, one alone to a lane that tries its luck again."""

    def __init__(self, view: View, lanes: Mapping[LaneId, LaneView], now: datetime) -> None:
        self._free = view.free_senders
        self._now = now
        self._busy = dict.fromkeys(lanes, 0)
        for packet in view.packets:
            if packet.state is PacketState.SENDING and packet.lane in self._busy:
                self._busy[packet.lane] += 1

    @property
    def none_left(self) -> bool:
        """Whether every sender is busy."""
        return self._free <= 0

    def take(self, lane: LaneView) -> bool:
        record = lane.record
        if self._free <= 0 or record.paused_since is not None or record.stopped:
            return False
        if record.rest_until is not None and record.rest_until > self._now:
            return False
        alone = record.blocked_since is not None or record.setbacks > 0
        if alone and self._busy[lane.id] > 0:
            return False
        self._free -= 1
        self._busy[lane.id] += 1
        return True


def _offline(lanes: Mapping[LaneId, LaneView], lane: LaneId) -> bool:
    return lane not in lanes or lanes[lane].offline
