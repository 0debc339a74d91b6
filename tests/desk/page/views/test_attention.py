"""What needs someone: which items, in which order, with which words and buttons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from agent.delivery.glance import glance
from agent.delivery.problems import DUPLICATE, GAVE_UP_UNSURE
from agent.delivery.told import CHECK_ANEW, NOWHERE
from agent.desk.page.tokens import file_token
from agent.desk.page.views.attention import (
    ROWS_SHOWN,
    Item,
    files_anchor,
    items,
    of_lane,
    of_packet,
)
from agent.desk.page.views.guides import PACKETS
from agent.desk.page.words import Almanac, plain
from agent.destinations.problems import UNREACHABLE
from agent.folder.problems import NO_ROOM
from agent.model import Fault, LaneState, PacketState, Problem
from tests.support import activity
from tests.support.activity import NOW, busy_snapshot, failed, failed_ones, going, packet, snapshot, well_lanes

ALMANAC = Almanac(NOW, timezone(timedelta(hours=-5)))


def labels(item: Item) -> list[str]:
    return [button.label for button in item.buttons]


def test_nothing_needs_anyone_where_everything_runs() -> None:
    assert items(snapshot(), [], ALMANAC) == []
    assert glance(snapshot()).needs == 0


def test_lanes_come_first_and_then_packets_the_oldest_first() -> None:
    found = items(busy_snapshot(), reversed(failed_ones()), ALMANAC)
    assert [item.id for item in found] == [
        "lane-lakeside-attachments",
        "lane-lakeside-statements",
        files_anchor("main-street/attachments", ("SCN_0007.jpg",)),
        "packet-20260714-July-statements",
        "packet-20260714-PAN-20398",
        "packet-20260714-PA-20402",
        "packet-20260714-aging-july",
    ]
    assert glance(busy_snapshot()).needs == len(found)


def test_a_blocked_lane_says_that_nothing_is_lost_and_has_the_text_for_it() -> None:
    item = items(busy_snapshot(), [], ALMANAC)[1]
    assert plain(item.where) == "Lakeside, statements · blocked since 8:40 AM"
    assert item.means.startswith("14 statement files wait. None is lost")
    assert item.do.endswith("Then press Retry.")
    assert labels(item) == ["Copy the text for IT", "Retry"]
    assert [button.is_main for button in item.buttons] == [True, False]
    assert "lakeside/statements" in item.buttons[0].copies
    assert "HTTP status 401" in item.buttons[0].copies
    assert (item.buttons[1].address, item.buttons[1].fields) == ("/resume", (("lane", "lakeside/statements"),))
    assert item.for_it == ("https://api.example.com: HTTP status 401",)


def test_a_lane_that_is_offline_is_looked_at_again_on_demand() -> None:
    item = items(busy_snapshot(), [], ALMANAC)[0]
    assert plain(item.where) == "Lakeside, attachments · offline"
    assert item.tone == "stop"
    assert item.buttons[0].address == "/look"


@pytest.mark.parametrize(("words", "needs"), [(NO_ROOM, 1), (UNREACHABLE, 0)])
def test_a_lane_that_runs_needs_someone_only_for_what_a_person_can_end(words: object, needs: int) -> None:
    problem = words.problem(folder="/scans", service="attachments service")  # type: ignore[attr-defined]
    lanes = (replace(well_lanes()[0], problem=problem), *well_lanes()[1:])
    assert len(items(snapshot(lanes), [], ALMANAC)) == needs == glance(snapshot(lanes)).needs


def test_a_blocked_lane_behind_which_nothing_waits_says_so() -> None:
    lane = replace(well_lanes()[0], state=LaneState.BLOCKED, problem=Problem("code", "It is blocked.", "Tell IT."))
    assert of_lane(lane, ALMANAC).means == "Nothing waits at the moment, and nothing is lost."


def test_rows_that_are_wrong_stand_in_a_table_as_the_spreadsheet_calls_them() -> None:
    item = of_packet(failed_ones()[0], ALMANAC)
    assert item.heading == "July-statements.xlsx has 3 rows that cannot be sent as they are."
    assert item.do == "Correct these rows and save the file, then press Retry."
    assert labels(item) == ["Show the file", "Retry", "Print this list"]
    assert item.table is not None
    assert item.table.unit == "row"
    first, _, last = item.table.rows
    assert (first.number, first.column, first.value) == ("18", "Amount Due", "1.234,56")
    assert (last.number, last.column, last.value) == ("140", "Acct #", "")
    assert item.for_it == ()


def test_a_place_whose_value_stands_in_no_document_is_told_as_such_and_checked_anew() -> None:
    untold = replace(activity.BAD_SHEET, details=(Fault("row 18, column Amount Due", "", NOWHERE),))
    item = of_packet(replace(failed_ones()[0], problem=untold), ALMANAC)
    assert item.table is not None
    assert [(row.number, row.column, row.value, row.message) for row in item.table.rows] == [
        ("18", "Amount Due", "", NOWHERE)
    ]
    assert not item.table.has_values
    assert item.do == CHECK_ANEW


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    faults = tuple(Fault(f"row {number}, column A", "x", "No.") for number in range(1, 201))
    record = failed("a.csv", replace(activity.BAD_SHEET, details=faults), lane=activity.STATEMENTS)
    table = of_packet(record, ALMANAC).table
    assert table is not None
    assert (len(table.rows), table.more) == (ROWS_SHOWN, 200 - ROWS_SHOWN)


def test_fields_that_are_wrong_are_corrected_here() -> None:
    item = of_packet(failed("PAN-20398.pdf", activity.BAD_FIELDS, claim="CLM-20398"), ALMANAC)
    assert labels(item)[0] == "Correct the metadata"
    assert item.buttons[0].address == "/packet/20260714-PAN-20398/metadata"
    assert item.means == "PAN-20398.pdf was not sent, so claim CLM-20398 has no control number yet."
    assert item.table is not None
    assert (item.table.unit, item.table.rows[0].column, item.table.rows[0].value) == ("", "Payer ID", "TST0")


def test_a_refused_scan_is_corrected_and_a_refused_statement_file_is_shown() -> None:
    scan = of_packet(failed("a.pdf", activity.UNKNOWN_PAYER), ALMANAC)
    assert labels(scan)[0] == "Correct the metadata"
    assert scan.for_it
    sheet = of_packet(failed("a.csv", activity.UNKNOWN_PAYER, lane=activity.STATEMENTS), ALMANAC)
    assert labels(sheet) == ["Show the file", "Retry"]


def test_two_sidecars_and_new_columns_lead_to_their_own_forms() -> None:
    two, columns = failed_ones()[2:]
    assert of_packet(two, ALMANAC).buttons[0].address == "/packet/20260714-PA-20402/whose"
    assert of_packet(columns, ALMANAC).buttons[0].address == "/packet/20260714-aging-july/mapping"


def test_what_may_have_arrived_is_not_sent_again_with_the_main_button() -> None:
    problem = GAVE_UP_UNSURE.problem(name="a.pdf", hours=72, last="No answer.")
    item = of_packet(failed("a.pdf", problem, possibly_sent=True), ALMANAC)
    assert next(button.label for button in item.buttons if button.is_main) == "Copy the text for IT"
    assert item.means == "It may have arrived, or it may not."


def test_a_duplicate_needs_no_main_button() -> None:
    problem = DUPLICATE.problem(name="a.pdf", when="today", reference="")
    buttons = of_packet(failed("a.pdf", problem), ALMANAC).buttons
    assert [button.address for button in buttons] == ["/dismiss", "/show"]
    assert not any(button.is_main for button in buttons)


def test_a_delivered_file_that_the_service_took_amiss_is_not_called_failed() -> None:
    problem = Problem("statements-not-accepted", "a.csv arrived, but 1 of 9 was marked.", "Look at it.")
    record = replace(packet("a.csv", lane=activity.STATEMENTS), problem=problem)
    item = of_packet(record, ALMANAC)
    assert "sent at" in plain(item.where)
    assert item.means == "The file itself was delivered."


def test_a_scan_without_a_sidecar_is_completed_here() -> None:
    waiting = going("Kim & Lee 1+1.jpg", PacketState.WAITING, minutes=45, needs_someone=True)
    (item,) = items(snapshot(packets=(waiting,), needs_attention=1), [], ALMANAC)
    assert item.heading == "The scan Kim & Lee 1+1.jpg came without a sidecar."
    assert plain(item.where) == "Main Street, attachments · waiting since 8:57 AM"
    assert labels(item) == ["Complete the metadata here", "Show the file", "Open folder"]
    assert item.buttons[0].address == (
        f"/scan/{activity.SCANS}/{file_token(str(activity.SCANS), 'Kim & Lee 1+1.jpg')}/form"
    )
    assert "Kim" not in item.id


def test_a_scan_that_waits_for_less_than_its_time_needs_nobody() -> None:
    assert items(snapshot(packets=(going("a.jpg", PacketState.WAITING),)), [], ALMANAC) == []


def test_a_problem_that_the_page_has_no_guide_for_keeps_its_own_words() -> None:
    record = failed("a.pdf", Problem("some-new-code", "A new thing happened.", "Do this."), minutes=60 * 30)
    item = of_packet(record, ALMANAC)
    assert (item.heading, item.do, labels(item)) == (
        "a.pdf: A new thing happened.",
        "Do this.",
        ["Retry", "Show the file"],
    )
    assert plain(item.where).endswith("failed yesterday at 3:42 AM")


@pytest.mark.parametrize("code", PACKETS)
def test_every_item_has_one_to_three_buttons_and_at_most_one_main_one(code: str) -> None:
    record = failed("a.pdf", Problem(code, "It was not sent.", "Do this."))
    item = of_packet(record, ALMANAC)
    assert 1 <= len(item.buttons) <= 3
    assert [button.is_main for button in item.buttons].count(True) <= 1
    assert not any(button.is_main for button in item.buttons[1:])
