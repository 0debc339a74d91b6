"""What becomes of a packet after a try: each outcome (`agent/destinations/README.md`), as one case. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from agent.delivery import problems
from agent.delivery.actions import Action, Deliver, Fail, Hold, Requeue, SetLane
from agent.delivery.backoff import wait
from agent.folder.names import name_key
from agent.ledger.filename_rule import WINDOW, window_end
from agent.ledger.records import ClaimState, FilenameClaim, LaneRecord, PacketRecord
from agent.model import AttemptResult, Blocked, BodySent, Delivered, LaneKind, Problem, Refused, Retry, Taken, Unknown

NAME_PATIENCE = timedelta(hours=1)
NAME_REFUSALS = 30  # hourly: longer than any window of 24 hours, so the reason must be another one
MOST_LOST = 5
"""Tries that end as unknown: after so many in a row the lane stops; after so many of one packet it fails."""
LONG_WAIT = 3600.0  # seconds of Retry-After from which on people are told until when
LONGEST_STEP = 1800.0  # seconds that one pause counts at most: a PC that was off has tried nothing


@dataclass(frozen=True)
class Finished:
    """A try that has come back. `dice`, from 0 to 1, decides the jitter; `cut_short`: the agent is being stopped."""

    packet: PacketRecord
    result: AttemptResult
    dice: float
    cut_short: bool = False


def settle(
    done: Finished,
    lane: LaneRecord,
    give_up_hours: float,
    now: datetime,
    claims: Sequence[FilenameClaim] = (),
    scope: str = "filename",
) -> Iterator[Action]:
    """Yield what to record for a finished try. `claims`: of the lane's store; `scope`: of its filename rule."""
    packet, result = done.packet, done.result
    match result.outcome:
        case Delivered() as outcome:
            yield Deliver(packet, result, outcome, accepted_at=now)
            yield from _well_again(lane)
        case Refused(name_taken=True) as outcome:
            yield from _name_refused(packet, result, outcome, claims, scope, now)
            yield from _well_again(lane)
        case Refused() as outcome:
            problem = outcome.problem
            if packet.possibly_sent:
                problem = replace(problem, what_to_do=f"{problems.ASK_FIRST} {problem.what_to_do}")
            yield Fail(packet, result, problem)
            yield from _well_again(lane)
        case Blocked() as outcome:
            yield Requeue(packet, result, now, outcome.problem, packet.possibly_sent)
            pause = wait(lane.setbacks + 4, max(done.dice, 0.5))
            yield SetLane(
                replace(
                    lane,
                    blocked_since=lane.blocked_since or now,
                    rest_until=now + pause,
                    setbacks=lane.setbacks + 1,
                    problem=outcome.problem,
                )
            )
        case Retry() as outcome:
            yield from _again(done, outcome, lane, give_up_hours, now)
        case Unknown() as outcome:
            yield from _lost(done, outcome, lane, give_up_hours, now)


def _again(done: Finished, outcome: Retry, lane: LaneRecord, give_up_hours: float, now: datetime) -> Iterator[Action]:
    packet, result = done.packet, done.result
    if done.cut_short:
        yield Requeue(packet, result, now, None, packet.possibly_sent)
        return
    of_lane = outcome.unreachable or outcome.of_lane
    pause = wait(lane.setbacks + 1 if of_lane else packet.attempts, done.dice, outcome.after)
    if not outcome.unreachable:  # a try that could have worked: only such bring the end nearer
        if packet.tried_seconds >= give_up_hours * 3600:
            yield _gave_up(packet, result, give_up_hours, outcome.problem)
            return
        packet = _waiting(packet, pause)
    problem = outcome.problem
    if outcome.after is not None and outcome.after > LONG_WAIT:
        problem = problems.LONG_WAIT.problem(problem.details, last=problem.sentence, until=problems.moment(now + pause))
    yield Requeue(packet, result, now + pause, problem, packet.possibly_sent)
    if of_lane:
        lost = lane.lost_in_a_row if outcome.unreachable else 0
        yield SetLane(
            replace(lane, rest_until=now + pause, setbacks=lane.setbacks + 1, problem=problem, lost_in_a_row=lost)
        )
    else:
        yield from _well_again(lane)


def _lost(done: Finished, outcome: Unknown, lane: LaneRecord, give_up_hours: float, now: datetime) -> Iterator[Action]:
    """The service may have it. It goes again a few times, marked; then someone has to ask the service."""
    packet, result, problem = done.packet, done.result, outcome.problem
    packet = replace(
        packet,
        possibly_sent=True,
        lost_tries=packet.lost_tries + 1,
        lost_whole=packet.lost_whole or _went_unanswered(packet, result, outcome),
        lost_since=packet.lost_since or packet.last_tried_at or now,
    )
    if done.cut_short:  # that of the fifth counts as well: an agent that is stopped each time would never come to rest
        words = lost_each_time(packet, problem.sentence)
        yield Fail(packet, result, words) if words else Requeue(packet, result, now, None, True)
        return
    in_a_row = lane.lost_in_a_row + 1
    pause = wait(lane.setbacks + 1 if outcome.of_lane else packet.attempts, done.dice)
    tired = packet.tried_seconds >= give_up_hours * 3600
    packet = _waiting(packet, pause)
    if in_a_row >= MOST_LOST:
        stopped = problems.ANSWERS_LOST.problem(problem.details, count=in_a_row, last=problem.sentence)
        yield Requeue(packet, result, now, problem, True)
        since = lane.blocked_since or now
        yield SetLane(
            replace(lane, blocked_since=since, rest_until=None, stopped=True, problem=stopped, lost_in_a_row=in_a_row)
        )
        return
    if words := lost_each_time(packet, problem.sentence):
        yield Fail(packet, result, words)
    elif tired:
        yield _gave_up(packet, result, give_up_hours, problem)
    else:
        yield Requeue(packet, result, now + pause, problem, True)
    resting = replace(lane, rest_until=now + pause, setbacks=lane.setbacks + 1, problem=problem)
    lane = resting if outcome.of_lane else _fresh(lane)
    yield SetLane(replace(lane, lost_in_a_row=in_a_row))


def lost_each_time(packet: PacketRecord, last: str) -> Problem | None:
    """Return with what a packet fails whose tries were lost too often; `last`: what is said of the last of them."""
    if packet.lost_tries < MOST_LOST:
        return None
    return problems.LOST_EACH_TIME.problem(name=packet.name, count=packet.lost_tries, last=last)


def _went_unanswered(packet: PacketRecord, result: AttemptResult, outcome: Unknown) -> bool:
    """Tell whether this try can be what a later refusal of the name speaks of."""
    return result.body is BodySent.WHOLE and not outcome.answered and packet.name_refusals == 0


def hastened(packet: PacketRecord, now: datetime) -> PacketRecord:
    """Return a packet that a person has tried at once: what is left of its pause was no time of trying."""
    if packet.next_at is None or packet.last_tried_at is None:
        return packet
    planned, passed = packet.next_at - packet.last_tried_at, now - packet.last_tried_at
    unspent = _counted(planned) - _counted(passed)
    return replace(packet, tried_seconds=max(0.0, packet.tried_seconds - max(0.0, unspent)))


def _waiting(packet: PacketRecord, pause: timedelta) -> PacketRecord:
    """Return a packet with its pause counted, for the try that comes after it: a try that failed is none of its own."""
    return replace(packet, tried_seconds=packet.tried_seconds + _counted(pause))


def _counted(pause: timedelta) -> float:
    return min(max(0.0, pause.total_seconds()), LONGEST_STEP)


def _gave_up(packet: PacketRecord, result: AttemptResult, hours: float, last: Problem) -> Fail:
    words = problems.GAVE_UP_UNSURE if packet.possibly_sent else problems.GAVE_UP
    return Fail(packet, result, words.problem(name=packet.name, hours=hours, last=last.sentence))


def _name_refused(
    packet: PacketRecord,
    result: AttemptResult,
    outcome: Refused,
    claims: Sequence[FilenameClaim],
    scope: str,
    now: datetime,
) -> Iterator[Action]:
    """The service says that the name was used: by our own lost try, or by someone else's upload.

    Our own try is believed only where its whole body went out unanswered, nothing had refused the name before, and no
    other upload of the store explains it: one of the same name, or any where the rule can be the store's. That the
    store has had its one upload shows of none which it was.
    """
    of_the_name = outcome.says is Taken.NAME or (outcome.says is Taken.NAME_OR_STORE and _took_two_in_a_day(claims))
    key = name_key(packet.upload_name) if scope != "store" and of_the_name else None
    mine = next((claim for claim in claims if claim.packet == packet.id), None)
    lost_lately = mine is not None and mine.state is ClaimState.UNKNOWN and window_end(mine) > now
    can_be_told = outcome.says is not Taken.STORE and not _is_explained(packet, claims, key, now)
    if packet.lost_whole and lost_lately and can_be_told:
        delivered = Delivered(status=outcome.status, response=outcome.response, confirmed_by="refusal")
        yield Deliver(packet, result, delivered, accepted_at=now)
    elif packet.possibly_sent:
        words = problems.STORE_TAKEN_BY_WHOM if outcome.says is Taken.STORE else problems.TAKEN_BY_WHOM
        yield Fail(packet, result, words.problem(outcome.problem.details, name=packet.upload_name))
    elif packet.name_refusals + 1 >= NAME_REFUSALS or packet.lane.kind is not LaneKind.STATEMENTS:
        yield Fail(packet, result, outcome.problem)
    else:
        yield Hold(packet, result, now + NAME_PATIENCE, outcome.problem, refused=True)


def _is_explained(packet: PacketRecord, claims: Sequence[FilenameClaim], key: str | None, now: datetime) -> bool:
    """Tell whether another upload of the store's own may be the one that is spoken of; `key`: one of this name."""
    return any(
        claim.packet != packet.id
        and key in (None, claim.key)
        and claim.state in (ClaimState.ACCEPTED, ClaimState.UNKNOWN)
        and window_end(claim) + NAME_PATIENCE > now
        for claim in claims
    )


def _took_two_in_a_day(claims: Sequence[FilenameClaim]) -> bool:
    """Tell whether the service took two names of the store's within 24 hours: then its rule is the name's alone."""
    taken = sorted(
        (claim.accepted_at, claim.key)
        for claim in claims
        if claim.state is ClaimState.ACCEPTED and claim.accepted_at is not None
    )
    return any(later - at < WINDOW and name != key for (at, key), (later, name) in pairwise(taken))


def _well_again(lane: LaneRecord) -> Iterator[Action]:
    fresh = replace(_fresh(lane), lost_in_a_row=0)
    if fresh != lane:
        yield SetLane(fresh)


def _fresh(lane: LaneRecord) -> LaneRecord:
    return replace(lane, blocked_since=None, rest_until=None, setbacks=0, problem=None)
