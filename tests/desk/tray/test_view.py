"""What the tray shows for each state: the picture that wins, the line, the menu."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.delivery.glance import Icon
from agent.delivery.snapshot import Snapshot
from agent.desk.tray.view import Act, Record, view
from agent.model import LaneState, Problem
from tests.support.tray import (
    LAKE_SCANS,
    LAKE_STATEMENTS,
    MAIN_SCANS,
    MAIN_STATEMENTS,
    NOW,
    at,
    lane,
    packets,
    snapshot,
)

BLOCKED, OFFLINE, PAUSED = LaneState.BLOCKED, LaneState.OFFLINE, LaneState.PAUSED
SENT_TODAY = Record(last_sent=at(9, 38))
UNREACHABLE = Problem("unreachable", "The service cannot be reached.", "Wait.")

STATES = [
    # nothing to do
    (snapshot(lane(sent=41)), SENT_TODAY, Icon.IDLE, "All delivered. 41 today, the last at 9:38 AM"),
    (
        snapshot(lane(sent=30), lane(LAKE_SCANS, sent=11)),
        SENT_TODAY,
        Icon.IDLE,
        "All delivered. 41 today, the last at 9:38 AM",
    ),
    (snapshot(lane(sent=1_204)), SENT_TODAY, Icon.IDLE, "All delivered. 1,204 today, the last at 9:38 AM"),
    (snapshot(), Record(last_sent=at(16, 51, days=-1)), Icon.IDLE, "All delivered. The last yesterday at 4:51 PM"),
    (snapshot(), Record(), Icon.IDLE, "Ready. Nothing was dropped yet"),
    # what goes by itself is no trouble, but it is not delivered either
    (
        snapshot(lane(sent=41), packets=packets(2, "held", next_at=at(8, 12, days=1))),
        SENT_TODAY,
        Icon.IDLE,
        "41 delivered today, the last at 9:38 AM; 2 go later",
    ),
    (snapshot(packets=packets(1, "waiting")), Record(), Icon.IDLE, "0 delivered today; 1 goes later"),
    (
        snapshot(packets=packets(1, "queued", next_at=at(9, 44))),
        SENT_TODAY,
        Icon.IDLE,
        "0 delivered today, the last at 9:38 AM; 1 goes later",
    ),
    (
        snapshot(lane(problem=UNREACHABLE), packets=packets(5, "queued")),
        Record(),
        Icon.BLOCKED,
        "Main Street, attachments: does not get through; 5 wait",
    ),
    # working
    (snapshot(packets=packets(3, "sending") + packets(5, "queued")), Record(), Icon.WORKING, "Sending 3; 5 are next"),
    (snapshot(packets=packets(1, "sending") + packets(1, "queued")), Record(), Icon.WORKING, "Sending 1; 1 is next"),
    (snapshot(packets=packets(3, "sending")), Record(), Icon.WORKING, "Sending 3"),
    (snapshot(packets=packets(5, "queued", next_at=at(9, 40))), Record(), Icon.WORKING, "5 are next"),
    # paused
    (
        snapshot(lane(state=PAUSED, since=at(9, 15)), packets=packets(6, "queued")),
        Record(),
        Icon.PAUSED,
        "Paused since 9:15 AM; 6 wait",
    ),
    (snapshot(lane(state=PAUSED, since=at(9, 15))), Record(), Icon.PAUSED, "Paused since 9:15 AM"),
    (
        snapshot(lane(state=PAUSED, since=at(16, 51, days=-1)), packets=packets(1, "held")),
        Record(),
        Icon.PAUSED,
        "Paused since yesterday at 4:51 PM; 1 waits",
    ),
    (
        snapshot(lane(), lane(LAKE_SCANS, PAUSED, since=at(9, 15)), packets=packets(2, "queued", LAKE_SCANS)),
        Record(),
        Icon.PAUSED,
        "Lakeside, attachments: paused since 9:15 AM; 2 wait",
    ),
    # attention
    (snapshot(lane(needs=3)), Record(), Icon.ATTENTION, "3 need attention"),
    (snapshot(lane(needs=1)), Record(), Icon.ATTENTION, "1 needs attention"),
    (snapshot(lane(needs=1), lane(LAKE_SCANS, needs=2)), Record(), Icon.ATTENTION, "3 need attention"),
    # blocked or offline
    (
        snapshot(lane(LAKE_STATEMENTS, BLOCKED), packets=packets(14, "queued", LAKE_STATEMENTS)),
        Record(),
        Icon.BLOCKED,
        "Lakeside, statements: blocked; 14 wait",
    ),
    (snapshot(lane(LAKE_STATEMENTS, BLOCKED)), Record(), Icon.BLOCKED, "Lakeside, statements: blocked"),
    (snapshot(lane(LAKE_SCANS, OFFLINE)), Record(), Icon.BLOCKED, "Lakeside, attachments: folder offline"),
    (
        snapshot(
            lane(LAKE_STATEMENTS, BLOCKED), lane(LAKE_SCANS, OFFLINE), packets=packets(14, "queued", LAKE_STATEMENTS)
        ),
        Record(),
        Icon.BLOCKED,
        "Lakeside, statements: blocked; 14 wait · Lakeside, attachments: folder offline",
    ),
    # not running
    (
        snapshot(lane(sent=41), running=False),
        SENT_TODAY,
        Icon.NOT_RUNNING,
        "OutTray is not running; nothing is being sent",
    ),
    # before the first look
    (replace(snapshot(), lanes=()), Record(), Icon.WORKING, "OutTray is starting"),
]


@pytest.mark.parametrize(("now", "record", "icon", "line"), STATES, ids=[state[3] for state in STATES])
def test_the_picture_and_the_line(now: Snapshot, record: Record, icon: Icon, line: str) -> None:
    shown = view(now, record, NOW)
    assert (shown.icon, shown.line) == (icon, line)


def test_the_worst_state_wins() -> None:
    """Not running, stopped lanes, attention, paused, working, idle: each hides those behind it."""
    everything = snapshot(
        lane(MAIN_SCANS, needs=1),
        lane(MAIN_STATEMENTS, PAUSED, since=at(9)),
        lane(LAKE_SCANS, BLOCKED),
        packets=packets(2, "sending"),
        running=False,
    )
    running = replace(everything, running=True)
    no_stop = replace(running, lanes=(running.lanes[0], running.lanes[1]))
    no_needs = replace(no_stop, needs_attention=0)
    no_pause = replace(no_needs, lanes=(no_needs.lanes[0],))
    steps = [everything, running, no_stop, no_needs, no_pause, replace(no_pause, packets=())]
    assert [view(step, Record(), NOW).icon for step in steps] == [
        Icon.NOT_RUNNING,
        Icon.BLOCKED,
        Icon.ATTENTION,
        Icon.PAUSED,
        Icon.WORKING,
        Icon.IDLE,
    ]


def texts(now: Snapshot, record: Record = SENT_TODAY, *, page: bool = True) -> list[str]:
    return [entry.text for entry in view(now, record, NOW, page=page).menu]


def test_the_menu_when_all_is_well() -> None:
    assert texts(snapshot(lane(sent=41))) == [
        "All delivered. 41 today, the last at 9:38 AM",
        "Open activity",
        "Open folder",
        "Pause",
        "Copy last control number",
        "Help",
        "Quit",
    ]


def test_the_menu_when_something_failed() -> None:
    assert texts(snapshot(lane(needs=3)), Record(failed=2, numbered=True)) == [
        "3 need attention",
        "3 need attention",
        "Open activity",
        "Open folder",
        "Pause",
        "Retry failed (2)",
        "Copy last control number",
        "Help",
        "Quit",
    ]


def test_the_menu_when_paused_offers_to_resume() -> None:
    menu = texts(snapshot(lane(), lane(LAKE_SCANS, PAUSED, since=at(9))))
    assert "Resume" in menu
    assert "Pause" not in menu


def test_the_menu_when_it_is_not_running() -> None:
    assert texts(snapshot(running=False)) == [
        "OutTray is not running; nothing is being sent",
        "Start OutTray",
        "Help",
        "Quit",
    ]


def test_without_a_page_nothing_offers_to_open_it() -> None:
    shown = view(snapshot(lane(needs=1)), Record(), NOW, page=False)
    assert all(entry.act is not Act.OPEN for entry in shown.menu)
    assert "Open activity" not in [entry.text for entry in shown.menu]


def test_each_lane_has_its_folder() -> None:
    folders = next(entry for entry in view(snapshot(lane(), lane(LAKE_STATEMENTS)), Record(), NOW).menu if entry.inside)
    assert [(one.text, one.act, one.target) for one in folders.inside] == [
        ("Main Street, attachments", Act.FOLDER, MAIN_SCANS),
        ("Lakeside, statements", Act.FOLDER, LAKE_STATEMENTS),
    ]


def test_a_click_on_the_icon_opens_the_page_or_starts_the_agent() -> None:
    def main_act(now: Snapshot) -> Act | None:
        return next(entry.act for entry in view(now, Record(), NOW).menu if entry.main)

    assert main_act(snapshot()) is Act.OPEN
    assert main_act(snapshot(running=False)) is Act.START


def test_there_is_a_control_number_to_copy_only_after_the_first() -> None:
    def can_copy(record: Record) -> bool:
        return next(entry.enabled for entry in view(snapshot(), record, NOW).menu if entry.act is Act.COPY)

    assert not can_copy(Record())
    assert can_copy(Record(numbered=True))


lanes = st.builds(
    lane,
    st.sampled_from([MAIN_SCANS, MAIN_STATEMENTS, LAKE_SCANS, LAKE_STATEMENTS]),
    st.sampled_from(LaneState),
    since=st.none() | st.just(at(9)),
    needs=st.integers(0, 600),
    sent=st.integers(0, 5000),
)
some_packets = st.builds(
    packets,
    st.integers(0, 4),
    st.sampled_from(["settling", "waiting", "held", "queued", "sending", "delivered"]),
    st.sampled_from([MAIN_SCANS, LAKE_STATEMENTS]),
)


@given(st.lists(lanes, min_size=1, max_size=4), st.lists(some_packets, max_size=4), st.booleans())
def test_nobody_and_no_file_is_named_and_a_tick_stands_only_over_what_is_in_order(
    lanes: list, groups: list, running: bool
) -> None:
    now = snapshot(*lanes, packets=tuple(one for group in groups for one in group), running=running)
    shown = view(now, SENT_TODAY, NOW)
    assert "PATIENT" not in repr(shown)
    if shown.icon is Icon.IDLE:
        assert now.running
        assert not now.needs_attention
        assert {one.state for one in now.lanes} == {LaneState.RUNNING}
        assert all(packet.state != "sending" for packet in now.packets)
