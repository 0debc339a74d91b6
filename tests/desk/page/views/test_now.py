"""*Now* as a whole: what its headline says, and what of it is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.desk.page.views.now import MOST_ITEMS, now_of
from agent.desk.page.words import plain
from agent.model import LaneState, PacketState, Problem
from tests.support import activity
from tests.support.page import DeskPractice, desk_in, signed_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


def test_the_first_day_says_what_to_do(practice: DeskPractice) -> None:
    now = now_of(practice.desk)
    assert (now.headline, now.calm, now.first_day) == ("Ready", True, True)
    assert "Put a scan and its sidecar into the scans folder" in plain(now.lead)


def test_all_well_says_how_many_went_today(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    now = now_of(practice.desk)
    assert (now.headline, now.picture, now.calm) == ("All delivered.", "idle", True)
    assert plain(now.lead).startswith("41 went out today, the last at ")


def test_what_needs_someone_goes_before_everything_but_a_stopped_engine(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    now = now_of(practice.desk)
    assert (now.title, now.headline, now.picture) == ("7 need you", "7 things need you", "blocked")
    told = "".join(part.before + part.text + part.after for part in now.parts)
    assert told == "The rest takes care of itself: 3 are sending, 5 go next, 18 go later, 41 were delivered today."
    assert now.failed == 4
    practice.alive = False
    stopped = now_of(practice.desk)
    assert (stopped.headline, stopped.picture) == ("OutTray has stopped", "not-running")


def test_sending_alone_is_no_reason_to_do_anything(practice: DeskPractice) -> None:
    practice.board.put(activity.snapshot(packets=(activity.going("a.pdf", PacketState.SENDING),)))
    now = now_of(practice.desk)
    assert (now.headline, now.picture, now.calm) == ("1 is sending", "working", False)
    assert plain(now.lead) == "Everything else is delivered. There is nothing that you need to do."


def test_a_pause_never_looks_well(practice: DeskPractice) -> None:
    lanes = tuple(replace(lane, state=LaneState.PAUSED) for lane in activity.well_lanes())
    practice.board.put(activity.snapshot(lanes))
    now = now_of(practice.desk)
    assert (now.headline, now.picture, now.calm) == ("Paused", "paused", False)


def test_more_than_four_items_fold(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    page = signed_in(practice.desk).get("/").text
    assert "3 more need you</summary>" in page
    open_part, _, folded = page.partition('<details class="rest"')
    assert open_part.count('<article class="item"') == 4
    assert folded.count('<article class="item"') == 3


def test_the_page_shows_progress_times_and_control_numbers(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    page = signed_in(practice.desk).get("/").text
    assert '<progress max="512000000" value="318000000"' in page
    assert 'data-copy="CHC#65a4c0ffee12d34b5e6f7a81"' in page
    assert page.count("<time ") > 10
    assert '<form class="ask" method="post" action="/retry">' in page


def test_nothing_from_a_file_becomes_markup(practice: DeskPractice) -> None:
    name = "<script>alert(1)</script>\"'.jpg"
    bad = replace(activity.BAD_FIELDS, sentence=f"{name} is bad.")
    activity.remember(practice.ledger, activity.failed(name, bad, claim="<img src=x onerror=alert(1)>"))
    waiting = activity.going(name, PacketState.WAITING, needs_someone=True)
    practice.board.put(activity.snapshot(packets=(waiting,), needs_attention=2, notes=("<b>note</b>",)))
    page = signed_in(practice.desk).get("/").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>note" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_stopped_engine_shows_no_tick(practice: DeskPractice) -> None:
    practice.alive = False
    page = signed_in(practice.desk).get("/").text
    assert "OutTray has stopped" in page
    assert 'class="glyph ok"' not in page
    assert "/idle.svg" not in page


def test_hundreds_that_need_someone_are_a_window_that_moves_on(practice: DeskPractice) -> None:
    problem = Problem("refused", "The service did not accept it.", "Correct it.")
    ones = [activity.failed(f"S{number}.pdf", problem, minutes=1) for number in range(MOST_ITEMS + 70)]
    activity.remember(practice.ledger, *ones)
    page = signed_in(practice.desk).get("/").text
    assert page.count('<article class="item"') == MOST_ITEMS
    assert f"{MOST_ITEMS + 70} things need you" in page
    assert "And 70 more; they come up here" in page
    assert len(page) < 250_000


def test_items_for_the_same_reason_are_told_apart_by_their_files(practice: DeskPractice) -> None:
    problem = Problem("unreadable", "It could not be read.", "Press Retry.")
    named = Problem("unreadable", "C.pdf could not be read.", "Press Retry.")
    told = {"A.pdf": problem, "B.pdf": problem, "C.pdf": named}
    activity.remember(practice.ledger, *(activity.failed(name, one) for name, one in told.items()))
    assert sorted(item.heading for item in now_of(practice.desk).items) == [
        "A.pdf: It could not be read.",
        "B.pdf: It could not be read.",
        "C.pdf could not be read.",
    ]
