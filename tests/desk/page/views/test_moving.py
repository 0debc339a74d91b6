"""What goes by itself: sending, later, delivered, and each lane in a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from agent.delivery.glance import glance
from agent.delivery.snapshot import LaneSnapshot, Snapshot, moment
from agent.desk.page.views import moving
from agent.desk.page.words import Almanac, plain
from agent.destinations.problems import UNREACHABLE
from agent.folder.problems import NO_ROOM, OFFLINE
from agent.model import LaneState, PacketState
from tests.support import activity
from tests.support.activity import NOW, ago, busy_snapshot, going, snapshot, well_lanes

ALMANAC = Almanac(NOW, timezone(timedelta(hours=-5)))
TOMORROW = moment(NOW + timedelta(hours=22, minutes=30))


def with_first(**facts: object) -> Snapshot:
    """All lanes run but the first."""
    first, *others = well_lanes()
    return snapshot((replace(first, **facts), *others))  # type: ignore[arg-type]


def first_row(shown: Snapshot) -> moving.LaneRow:
    return moving.lane_rows(shown, {}, ALMANAC)[0]


# --- Sending --------------------------------------------------------------------------------------------------------


def test_what_is_being_sent_shows_how_far_it_has_come() -> None:
    large, several, all_out = moving.sending(busy_snapshot(), {}, {"20260714-CBCT-20421": "CLM-20421"})
    assert (large.share, large.amount, large.said) == ("62 %", "318 of 512 MB.", "Claim CLM-20421.")
    assert (several.name, several.done, several.whole) == ("BW-0.jpg and 3 more", 7_400_000, 8_200_000)
    assert (all_out.share, all_out.amount, all_out.done) == ("all sent", "The receipt is on its way.", None)


def test_fresh_progress_goes_before_the_snapshot() -> None:
    (row, *_) = moving.sending(busy_snapshot(), {"20260714-CBCT-20421": (256_000_000, 512_000_000)}, {})
    assert row.share == "50 %"


def test_a_file_of_which_nothing_is_out_yet_has_sent_nothing() -> None:
    (row,) = moving.sending(snapshot(packets=(going("a.pdf", PacketState.SENDING, total_bytes=0),)), {}, {})
    assert (row.share, row.done) == ("0 %", 0)


def test_what_is_next_is_counted_only_where_its_lane_runs() -> None:
    assert glance(busy_snapshot()).next == 5


# --- Later ----------------------------------------------------------------------------------------------------------


def later_row(*packets: object) -> moving.Later:
    (row,), _ = moving.later(snapshot(packets=packets), ALMANAC)  # type: ignore[arg-type]
    return row


def test_a_held_file_says_until_when_and_that_it_is_safe() -> None:
    row = later_row(going("a.xml", PacketState.HELD, next_at=TOMORROW, why="A file named a.xml went today."))
    assert plain(row.lead) == "Held: goes tomorrow at 8:12 AM."
    assert plain(row.said) == (
        "A file named a.xml went today. This one is safe, even if the PMS writes the name again."
    )
    assert row.withdraws == "20260714-a"


def test_a_retry_says_when() -> None:
    row = later_row(going("a.pdf", PacketState.QUEUED, next_at=moment(NOW + timedelta(minutes=2)), why="It is busy."))
    assert plain(row.said) == "It is busy. Goes again at 9:44 AM."


def test_a_fresh_scan_without_a_sidecar_can_be_completed_at_once() -> None:
    row = later_row(going("a.jpg", PacketState.WAITING, minutes=4))
    assert plain(row.said) == "Waits for its sidecar since 9:38 AM."
    assert [button.label for button in row.buttons] == ["Complete the metadata here"]


def test_a_sidecar_says_which_files_it_waits_for() -> None:
    row = later_row(going("x.json", PacketState.WAITING, files=(), sidecar="sub/x.json", why="Waits for a.jpg."))
    assert (row.name, plain(row.said)) == ("x.json", "Waits for a.jpg.")


def test_what_needs_someone_stands_elsewhere() -> None:
    packets = (going("a.jpg", PacketState.WAITING, needs_someone=True), going("b.pdf", PacketState.QUEUED))
    assert moving.later(snapshot(packets=packets), ALMANAC) == ([], 0)


def test_five_hundred_files_behind_a_blocked_lane_are_one_row() -> None:
    lanes = tuple(replace(lane, state=LaneState.BLOCKED) for lane in well_lanes())
    packets = tuple(going(f"{number}.pdf", PacketState.QUEUED) for number in range(500))
    (row,), more = moving.later(snapshot(lanes, packets), ALMANAC)
    assert row.name == "500 scans of Main Street, attachments"
    assert plain(row.said) == "The lane is blocked. They go as soon as it runs again."
    assert more == 0


def test_never_more_rows_than_can_be_read() -> None:
    packets = tuple(going(f"{number}.xml", PacketState.HELD, next_at=TOMORROW) for number in range(50))
    rows, more = moving.later(snapshot(packets=packets), ALMANAC)
    assert (len(rows), more) == (moving.LATER_SHOWN, 50 - moving.LATER_SHOWN)


# --- Lanes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "glyph", "said"),
    [
        ({}, "ok", "Running. Nothing sent lately."),
        ({"state": LaneState.PAUSED, "since": moment(ago(27))}, "paused", "Paused since 9:15 AM."),
        (
            {"state": LaneState.OFFLINE, "problem": OFFLINE.problem(folder="X")},
            "offline",
            "Offline: the folder cannot be reached.",
        ),
        ({"state": LaneState.BLOCKED}, "blocked", "Blocked: the service does not let it send."),
        (
            {"problem": UNREACHABLE.problem(service="attachments service")},
            "wait",
            "Running. The attachments service could not be reached. It tries again by itself.",
        ),
        ({"problem": NO_ROOM.problem(folder="X")}, "fix", "Running, but something needs you."),
    ],
)
def test_a_lane_in_a_sentence(facts: dict[str, object], glyph: str, said: str) -> None:
    row = first_row(with_first(**facts))
    assert (row.glyph, row.lead + plain(row.said)) == (glyph, said)


def test_a_lane_says_when_it_has_sent_last() -> None:
    rows = moving.lane_rows(snapshot(), {"main-street/attachments": ago(4)}, ALMANAC)
    assert plain(rows[0].said) == ". Last sent 9:38 AM."
    assert rows[0].can == "pause"


def test_a_lane_with_a_held_file_has_no_tick() -> None:
    held = going("a.xml", PacketState.HELD, next_at=TOMORROW)
    row = first_row(snapshot(packets=(held,)))
    assert (row.glyph, plain(row.said)) == ("wait", ". One file goes by itself tomorrow at 8:12 AM.")


def test_no_lane_has_a_tick_where_the_engine_has_stopped() -> None:
    rows = moving.lane_rows(snapshot(running=False), {}, ALMANAC)
    assert {(row.glyph, row.lead, row.can) for row in rows} == {("quiet", "Not running", "")}


# --- Bands ----------------------------------------------------------------------------------------------------------


def paused(lane: LaneSnapshot, waiting: int = 0) -> LaneSnapshot:
    return replace(lane, state=LaneState.PAUSED, since=moment(ago(27)), counts={"queued": waiting})


def test_a_pause_of_everything_says_who_since_when_and_what_waits() -> None:
    lanes = tuple(paused(lane, 2) for lane in well_lanes())
    by_whom = {lane.lane: "rosa" for lane in lanes}
    (band,) = moving.bands(snapshot(lanes), by_whom, ALMANAC)
    assert plain(band.lead) == "Paused by rosa since 9:15 AM."
    assert band.said == "8 packets wait. Nothing is lost. They go when you resume."
    assert band.resumes == "*"


def test_a_pause_of_one_lane_names_it() -> None:
    first, *others = well_lanes()
    (band,) = moving.bands(snapshot((paused(first), *others)), {}, ALMANAC)
    assert plain(band.lead) == "Main Street, attachments is paused since 9:15 AM."
    assert band.resumes == "main-street/attachments"


def test_a_stopped_engine_says_only_that() -> None:
    (band,) = moving.bands(snapshot(running=False, notes=("The ledger was missing.",)), {}, ALMANAC)
    assert band.tone == "stop"


def test_what_the_agent_has_to_say_of_itself_stands_on_every_page() -> None:
    (band,) = moving.bands(snapshot(notes=("The ledger was missing.",)), {}, ALMANAC)
    assert plain(band.lead) == "The ledger was missing."


def test_a_delivered_packet_shows_its_claim_and_its_control_number() -> None:
    (row,) = moving.delivered(activity.sent_ones()[:1], ALMANAC)
    assert (row.name, row.said, row.at.text) == ("FMX-20416.jpg and 9 more", "Claim CLM-20416", "9:38 AM")
    assert row.control_number == "CHC#65a4c0ffee12d34b5e6f7a81"
