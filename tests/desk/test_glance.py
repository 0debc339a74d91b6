"""One table of how lanes and packets stand: the tray, the page and `status --json` say the same in every line of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.delivery.glance import LANE_TROUBLES, Glance, Icon, glance, status_json
from agent.delivery.snapshot import Snapshot
from agent.desk.page.views.now import now_of
from agent.desk.tray.view import Record, view
from agent.model import LaneState, Problem
from tests.support import activity
from tests.support.page import DeskPractice, desk_in, signed_in
from tests.support.tray import LAKE_SCANS, MAIN_SCANS, NOW, at, lane, packets, snapshot

UNREACHED = Problem("unreachable", "The attachments service cannot be reached.", "Wait.")
KEY = Problem("key-not-accepted", "The service does not accept the key.", "Have IT look.")
FULL = Problem("folder-full", "There is no room.", "Make room.")
BLOCKED, OFFLINE, PAUSED = LaneState.BLOCKED, LaneState.OFFLINE, LaneState.PAUSED

stopped = replace(snapshot(lane(needs=2), packets=packets(1, "queued")), running=False)
starting = replace(snapshot(), lanes=())

TABLE: list[tuple[str, Snapshot, Icon, tuple[int, int, int, int]]] = [
    # what holds, the snapshot, the picture, and (needs someone, sending, next, later)
    ("stopped", stopped, Icon.NOT_RUNNING, (2, 0, 1, 0)),
    ("starting", starting, Icon.WORKING, (0, 0, 0, 0)),
    ("nothing to do", snapshot(), Icon.IDLE, (0, 0, 0, 0)),
    ("sent today", snapshot(lane(sent=4)), Icon.IDLE, (0, 0, 0, 0)),
    ("sending", snapshot(packets=packets(3, "sending")), Icon.WORKING, (0, 3, 0, 0)),
    ("being shelved", snapshot(packets=packets(1, "delivered")), Icon.WORKING, (0, 1, 0, 0)),
    ("next", snapshot(packets=packets(2, "queued")), Icon.WORKING, (0, 0, 2, 0)),
    ("sending and next", snapshot(packets=packets(1, "sending") + packets(2, "queued")), Icon.WORKING, (0, 1, 2, 0)),
    ("tried again later", snapshot(packets=packets(2, "queued", next_at=at(10))), Icon.IDLE, (0, 0, 0, 2)),
    ("held", snapshot(packets=packets(25, "held", next_at=at(10))), Icon.IDLE, (0, 0, 0, 25)),
    ("waiting", snapshot(packets=packets(1, "waiting")), Icon.IDLE, (0, 0, 0, 1)),
    ("settling", snapshot(packets=packets(2, "settling")), Icon.IDLE, (0, 0, 0, 2)),
    (
        "a scan that waits for someone",
        snapshot(lane(needs=1), packets=packets(1, "waiting", needs_someone=True)),
        Icon.ATTENTION,
        (1, 0, 0, 0),
    ),
    ("failed, while others go", snapshot(lane(needs=3), packets=packets(1, "sending")), Icon.ATTENTION, (3, 1, 0, 0)),
    ("paused", snapshot(lane(state=PAUSED), packets=packets(6, "queued")), Icon.PAUSED, (0, 0, 0, 6)),
    ("one paused", snapshot(lane(), lane(LAKE_SCANS, PAUSED), packets=packets(1, "queued")), Icon.PAUSED, (0, 0, 1, 0)),
    ("paused and in need", snapshot(lane(state=PAUSED, needs=1)), Icon.ATTENTION, (1, 0, 0, 0)),
    ("the key is not taken", snapshot(lane(state=BLOCKED, problem=KEY)), Icon.BLOCKED, (1, 0, 0, 0)),
    (
        "blocked, with packets",
        snapshot(lane(state=BLOCKED, problem=KEY), packets=packets(14, "queued")),
        Icon.BLOCKED,
        (1, 0, 0, 14),
    ),
    (
        "offline",
        snapshot(lane(state=OFFLINE, problem=UNREACHED), lane(LAKE_SCANS, needs=2)),
        Icon.BLOCKED,
        (3, 0, 0, 0),
    ),
    ("not reached", snapshot(lane(problem=UNREACHED)), Icon.BLOCKED, (0, 0, 0, 0)),
    (
        "not reached, with packets",
        snapshot(lane(problem=UNREACHED), packets=packets(5, "queued")),
        Icon.BLOCKED,
        (0, 0, 0, 5),
    ),
    ("no room", snapshot(lane(problem=FULL)), Icon.ATTENTION, (1, 0, 0, 0)),
    (
        "no room, and sending",
        snapshot(lane(problem=FULL, needs=1), packets=packets(1, "sending")),
        Icon.ATTENTION,
        (2, 1, 0, 0),
    ),
]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock(NOW)) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.parametrize(("_what", "now", "icon", "counts"), TABLE, ids=[line[0] for line in TABLE])
def test_tray_page_and_status_agree(
    practice: DeskPractice, _what: str, now: Snapshot, icon: Icon, counts: tuple[int, int, int, int]
) -> None:
    assert glance(now) == Glance(icon, *counts)
    needs = counts[0]
    # the tray
    shown = view(now, Record(), NOW)
    assert shown.icon is icon
    in_menu = [entry.text for entry in shown.menu if re.fullmatch(r"\d+ needs? attention", entry.text)]
    if icon is not Icon.NOT_RUNNING:
        assert {re.match(r"\d+", text)[0] for text in in_menu} == ({str(needs)} if needs else set())  # type: ignore[index]
    # the page
    practice.board.put(now)
    told = now_of(practice.desk)
    assert (told.picture, told.next) == (icon, counts[2])
    page = signed_in(practice.desk).get("/").text
    assert (f'<span class="count">{needs}<' in page) is bool(needs)
    is_well = "All delivered" in told.headline or told.headline == "Ready"
    assert not is_well or icon is Icon.IDLE or not now.lanes
    if counts[1] and not told.items and icon is Icon.WORKING:
        assert told.headline.startswith(f"{counts[1]} ")
    # the command
    assert json.loads(json.dumps(status_json(now)))["glance"] == {
        "icon": str(icon), "needs": needs, "sending": counts[1], "next": counts[2], "later": counts[3],
    }  # fmt: skip


def test_a_pause_is_told_beside_what_needs_someone() -> None:
    now = snapshot(lane(state=PAUSED, needs=1, since=at(9, 15)))
    assert view(now, Record(), NOW).line == "1 needs attention · Paused since 9:15 AM"


def test_a_service_that_is_not_reached_is_no_tick_anywhere(practice: DeskPractice) -> None:
    now = snapshot(lane(problem=UNREACHED), packets=packets(5, "queued"))
    assert view(now, Record(), NOW).line == "Main Street, attachments: does not get through; 5 wait"
    practice.board.put(now)
    told = now_of(practice.desk)
    assert (told.headline, told.calm) == ("Not everything gets through just now", False)
    assert [row.name for row in told.later] == ["5 scans of Main Street, attachments"]


def test_every_state_of_a_lane_with_every_trouble_stands_for_one_picture() -> None:
    for state in LaneState:
        for code in ("", "unreachable", *LANE_TROUBLES):
            problem = Problem(code, "A sentence.", "Do this.") if code else None
            found = glance(snapshot(lane(MAIN_SCANS, state, problem=problem)))
            assert (found.icon is Icon.IDLE) is (state is LaneState.RUNNING and problem is None)
