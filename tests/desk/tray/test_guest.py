"""The tray over another user's agent: its state, and nothing that only that user may do."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent.clock import SystemClock
from agent.delivery.glance import Icon
from agent.delivery.snapshot import Snapshot
from agent.desk.tray import guest
from agent.desk.tray.errands import Wish
from agent.desk.tray.guest import GuestTray, guest_view
from agent.desk.tray.view import Entry
from agent.model import LaneState
from tests.support.tray import NOW, RecordingFace, lane, snapshot


def texts(view: guest.TrayView) -> list[str]:
    return [entry.text for entry in view.menu]


def test_a_guest_sees_how_it_is_and_whose_it_is() -> None:
    view = guest_view(snapshot(lane(sent=3)), "rosa", NOW)
    assert (view.icon, view.line) == (Icon.IDLE, "All delivered. 3 today")
    assert texts(view) == ["All delivered. 3 today", "Started by rosa", "Quit"]


def test_a_guest_sees_what_needs_someone_without_being_led_there() -> None:
    view = guest_view(snapshot(lane(needs=2)), "rosa", NOW)
    assert (view.icon, view.line) == (Icon.ATTENTION, "2 need attention")
    assert texts(view) == ["2 need attention", "Started by rosa", "Quit"]


def test_a_blocked_lane_of_another_users_agent() -> None:
    assert guest_view(snapshot(lane(state=LaneState.BLOCKED)), "rosa", NOW).icon is Icon.BLOCKED


class Guest:
    """A guest's tray that looks as often as it can."""

    def __init__(self) -> None:
        self.seen: Snapshot | None = snapshot(lane(sent=1))
        faces: list[RecordingFace] = []

        def make(choose: Callable[[Entry], None]) -> RecordingFace:
            faces.append(RecordingFace(choose))
            return faces[0]

        tray = GuestTray(lambda: self.seen, "rosa", SystemClock(), make)
        self.face = faces[0]
        self.wishes: list[Wish] = []
        self.thread = threading.Thread(target=lambda: self.wishes.append(tray.run()))
        self.thread.start()

    def left(self) -> list[Wish]:
        self.thread.join(60)
        return self.wishes


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "LOOKS_APART", 0.01)


def test_when_the_other_agent_has_gone_one_can_be_started_here() -> None:
    tray = Guest()
    assert tray.face.shows("icon", Icon.IDLE)
    tray.seen = None
    assert tray.face.shows("icon", Icon.NOT_RUNNING)
    assert tray.face.shows("menu", guest_view(guest._GONE, "rosa", NOW).menu)
    tray.face.pick("Start OutTray")
    assert tray.left() == [Wish.START]


def test_quit_leaves_the_other_agent_alone() -> None:
    tray = Guest()
    assert tray.face.shows("icon", Icon.IDLE)
    assert tray.face.shows("menu", guest_view(snapshot(lane(sent=1)), "rosa", NOW).menu)
    tray.face.pick("Quit")
    assert tray.left() == [Wish.QUIT]


def test_what_has_not_changed_is_not_shown_again() -> None:
    tray = Guest()
    assert tray.face.shows("icon", Icon.IDLE)
    tray.seen = snapshot(lane(needs=1))
    assert tray.face.shows("icon", Icon.ATTENTION)
    tray.seen = None
    assert tray.face.shows("icon", Icon.NOT_RUNNING)
    assert tray.face.said("icon") == [Icon.IDLE, Icon.ATTENTION, Icon.NOT_RUNNING]
    tray.face.choose(Entry("Open activity", None))
    tray.face.pick("Quit")
    assert tray.left() == [Wish.QUIT]
