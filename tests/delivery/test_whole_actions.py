"""Every action as a whole, field by field: `test_planner.py` tells the rules, this keeps what they hand on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.delivery import problems
from agent.delivery.actions import Admit, Check, Deliver, Fail, Hold, Requeue, Reschedule, SetLane, Shelve, Start
from agent.delivery.backoff import wait
from agent.delivery.planner import plan
from agent.delivery.verdicts import Finished, hastened, settle
from agent.ledger.records import ClaimState, LaneRecord, Shelf
from agent.model import (
    AttemptResult,
    Blocked,
    BodySent,
    Candidate,
    Checked,
    Delivered,
    PacketState,
    Problem,
    Readiness,
    Refused,
    Retry,
    SentFile,
    Taken,
    Unknown,
)
from tests.support.packets import (
    NOW,
    SCANS,
    STATEMENTS,
    TROUBLE,
    accepted,
    claim,
    found,
    hours,
    lane,
    packet,
    seen,
    statement,
    view,
)

GOOD = Checked(claim="CLM-1", fingerprint="f", sha256=("11",))
OTHER = Problem("other", "The service says something else.", "Nothing needs doing.")
AT_3_HOURS_AGO = problems.moment(NOW - hours(3))


def settled(outcome: Any, *, lane_record: LaneRecord | None = None, claims: Any = (), **changes: Any) -> Any:
    """Settle a statement's try with dice that double nothing; return it, its result and the actions."""
    cut_short = changes.pop("cut_short", False)
    dice = changes.pop("dice", 1.0)
    scope = changes.pop("scope", "filename")
    tried = packet("p1", STATEMENTS, **{"attempts": 1, "first_attempt_at": NOW, **changes})
    result = AttemptResult(outcome, (SentFile("Statements.xml", 100, "aa"),), BodySent.WHOLE)
    done = Finished(tried, result, dice, cut_short)
    return tried, result, list(settle(done, lane_record or LaneRecord(STATEMENTS), 72, NOW, claims, scope))


# --- After a try ----------------------------------------------------------------------------------------------------


def test_delivered() -> None:
    delivered = Delivered(201, {"id": 1})
    tried, result, actions = settled(delivered)
    assert actions == [Deliver(tried, result, delivered, accepted_at=NOW)]


def test_refused() -> None:
    tried, result, actions = settled(Refused(422, OTHER))
    assert actions == [Fail(tried, result, OTHER)]


def test_refused_after_a_lost_answer() -> None:
    tried, result, actions = settled(Refused(400, OTHER), possibly_sent=True)
    asked = f"{problems.ASK_FIRST} Nothing needs doing."
    assert actions == [Fail(tried, result, Problem("other", "The service says something else.", asked))]


@pytest.mark.parametrize("possibly_sent", [False, True])
@pytest.mark.parametrize(("setbacks", "dice", "seconds"), [(0, 1.0, 40), (0, 0.1, 20), (2, 1.0, 160), (9, 1.0, 900)])
def test_blocked(possibly_sent: bool, setbacks: int, dice: float, seconds: int) -> None:
    before = LaneRecord(STATEMENTS, setbacks=setbacks, problem=TROUBLE)
    tried, result, actions = settled(Blocked(OTHER, 403), lane_record=before, dice=dice, possibly_sent=possibly_sent)
    rest = NOW + timedelta(seconds=seconds)
    after = LaneRecord(STATEMENTS, blocked_since=NOW, rest_until=rest, setbacks=setbacks + 1, problem=OTHER)
    assert actions == [Requeue(tried, result, NOW, OTHER, possibly_sent), SetLane(after)]


def test_blocked_for_long_is_blocked_since_the_first_time() -> None:
    *_, actions = settled(Blocked(OTHER, 403), lane_record=LaneRecord(STATEMENTS, blocked_since=NOW - hours(5)))
    assert actions[1].record.blocked_since == NOW - hours(5)


@pytest.mark.parametrize("outcome", [Retry(OTHER, 500), Unknown(OTHER)], ids=["retry", "unknown"])
@pytest.mark.parametrize("before", [False, True])
def test_cut_short_by_stopping(outcome: Any, before: bool) -> None:
    tried, result, actions = settled(outcome, cut_short=True, possibly_sent=before)
    unsure = isinstance(outcome, Unknown)
    assert actions == [Requeue(lost(tried) if unsure else tried, result, NOW, None, before or unsure)]


@pytest.mark.parametrize(("before", "ends"), [(3, False), (4, True)])
def test_tries_that_were_cut_short_by_stopping_are_counted_too(before: int, ends: bool) -> None:
    *_, [action] = settled(Unknown(OTHER), cut_short=True, lost_tries=before, possibly_sent=True)
    assert isinstance(action, Fail if ends else Requeue)
    assert action.packet.lost_tries == before + 1


def lost(tried: Any, **changes: Any) -> Any:
    """What a packet is after one more try whose whole body went out unanswered."""
    doubts = {"possibly_sent": True, "lost_whole": True, "lost_since": NOW, "lost_tries": tried.lost_tries + 1}
    return replace(tried, **doubts, **changes)


@pytest.mark.parametrize(
    ("outcome", "possibly_sent", "words"),
    [
        (Retry(OTHER, 500), False, problems.GAVE_UP),
        (Retry(OTHER, 500), True, problems.GAVE_UP_UNSURE),
        (Unknown(OTHER), False, problems.GAVE_UP_UNSURE),
    ],
)
def test_given_up_after_72_hours_of_tries_that_could_work(outcome: Any, possibly_sent: bool, words: Any) -> None:
    *_, actions = settled(outcome, tried_seconds=72 * 3600, possibly_sent=possibly_sent)
    problem = words.problem(name="scan", hours=72, last="The service says something else.")
    assert isinstance(actions[0], Fail)
    assert actions[0].problem == problem


@pytest.mark.parametrize(
    ("outcome", "already"),
    [(Retry(OTHER, 500), 72 * 3600 - 1), (Retry(OTHER, unreachable=True), 1e9), (Retry(OTHER, 500), 0)],
)
def test_days_of_a_lane_that_could_not_send_do_not_count(outcome: Any, already: float) -> None:
    *_, actions = settled(outcome, first_attempt_at=NOW - hours(2000), tried_seconds=already)
    assert isinstance(actions[0], Requeue)


@pytest.mark.parametrize("after", [24 * 3600.0, None])
def test_one_pause_counts_half_an_hour_at_most(after: float | None) -> None:
    *_, actions = settled(Retry(OTHER, 429, after=after), attempts=50)
    assert actions[0].packet.tried_seconds == (1800 if after else 900)


@pytest.mark.parametrize(
    ("planned", "passed", "counted"),
    [(10, 4, 4), (10, 10, 10), (10, 99, 10), (86400, 4, 4), (86400, 7200, 1800), (900, -50, 0)],
)
def test_of_a_pause_that_a_person_cuts_short_what_has_passed_counts(planned: int, passed: int, counted: int) -> None:
    waits = packet(last_tried_at=NOW, next_at=NOW + timedelta(seconds=planned), tried_seconds=500 + min(planned, 1800))
    assert hastened(waits, NOW + timedelta(seconds=passed)).tried_seconds == 500 + counted


def test_one_that_was_never_tried_has_nothing_to_give_back() -> None:
    assert hastened(packet(), NOW) == packet()


@pytest.mark.parametrize("before", [False, True])
def test_trouble_of_one_packet_counts_its_own_tries(before: bool) -> None:
    tried, result, actions = settled(Retry(OTHER, 500), attempts=3, possibly_sent=before)
    after = replace(tried, tried_seconds=20)
    assert actions == [Requeue(after, result, NOW + timedelta(seconds=20), OTHER, before)]


@pytest.mark.parametrize("of_lane", [False, True])
def test_a_lost_answer_goes_again_marked_and_the_lane_counts_it(of_lane: bool) -> None:
    tried, result, actions = settled(Unknown(OTHER, of_lane=of_lane), attempts=3)
    seconds = 5 if of_lane else 20
    again = NOW + timedelta(seconds=seconds)
    resting = {"rest_until": again, "setbacks": 1, "problem": OTHER} if of_lane else {}
    assert actions == [
        Requeue(lost(tried, tried_seconds=seconds), result, again, OTHER, True),
        SetLane(LaneRecord(STATEMENTS, lost_in_a_row=1, **resting)),
    ]


def test_the_fifth_lost_answer_in_a_row_stops_the_lane_and_says_so() -> None:
    _, _, (requeue, stop) = settled(Unknown(OTHER), lane_record=LaneRecord(STATEMENTS, lost_in_a_row=4))
    assert isinstance(requeue, Requeue)
    assert (stop.record.stopped, stop.record.rest_until, stop.record.problem.code) == (True, None, "answers-lost")


def test_the_fifth_lost_answer_of_one_packet_among_others_that_go_fails_it() -> None:
    *_, actions = settled(Unknown(OTHER), lost_tries=4)
    assert (type(actions[0]), actions[0].problem.code) == (Fail, "answers-lost")


def test_after_a_resume_one_more_lost_answer_stops_it_again() -> None:
    resumed = LaneRecord(STATEMENTS, lost_in_a_row=5)
    *_, actions = settled(Unknown(OTHER), lane_record=resumed, lost_tries=5)
    assert [type(action) for action in actions] == [Requeue, SetLane]
    assert actions[1].record.stopped


@pytest.mark.parametrize("outcome", [Delivered(201), Refused(422, OTHER), Retry(OTHER, 500), Retry(OTHER, 503)])
def test_an_answer_ends_the_row_of_lost_ones(outcome: Any) -> None:
    *_, actions = settled(outcome, lane_record=LaneRecord(STATEMENTS, lost_in_a_row=4))
    assert actions[-1].record.lost_in_a_row == 0


def test_something_between_is_no_answer() -> None:
    *_, actions = settled(Retry(OTHER, 200, unreachable=True), lane_record=LaneRecord(STATEMENTS, lost_in_a_row=4))
    assert actions[-1].record.lost_in_a_row == 4


def test_a_long_patience_is_told_as_what_it_is() -> None:
    *_, (requeue, rest) = settled(Retry(OTHER, 429, after=7200, of_lane=True), dice=0.0)
    assert requeue.problem.code == "asked-to-wait"
    assert problems.moment(NOW + hours(2)) in requeue.problem.sentence
    assert rest.record.problem == requeue.problem


@pytest.mark.parametrize("outcome", [Retry(OTHER, 429, of_lane=True), Retry(OTHER, unreachable=True)])
@pytest.mark.parametrize(("setbacks", "seconds"), [(0, 5), (1, 10), (4, 80)])
def test_trouble_of_the_service_counts_the_lanes_setbacks(outcome: Retry, setbacks: int, seconds: int) -> None:
    before = LaneRecord(STATEMENTS, setbacks=setbacks, problem=TROUBLE)
    tried, result, actions = settled(outcome, lane_record=before, attempts=9)
    again = NOW + timedelta(seconds=seconds)
    after = LaneRecord(STATEMENTS, rest_until=again, setbacks=setbacks + 1, problem=OTHER)
    counted = replace(tried, tried_seconds=0 if outcome.unreachable else seconds)
    assert actions == [Requeue(counted, result, again, OTHER, False), SetLane(after)]


LOST_AN_HOUR_AGO = claim("p1", state=ClaimState.UNKNOWN, accepted_at=NOW - hours(1))
DOUBTS = {"possibly_sent": True, "lost_whole": True, "upload_name": "Statements.xml"}


def test_a_name_refused_after_a_lost_reply() -> None:
    refused = Refused(400, OTHER, name_taken=True, response={"why": "used"})
    tried, result, actions = settled(refused, claims=(LOST_AN_HOUR_AGO,), **DOUBTS)
    delivered = Delivered(400, {"why": "used"}, confirmed_by="refusal")
    assert actions == [Deliver(tried, result, delivered, accepted_at=NOW)]


@pytest.mark.parametrize(
    ("doubts", "claims"),
    [
        ({"lost_whole": False}, (LOST_AN_HOUR_AGO,)),
        ({}, ()),
        ({}, (claim("p1", state=ClaimState.UNKNOWN, accepted_at=NOW - hours(24)),)),
        ({}, (claim("p1"),)),
        ({}, (LOST_AN_HOUR_AGO, accepted("p0", hours(20)))),
        ({}, (LOST_AN_HOUR_AGO, claim("p0", state=ClaimState.UNKNOWN, accepted_at=NOW - hours(24.5)))),
    ],
    ids=["killed, or refused before", "no claim", "long ago", "nothing lost", "another's", "another's, just ended"],
)
def test_a_name_refused_proves_nothing_where_another_reason_can_be(doubts: Any, claims: Any) -> None:
    *_, actions = settled(Refused(400, OTHER, name_taken=True), claims=claims, **{**DOUBTS, **doubts})
    assert [(type(action), action.problem.code) for action in actions] == [(Fail, "name-taken-unsure")]


ANOTHERS = accepted("p0", hours(1), "Other.csv")
ANOTHERS_LOST = claim("p0", "Other.csv", state=ClaimState.UNKNOWN, accepted_at=NOW - hours(24.5))
LONG_AGO = accepted("p0", hours(26), "Other.csv")
A_THIRD, A_DAY_BEFORE = accepted("p9", hours(2), "Third.csv"), accepted("p9", hours(25.5), "Third.csv")
BY_NAME, UNSAID, BY_STORE = Taken.NAME, Taken.NAME_OR_STORE, Taken.STORE


@pytest.mark.parametrize(
    ("says", "scope", "others", "confirms"),
    [
        (BY_NAME, "filename", (), True),
        (BY_NAME, "filename", (ANOTHERS,), True),
        (BY_NAME, "store", (), True),
        (BY_NAME, "store", (ANOTHERS,), False),
        (UNSAID, "filename", (), True),
        (UNSAID, "filename", (ANOTHERS,), False),
        (UNSAID, "filename", (ANOTHERS_LOST,), False),
        (UNSAID, "filename", (LONG_AGO,), True),
        (UNSAID, "filename", (ANOTHERS, A_THIRD), True),  # two names were taken in one day
        (UNSAID, "store", (ANOTHERS, A_THIRD), False),
        (UNSAID, "filename", (ANOTHERS, A_DAY_BEFORE), False),
        (UNSAID, "store", (ANOTHERS,), False),
        (BY_STORE, "filename", (), False),
        (BY_STORE, "store", (), False),
        (BY_STORE, "filename", (ANOTHERS,), False),
    ],
)
def test_what_any_upload_of_the_store_explains_confirms_none(
    says: Any, scope: str, others: Any, confirms: bool
) -> None:
    refused = Refused(400, OTHER, name_taken=True, says=says)
    *_, [action] = settled(refused, claims=(LOST_AN_HOUR_AGO, *others), scope=scope, **DOUBTS)
    assert isinstance(action, Deliver if confirms else Fail)
    if isinstance(action, Fail):
        assert action.problem.code == "name-taken-unsure"
        assert ("of this store" in action.problem.sentence) is (says is BY_STORE)


@pytest.mark.parametrize("says", list(Taken))
def test_whatever_the_rule_is_about_a_first_try_that_meets_it_is_held(says: Any) -> None:
    *_, [action] = settled(Refused(400, OTHER, name_taken=True, says=says))
    assert isinstance(action, Hold)


def test_a_try_that_is_lost_after_a_refusal_of_the_name_proves_nothing() -> None:
    *_, actions = settled(Unknown(OTHER), name_refusals=1)
    assert not actions[0].packet.lost_whole


def test_a_try_that_someone_else_answered_proves_nothing() -> None:
    *_, actions = settled(Unknown(OTHER, answered=True))
    assert (actions[0].packet.lost_whole, actions[0].packet.possibly_sent) == (False, True)


@pytest.mark.parametrize(("first", "then"), [(False, True), (True, False)])
def test_one_try_of_several_that_nobody_answered_is_enough(first: bool, then: bool) -> None:
    *_, actions = settled(Unknown(OTHER, answered=first))
    *_, actions = settled(Unknown(OTHER, answered=then), lost_whole=actions[0].packet.lost_whole)
    assert actions[0].packet.lost_whole


def test_a_try_of_which_not_all_went_out_proves_nothing() -> None:
    tried = packet("p1", STATEMENTS, attempts=1)
    done = Finished(tried, AttemptResult(Unknown(OTHER), body=BodySent.PART), 1.0)
    requeue, *_ = settle(done, LaneRecord(STATEMENTS), 72, NOW)
    assert (requeue.packet.lost_whole, requeue.packet.possibly_sent) == (False, True)


@pytest.mark.parametrize(("ago", "ends"), [(22.9, False), (23.1, True), (80, True)])
def test_what_was_lost_too_long_ago_is_not_sent_again_by_itself(ago: float, ends: bool) -> None:
    unsure = packet("p1", STATEMENTS, **DOUBTS, lost_since=NOW - hours(ago))
    mine = claim("p1", state=ClaimState.UNKNOWN, accepted_at=NOW)
    [action] = plan(view(lane(STATEMENTS, claims=(mine,)), packets=(unsure,)), NOW)
    assert isinstance(action, Fail if ends else Start)


def test_a_stopped_lane_sends_nothing() -> None:
    stopped = replace(lane(STATEMENTS), record=LaneRecord(STATEMENTS, stopped=True))
    assert plan(view(stopped, packets=(packet("p1", STATEMENTS),)), NOW) == []


def test_a_name_refused_for_another_upload() -> None:
    tried, result, actions = settled(Refused(400, OTHER, name_taken=True))
    assert actions == [Hold(tried, result, NOW + hours(1), OTHER, refused=True)]


@pytest.mark.parametrize(("refusals", "ends"), [(28, False), (29, True)])
def test_a_name_refused_for_longer_than_any_window(refusals: int, ends: bool) -> None:
    tried, result, actions = settled(Refused(400, OTHER, name_taken=True), name_refusals=refusals)
    assert actions == [Fail(tried, result, OTHER) if ends else Hold(tried, result, NOW + hours(1), OTHER, refused=True)]


@pytest.mark.parametrize(
    "trouble",
    [{"setbacks": 1}, {"blocked_since": NOW - hours(1)}, {"rest_until": NOW}],
    ids=["setbacks", "blocked", "resting"],
)
def test_any_trouble_of_a_lane_ends_with_its_first_success(trouble: dict) -> None:
    *_, actions = settled(Delivered(201), lane_record=LaneRecord(STATEMENTS, problem=TROUBLE, **trouble))
    assert actions[1:] == [SetLane(LaneRecord(STATEMENTS))]


@pytest.mark.parametrize(
    ("tries", "dice", "after", "seconds"),
    [
        (1, 0.5, None, 2.5),
        (0, 1.0, None, 5),
        (5000, 1.0, None, 900),
        (1, 1.0, 120, 121),
        (9, 1.0, 120, 121),
        (1, 0.1, 120, 120.5),
        (1, 1.0, 0, 1),
        (1, 1.0, -7, 1),
    ],
)
def test_waiting(tries: int, dice: float, after: float | None, seconds: float) -> None:
    assert wait(tries, dice, after) == timedelta(seconds=seconds)


# --- Packets that are ours already ----------------------------------------------------------------------------------


def test_a_queued_packet_whose_name_was_taken_meanwhile() -> None:
    waiting = packet("p2", STATEMENTS, upload_name="Statements.xml")
    taken = lane(STATEMENTS, claims=(accepted("p0", hours(1)), claim("p2", claimed_at=NOW)))
    words = problems.NAME_USED.problem(name="Statements.xml")
    assert plan(view(taken, packets=(waiting,)), NOW) == [Hold(waiting, None, NOW + hours(23), words)]


@pytest.mark.parametrize(
    ("next_at", "again"),
    [
        (None, True),
        (NOW + hours(21), False),
        (NOW + hours(21) + timedelta(seconds=1), False),
        (NOW + hours(21) + timedelta(seconds=1.5), True),
        (NOW + hours(21) - timedelta(seconds=1.5), True),
    ],
)
def test_an_estimate_is_told_anew_when_it_is_off_by_more_than_a_second(next_at: Any, again: bool) -> None:
    held = packet("p1", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=next_at)
    waits = lane(STATEMENTS, claims=(accepted("p0", hours(3)), claim("p1", claimed_at=NOW)))
    assert plan(view(waits, packets=(held,)), NOW) == ([Reschedule(held, NOW + hours(21))] if again else [])


def test_what_waits_for_the_stores_one_place_a_day_waits_for_other_names_too() -> None:
    held = packet("p1", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=NOW + hours(21))
    claims = (accepted("p0", hours(3), "other.csv"), claim("p1", claimed_at=NOW))
    one_a_day = lane(STATEMENTS, claims=claims, terms={"scope": "store"})
    assert plan(view(one_a_day, packets=(held,)), NOW) == []
    assert plan(view(lane(STATEMENTS, claims=claims), packets=(held,)), NOW) == [Start(held)]


def test_what_was_held_waits_for_a_sender_as_all_others_do() -> None:
    held = packet("p1", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=NOW)
    assert plan(view(lane(STATEMENTS, claims=(claim("p1"),)), packets=(held,), free_senders=0), NOW) == []


def test_a_packet_that_cannot_go_just_now_stops_no_other() -> None:
    stuck, strange, fine = packet("p1"), packet("p2", STATEMENTS), packet("p3")
    assert plan(view(packets=(stuck, strange, fine), stuck=frozenset({"p1"})), NOW) == [Start(fine)]


def test_files_are_neither_sent_nor_shelved_for_a_lane_that_is_not_there() -> None:
    ended, queued = packet("p1", STATEMENTS, state=PacketState.DELIVERED), packet("p2", STATEMENTS)
    assert plan(view(packets=(ended, queued)), NOW) == []
    assert plan(view(lane(STATEMENTS, offline=True), packets=(ended, queued)), NOW) == []
    assert plan(view(lane(STATEMENTS), packets=(ended,)), NOW) == [Shelve(ended)]


def test_paused_sends_nothing_that_is_stuck_or_not() -> None:
    assert plan(view(lane(paused_since=NOW), packets=(packet(),)), NOW) == []


# --- Who may send ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [{"setbacks": 1}, {"blocked_since": NOW - hours(1)}])
@pytest.mark.parametrize("under_way", [1, 2])
def test_a_lane_in_trouble_starts_none_while_one_of_its_own_is_under_way(trouble: dict, under_way: int) -> None:
    sending = tuple(packet(f"s{number}", state=PacketState.SENDING) for number in range(under_way))
    assert plan(view(lane(**trouble), packets=(*sending, packet("p9"))), NOW) == []
    assert plan(view(lane(), packets=(*sending, packet("p9"))), NOW) == [Start(packet("p9"))]


def test_one_under_way_in_another_lane_keeps_none_back() -> None:
    elsewhere = packet("s1", STATEMENTS, state=PacketState.SENDING)
    lanes = (lane(setbacks=1), lane(STATEMENTS))
    assert plan(view(*lanes, packets=(elsewhere, packet("p2"))), NOW) == [Start(packet("p2"))]


def test_a_packet_under_way_of_a_lane_that_is_not_there_any_more_is_no_matter() -> None:
    gone = packet("s1", STATEMENTS, state=PacketState.SENDING)
    assert plan(view(lane(), packets=(gone, packet("p2"))), NOW) == [Start(packet("p2"))]


def test_a_lanes_rest_is_over_at_its_very_end() -> None:
    rested = lane(rest_until=NOW)
    assert plan(view(rested, packets=(packet(),)), NOW) == [Start(packet())]


# --- Files that are not ours yet ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "words"), [("scan.json", problems.INCOMPLETE_SIDECAR), ("scan.pdf", problems.INCOMPLETE)]
)
def test_incomplete_for_good(file: str, words: Any) -> None:
    torn = found(readiness=Readiness.SETTLING, incomplete=(file, "it is empty"))
    problem = words.problem(name=file, reason="it is empty")
    assert plan(view(lane(found=(torn,))), NOW) == [Admit(SCANS, torn, PacketState.FAILED, problem=problem)]


def test_incomplete_for_good_without_a_sidecar() -> None:
    alone = Candidate("scan", (seen("scan.pdf"),), readiness=Readiness.SETTLING)
    torn = found(candidate=alone, incomplete=("scan.pdf", "it is empty"))
    problem = problems.INCOMPLETE.problem(name="scan.pdf", reason="it is empty")
    assert plan(view(lane(found=(torn,))), NOW) == [Admit(SCANS, torn, PacketState.FAILED, problem=problem)]


@pytest.mark.parametrize(
    ("candidate", "problem"),
    [
        (
            Candidate("Smith", (seen("Smith.pdf"),), readiness=Readiness.WAITING),
            problems.NO_SIDECAR.problem(name="Smith.pdf", hours=72, sidecar="Smith.json"),
        ),
        (
            Candidate("Smith", (), readiness=Readiness.WAITING),
            problems.NO_SIDECAR.problem(name="Smith", hours=72, sidecar="Smith.json"),
        ),
        (
            Candidate("Smith", (), seen("Smith.json"), readiness=Readiness.WAITING),
            problems.FILES_MISSING.problem(name="Smith.json", missing="Smith.*"),
        ),
        (
            Candidate("Smith", (), seen("Smith.json"), readiness=Readiness.WAITING, missing=("1.pdf", "2.pdf")),
            problems.FILES_MISSING.problem(name="Smith.json", missing="1.pdf, 2.pdf"),
        ),
    ],
    ids=["no sidecar", "no file either", "no file", "these files"],
)
def test_nothing_came(candidate: Candidate, problem: Problem) -> None:
    waited = found(candidate=candidate, since=NOW - hours(72))
    assert plan(view(lane(found=(waited,))), NOW) == [Admit(SCANS, waited, PacketState.FAILED, problem=problem)]


def test_files_that_cannot_be_moved_or_checked_yet_stop_no_others() -> None:
    early = NOW - hours(1)
    not_yet = found("a", "p1", not_yet=True, since=early)
    checking = found("b", "p2", checking=True, since=early)
    fresh, good = found("c", "p3", since=early), found("d", "p4", checked=GOOD)
    actions = plan(view(lane(found=(good, fresh, checking, not_yet))), NOW)
    assert actions == [Check(SCANS, fresh), Admit(SCANS, good, PacketState.QUEUED, start=True)]


def test_a_claim_is_whole() -> None:
    two_digests = replace(statement("Statements.xml"), checked=Checked(sha256=("aa", "bb")))
    [action] = plan(view(lane(STATEMENTS, found=(two_digests,))), NOW)
    mine = claim("p1", sha256="aa", claimed_at=NOW)
    assert action == Admit(STATEMENTS, two_digests, PacketState.QUEUED, start=True, claim=mine)


def test_a_claim_stands_behind_all_that_wait_and_not_behind_those_that_went() -> None:
    ahead = claim("p8", "other.csv", claimed_at=NOW + hours(2))
    gone = claim("p9", "third.csv", claimed_at=NOW + hours(9), accepted_at=NOW - hours(20), active=False)
    [action] = plan(view(lane(STATEMENTS, found=(statement("Statements.xml"),), claims=(ahead, gone))), NOW)
    assert action.claim.claimed_at == NOW + hours(2) + timedelta(microseconds=1)


def test_a_held_name() -> None:
    file = statement("Statements.xml")
    mine = claim("p1", sha256="aa", claimed_at=NOW)
    words = problems.NAME_USED.problem(name="Statements.xml")
    until = NOW + hours(21)
    assert plan(view(lane(STATEMENTS, found=(file,), claims=(accepted("p0", hours(3)),))), NOW) == [
        Admit(STATEMENTS, file, PacketState.HELD, until=until, problem=words, claim=mine)
    ]


def test_a_name_that_fails() -> None:
    file = statement("Statements.xml")
    strict = lane(STATEMENTS, found=(file,), claims=(accepted("p0", hours(3)),), terms={"on_conflict": "fail"})
    words = problems.NAME_USED_FAIL.problem(name="Statements.xml", until=problems.moment(NOW + hours(21)))
    assert plan(view(strict), NOW) == [Admit(STATEMENTS, file, PacketState.FAILED, problem=words)]


def test_where_a_store_sends_one_file_a_day_it_is_not_said_that_this_name_went() -> None:
    file = statement("Statements.xml")
    other = accepted("p0", hours(3), "other.csv")
    until = NOW + hours(21)
    held, failed = (
        plan(view(lane(STATEMENTS, found=(file,), claims=(other,), terms={"scope": "store", **terms})), NOW)
        for terms in ({}, {"on_conflict": "fail"})
    )
    assert [action.problem for action in held] == [problems.STORE_USED.problem()]
    words = problems.STORE_USED_FAIL.problem(name="Statements.xml", until=problems.moment(until))
    assert [action.problem for action in failed] == [words]


def test_what_to_do_about_a_duplicate_ends_with_a_full_stop() -> None:
    words = problems.DUPLICATE.problem(name="Statements.xml", when=f"on {AT_3_HOURS_AGO}", reference="")
    assert words.what_to_do.endswith("deleted.")


def test_the_same_statement_again() -> None:
    file = statement("Statements.xml")
    words = problems.DUPLICATE.problem(name="Statements.xml", when=f"on {AT_3_HOURS_AGO}", reference="")
    assert plan(view(lane(STATEMENTS, found=(file,), claims=(accepted("p0", hours(3), sha256="aa"),))), NOW) == [
        Admit(STATEMENTS, file, PacketState.FAILED, problem=words)
    ]


def test_the_same_statement_while_the_first_is_on_its_way() -> None:
    file = statement("Statements.xml")
    words = problems.DUPLICATE_AHEAD.problem(name="Statements.xml")
    assert plan(view(lane(STATEMENTS, found=(file,), claims=(claim("p0", sha256="aa"),))), NOW) == [
        Admit(STATEMENTS, file, PacketState.FAILED, problem=words)
    ]


def test_the_same_statement_after_it_was_given_up_unsure() -> None:
    file = statement("Statements.xml")
    given_up = replace(accepted("p0", hours(3), sha256="aa"), state=ClaimState.UNKNOWN)
    assert plan(view(lane(STATEMENTS, found=(file,), claims=(given_up,))), NOW) == [
        Admit(
            STATEMENTS,
            file,
            PacketState.QUEUED,
            start=True,
            possibly_sent=True,
            claim=replace(given_up, packet="p1", active=True),
            continues="p0",
        )
    ]


@pytest.mark.parametrize(
    ("files", "name"), [(("scan.pdf",), "scan.pdf"), (("1.pdf", "2.pdf", "3.pdf"), "1.pdf and 2 more")]
)
def test_the_same_scan_again(files: tuple[str, ...], name: str) -> None:
    candidate = Candidate("scan", tuple(map(seen, files)), seen("scan.json"))
    again = found(candidate=candidate, checked=replace(GOOD, sha256=("11",) * len(files)))
    twin = packet(
        "p0",
        names=(*files, "scan.json"),
        state=PacketState.SENT,
        fingerprint="f",
        sha256="11",
        control_number="CHC#1",
        ended_at=NOW - hours(3),
    )
    words = problems.DUPLICATE.problem(
        name=name, when=f"on {AT_3_HOURS_AGO}", reference=" Its control number is CHC#1."
    )
    assert plan(view(lane(found=(again,), lookalikes={"p1": (twin,)})), NOW) == [
        Admit(SCANS, again, PacketState.FAILED, problem=words)
    ]


FAILED = packet("p0", state=PacketState.FAILED, fingerprint="f", possibly_sent=True, ended_at=NOW)
STRANGER = packet("p7", state=PacketState.SENT, fingerprint="g", sha256="11", ended_at=NOW)
SENT = packet("p8", state=PacketState.SENT, fingerprint="f", sha256="11", ended_at=NOW)


@pytest.mark.parametrize(
    ("twins", "expected"),
    [
        ((FAILED,), ("queued", True)),
        ((replace(FAILED, possibly_sent=False),), ("queued", False)),
        ((FAILED, replace(FAILED, id="p9", possibly_sent=False)), ("queued", True)),
        ((replace(FAILED, possibly_sent=False), FAILED), ("queued", True)),
        ((STRANGER, FAILED), ("queued", True)),
        ((STRANGER, SENT), ("failed", False)),
        ((FAILED, SENT), ("failed", False)),
        ((packet("p9", state=PacketState.HELD, fingerprint="f", sha256="11"),), ("queued", False)),
        (
            (packet("p9", state=PacketState.FAILED, fingerprint="f", sha256="22", possibly_sent=True),),
            ("queued", False),
        ),
    ],
    ids=[
        "lost, and nobody recorded its bytes",
        "never sent",
        "lost, and never sent",
        "never sent, and lost",
        "a stranger first",
        "a stranger, and then a twin",
        "lost, and then sent",
        "held",
        "lost, with other bytes",
    ],
)
def test_twins_of_a_scan(twins: tuple, expected: tuple[str, bool]) -> None:
    again = found(checked=GOOD)
    [action] = plan(view(lane(found=(again,), lookalikes={"p1": twins})), NOW)
    assert (str(action.state), action.possibly_sent) == expected


@pytest.mark.parametrize(
    "other",
    [
        replace(found("b", "p2"), checked=replace(GOOD, fingerprint="g")),
        found("b", "p2", checked=GOOD, candidate=Candidate("b", (seen("b.pdf", 101),), seen("b.json"))),
    ],
    ids=["other metadata", "another size"],
)
def test_two_scans_found_at_once_that_are_no_twins_both_go(other: Any) -> None:
    actions = plan(view(lane(found=(found("a", "p1", checked=GOOD), other))), NOW)
    assert [action.found.packet for action in actions] == ["p1", "p2"]


def test_a_twin_whose_bytes_nobody_recorded_is_no_duplicate() -> None:
    unrecorded = packet("p0", state=PacketState.SENT, fingerprint="f", ended_at=NOW)
    again = found(checked=replace(GOOD, sha256=("",)))
    [action] = plan(view(lane(found=(again,), lookalikes={"p1": (unrecorded,)})), NOW)
    assert action.state is PacketState.QUEUED
