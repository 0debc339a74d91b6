"""*Health*: the doctor's findings as people read them, and the round of checks beside the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from threading import Event

import pytest

from agent.desk.desk import Desk
from agent.desk.doctor.finding import Check, Finding, State
from agent.desk.page.examiner import Examined, Examiner
from agent.desk.page.views.health import Health, health_of
from agent.desk.page.words import Almanac, plain
from tests.support import activity
from tests.support.activity import NOW
from tests.support.page import DeskPractice, desk_in, signed_in
from tests.support.waiting import until

ALMANAC = Almanac(NOW, timezone(timedelta(hours=-5)))
LANES = ("main-street/attachments", "main-street/statements")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


def view(*findings: Finding, broke_off: bool = False, is_running: bool = False) -> Health:
    return health_of(Examined(NOW, findings, broke_off), ALMANAC, is_running=is_running)


def test_what_needs_someone_says_what_to_do() -> None:
    health = view(
        Finding(Check.TLS, State.FAIL, "It is not trusted.", "Check the date.", LANES[0], "issuer"),
        Finding(Check.DISK, State.WARN, "Only 1 GB free.", "Make room."),
        Finding(Check.LEDGER, State.OK, "Sound."),
    )
    fails, warns = health.troubles
    assert (fails.where, fails.tone, fails.do) == (
        "Secure connection · Main Street, attachments",
        "stop",
        "Check the date.",
    )
    assert (warns.where, warns.tone) == ("Disk", "fix")
    assert plain(health.summary) == "2 of 3 checks need someone. Checked at 9:42 AM."


def test_what_holds_for_every_lane_is_said_once() -> None:
    folders = [Finding(Check.FOLDER, State.OK, "Can be reached.", lane=lane) for lane in LANES]
    token = Finding(Check.TOKEN, State.OK, "The service gave a token.", lane=LANES[0])
    health = view(*folders, token)
    assert [line.said for line in health.fine] == [
        "Can be reached.",
        "The service gave a token. (Main Street, attachments)",
    ]
    assert plain(health.summary).startswith("Everything that was checked is in order.")


def test_what_was_not_checked_stands_apart() -> None:
    (line,) = view(Finding(Check.CLOCK, State.SKIPPED, "Not compared.")).skipped
    assert (line.title, line.glyph) == ("Clock", "quiet")


def test_before_the_first_round_the_page_says_that_it_runs() -> None:
    health = health_of(None, ALMANAC, is_running=True)
    assert plain(health.summary) == "The checks run now; this takes some seconds."


def test_checks_that_broke_off_are_not_called_in_order() -> None:
    assert plain(view(broke_off=True).summary).startswith("The checks broke off at 9:42 AM.")


# --- Beside the page --------------------------------------------------------------------------------------------------


def test_a_round_of_checks_runs_once_at_a_time_and_is_kept(practice: DeskPractice) -> None:
    gate, rounds = Event(), []

    def check(_desk: Desk) -> list[Finding]:
        rounds.append(1)
        gate.wait(60)
        return [Finding(Check.LEDGER, State.OK, "Sound.")]

    examiner = Examiner(practice.desk, check)
    assert examiner.is_stale
    examiner.start()
    examiner.start()
    assert (examiner.is_running, examiner.latest) == (True, None)
    gate.set()
    examiner.wait(60)
    assert examiner.latest is not None
    assert (len(rounds), examiner.latest.at, examiner.is_running) == (1, NOW, False)
    assert not examiner.is_stale


def test_what_is_known_grows_old(practice: DeskPractice) -> None:
    clock = activity.StoppedClock()
    practice.clock = clock
    examiner = Examiner(practice.desk, lambda _desk: [])
    examiner.start()
    examiner.wait(60)
    assert not examiner.is_stale
    clock.moment += timedelta(hours=1)
    assert examiner.is_stale


def test_a_round_that_breaks_off_ends_and_says_so(practice: DeskPractice) -> None:
    def check(_desk: Desk) -> list[Finding]:
        raise OSError("no such thing")

    examiner = Examiner(practice.desk, check)
    examiner.start()
    examiner.wait(60)
    assert examiner.latest is not None
    assert examiner.latest.broke_off
    assert not examiner.is_running


def test_the_view_answers_before_the_checks_have_ended(practice: DeskPractice, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Event()

    def slow(_desk: Desk) -> list[Finding]:
        gate.wait(60)
        return [Finding(Check.LEDGER, State.OK, "Sound; <b>all</b> of it.")]

    monkeypatch.setattr(Examiner.__init__, "__defaults__", (slow,))
    client = signed_in(practice.desk)
    page = client.get("/health").text
    assert "The checks run now" in page
    assert "data-poll" in page
    gate.set()
    until(lambda: "data-poll" not in client.get("/health").text, "the checks did not end")
    page = client.get("/health").text
    assert "Sound; &lt;b&gt;all&lt;/b&gt; of it." in page
    assert client.post("/health/check").headers["location"] == "/health"
