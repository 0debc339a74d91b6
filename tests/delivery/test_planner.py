"""What the planner decides: a view of the world in, the list of actions out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.delivery.actions import Admit, Check, Deliver, Fail, Hold, Requeue, Reschedule, SetLane, Shelve, Start
from agent.delivery.planner import plan
from agent.delivery.verdicts import Finished
from agent.ledger.records import ClaimState, LaneRecord, Shelf
from agent.model import (
    AttemptResult,
    Blocked,
    Checked,
    Delivered,
    LaneId,
    LaneKind,
    PacketState,
    Readiness,
    Refused,
    Retry,
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
    statement,
    view,
)

GOOD = Checked(fingerprint="f", sha256=("11",))


def kinds(actions: list) -> list[str]:
    return [type(action).__name__ for action in actions]


# --- Lanes of one account -------------------------------------------------------------------------------------------


def test_what_one_lane_admits_another_of_the_same_account_sees_in_the_same_round() -> None:
    one, other = statement("S.csv", "p1", "aa"), statement("s.CSV", "p2", "bb")
    annex = LaneId("annex", LaneKind.STATEMENTS)
    first, second = plan(view(lane(STATEMENTS, found=(one,)), lane(annex, found=(other,))), NOW)
    assert isinstance(first, Admit)
    assert isinstance(second, Admit)
    assert (first.state, second.state) == (PacketState.QUEUED, PacketState.HELD)
    elsewhere = lane(annex, found=(other,), terms={"account": "store-2"})
    assert [one.state for one in plan(view(lane(STATEMENTS, found=(one,)), elsewhere), NOW)] == [PacketState.QUEUED] * 2


@pytest.mark.parametrize("kind", list(LaneKind))
def test_a_copy_in_another_lane_of_the_same_account_waits_until_it_is_decided_on_the_first(kind: LaneKind) -> None:
    made = [replace(statement(f"{name}.csv", name), checked=GOOD) for name in ("p1", "p2")]
    lanes = [lane(LaneId(store, kind), found=(one,)) for store, one in zip(("annex", "main"), made, strict=True)]
    assert len(plan(view(*lanes), NOW)) == 1


# --- Files in the folder --------------------------------------------------------------------------------------------


def test_files_that_are_ready_are_checked_first() -> None:
    ready = found()
    assert plan(view(lane(found=(ready,))), NOW) == [Check(SCANS, ready)]


def test_a_check_under_way_is_not_started_again() -> None:
    assert plan(view(lane(found=(found(checking=True),))), NOW) == []


def test_a_good_packet_is_taken_and_sent_at_once() -> None:
    good = found(checked=GOOD)
    assert plan(view(lane(found=(good,))), NOW) == [Admit(SCANS, good, PacketState.QUEUED, start=True)]


def test_a_good_packet_is_taken_but_waits_when_every_sender_is_busy() -> None:
    good = found(checked=GOOD)
    assert plan(view(lane(found=(good,)), free_senders=0), NOW) == [Admit(SCANS, good, PacketState.QUEUED)]


def test_a_faulty_packet_fails_with_its_own_problem() -> None:
    bad = found(readiness=Readiness.FAULTY, problem=TROUBLE)
    assert plan(view(lane(found=(bad,))), NOW) == [Admit(SCANS, bad, PacketState.FAILED, problem=TROUBLE)]


def test_a_packet_that_the_check_refuses_fails_with_what_the_check_found() -> None:
    bad = found(checked=Checked(problem=TROUBLE))
    assert plan(view(lane(found=(bad,))), NOW) == [Admit(SCANS, bad, PacketState.FAILED, problem=TROUBLE)]


@pytest.mark.parametrize(("waited", "expected"), [(71.9, []), (72, ["no-sidecar"]), (500, ["no-sidecar"])])
def test_a_scan_waits_for_its_sidecar_for_72_hours(waited: float, expected: list[str]) -> None:
    alone = found(readiness=Readiness.WAITING, since=NOW - hours(waited))
    alone = replace(alone, candidate=replace(alone.candidate, sidecar=None))
    actions = plan(view(lane(found=(alone,))), NOW)
    assert [action.problem.code for action in actions] == expected


def test_a_sidecar_waits_for_its_files_and_then_says_which_did_not_come() -> None:
    alone = found(readiness=Readiness.WAITING, missing=("b.pdf",), since=NOW - hours(72))
    [action] = plan(view(lane(found=(alone,))), NOW)
    assert action.problem.code == "files-missing"
    assert "b.pdf" in action.problem.sentence


def test_a_file_that_stays_incomplete_fails_with_the_reason() -> None:
    torn = found(readiness=Readiness.SETTLING, incomplete=("scan.pdf", "its last page is missing"))
    [action] = plan(view(lane(found=(torn,))), NOW)
    assert (action.state, action.problem.code) == (PacketState.FAILED, "incomplete")
    assert "its last page is missing" in action.problem.sentence


def test_files_still_being_written_are_left_alone() -> None:
    assert plan(view(lane(found=(found(readiness=Readiness.SETTLING),))), NOW) == []


@pytest.mark.parametrize("state", [{"paused_since": NOW}, {"offline": True}])
def test_a_paused_or_unreachable_lane_takes_nothing(state: dict) -> None:
    assert plan(view(lane(found=(found(checked=GOOD),), **state), packets=(packet("p0"),)), NOW) == []


def test_a_blocked_lane_still_takes_files_but_sends_none() -> None:
    good = found(checked=GOOD)
    blocked = lane(found=(good,), blocked_since=NOW - hours(1), rest_until=NOW + hours(0.1), setbacks=1)
    assert plan(view(blocked), NOW) == [Admit(SCANS, good, PacketState.QUEUED)]


# --- Duplicates -----------------------------------------------------------------------------------------------------


def test_the_same_claim_metadata_and_bytes_sent_before_is_a_duplicate_and_names_the_control_number() -> None:
    twin = packet("p0", state=PacketState.SENT, fingerprint="f", sha256="11", control_number="CHC#1", ended_at=NOW)
    again = lane(found=(found(checked=GOOD),), lookalikes={"p1": (twin,)})
    [action] = plan(view(again), NOW)
    assert (action.state, action.problem.code) == (PacketState.FAILED, "duplicate")
    assert "CHC#1" in action.problem.what_to_do


@pytest.mark.parametrize("difference", [{"fingerprint": "other"}, {"sha256": "22"}])
def test_other_metadata_or_other_bytes_are_no_duplicate(difference: dict) -> None:
    same = {"fingerprint": "f", "sha256": "11"} | difference
    twin = packet("p0", state=PacketState.SENT, ended_at=NOW, **same)
    other = lane(found=(found(checked=GOOD),), lookalikes={"p1": (twin,)})
    assert [action.state for action in plan(view(other), NOW)] == [PacketState.QUEUED]


def test_a_twin_of_a_packet_under_way_waits_until_that_one_has_ended() -> None:
    twin = packet("p0", state=PacketState.SENDING, fingerprint="f")
    again = lane(found=(found(checked=GOOD),), lookalikes={"p1": (twin,)})
    assert plan(view(again, packets=(twin,)), NOW) == []


def test_of_two_twins_found_at_once_one_waits_for_the_other() -> None:
    first, second = found("a", "p1", checked=GOOD), found("b", "p2", checked=GOOD)
    assert plan(view(lane(found=(first, second))), NOW) == [Admit(SCANS, first, PacketState.QUEUED, start=True)]


def test_a_packet_dragged_back_after_a_lost_reply_is_marked_as_possibly_sent() -> None:
    twin = packet("p0", state=PacketState.FAILED, fingerprint="f", sha256="11", possibly_sent=True, ended_at=NOW)
    again = lane(found=(found(checked=GOOD),), lookalikes={"p1": (twin,)})
    [action] = plan(view(again), NOW)
    assert (action.state, action.possibly_sent) == (PacketState.QUEUED, True)


# --- The filename rule ----------------------------------------------------------------------------------------------


def test_a_free_name_is_claimed_as_the_packet_is_taken() -> None:
    [action] = plan(view(lane(STATEMENTS, found=(statement("Statements.xml"),))), NOW)
    assert action.start
    assert (action.claim.key, action.claim.state, action.claim.claimed_at) == (
        "statements.xml",
        ClaimState.RESERVED,
        NOW,
    )


def test_a_used_name_is_held_until_its_window_opens() -> None:
    claims = (accepted("p0", hours(3)),)
    [action] = plan(view(lane(STATEMENTS, found=(statement("STATEMENTS.xml"),), claims=claims)), NOW)
    assert (action.state, action.until, action.start) == (PacketState.HELD, NOW + hours(21), False)


def test_a_used_name_fails_where_the_settings_say_so() -> None:
    claims = (accepted("p0", hours(3)),)
    strict = lane(STATEMENTS, found=(statement("Statements.xml"),), claims=claims, terms={"on_conflict": "fail"})
    [action] = plan(view(strict), NOW)
    assert (action.state, action.problem.code, action.claim) == (PacketState.FAILED, "name-used", None)


def test_the_same_bytes_under_a_used_name_are_a_duplicate() -> None:
    claims = (accepted("p0", hours(3), sha256="aa"),)
    [action] = plan(view(lane(STATEMENTS, found=(statement("Statements.xml"),), claims=claims)), NOW)
    assert (action.state, action.problem.code) == (PacketState.FAILED, "duplicate")


def test_a_third_file_of_a_name_goes_a_window_after_the_second() -> None:
    claims = (
        accepted("p0", hours(3)),
        claim("p2", sha256="bb", claimed_at=NOW - hours(1), not_before=NOW + hours(21)),
    )
    [action] = plan(view(lane(STATEMENTS, found=(statement("Statements.xml", "p3"),), claims=claims)), NOW)
    assert (action.state, action.until) == (PacketState.HELD, NOW + hours(45))


def test_another_name_is_free_unless_the_store_may_send_but_one_file_a_day() -> None:
    claims = (accepted("p0", hours(3), name="other.csv"),)
    free = lane(STATEMENTS, found=(statement("Statements.xml"),), claims=claims)
    assert [action.state for action in plan(view(free), NOW)] == [PacketState.QUEUED]
    one_a_day = replace(free, terms=replace(free.terms, scope="store"))
    assert [action.state for action in plan(view(one_a_day), NOW)] == [PacketState.HELD]


def test_two_files_of_one_name_found_at_once_do_not_both_go() -> None:
    both = (statement("Statements.xml", "p1", "aa"), statement("statements.XML", "p2", "bb"))
    states = [action.state for action in plan(view(lane(STATEMENTS, found=both)), NOW)]
    assert states == [PacketState.QUEUED, PacketState.HELD]


def test_a_held_packet_goes_when_its_window_opens_and_not_before() -> None:
    held = packet("p1", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=NOW, upload_name="Statements.xml")
    own = claim("p1", claimed_at=NOW - hours(20))
    in_time = lane(STATEMENTS, claims=(accepted("p0", hours(24)), own))
    assert plan(view(in_time, packets=(held,)), NOW) == [Start(held)]
    early = lane(STATEMENTS, claims=(accepted("p0", hours(23.5)), own))
    assert plan(view(early, packets=(held,)), NOW) == [Reschedule(held, NOW + hours(0.5))]


def test_a_held_packet_goes_at_once_when_the_one_before_it_was_withdrawn() -> None:
    held = packet("p2", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=NOW + hours(20))
    free = lane(STATEMENTS, claims=(claim("p2"),))
    assert plan(view(free, packets=(held,)), NOW) == [Start(held)]


def test_a_name_that_the_service_itself_refused_waits_its_time() -> None:
    held = packet("p2", STATEMENTS, state=PacketState.HELD, shelf=Shelf.HELD, next_at=NOW + hours(0.5), name_refusals=1)
    free = lane(STATEMENTS, claims=(claim("p2"),))
    assert plan(view(free, packets=(held,)), NOW) == []
    assert plan(view(free, packets=(held,)), NOW + hours(0.5)) == [Start(held)]


def test_a_queued_packet_whose_name_was_taken_meanwhile_is_held() -> None:
    waiting = packet("p2", STATEMENTS, upload_name="Statements.xml")
    taken = lane(STATEMENTS, claims=(accepted("p0", hours(1)), claim("p2", claimed_at=NOW)))
    [action] = plan(view(taken, packets=(waiting,)), NOW)
    assert isinstance(action, Hold)
    assert action.until == NOW + hours(23)


def test_a_statement_dragged_back_after_a_lost_reply_takes_its_claim_over() -> None:
    given_up = replace(accepted("p0", hours(3), sha256="aa"), state=ClaimState.UNKNOWN)
    [action] = plan(view(lane(STATEMENTS, found=(statement("Statements.xml"),), claims=(given_up,))), NOW)
    assert (action.state, action.possibly_sent, action.continues) == (PacketState.QUEUED, True, "p0")
    assert (action.claim.state, action.claim.accepted_at) == (ClaimState.UNKNOWN, NOW - hours(3))


# --- Who may send ---------------------------------------------------------------------------------------------------


def test_queued_packets_start_in_order_of_arrival_as_far_as_senders_go() -> None:
    waiting = tuple(packet(f"p{number}") for number in range(3))
    assert plan(view(packets=waiting, free_senders=2), NOW) == [Start(waiting[0]), Start(waiting[1])]


def test_a_packet_does_not_go_before_its_time() -> None:
    later = packet(next_at=NOW + hours(0.1))
    assert plan(view(packets=(later,)), NOW) == []
    assert plan(view(packets=(later,)), NOW + hours(0.1)) == [Start(later)]


def test_a_lane_that_rests_sends_nothing() -> None:
    assert plan(view(lane(rest_until=NOW + hours(0.1), setbacks=1), packets=(packet(),)), NOW) == []


@pytest.mark.parametrize("trouble", [{"setbacks": 2}, {"blocked_since": NOW - hours(1), "setbacks": 1}])
def test_a_lane_in_trouble_tries_its_luck_with_one_packet_alone(trouble: dict) -> None:
    waiting = (packet("p1"), packet("p2"))
    assert plan(view(lane(**trouble), packets=waiting), NOW) == [Start(waiting[0])]


def test_nothing_starts_while_the_agent_is_stopping_but_ended_packets_are_shelved() -> None:
    ended = packet("p1", state=PacketState.DELIVERED)
    assert plan(view(packets=(ended, packet("p2")), stopping=True), NOW) == [Shelve(ended)]


def test_a_packet_whose_files_cannot_be_moved_just_now_is_left_for_later() -> None:
    ended = packet("p1", state=PacketState.DELIVERED)
    assert plan(view(packets=(ended,), stuck=frozenset({"p1"})), NOW) == []


# --- What comes back ------------------------------------------------------------------------------------------------


def back(outcome: object, record: object = None, **changes: object) -> list:
    attempt = record or packet(state=PacketState.SENDING, attempts=1, first_attempt_at=NOW)
    done = Finished(attempt, AttemptResult(outcome), dice=1.0, **changes)  # type: ignore[arg-type]
    return plan(view(finished=(done,)), NOW)


def test_delivered_is_recorded_with_the_time_of_acceptance() -> None:
    delivered = Delivered(201)
    [action] = back(delivered)
    assert isinstance(action, Deliver)
    assert (action.delivered, action.accepted_at) == (delivered, NOW)


def test_refused_fails_at_once() -> None:
    [action] = back(Refused(422, TROUBLE))
    assert (type(action), action.problem) == (Fail, TROUBLE)


def test_retry_waits_longer_each_time_up_to_a_quarter_of_an_hour() -> None:
    waits = []
    for attempts in range(1, 12):
        [action] = back(Retry(TROUBLE, 500), packet(attempts=attempts, first_attempt_at=NOW))
        waits.append((action.next_at - NOW).total_seconds())
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


def test_retry_after_is_honoured() -> None:
    actions = back(Retry(TROUBLE, 429, after=120))
    assert (actions[0].next_at - NOW).total_seconds() >= 120


@pytest.mark.parametrize(
    "outcome",
    [Retry(TROUBLE, 429, of_lane=True), Retry(TROUBLE, unreachable=True)],
    ids=["429", "unreachable"],
)
def test_trouble_of_the_service_makes_the_whole_lane_wait(outcome: Retry) -> None:
    requeue, pause = back(outcome)
    assert isinstance(pause, SetLane)
    assert pause.record.rest_until == requeue.next_at
    assert pause.record.setbacks == 1


def test_trouble_with_one_packet_does_not_hold_up_the_others() -> None:
    assert kinds(back(Retry(TROUBLE, 500))) == ["Requeue"]


def test_blocked_stops_the_lane_and_fails_nothing() -> None:
    requeue, stop = back(Blocked(TROUBLE, 401))
    assert isinstance(requeue, Requeue)
    assert (stop.record.blocked_since, stop.record.problem) == (NOW, TROUBLE)
    assert stop.record.rest_until > NOW


def test_a_lost_reply_goes_again_and_remembers_that_it_may_have_arrived() -> None:
    action, _lane = back(Unknown(TROUBLE))
    assert (type(action), action.possibly_sent) == (Requeue, True)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Retry(TROUBLE, 500), "gave-up"), (Unknown(TROUBLE), "gave-up-unsure")],
    ids=["retry", "unknown"],
)
def test_after_72_hours_of_trying_a_packet_fails(outcome: object, code: str) -> None:
    tired = packet(attempts=300, first_attempt_at=NOW - hours(72), tried_seconds=72 * 3600)
    action = back(outcome, tired)[0]
    assert (type(action), action.problem.code) == (Fail, code)


def test_a_refused_name_after_a_lost_reply_confirms_the_delivery() -> None:
    unsure = packet("p1", STATEMENTS, attempts=2, possibly_sent=True, lost_whole=True)
    done = Finished(unsure, AttemptResult(Refused(400, TROUBLE, name_taken=True)), dice=0.5)
    lost = claim("p1", state=ClaimState.UNKNOWN, accepted_at=NOW - hours(23))
    [action] = plan(view(lane(STATEMENTS, claims=(lost,)), finished=(done,)), NOW)
    assert (type(action), action.delivered.confirmed_by) == (Deliver, "refusal")


@pytest.mark.parametrize("conflict", [False, True])
def test_a_statement_whose_reply_was_lost_is_marked_when_it_comes_again_under_another_name(conflict: bool) -> None:
    lost = packet("p0", STATEMENTS, names=("July.xml",), state=PacketState.FAILED, sha256="aa", possibly_sent=True)
    again = statement("July (2).xml")
    taken = (accepted("p9", hours(1), "July (2).xml"),) if conflict else ()
    [action] = plan(view(lane(STATEMENTS, found=(again,), lookalikes={"p1": (lost,)}, claims=taken)), NOW)
    assert (action.state, action.possibly_sent) == (PacketState.HELD if conflict else PacketState.QUEUED, True)


@pytest.mark.parametrize("change", [{"sha256": "bb"}, {"state": PacketState.SENT}, {"possibly_sent": False}])
def test_a_statement_is_not_marked_for_a_file_that_is_another_one_or_whose_end_is_known(change) -> None:
    twin = packet(
        "p0",
        STATEMENTS,
        **{"names": ("July.xml",), "state": PacketState.FAILED, "sha256": "aa", "possibly_sent": True, **change},
    )
    [action] = plan(view(lane(STATEMENTS, found=(statement("July.xml"),), lookalikes={"p1": (twin,)})), NOW)
    assert not action.possibly_sent


def copy_of(state: PacketState, name: str = "July.csv", **changes) -> list:
    """What becomes of a file that says what a packet of another size and encoding says."""
    ended = NOW - hours(30) if state is PacketState.SENT else None
    twin = packet("p0", STATEMENTS, names=(name,), state=state, upload_name=name, fingerprint="f", sha256="bb")
    twin = replace(twin, **{"ended_at": ended, **changes})
    again = statement("July - Copy.csv")
    again = replace(again, checked=replace(again.checked, fingerprint="f"))
    return plan(view(lane(STATEMENTS, found=(again,), lookalikes={"p1": (twin,)})), NOW)


def test_a_statement_file_is_known_by_what_it_says_whatever_it_is_called_and_however_it_is_written() -> None:
    [action] = copy_of(PacketState.SENT)
    assert (action.state, action.problem.code) == (PacketState.FAILED, "duplicate")
    assert action.problem.sentence.startswith(
        "July - Copy.csv holds just the statements of July.csv, which was sent on"
    )
    [ahead] = copy_of(PacketState.HELD)
    assert "came before and goes by itself" in ahead.problem.sentence


@pytest.mark.parametrize("state", [PacketState.QUEUED, PacketState.SENDING, PacketState.DELIVERED])
def test_a_copy_waits_for_what_becomes_of_the_one_ahead(state: PacketState) -> None:
    assert [action for action in copy_of(state) if isinstance(action, Admit)] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "another"},
        {"ended_at": NOW - hours(24 * 7 + 1)},
        {"problem": TROUBLE},  # the service took it amiss afterwards
        {"upload_name": "July - Copy.csv"},  # the filename rule has let it go already
    ],
)
def test_what_is_no_copy_goes(changes) -> None:
    [action] = copy_of(PacketState.SENT, **changes)
    assert action.state is PacketState.QUEUED


def test_what_was_never_sent_makes_nothing_a_copy() -> None:
    [action] = copy_of(PacketState.FAILED)
    assert action.state is PacketState.QUEUED


def test_of_two_copies_at_once_the_first_goes() -> None:
    one, two = (
        replace(made, checked=replace(made.checked, fingerprint="f", sha256=(digest,)))
        for made, digest in ((statement("a.csv", "p1"), "aa"), (statement("b.csv", "p2"), "bb"))
    )
    [action] = plan(view(lane(STATEMENTS, found=(one, two))), NOW)
    assert action.found.packet == "p1"


def test_a_refused_name_is_held_and_in_the_end_fails() -> None:
    refusal = AttemptResult(Refused(400, TROUBLE, name_taken=True))
    first = packet("p1", STATEMENTS, attempts=1)
    [action] = plan(view(lane(STATEMENTS), finished=(Finished(first, refusal, 0.5),)), NOW)
    assert (type(action), action.refused, action.until) == (Hold, True, NOW + hours(1))
    last = replace(first, name_refusals=29)
    [action] = plan(view(lane(STATEMENTS), finished=(Finished(last, refusal, 0.5),)), NOW)
    assert type(action) is Fail


def test_a_try_that_stopping_cut_short_is_due_at_once_at_the_next_start() -> None:
    [action] = back(Retry(TROUBLE), cut_short=True)
    assert (type(action), action.next_at, action.problem) == (Requeue, NOW, None)


def test_the_first_success_ends_the_trouble_of_the_lane() -> None:
    attempt = packet(state=PacketState.SENDING, attempts=1)
    troubled = lane(blocked_since=NOW - hours(1), rest_until=NOW, setbacks=3)
    actions = plan(view(troubled, finished=(Finished(attempt, AttemptResult(Delivered(201)), 0.5),)), NOW)
    assert actions[1] == SetLane(LaneRecord(SCANS))
