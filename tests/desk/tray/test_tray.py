"""The tray follows the agent, and does what people choose."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.delivery.glance import Icon
from agent.desk.notices.announcer import Announcer
from agent.desk.tray import errands
from agent.desk.tray.errands import Wish
from agent.desk.tray.tray import Tray
from agent.desk.tray.view import Entry
from agent.model import LaneState
from tests.support.page import DeskPractice, desk_in
from tests.support.tray import LAKE_SCANS, RecordingFace, at, lane, packets, snapshot
from tests.support.waiting import until


@dataclass
class Running:
    """A tray on a face that records, over an agent that is made up."""

    practice: DeskPractice
    face: RecordingFace
    tray: Tray
    opened: list[str] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)


@contextmanager
def tray_over(folder: Path, *, notices: bool = False, **changes: str) -> Iterator[Running]:
    faces: list[RecordingFace] = []

    def make(choose: object) -> RecordingFace:
        faces.append(RecordingFace(choose))  # type: ignore[arg-type]
        return faces[0]

    with desk_in(folder, **changes) as practice:
        opened: list[str] = []
        practice.board.put(snapshot())
        announcer = Announcer(practice.desk) if notices else lambda _snapshot: ()
        tray = Tray(practice.desk, make, open_page=opened.append, notices=announcer)
        running = Running(practice, faces[0], tray, opened)
        thread = threading.Thread(target=lambda: running.wishes.append(tray.run()))
        thread.start()
        try:
            until(lambda: tray._shown is not None, "nothing was shown")  # the icon, the line and the menu
            yield running
        finally:
            tray.close()
            thread.join(60)
            tray.end()
            assert not thread.is_alive()


def test_it_shows_what_the_agent_does(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        running.practice.board.put(snapshot(packets=packets(3, "sending") + packets(5, "queued")))
        assert running.face.shows("icon", Icon.WORKING)
        assert running.face.shows("line", "Sending 3; 5 are next")
        running.practice.board.put(snapshot(lane(LAKE_SCANS, LaneState.OFFLINE)))
        assert running.face.shows("icon", Icon.BLOCKED)
        assert running.face.shows("line", "Lakeside, attachments: folder offline")


def test_only_what_has_changed_is_shown_again(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        for number in range(1, 21):
            running.practice.board.put(snapshot(packets=packets(number, "sending")))
            assert running.face.shows("line", f"Sending {number}")
        assert running.face.said("icon") == [Icon.IDLE, Icon.WORKING]


def test_an_engine_that_dies_turns_the_icon_at_once(tmp_path: Path) -> None:
    with tray_over(tmp_path, notices=True) as running:
        running.practice.alive = False
        running.practice.board.end()
        assert running.face.shows("icon", Icon.NOT_RUNNING)
        until(lambda: running.face.said("notice"), "nothing was said of it")
        running.face.pick("Start OutTray")
        until(lambda: running.wishes, "the tray was not left")
        assert running.wishes == [Wish.START]


def test_ten_thousand_updates_end_with_the_last_one(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        for number in range(10_000):
            running.practice.board.put(snapshot(lane(needs=number % 7), packets=packets(1, "sending")))
        running.practice.board.put(snapshot(lane(sent=1)))
        assert running.face.shows("icon", Icon.IDLE)
        assert running.face.shows("line", "All delivered. 1 today")


def test_a_shell_that_is_away_for_a_moment_is_shown_all_of_it_when_it_is_back(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        running.face.broken = True
        running.practice.board.put(snapshot(lane(needs=1)))
        until(lambda: running.tray._shown is None, "the trouble was not met")
        running.face.broken = False
        running.face.screen.clear()
        running.practice.board.put(snapshot(lane(needs=2)))
        assert running.face.shows("line", "2 need attention")
        assert running.face.shows("icon", Icon.ATTENTION)
        until(lambda: "menu" in running.face.screen, "the menu was not offered again")


def test_nothing_is_asked_of_the_ledger_while_packets_only_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tray_over(tmp_path) as running:
        asked: list[object] = []
        monkeypatch.setattr("agent.desk.tray.tray.last_sent", asked.append)
        for number in range(1, 6):
            running.practice.board.put(snapshot(packets=packets(number, "sending")))
            assert running.face.shows("line", f"Sending {number}")
        assert asked == []


# --- What people choose ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [("Open activity", "/"), ("3 need attention", "/"), ("Help", "/help")],
)
def test_places_of_the_page(tmp_path: Path, text: str, place: str) -> None:
    with tray_over(tmp_path) as running:
        running.practice.board.put(snapshot(lane(needs=3)))
        assert running.face.shows("icon", Icon.ATTENTION)
        until(lambda: len(running.face.said("menu")) == 2, "the menu did not change")
        running.face.pick(text)
        until(lambda: running.opened, "nothing was opened")
        assert running.opened == [place]


def test_pause_and_resume(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        running.face.pick("Pause")
        until(lambda: running.practice.asked, "nothing was asked")
        running.practice.board.put(snapshot(lane(), lane(LAKE_SCANS, LaneState.PAUSED, since=at(9))))
        assert running.face.shows("icon", Icon.PAUSED)
        until(lambda: len(running.face.said("menu")) == 2, "the menu did not change")
        running.face.pick("Resume")
        until(lambda: len(running.practice.asked) == 2, "nothing was asked")
        assert [(one.verb, one.lanes) for one in running.practice.asked] == [("pause", ()), ("resume", (LAKE_SCANS,))]
        assert all(one.actor for one in running.practice.asked)


def test_the_last_control_number_goes_into_the_clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(errands, "copy", lambda text: copied.append(text) or True)
    monkeypatch.setattr(errands, "last_control_number", lambda _ledger: "CHC#65a4c0ffee12")
    monkeypatch.setattr("agent.desk.tray.tray.last_control_number", lambda _ledger: "CHC#65a4c0ffee12")
    monkeypatch.setattr("agent.desk.tray.tray.last_sent", lambda _ledger: datetime(2026, 7, 14, 13, 38, tzinfo=UTC))
    with tray_over(tmp_path) as running:
        running.face.pick("Copy last control number")
        until(lambda: copied, "nothing was copied")
        assert copied == ["CHC#65a4c0ffee12"]


def test_a_folder_of_a_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Path] = []
    monkeypatch.setattr("agent.desk.opening.show_folder", lambda path: shown.append(path) or True)
    with tray_over(tmp_path) as running:
        running.face.pick("Main Street, attachments")
        until(lambda: shown, "nothing was shown")
        assert shown == [tmp_path / "scans"]


def test_quit_asks_only_while_uploads_run(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        asked: list[int] = []
        answers = [False, True]
        running.tray._errands._ask = lambda sending: asked.append(sending) or (answers.pop(0) if sending else True)
        running.practice.sending = {"p1": (1, 2), "p2": (0, 2), "p3": (0, 2)}
        running.face.pick("Quit")
        until(lambda: asked == [3], "it did not ask")
        assert not running.wishes
        until(lambda: not running.tray._errands._asking.locked(), "the question is still open")
        running.face.pick("Quit")
        until(lambda: running.wishes, "it did not quit")
        assert running.wishes == [Wish.QUIT]


def test_a_wish_that_cannot_be_done_does_not_end_the_others(tmp_path: Path) -> None:
    with tray_over(tmp_path) as running:
        running.face.choose(Entry("", errands.Act.FOLDER, "nowhere/attachments"))
        running.face.pick("Open activity")
        until(lambda: running.opened, "nothing was opened")
