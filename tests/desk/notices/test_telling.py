"""What is told, in which words, and when there is silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.notices.notice import Notice
from agent.desk.notices.situation import situation_of
from agent.desk.notices.telling import QUIET, Told, Wanted, tell
from agent.ledger.records import PacketFile, PacketRecord, Shelf
from agent.model import Fault, Identity, LaneId, LaneKind, LaneState, PacketState, Problem
from tests.support.tray import LAKE_SCANS, LAKE_STATEMENTS, MAIN_SCANS, MAIN_STATEMENTS, NOW, lane, packets, snapshot

BLOCKED, OFFLINE, RUNNING = LaneState.BLOCKED, LaneState.OFFLINE, LaneState.RUNNING
KEY = Problem("key-not-accepted", "The attachments service does not accept the credentials.", "Tell IT.")
AWAY = Problem("folder-offline", "The folder cannot be reached.", "Switch it on.")
HOUR = timedelta(hours=1)


def failed(
    code: str, number: int = 0, lane: str = MAIN_SCANS, *, rows: int = 0, state: PacketState = PacketState.FAILED
) -> PacketRecord:
    """A packet that failed with a problem that names a patient wherever a problem can."""
    store, _, kind = lane.partition("/")
    details = [Fault(f"row {row}, column Amount Due", "MARSH", "Theo Marsh") for row in range(2, 2 + rows)]
    return PacketRecord(
        id=f"p{number}",
        lane=LaneId(store, LaneKind(kind)),
        state=state,
        name="MARSH",
        shelf=Shelf.FAILED,
        files=(PacketFile("MARSH_THEO.pdf", "document", Identity(1, 1, "")),),
        arrived_at=datetime(2026, 7, 14, tzinfo=UTC),
        problem=Problem(code, "MARSH_THEO.pdf cannot go.", "Theo Marsh", tuple(details)),
    )


def told(
    now: Snapshot, *needing: PacketRecord, wanted: Wanted = "problems", show_names: bool = False
) -> list[tuple[str, str]]:
    """What is told of a situation of which nothing was told before."""
    telling = tell(situation_of(now, needing), Told(), NOW, wanted, show_names=show_names)
    return [(notice.title, notice.text) for notice in telling.notices]


NO_SIDECAR = packets(1, "waiting", needs_someone=True)
STATEMENT = MAIN_STATEMENTS


@pytest.mark.parametrize(
    ("now", "needing", "title", "text"),
    [
        (snapshot(packets=NO_SIDECAR), [], "A scan has no sidecar", "Complete the metadata on the page, and it goes."),
        (
            snapshot(packets=packets(4, "waiting", needs_someone=True)),
            [],
            "4 scans have no sidecar",
            "Complete the metadata on the page.",
        ),
        (
            snapshot(packets=packets(3, "waiting", needs_someone=True)),
            [failed("no-sidecar")],
            "4 scans have no sidecar",
            "Complete the metadata on the page.",
        ),
        (
            snapshot(),
            [failed("statement-rows", lane=STATEMENT, rows=3)],
            "A statement file was not sent",
            "3 rows need correcting.",
        ),
        (
            snapshot(),
            [failed("statement-rows", lane=STATEMENT, rows=1)],
            "A statement file was not sent",
            "1 row needs correcting.",
        ),
        (
            snapshot(),
            [failed("statement-rows", number, STATEMENT, rows=3) for number in range(2)],
            "2 statement files were not sent",
            "Rows in them need correcting.",
        ),
        (
            snapshot(),
            [failed("column-missing", lane=STATEMENT)],
            "A statement file has new columns",
            "Say once what they are.",
        ),
        (snapshot(), [failed("refused")], "A packet was refused", "The page says why and what to do."),
        (
            snapshot(),
            [failed("refused", number) for number in range(500)],
            "500 packets were refused",
            "The page says why and what to do.",
        ),
        (
            snapshot(lane(LAKE_STATEMENTS, BLOCKED, problem=KEY), packets=packets(14, "queued", LAKE_STATEMENTS)),
            [],
            "Lakeside, statements is blocked",
            "The service does not accept the key. 14 wait; nothing is lost.",
        ),
        (
            snapshot(lane(LAKE_STATEMENTS, BLOCKED, problem=KEY)),
            [],
            "Lakeside, statements is blocked",
            "The service does not accept the key. Nothing is lost.",
        ),
        (
            snapshot(lane(LAKE_SCANS, OFFLINE, problem=AWAY)),
            [],
            "Lakeside, attachments is offline",
            "The folder cannot be reached. OutTray keeps looking.",
        ),
        (snapshot(running=False), [], "OutTray has stopped", "Nothing is being sent. Start it from the tray."),
    ],
)
def test_the_words(now: Snapshot, needing: list[PacketRecord], title: str, text: str) -> None:
    assert told(now, *needing) == [(title, text)]


def test_what_is_in_order_or_goes_by_itself_is_not_told() -> None:
    going = packets(3, "sending") + packets(2, "held") + packets(2, "waiting")
    assert told(snapshot(lane(sent=41), packets=going)) == []


def test_what_a_person_withdrew_is_not_told() -> None:
    assert told(snapshot(), failed("withdrawn")) == []


def test_nothing_is_told_to_those_who_want_nothing() -> None:
    everything = snapshot(lane(LAKE_SCANS, OFFLINE, problem=AWAY), packets=NO_SIDECAR, running=False)
    assert told(everything, failed("refused"), wanted="none") == []


def test_a_name_is_told_only_where_that_was_asked_for() -> None:
    assert "MARSH" not in repr(told(snapshot(packets=NO_SIDECAR), failed("refused")))
    named = told(snapshot(), failed("refused"), show_names=True)
    assert named == [("A packet was refused", "MARSH_THEO.pdf: The page says why and what to do.")]


def test_a_click_leads_to_the_item_and_for_several_to_the_list() -> None:
    def target(*needing: PacketRecord) -> str:
        return tell(situation_of(snapshot(), needing), Told(), NOW, "problems").notices[0].target

    assert target(failed("refused", 7)) == "/#packet-p7"
    assert target(failed("refused", 7), failed("refused", 8)) == "/#needs"
    stopped = situation_of(snapshot(lane(LAKE_SCANS, OFFLINE, problem=AWAY)), ())
    assert tell(stopped, Told(), NOW, "problems").notices[0].target == "/#lane-lakeside-attachments"


class Ear:
    """Hears what is told in the course of a day."""

    def __init__(self, wanted: Wanted = "problems") -> None:
        self.told = Told()
        self.heard: list[Notice] = []
        self.wanted = wanted

    def look(self, now: Snapshot, *needing: PacketRecord, after: timedelta = timedelta()) -> list[str]:
        """The titles of what is told at this moment."""
        telling = tell(situation_of(now, needing), self.told, NOW + after, self.wanted)
        self.told = telling.told
        self.heard += telling.notices
        return [notice.title for notice in telling.notices]


def test_the_same_cause_is_told_once() -> None:
    ear = Ear()
    first, second = failed("refused", 1), failed("refused", 2)
    assert ear.look(snapshot(), first) == ["A packet was refused"]
    assert ear.look(snapshot(), first, after=HOUR) == []
    assert ear.look(snapshot(), first, second, after=2 * HOUR) == []
    assert ear.look(snapshot(), first, second, after=QUIET) == ["2 packets were refused"]
    assert ear.look(snapshot(), first, second, after=100 * HOUR) == []


def test_another_cause_is_told_beside_it() -> None:
    ear = Ear()
    ear.look(snapshot(), failed("refused", 1))
    assert ear.look(snapshot(packets=NO_SIDECAR), failed("refused", 1)) == ["A scan has no sidecar"]


def test_a_lane_that_runs_again_is_told_once() -> None:
    ear = Ear()
    stopped = snapshot(lane(LAKE_STATEMENTS, BLOCKED, problem=KEY))
    runs = snapshot(lane(LAKE_STATEMENTS), packets=packets(14, "queued", LAKE_STATEMENTS))
    assert ear.look(stopped) == ["Lakeside, statements is blocked"]
    assert ear.look(stopped, after=10 * HOUR) == []
    assert ear.look(runs, after=11 * HOUR) == ["Lakeside, statements runs again"]
    assert ear.heard[-1].text == "14 are being sent."
    assert ear.look(runs, after=12 * HOUR) == []


def test_a_lane_that_was_paused_meanwhile_does_not_run_again() -> None:
    ear = Ear()
    ear.look(snapshot(lane(LAKE_STATEMENTS, BLOCKED, problem=KEY)))
    assert ear.look(snapshot(lane(LAKE_STATEMENTS, LaneState.PAUSED))) == []
    assert ear.look(snapshot(lane(LAKE_STATEMENTS))) == ["Lakeside, statements runs again"]


def test_a_share_that_comes_and_goes_all_day_is_told_now_and_then() -> None:
    ear = Ear()
    away, back = snapshot(lane(LAKE_SCANS, OFFLINE, problem=AWAY)), snapshot(lane(LAKE_SCANS))
    for minute in range(0, 8 * 60):
        ear.look(away if minute % 2 else back, after=timedelta(minutes=minute))
    assert len(ear.heard) == 4  # in eight hours: away and back, twice


def test_many_lanes_that_stop_at_once_have_one_cause() -> None:
    ear = Ear()
    names = [f"store-{number}/attachments" for number in range(300)]
    assert ear.look(snapshot(*(lane(name, BLOCKED, problem=KEY) for name in names))) == [
        "300 lanes are blocked or offline"
    ]
    assert ear.look(snapshot(*(lane(name) for name in names))) == ["300 lanes run again"]


def test_those_who_want_all_hear_of_deliveries_too_but_not_of_each() -> None:
    ear = Ear("all")
    assert ear.look(snapshot(lane(sent=10))) == []
    assert ear.look(snapshot(lane(sent=11))) == ["1 packet was delivered"]
    assert ear.look(snapshot(lane(sent=15)), after=timedelta(seconds=30)) == []
    assert ear.look(snapshot(lane(sent=20)), after=timedelta(seconds=61)) == ["9 packets were delivered"]
    assert ear.look(snapshot(lane(sent=0)), after=20 * HOUR) == []
    assert Ear("problems").look(snapshot(lane(sent=11))) == []


causes = st.sampled_from(["refused", "sidecar-fields", "no-sidecar", "gave-up", "statement-rows", "column-missing"])
lane_names = st.sampled_from([MAIN_SCANS, MAIN_STATEMENTS, LAKE_SCANS, LAKE_STATEMENTS])


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(causes, lane_names), min_size=500, max_size=500),
    st.lists(st.sampled_from([RUNNING, BLOCKED, OFFLINE]), min_size=20, max_size=20),
    st.integers(5, 60),
)
def test_a_storm_of_failures_is_a_handful_of_notices(
    storm: list[tuple[str, str]], lanes: list[LaneState], wave: int
) -> None:
    """500 packets fail in three hours, in waves, while a lane comes and goes."""
    ear = Ear()
    failures = [failed(code, number, of_lane, rows=2) for number, (code, of_lane) in enumerate(storm)]
    for number in range(0, 500, wave):
        state = lanes[number % len(lanes)]
        shaky: LaneSnapshot = lane(LAKE_SCANS, state, problem=None if state is RUNNING else AWAY)
        ear.look(snapshot(lane(), shaky), *failures[: number + wave], after=timedelta(seconds=20 * number))
    assert len(ear.heard) <= 6 + 4  # six causes, and a lane that stands still in two ways and comes back
    assert "MARSH" not in repr(ear.heard)


def test_a_clock_that_was_set_back_does_not_silence_for_long() -> None:
    ear = Ear()
    ear.look(snapshot(), failed("refused", 1), after=1000 * HOUR)
    assert ear.look(snapshot(), failed("refused", 2)) == ["A packet was refused"]


def test_a_scan_that_waits_is_known_by_no_name() -> None:
    waiting = PacketSnapshot("", MAIN_SCANS, "MARSH_THEO", "waiting", files=("MARSH_THEO.pdf",), needs_someone=True)
    now = replace(snapshot(), packets=(waiting,))
    assert "MARSH" not in repr(tell(situation_of(now, ()), Told(), NOW, "problems").notices)
