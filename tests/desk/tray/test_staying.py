"""The engine and its icon in one process: who ends with whom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.delivery.engine import Engine
from agent.delivery.glance import Icon
from agent.desk.desk import Desk
from agent.desk.tray.staying import stay
from agent.desk.tray.tray import Tray
from agent.desk.tray.view import Act, Entry
from tests.support.page import desk_in
from tests.support.tray import RecordingFace, snapshot


class Loop:
    """A control loop that works until it is stopped, or breaks when it is told to."""

    def __init__(self) -> None:
        self.inbox = self
        self.stopped = threading.Event()
        self.trouble: BaseException | None = None

    def run(self) -> None:
        self.stopped.wait()
        if self.trouble is not None:
            raise self.trouble

    def stop(self) -> None:
        self.stopped.set()

    def break_down(self) -> None:
        self.trouble = RuntimeError("out of order")
        self.stopped.set()


def staying(folder: Path, meanwhile: Callable[[Loop, RecordingFace], None]) -> bool:
    """Stay in the tray, do something meanwhile, and return what came of it."""
    faces: list[RecordingFace] = []
    loop: Any = Loop()
    with desk_in(folder) as practice:
        agent = Engine(practice.settings, loop, None, practice.ledger, practice.board)  # type: ignore[arg-type]
        of_practice = practice.desk
        desk = Desk(**{**vars(of_practice), "is_alive": lambda: agent.is_running})

        def make(choose: Callable[[Entry], None]) -> RecordingFace:
            faces.append(RecordingFace(choose))
            return faces[0]

        practice.board.put(snapshot())
        tray = Tray(desk, make, died=lambda: agent.failed is not None)
        hands = threading.Thread(target=lambda: meanwhile(loop, faces[0]))
        hands.start()
        try:
            return stay(agent, tray)
        finally:
            hands.join(60)
            assert not agent.is_running


def test_an_agent_that_is_stopped_takes_its_icon_along_without_a_word(tmp_path: Path) -> None:
    shown: list[object] = []

    def stop(loop: Loop, face: RecordingFace) -> None:
        assert face.shows("icon", Icon.IDLE)
        loop.stop()
        assert face.left.wait(60)
        shown.extend(face.said("icon"))

    assert staying(tmp_path, stop) is False
    assert shown == [Icon.IDLE]


def test_quit_stops_the_agent(tmp_path: Path) -> None:
    def quit_it(_loop: Loop, face: RecordingFace) -> None:
        assert face.shows("icon", Icon.IDLE)
        face.choose(Entry("Quit", Act.QUIT))

    assert staying(tmp_path, quit_it) is False


def test_an_agent_that_dies_stays_as_switched_off_and_can_be_started_again(tmp_path: Path) -> None:
    def start_again(loop: Loop, face: RecordingFace) -> None:
        assert face.shows("icon", Icon.IDLE)
        loop.break_down()
        assert face.shows("icon", Icon.NOT_RUNNING)
        face.choose(Entry("Start OutTray", Act.START))

    assert staying(tmp_path, start_again) is True


def test_what_it_died_of_is_told_when_someone_quits(tmp_path: Path) -> None:
    def quit_it(loop: Loop, face: RecordingFace) -> None:
        loop.break_down()
        assert face.shows("icon", Icon.NOT_RUNNING)
        face.choose(Entry("Quit", Act.QUIT))

    with pytest.raises(RuntimeError, match="out of order"):
        staying(tmp_path, quit_it)
