"""Asking afterwards: what could not be found out is never called clean, and last month's failures are nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agent.delivery.jobs import ThreadJobs
from agent.destinations.verifying import Marked
from agent.model import Delivered, LaneId, LaneKind, Problem
from tests.support.simulated_practice import LOSE_REPLY, NAME_TAKEN, SCANS, STATEMENTS, Answer, SimulatedPractice
from tests.support.statement_files import csv

TROUBLE = Problem("trouble", "The search could not be asked.", "Nothing needs doing.")
JOHN = {"firstName": "John", "lastName": "Snow", "amountDue": 1200}
NEVER = Marked({})
OLD = Marked({"old": JOHN})
NEW = Marked({"new": JOHN})
AWAY = Marked({}, TROUBLE)


class Scripted:
    """Answers each question with what comes next; with the last one for ever."""

    def __init__(self, *answers: Marked | Exception) -> None:
        self._answers = list(answers)

    def marked_as_failed(self, _cancel: Event) -> Marked:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def receipt_of(
    tmp_path: Path,
    *answers: Marked | Exception,
    prepare: Callable[[SimulatedPractice], object] = lambda _practice: None,
) -> dict[str, Any]:
    """Send one statement through a lane that asks afterwards; return what its receipt says of that."""
    practice = SimulatedPractice(tmp_path)
    practice.control.state.lanes[STATEMENTS].verifier = Scripted(*answers)
    prepare(practice)
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)
    practice.pass_(hours=30)
    [receipt] = practice.receipts(STATEMENTS)
    said: dict[str, Any] = receipt["verification"]
    return said


@pytest.mark.slow
def test_all_in_order(tmp_path: Path) -> None:
    said = receipt_of(tmp_path, NEVER)
    assert (said["problem"], said["unanswered"]) == (None, None)


@pytest.mark.slow
def test_what_is_marked_since_then_is_this_files(tmp_path: Path) -> None:
    said = receipt_of(tmp_path, NEVER, NEVER, NEW)
    assert said["problem"]["code"] == "statements-not-accepted"


@pytest.mark.slow
def test_what_was_marked_before_is_not(tmp_path: Path) -> None:
    said = receipt_of(tmp_path, OLD)
    assert (said["problem"], said["unanswered"]) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("first", [AWAY, Marked({"old": JOHN}, TROUBLE)])
def test_where_the_first_search_failed_nothing_is_called_this_files_and_nothing_clean(
    tmp_path: Path, first: Marked
) -> None:
    said = receipt_of(tmp_path, first, OLD)
    assert said["problem"] is None
    assert "could not be asked before July.csv was sent" in said["unanswered"]


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [RuntimeError("broken"), OSError("no spool"), MemoryError()])
def test_a_question_that_broke_down_is_not_clean(tmp_path: Path, trouble: Exception) -> None:
    said = receipt_of(tmp_path, NEVER, trouble)
    assert said["problem"] is None
    assert "could not be found out" in said["unanswered"]


@pytest.mark.slow
def test_a_question_that_was_not_answered_is_not_clean(tmp_path: Path) -> None:
    assert receipt_of(tmp_path, NEVER, AWAY)["unanswered"] == TROUBLE.sentence


@pytest.mark.slow
def test_a_lost_try_keeps_what_was_marked_before_it(tmp_path: Path) -> None:
    """Its own failures are marked before the second try, and are this file's all the same."""

    def lose(practice: SimulatedPractice) -> None:
        practice.service(STATEMENTS).script = [LOSE_REPLY, NAME_TAKEN]

    said = receipt_of(tmp_path, OLD, Marked({"old": JOHN, "new": JOHN}), prepare=lose)
    assert said["problem"]["code"] == "statements-not-accepted"


@pytest.mark.slow
def test_after_a_restart_behind_a_lost_try_nothing_is_comparable(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.control.state.lanes[STATEMENTS].verifier = Scripted(NEVER)
    practice.service(STATEMENTS).script = [LOSE_REPLY, NAME_TAKEN]
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)
    while not practice.service(STATEMENTS).received:
        practice.clock.pass_(practice.step())
    practice.step()
    practice.restart()
    practice.control.state.lanes[STATEMENTS].verifier = Scripted(NEW)
    practice.pass_(hours=30)
    [receipt] = practice.receipts(STATEMENTS)
    assert receipt["verification"]["problem"] is None
    assert receipt["verification"]["unanswered"]


def test_a_question_that_hangs_stops_no_lanes_checks() -> None:
    jobs, hangs = ThreadJobs(1), Event()
    other = LaneId("lakeside", LaneKind.STATEMENTS)
    checked = [threading.Event() for _ in range(3)]
    try:
        jobs.verify(STATEMENTS, hangs.wait, lambda _done: None, lambda _trouble: None)
        for lane, done in zip((STATEMENTS, SCANS, other), checked, strict=True):
            jobs.check(lane, done.set, lambda _done: None, lambda _trouble: None)
        assert all(done.wait(30) for done in checked)
    finally:
        hangs.set()
        jobs.close()


LOOK = Problem("fewer", "Fewer came than went.", "Ask the service.")


@pytest.mark.parametrize(
    ("answers", "codes"),
    [((NEVER,), "fewer"), ((NEVER, AWAY), "fewer"), ((NEVER, NEW), "statements-not-accepted")],
    ids=["all in order", "not answered", "some marked as failed"],
)
def test_what_someone_has_to_look_at_is_asked_for_whatever_the_verification_finds(
    tmp_path: Path, answers: tuple[Marked, ...], codes: str
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.control.state.lanes[STATEMENTS].verifier = Scripted(*answers)
    practice.service(STATEMENTS).script = [Answer(Delivered(200, {}, problem=LOOK), accepted=True)]
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)
    practice.pass_(hours=1)
    assert practice.ledger.unresolved_counts() == {STATEMENTS: 1}
    [packet] = practice.ledger.history()
    assert packet.problem is not None
    assert packet.problem.code == codes
    assert LOOK.sentence in packet.problem.sentence
    assert LOOK.what_to_do in packet.problem.what_to_do


def test_a_file_that_was_changed_while_it_was_sent_is_told_of_beside_what_was_marked_as_failed(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.control.state.lanes[STATEMENTS].verifier = Scripted(NEVER, NEW)

    def change() -> None:
        [name] = [name for name in practice.standing(STATEMENTS) if name.endswith("July.csv")]
        practice.fs.put(practice.folder(STATEMENTS) / name, csv(("1001", "07/03/2026", "John Snow", "99.00")))

    practice.service(STATEMENTS).during = change
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)
    practice.pass_(hours=1)
    [receipt] = practice.receipts(STATEMENTS)
    assert len(receipt["warnings"]) == 2
    assert practice.ledger.unresolved_counts() == {STATEMENTS: 1}
    [packet] = practice.ledger.history()
    assert packet.problem is not None
    assert "is not what went out" in packet.problem.sentence
    assert "marked 1 of its 1 statements as failed" in packet.problem.sentence
