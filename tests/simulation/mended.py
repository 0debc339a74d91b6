"""The mends that are taken out one at a time, by kind, and what is written to find each (`mutants.py`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from agent.delivery import engine, glance, planner, proof, request_handler, verdicts
from agent.delivery import lane as lanes
from agent.delivery.clock_guard import ClockGuard
from agent.delivery.control import Control
from agent.delivery.jobs import ThreadJobs
from agent.delivery.reconcile import (
    other_pcs,
    putting_back,
    reading_back,
    reconciliation,
    recovery,
    settings_changed,
)
from agent.delivery.reconcile.reading_back import _identity
from agent.delivery.reconcile.reconciliation import Reconciliation
from agent.delivery.request_handler import RequestHandler
from agent.delivery.service_times import ServiceTimes
from agent.delivery.unpicked import Unpicked
from agent.destinations import attachments, outcomes
from agent.destinations.answers import Answer
from agent.folder import coming_back, looking, names, shelves
from agent.folder.system import system
from agent.intake.statements import content
from agent.ledger.records import FilenameClaim, LanePlaces, LaneRecord, PacketFile
from agent.ledger.times import Times
from agent.model import BodySent

Instead = tuple[tuple[Any, str, Any], ...]


@dataclass(frozen=True)
class Mutant:
    """One mend that is taken out: of which kind, what is forgotten, what is put where, and what finds it: the first
    seed of a `theme`, or, where the simulation is not known to see it, the `test`."""

    kind: str
    forgets: str
    instead: Instead
    theme: str = ""
    seed: int | None = None
    test: str = ""


def _believing(of: Callable[[Any], Answer | None]) -> Instead:
    plain = outcomes.answer_of

    def answer_of(reply: Any, *shapes: Any) -> Answer:
        return of(reply) or plain(reply, *shapes)

    return ((outcomes, "answer_of", answer_of),)


def _step(control: Control) -> float:
    while (message := control.inbox.take()) is not None:
        control._receive(message)
    return control._step()


def _by_their_old_names(lane: Any, document: Any, path: Any) -> Any:
    for file in document.files:
        identity = _identity(lane, path.parent / file.name)
        if identity is not None:
            yield PacketFile(file.name, "document", identity, file.sha256 or "")


def _is_twin_by_name(found: Any, packet: Any, plain: Any = planner._is_twin) -> bool:
    return plain(found, packet) and {file.name for file in found.candidate.files} == {
        file.name for file in packet.documents
    }


def _any_first_search(destination: Any, upload: Any, before: Any, cancel: Any, plain: Any = lanes.ask) -> Any:
    return plain(destination, upload, before or frozenset(), cancel)


def _in_its_order(so_far: content.Content, statements: str) -> None:
    """As long as texts come whole, a digest of what came before and of this one is one of their order."""
    said = f"{so_far._sum}{statements}".encode()
    so_far._sum = int.from_bytes(hashlib.sha256(said).digest())


def _proved(*of: Any, plain: Any = reading_back._claim) -> FilenameClaim:
    return replace(plain(*of), unproved=False, service_date=None)


_NOTHING = names.re.compile(r"(?!)")
_OF_PACKETS = {402, 403, 404, 405, 410, 421, 423, 451, 511} | set(outcomes.OF_THE_PACKET)
_OUTCOMES, _ACTIONS = "tests/destinations/test_outcomes.py::", "tests/delivery/test_whole_actions.py::"
_PATIENCE, _CLOCKS = "tests/delivery/test_patience.py::", "tests/delivery/test_clocks.py::"
_GUARD, _PCS = "tests/delivery/test_clock_guard.py::", "tests/delivery/test_other_pcs.py::"
_DATA = "tests/delivery/test_data_folder.py::"
_VERIFIED = "tests/delivery/test_verification.py::"

EVIDENCE = {
    "status-is-enough": Mutant(
        "evidence, not a status",
        "any 2xx is the service's own success",
        _believing(lambda reply: Answer.SUCCESS if reply.is_success else None),
        "portals",
        9,
    ),
    "page-refuses": Mutant(
        "evidence, not a status",
        "a foreign 400 or 422 is a refusal",
        _believing(lambda reply: Answer.OWN_ERROR if reply.status in (400, 422) else None),
        "portals",
        6,
    ),
    "nothing-is-a-yes": Mutant(
        "an empty 2xx",
        "an empty success is the service's own",
        _believing(lambda reply: Answer.SUCCESS if reply.is_success and reply.content == "" else None),
        test="tests/destinations/test_odd_replies.py::test_ways_to_say_nothing",
    ),
    "errors-shape-is-a-yes": Mutant(
        "a 2xx of the wrong shape",
        "a success may speak of failure",
        tuple((place, "speaks_of_failure", lambda _content: False) for place in (outcomes, attachments)),
        test=f"{_OUTCOMES}test_a_success_in_an_errors_shape_is_none",
    ),
    "cut-reply-counts": Mutant(
        "a reply cut off in its middle",
        "what has come of a reply is the reply",
        _believing(lambda reply: Answer.SUCCESS if reply.is_success and not reply.whole else None),
        test=f"{_OUTCOMES}test_an_answer_that_was_cut_off_is_none_unless_it_cannot_be_the_services",
    ),
    "gateway-speaks-for-the-service": Mutant(
        "a gateway's word after the whole body",
        "a foreign 5xx or 408 is the service's own",
        _believing(lambda reply: Answer.OWN_ERROR if reply.status == 408 or reply.status >= 500 else None),
        "gateways",
        3,
    ),
    "lane-statuses-refuse": Mutant(
        "402 to 511 speak of the lane",
        "they are refusals of the packet",
        ((outcomes, "OF_THE_PACKET", _OF_PACKETS),),
        test=f"{_OUTCOMES}test_the_lane_is_broken_whoever_says_so",
    ),
    "part-of-a-body-is-enough": Mutant(
        "confirmed by refusal",
        "the whole body had gone out",
        ((verdicts, "_went_unanswered", lambda packet, _result, said: not said.answered and not packet.name_refusals),),
        test=f"{_ACTIONS}test_a_try_of_which_not_all_went_out_proves_nothing",
    ),
    "anyones-answer-is-none": Mutant(
        "confirmed by refusal",
        "nobody had answered that try",
        (
            (
                verdicts,
                "_went_unanswered",
                lambda packet, result, _said: result.body is BodySent.WHOLE and not packet.name_refusals,
            ),
        ),
        test=f"{_ACTIONS}test_a_try_that_someone_else_answered_proves_nothing",
    ),
    "refused-before-or-not": Mutant(
        "confirmed by refusal",
        "the name had not been refused before",
        (
            (
                verdicts,
                "_went_unanswered",
                lambda _packet, result, said: result.body is BodySent.WHOLE and not said.answered,
            ),
        ),
        test=f"{_ACTIONS}test_a_try_that_is_lost_after_a_refusal_of_the_name_proves_nothing",
    ),
    "no-other-explains-it": Mutant(
        "confirmed by refusal",
        "another claim of the store may explain it",
        ((verdicts, "_is_explained", lambda *_: False),),
        test=f"{_ACTIONS}test_a_name_refused_proves_nothing_where_another_reason_can_be",
    ),
    "kills-do-not-count": Mutant(
        "replies always lost",
        "a try in which the agent was ended is a lost one",
        ((recovery, "lost_each_time", lambda *_: None),),
        test="tests/delivery/test_ended_in_mid_try.py::"
        "test_killed_after_each_upload_a_packet_goes_out_a_few_times_and_then_asks_for_someone",
    ),
    "lost-replies-for-ever": Mutant(
        "replies always lost",
        "unknown tries are counted",
        ((verdicts, "MOST_LOST", 10**6),),
        test=f"{_ACTIONS}test_the_fifth_lost_answer_in_a_row_stops_the_lane_and_says_so",
    ),
}

IDENTITY = {
    "shelves-are-packets": Mutant(
        "a shelf's folder as a packet",
        "what holds our documents is no packet",
        ((looking, "is_document", lambda _name: False),),
        test="tests/folder/test_looking.py::test_a_folder_with_our_documents_is_a_shelf_or_one_packets_retry",
    ),
    "any-file-beside-any": Mutant(
        "a lone sidecar meets a stranger",
        "what comes back must not pair with what stands there",
        ((coming_back, "may_pair", lambda _one, _other: False),),
        test="tests/folder/test_coming_back.py",
    ),
    "strangers-are-not-met": Mutant(
        "half taken, and scanned over",
        "what comes back can meet a stranger",
        tuple((place, "could_meet", lambda *_: False) for place in (coming_back, shelves)),
        "mid-take",
        1,
    ),
    "files-are-not-proved": Mutant(
        "a file changed between check and try",
        "what stands in a packet's place is what was checked",
        ((proof, "_proved", lambda opened, _stream, _path, _file, *, read: opened.identity()),),
        "files-changed",
        2,
    ),
    "links-are-followed": Mutant(
        "a link in `sending`",
        "no link is followed",
        ((system, "open_within", lambda root, parts: root.joinpath(*parts).open("rb")),),
        test="tests/delivery/test_whose_bytes.py",
    ),
    "bins-are-packets": Mutant(
        "a NAS's recycle bin",
        "such folders are never looked into",
        ((names, "_NEVER_INTO", _NOTHING), (names, "_SYSTEM_FOLDER", _NOTHING)),
        "recycled",
        1,
    ),
    "copies-are-new": Mutant(
        "a copy of a statement file",
        "a file under another name can be the same",
        ((planner, "_same_content", lambda _twin, _found: False), (planner, "_said", lambda _found: None)),
        "copies",
        0,
    ),
    "another-order-is-another-file": Mutant(
        "a copy of a statement file",
        "one whose rows were sorted anew is the same",
        ((content.Content, "add", _in_its_order),),
        "copies",
        0,
    ),
    "twins-have-one-name": Mutant(
        "a packet that comes as a subfolder",
        "duplicates are known by content, whatever their names",
        ((planner, "_is_twin", _is_twin_by_name),),
        test="tests/delivery/test_duplicate_days.py::test_a_packet_is_known_again_in_another_form",
    ),
    "shelf-names-are-guessed": Mutant(
        "a lost ledger's shelf names",
        "the documents say what the files are called there",
        ((reading_back, "_standing", _by_their_old_names),),
        test="tests/delivery/test_reading_back.py::test_a_failed_packets_files_are_told_and_not_guessed",
    ),
}

WORLD = {
    "one-memory-for-all-services": Mutant(
        "what another service has had",
        "memory belongs to a service's address",
        tuple((place, "account_of", lambda store, _lane: f"#{store.store_id}") for place in (engine, settings_changed)),
        "go-live",
        5,
    ),
    "renamed-stores-are-others": Mutant(
        "settings with packets in flight",
        "a store of another name with the same account and folder is the same",
        ((settings_changed, "_successor", lambda _record, _lanes: None),),
        "store-renamed",
        17,
    ),
    "shelves-of-before-are-forgotten": Mutant(
        "settings with packets in flight",
        "where a shelf has stood before",
        ((LanePlaces, "beyond", lambda _places, _shelf, _present: ()),),
        "shelf-moved",
        5,
    ),
    "a-marker-is-expected-anywhere": Mutant(
        "settings with packets in flight",
        "the marker stood in another folder",
        ((LaneRecord, "expects_marker", lambda record, _folder: record.marker_expected),),
        "folder-moved",
        3,
    ),
    "old-ledgers-are-believed": Mutant(
        "a ledger from an old backup",
        "the shelves can know more than the ledger",
        (
            (Reconciliation, "_knows_more", lambda *_: False),
            (recovery, "read_back", lambda *_: reading_back.ReadBack()),
        ),
        "old-ledger",
        0,
    ),
    "receipts-prove-the-time": Mutant(
        "a ledger from an old backup, wrong clocks",
        "how long ago a name went that only a receipt tells of was not seen",
        ((reading_back, "_claim", _proved),),
        test="tests/delivery/test_old_ledger.py::"
        "test_a_name_that_the_shelves_prove_to_be_used_is_free_24_hours_later_by_the_services_clock",
    ),
    "a-boot-proves-the-time": Mutant(
        "wrong clocks",
        "after a boot no clock proves anything",
        ((Times, "doubt_claims", lambda _self, _last: None),),
        "clocks",
        1,
    ),
    "a-start-proves-the-time": Mutant(
        "wrong clocks, boots without a name",
        "nor after a start where boots have no name",
        ((Times, "doubt_claims", lambda _self, _last: None),),
        "clocks-unnamed",
        1,
    ),
    "every-start-is-of-this-boot": Mutant(
        "wrong clocks, boots without a name",
        "a start can be of another boot",
        ((ClockGuard, "_is_same_boot", lambda *_: True),),
        test=_CLOCKS.rstrip(":"),
    ),
    "a-set-clock-moves-nothing": Mutant(
        "clocks that are set",
        "waits stay as long as they were",
        ((Times, "shift_times", lambda *_, **__: None),),
        test=f"{_GUARD}test_the_waits_move_with_the_clock",
    ),
    "drift-counts": Mutant(
        "clocks that are set",
        "a clock that runs fast shortens no window",
        ((Times, "let_go_of_drift", lambda *_: None),),
        test=f"{_GUARD}test_a_clock_that_runs_a_little_fast_shortens_no_window",
    ),
    "one-clock-is-enough": Mutant(
        "retention on the word of a clock",
        "the service's clock is asked as well",
        ((ServiceTimes, "now", lambda _self, _lane, wall: wall),),
        "retention",
        6,
    ),
    "days-are-the-clocks": Mutant(
        "what was sent, while a clock is ahead",
        "days are counted by the service's clock",
        ((ServiceTimes, "ago", lambda _self, _lane, wall, days: wall - days),),
        test=f"{_CLOCKS}test_a_clock_that_is_years_ahead_after_a_boot_makes_nobody_forget_what_was_sent",
    ),
    "other-pcs-are-not-told-of": Mutant(
        "another PC's packets",
        "a PC can be silent for good",
        ((other_pcs, "_is_silent", lambda *_: False),),
        test=f"{_PCS}test_what_a_silent_pc_has_left_is_shown_with_whose_it_is_and_since_when_and_can_be_taken_over",
    ),
    "other-pcs-names-are-free": Mutant(
        "another PC's packets",
        "what it may have sent takes its name",
        ((reconciliation, "guard_names", lambda *_: None),),
        test=f"{_PCS}test_a_name_that_another_pc_may_have_sent_is_held",
    ),
    "every-hour-is-one-of-trying": Mutant(
        "`give_up_after`",
        "a pause counts half an hour at most",
        ((verdicts, "_counted", timedelta.total_seconds),),
        test=f"{_ACTIONS}test_one_pause_counts_half_an_hour_at_most",
    ),
    "presses-use-up-patience": Mutant(
        "`give_up_after`",
        "what a person cut short was not waited",
        ((request_handler, "hastened", lambda packet, _now: packet),),
        test=f"{_PATIENCE}test_whoever_tries_again_at_once_uses_up_no_patience",
    ),
    "nobody-cuts-it-short": Mutant(
        "a long Retry-After",
        "`resume` tries at once",
        ((RequestHandler, "_queued", lambda *_: []),),
        test=f"{_PATIENCE}test_whoever_tries_again_at_once_uses_up_no_patience",
    ),
    "a-long-wait-is-a-wait": Mutant(
        "a long Retry-After",
        "over an hour is told as what it is",
        ((verdicts, "LONG_WAIT", 1e9),),
        test=f"{_ACTIONS}test_a_long_patience_is_told_as_what_it_is",
    ),
}

FAULTS = {
    "trouble-ends-the-engine": Mutant(
        "the engine ends with a fault",
        "only what is told to end ends",
        ((Control, "step", _step),),
        test="tests/delivery/test_once.py::test_a_ledger_that_is_free_again_soon_is_waited_for",
    ),
    "a-held-spool-ends-the-round": Mutant(
        "an entry that cannot be removed",
        "it goes later, and keeps nothing from its way",
        ((lanes.Lane, "_empty_spool_of", lambda lane, packet: lane.intake.forget(packet)),),
        test=f"{_DATA}test_what_a_program_holds_at_the_end_of_its_packet_goes_also_where_the_agent_was_killed_meanwhile",
    ),
    "the-spool-keeps-what-was-held": Mutant(
        "an entry that cannot be removed",
        "what was held while the agent ended goes, too",
        ((Reconciliation, "_needing_the_spool", lambda _self: None),),
        test=f"{_DATA}test_what_is_left_in_the_spool_of_no_packet_on_its_way_does_not_stay",
    ),
    "half-a-retry-is-left": Mutant(
        "a move that failed and is not repeated",
        "a retry that was cut off is finished",
        ((putting_back, "_is_half_back", lambda _lane, _packet: False),),
        test="tests/delivery/test_regressions.py::"
        "test_a_retry_that_was_cut_off_in_its_middle_by_a_file_in_use_is_finished",
    ),
    "names-as-they-are": Mutant(
        "names that are no text",
        "what is shown can always be shown",
        ((glance, "in_unicode", lambda value: value),),
        "odd-names",
        1,
    ),
    "a-pass-waits-for-ever": Mutant(
        "`run --once` that never ends",
        "where nothing moves it ends",
        (("agent.delivery.once", "LONGEST_STILL", 1e9),),
        test="tests/delivery/test_once.py::test_a_file_in_a_shelfs_place_ends_the_pass_and_the_shelf_is_named",
    ),
    "checks-wait-for-questions": Mutant(
        "a hanging verification",
        "questions have a thread of their own",
        ((ThreadJobs, "verify", lambda jobs, *job: jobs.check(*job)),),
        test=f"{_VERIFIED}test_a_question_that_hangs_stops_no_lanes_checks",
    ),
    "no-first-search-is-an-empty-one": Mutant(
        "a verification whose first search failed",
        "then nothing is this file's",
        ((lanes, "ask", _any_first_search),),
        test=_VERIFIED.rstrip(":"),
    ),
    "never-picked-up-is-not-said": Mutant(
        "files that are never picked up",
        "after an hour it is said",
        ((Unpicked, "problem", lambda _self, _folder: None),),
        test="tests/delivery/test_unpicked.py::test_it_is_said_after_an_hour_and_not_before",
    ),
}

MUTANTS = {**EVIDENCE, **IDENTITY, **WORLD, **FAULTS}
