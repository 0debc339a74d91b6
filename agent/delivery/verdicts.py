"""What becomes of a packet after a try: each outcome of design section 4, as one case. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.delivery import problems
from agent.delivery.actions import Action, Deliver, Fail, Hold, Requeue, SetLane
from agent.delivery.backoff import wait
from agent.ledger.filename_rule import window_end
from agent.ledger.records import ClaimState, FilenameClaim, LaneRecord, PacketRecord
from agent.model import AttemptResult, Blocked, Delivered, LaneKind, Refused, Retry, Unknown

NAME_PATIENCE = timedelta(hours=1)
NAME_REFUSALS = 30  # hourly: longer than any window of 24 hours, so the reason must be another one
SERVICE_TROUBLE = (429, 503)  # says something of the service and not of the packet: the whole lane waits


@dataclass(frozen=True)
class Finished:
    """A try that has come back. `dice`, from 0 to 1, decides the jitter; `cut_short`: the agent is being stopped."""

    packet: PacketRecord
    result: AttemptResult
    dice: float
    cut_short: bool = False


def settle(
    done: Finished, lane: LaneRecord, give_up_hours: float, now: datetime, claims: Sequence[FilenameClaim] = ()
) -> Iterator[Action]:
    """Yield what to record for a finished try. `claims`: the filename claims of the lane's store."""
    packet, result = done.packet, done.result
    match result.outcome:
        case Delivered() as outcome:
            yield Deliver(packet, result, outcome, accepted_at=now)
            yield from _well_again(lane)
        case Refused(name_taken=True) as outcome:
            lost_lately = any(
                claim.packet == packet.id and claim.state is ClaimState.UNKNOWN and window_end(claim) > now
                for claim in claims
            )
            yield from _name_refused(packet, result, outcome, lost_lately, now)
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
        case Retry() | Unknown() as outcome:
            unknown = isinstance(outcome, Unknown)
            possibly_sent = packet.possibly_sent or unknown
            if done.cut_short:
                yield Requeue(packet, result, now, None, possibly_sent)
                return
            first = packet.first_attempt_at or now
            if now - first >= timedelta(hours=give_up_hours):
                last = outcome.problem.sentence
                words = problems.GAVE_UP_UNSURE if possibly_sent else problems.GAVE_UP
                yield Fail(packet, result, words.problem(name=packet.name, hours=give_up_hours, last=last))
                return
            after = outcome.after if isinstance(outcome, Retry) else None
            for_all = isinstance(outcome, Retry) and (outcome.unreachable or outcome.status in SERVICE_TROUBLE)
            tries = lane.setbacks + 1 if for_all else packet.attempts
            next_at = now + wait(tries, done.dice, after)
            yield Requeue(packet, result, next_at, outcome.problem, possibly_sent)
            if for_all:
                yield SetLane(replace(lane, rest_until=next_at, setbacks=lane.setbacks + 1, problem=outcome.problem))
            else:
                yield from _well_again(lane)


def _name_refused(
    packet: PacketRecord, result: AttemptResult, outcome: Refused, lost_lately: bool, now: datetime
) -> Iterator[Action]:
    """The service says that the name was used: by our own lost try (`lost_lately`), or by someone else's upload."""
    if lost_lately:
        delivered = Delivered(status=outcome.status, response=outcome.response, confirmed_by="refusal")
        yield Deliver(packet, result, delivered, accepted_at=now)
    elif packet.name_refusals + 1 >= NAME_REFUSALS or packet.lane.kind is not LaneKind.STATEMENTS:
        yield Fail(packet, result, outcome.problem)
    else:
        yield Hold(packet, result, now + NAME_PATIENCE, outcome.problem, refused=True)


def _well_again(lane: LaneRecord) -> Iterator[Action]:
    if lane.setbacks or lane.blocked_since is not None or lane.rest_until is not None:
        yield SetLane(replace(lane, blocked_since=None, rest_until=None, setbacks=0, problem=None))
