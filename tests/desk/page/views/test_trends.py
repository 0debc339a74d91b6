"""*Trends*: what each day brought, where the marks stand, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent.desk.page.views.days import Day, first_moment, trend
from agent.desk.page.views.plots import WIDTH, bars, short, times
from agent.desk.page.views.trends import trends_of, waiting_now
from agent.ledger.lookups import Life
from agent.model import PacketState
from tests.support import activity
from tests.support.activity import NOW, ago
from tests.support.page import DeskPractice, desk_in, signed_in

CHICAGO = timezone(timedelta(hours=-5))
TODAY = date(2026, 7, 14)


def life(
    days: float = 0,
    *,
    took: float | None = 6,
    state: PacketState = PacketState.SENT,
    name: str = "a",
    mended: bool = False,
) -> Life:
    arrived = ago(days=days)
    ended = None if took is None else arrived + timedelta(seconds=took)
    return Life(name, "main-street/attachments", state, arrived, ended, mended)


def test_packets_count_on_the_day_on_which_they_ended() -> None:
    lives = [life(), life(1), life(1, state=PacketState.FAILED), life(0.99, took=86400), life(20)]
    days = trend(lives, (), NOW, 3, CHICAGO).days
    assert [(day.date, day.sent, day.failed) for day in days] == [
        (date(2026, 7, 12), 0, 0),
        (date(2026, 7, 13), 1, 1),
        (TODAY, 2, 0),
    ]


def test_a_day_ends_at_midnight_of_the_pc_and_not_of_utc() -> None:
    evening = datetime(2026, 7, 14, 2, 0, tzinfo=UTC)  # 9 PM of July 13 in Chicago
    one = Life("a", "x/attachments", PacketState.SENT, evening, evening)
    assert [day.sent for day in trend([one], (), NOW, 2, CHICAGO).days] == [1, 0]
    assert [day.sent for day in trend([one], (), NOW, 2, UTC).days] == [0, 1]
    assert first_moment(TODAY, 2, CHICAGO) == datetime(2026, 7, 13, 5, 0, tzinfo=UTC)


def test_what_has_not_ended_waits_at_the_end_of_every_day_since() -> None:
    lives = [life(30, took=None, state=PacketState.HELD), life(1, took=None, state=PacketState.QUEUED)]
    assert [day.waiting for day in trend(lives, (), NOW, 3, CHICAGO).days] == [1, 2, 2]
    assert [day.waiting for day in trend(lives, (), NOW, 3, CHICAGO, 7).days] == [1, 2, 7]


def test_a_packet_that_ended_the_day_after_waited_over_night() -> None:
    assert [day.waiting for day in trend([life(1, took=86400)], (), NOW, 3, CHICAGO).days] == [0, 1, 0]


def test_half_nine_of_ten_and_the_slowest() -> None:
    found = trend([life(took=second) for second in range(1, 11)], (), NOW, 1, CHICAGO)
    (day,) = found.days
    assert (day.half, day.nine, day.slowest) == (5.5, 9.0, 10.0)
    assert (found.half, found.slowest, found.slowest_on) == (5.5, 10.0, TODAY)


def test_held_files_say_nothing_of_how_fast_it_goes() -> None:
    found = trend([life(took=4), life(0.9, took=72000, name="held")], {"held"}, NOW, 2, CHICAGO)
    assert (found.sent, found.slowest) == (2, 4.0)


def test_the_words_above_the_plots() -> None:
    lives = [life(), life(state=PacketState.FAILED), life(state=PacketState.FAILED, mended=True)]
    shown = trends_of(trend(lives, (), NOW, 14, CHICAGO), activity.snapshot(needs_attention=1), 2)
    assert shown.headline == "1 packet sent, 2 failed: 1 was dealt with, 1 needs you"
    assert shown.time_headline == "Half of all packets have their receipt within 6 seconds"
    assert shown.time_notes[1] == "The slowest took 6 seconds, on July 14."
    assert shown.title == "Packets by day, July 1 to 14"
    assert shown.other_weeks == 12
    assert (shown.rows[0].day, shown.rows[0].sent, shown.rows[0].half) == ("Tue, Jul 14", "1", "6 seconds")
    assert shown.rows[1].half == "–"


def test_days_without_anything_are_said_to_be_so() -> None:
    shown = trends_of(trend([], (), NOW, 14, CHICAGO), activity.snapshot(), 2)
    assert shown.headline == "Nothing was sent in these days"
    assert shown.times is None
    assert shown.waiting_said == "Nothing waits now."


def test_what_waits_now_is_told_by_what_it_waits_for() -> None:
    shown = trends_of(trend([], (), NOW, 14, CHICAGO), activity.busy_snapshot(), 2)
    assert shown.waiting_said == (
        "Waiting now: 20 to be sent, 1 until a file name is free again and 3 for other files or for being written."
    )
    assert waiting_now(activity.busy_snapshot()) == 24


# --- Where the marks stand --------------------------------------------------------------------------------------------


def days(*sent: int) -> list[Day]:
    first = TODAY - timedelta(days=len(sent) - 1)
    return [Day(first + timedelta(days=number), sent=count) for number, count in enumerate(sent)]


def test_bars_are_as_tall_as_their_numbers_and_stand_on_the_axis() -> None:
    strip = bars(days(10, 0, 5)).strips[0]
    tall, half = strip.bars
    assert (tall.number, half.number) == ("10", "5")
    assert half.height * 2 == pytest.approx(tall.height)
    assert tall.y + tall.height == pytest.approx(half.y + half.height) == pytest.approx(strip.axis_y - 0.5)
    assert 0 <= tall.x < half.x + half.width <= WIDTH


def test_many_days_have_few_labels_and_one_number() -> None:
    plot = bars(days(*range(1, 85)))
    assert len(plot.labels) == 14
    assert [bar.number for bar in plot.strips[0].bars if bar.number] == ["84"]
    assert plot.labels[-1].number == "14"


def test_every_time_stands_between_the_lines_of_the_scale() -> None:
    measured = [Day(TODAY, 1, half=3.0, nine=41.0), Day(TODAY + timedelta(days=1), 1, half=4.0, nine=9.0)]
    plot = times(measured)
    assert [rule.text for rule in plot.rules] == ["2 s", "5 s", "10 s", "30 s", "60 s"]
    highest, lowest = plot.rules[-1].y, plot.rules[0].y
    for span in plot.spans:
        assert highest <= span.nine <= span.half <= lowest


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 59.0, 86400.0 * 400])
def test_a_scale_fits_any_time(seconds: float) -> None:
    plot = times([Day(TODAY, 1, half=seconds, nine=seconds)])
    assert len(plot.rules) >= 2
    assert 20.0 <= plot.spans[0].nine <= 200.0


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.1, "1 s"), (41, "41 s"), (180, "3 min"), (7200, "2 h"), (9e5, "10 d")]
)
def test_times_on_a_plot_are_short(seconds: float, said: str) -> None:
    assert short(seconds) == said


# --- Rendered ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


@pytest.mark.parametrize("weeks", ["", "?weeks=12", "?weeks=nonsense"])
def test_the_view_has_its_plots_and_their_tables(practice: DeskPractice, weeks: str) -> None:
    activity.fill(practice.ledger, 500)
    page = signed_in(practice.desk).get(f"/trends{weeks}").text
    assert page.count('<svg class="plot"') == 2
    assert page.count('<table class="grid">') == 2
    assert "style=" not in page
