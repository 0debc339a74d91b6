"""What open pages are told, when, and how many of them there may be."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.page.events import ALIVE_SECONDS, MOST_STREAMS, PARTS, STREAMS_A_SESSION, parts_changed
from agent.model import LaneState
from tests.support.page import DeskPractice, desk_in
from tests.support.served import PATIENCE, events, served, visitor

LANE = LaneSnapshot("main-street/attachments", LaneState.RUNNING, "/scans")
PACKET = PacketSnapshot("p1", LANE.lane, "scan", "sending", total_bytes=100)
BEFORE = Snapshot("2026-07-14T09:41:00Z", True, 7, (LANE,), (), 0)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as practice:
        practice.board.put(BEFORE)
        yield practice


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"did not come: {what}"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("now", "parts"),
    [
        (replace(BEFORE, at="2026-07-14T09:42:00Z"), []),
        (replace(BEFORE, packets=(PACKET,)), ["packets"]),
        (replace(BEFORE, packets=(replace(PACKET, needs_someone=True),)), ["packets", "needs"]),
        (replace(BEFORE, lanes=(replace(LANE, counts={"sent": 1}),)), ["lanes"]),
        (replace(BEFORE, lanes=(replace(LANE, state=LaneState.BLOCKED),)), ["lanes", "needs"]),
        (replace(BEFORE, running=False), ["lanes"]),
        (replace(BEFORE, needs_attention=1), ["needs"]),
        (replace(BEFORE, notes=("The ledger was missing.",)), ["notes"]),
    ],
)
def test_it_names_the_parts_that_have_changed(now: Snapshot, parts: list[str]) -> None:
    assert parts_changed(BEFORE, now) == parts
    assert parts_changed(None, now) == list(PARTS)


def test_a_page_hears_what_it_has_missed_and_then_what_changes(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, events(client) as heard:
        first = {"version": 1, "parts": list(PARTS), "needs_attention": 0, "running": True}
        assert next(heard) == ("changed", first)
        practice.board.put(replace(BEFORE, packets=(PACKET,)))
        assert next(heard)[1]["parts"] == ["packets"]
        practice.board.put(replace(BEFORE, packets=(PACKET,), needs_attention=2))
        assert next(heard) == ("changed", {"version": 3, "parts": ["needs"], "needs_attention": 2, "running": True})


def test_a_page_that_has_missed_nothing_hears_nothing_twice(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, events(client, last="1") as heard:
        practice.board.put(replace(BEFORE, needs_attention=1))
        assert next(heard)[1]["parts"] == ["needs"]


@pytest.mark.slow
def test_progress_is_told_while_something_is_sent_and_only_then(practice: DeskPractice) -> None:
    looks: list[float] = []
    desk = practice.desk

    def progress() -> dict[str, tuple[int, int]]:
        looks.append(time.monotonic())
        return dict(practice.sending)

    with served(replace(desk, progress=progress)) as server, visitor(server) as client, events(client) as heard:
        next(heard)
        practice.sending = {"p1": (10, 100)}
        practice.board.put(replace(BEFORE, packets=(PACKET,)))
        assert next(heard)[0] == "changed"
        assert next(heard) == ("progress", {"p1": [10, 100]})
        begun = time.monotonic()
        practice.sending = {"p1": (60, 100)}
        assert next(heard) == ("progress", {"p1": [60, 100]})
        practice.sending = {}
        assert next(heard) == ("progress", {})
        assert time.monotonic() - begun > 0.4, "twice a second at most"
        count = len(looks)
        time.sleep(1.2)
        assert len(looks) == count, "nobody looks while nothing is sent"


def test_the_end_of_the_engine_is_told(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, events(client) as heard:
        next(heard)
        practice.alive = False
        practice.board.end()
        assert next(heard)[1]["running"] is False


@pytest.mark.slow
def test_a_locked_session_hears_so_and_nothing_more(tmp_path: Path) -> None:
    with desk_in(tmp_path, agent="[agent.page]\nlock_minutes = 0.1") as practice:
        practice.board.put(BEFORE)
        with served(practice.desk) as server, visitor(server) as client, events(client) as heard:
            assert [name for name, _facts in heard] == ["changed", "locked"]


def test_many_pages_of_one_browser_leave_it_connections_to_use(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, ExitStack() as open_pages:
        pages = [open_pages.enter_context(events(client)) for _ in range(STREAMS_A_SESSION)]
        for page in pages:
            assert next(page)[0] == "changed"
        newest = open_pages.enter_context(events(client))
        assert next(newest)[0] == "changed"
        assert list(pages[0]) == [("rest", {})]
        practice.board.put(replace(BEFORE, needs_attention=1))
        assert [next(page)[0] for page in (*pages[1:], newest)] == ["changed"] * STREAMS_A_SESSION


@pytest.mark.slow
def test_the_pages_that_listen_are_bounded(practice: DeskPractice) -> None:
    with served(practice.desk) as server, ExitStack() as open_pages:
        pages = []
        for _ in range(MOST_STREAMS + 3):
            client = open_pages.enter_context(visitor(server))
            pages.append(open_pages.enter_context(events(client)))
            assert next(pages[-1])[0] == "changed"
        assert [list(page) for page in pages[:3]] == [[("rest", {})]] * 3


def test_pages_that_are_closed_are_forgotten(practice: DeskPractice) -> None:
    listening = threading.active_count
    with served(practice.desk) as server, visitor(server) as client:
        for _ in range(30):
            with events(client) as heard:
                assert next(heard)[0] == "changed"
        with events(client) as heard:
            assert next(heard)[0] == "changed"
        assert listening() < 60


def test_the_end_of_the_server_ends_every_stream(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, events(client) as heard:
        next(heard)
        begun = time.monotonic()
        server.stop()
        assert list(heard) == []
        assert time.monotonic() - begun < ALIVE_SECONDS - 2
