"""Where the marks of the plots stand. Every mark becomes an attribute of an SVG, every colour a class; pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agent.desk.page.views.days import Day
from agent.desk.page.words import lasting

WIDTH = 644
GAP = 0.35  # of a day's place that stays free beside its bar
SCALE_WIDTH = 56
_MARKS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 86400, 7 * 86400)  # seconds


@dataclass(frozen=True)
class Bar:
    """A bar with its number above it; the middle of the number stands at `middle`."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    number_y: float
    number: str


@dataclass(frozen=True)
class Strip:
    """One measure over all days. Each strip has a scale of its own."""

    kind: str
    title: str
    title_y: float
    axis_y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Label:
    """A day below a plot: its weekday and its number. `alt` ones are left out where there is little room."""

    x: float
    weekday: str
    number: str
    alt: bool


@dataclass(frozen=True)
class Bars:
    """Sent, failed and waiting by day."""

    height: float
    strips: tuple[Strip, ...]
    labels: tuple[Label, ...]
    label_y: float


@dataclass(frozen=True)
class Span:
    """A day's times: the dot at the middle packet, the line up to where nine of ten were done."""

    x: float
    half: float
    nine: float
    number: str  # of the days that stand out


@dataclass(frozen=True)
class Rule:
    """A line of the scale."""

    y: float
    text: str


@dataclass(frozen=True)
class Times:
    """The time from drop to receipt by day, on a logarithmic scale."""

    height: float
    rules: tuple[Rule, ...]
    spans: tuple[Span, ...]
    labels: tuple[Label, ...]
    label_y: float


def bars(days: Sequence[Day]) -> Bars:
    """Return the plot of what was sent, failed and waiting."""
    measures = (
        ("sent", "Sent", 120, [day.sent for day in days]),
        ("failed", "Failed", 34, [day.failed for day in days]),
        ("waiting", "Waiting at the end of the day, and now", 60, [day.waiting for day in days]),
    )
    strips, top = [], 26.0
    for kind, title, tall, values in measures:
        axis = top + tall + 26.5
        strips.append(Strip(kind, title, top, axis, tuple(_bars(values, axis - 0.5, tall))))
        top = axis + 53.5
    label_y = strips[-1].axis_y + 20
    return Bars(label_y + 28, tuple(strips), _labels(days, 0, WIDTH), label_y)


def _bars(values: Sequence[int], axis: float, tall: float) -> list[Bar]:
    place, most = WIDTH / len(values), max(1, *values)
    wide = place * (1 - GAP)
    crowded = len(values) > 31  # of many narrow bars only the tallest is numbered
    found = []
    for number, value in enumerate(values):
        if not value:
            continue
        height = max(2.0, tall * value / most)
        x = place * number + (place - wide) / 2
        told = "" if crowded and value < most else f"{value:,}"
        top = axis - height
        middle = _round(x + wide / 2)
        bar = Bar(_round(x), _round(top), _round(wide), _round(height), middle, _round(top - 6), told)
        found.append(bar)
    return found


def times(days: Sequence[Day]) -> Times:
    """Return the plot of the time from drop to receipt."""
    bottom, top = 200.0, 20.0
    measured = [day for day in days if day.half is not None and day.nine is not None]
    least = min((day.half or 0 for day in measured), default=1)
    most = max((day.nine or 0 for day in measured), default=10)
    marks = _marks(least, most)
    low, high = math.log(marks[0]), math.log(marks[-1])

    def at(seconds: float) -> float:
        share = (math.log(max(seconds, marks[0])) - low) / (high - low)
        return _round(bottom - (bottom - top) * min(1.0, share))

    middle = sorted(day.nine or 0 for day in measured)[len(measured) // 2] if measured else 0
    place = (WIDTH - SCALE_WIDTH) / len(days)
    spans = [
        Span(
            _round(SCALE_WIDTH + place * (number + 0.5)),
            at(day.half),
            at(day.nine),
            short(day.nine) if day.nine > 2.5 * middle else "",
        )
        for number, day in enumerate(days)
        if day.half is not None and day.nine is not None
    ]
    rules = tuple(Rule(at(mark), short(mark)) for mark in marks)
    return Times(bottom + 56, rules, tuple(spans), _labels(days, SCALE_WIDTH, WIDTH), bottom + 28)


def _marks(least: float, most: float) -> list[int]:
    """Return at least two lines of the scale, the first not above `least`, the last not below `most`."""
    first = max((place for place, mark in enumerate(_MARKS) if mark <= least), default=0)
    last = min((place for place, mark in enumerate(_MARKS) if mark >= most), default=len(_MARKS) - 1)
    marks = list(_MARKS[first : max(last, first + 1) + 1])
    return marks if len(marks) > 1 else list(_MARKS[-2:])


def _labels(days: Sequence[Day], left: float, right: float) -> tuple[Label, ...]:
    place, every = (right - left) / len(days), max(1, math.ceil(len(days) / 14))
    shown = [number for number in range(len(days)) if (len(days) - 1 - number) % every == 0]
    return tuple(
        Label(
            _round(left + place * (number + 0.5)),
            f"{days[number].date:%a}",
            _day_number(days[number].date, days[shown[order - 1]].date if order else None),
            order % 2 == len(shown) % 2,
        )
        for order, number in enumerate(shown)
    )


def _day_number(day: date, before: date | None) -> str:
    """Name the month where it begins."""
    return str(day.day) if before is not None and before.month == day.month else f"{day:%b} {day.day}"


def short(seconds: float) -> str:
    """41 s; 3 min; 5 h; 2 d"""
    words = lasting(max(1.0, seconds)).split(" ")
    return f"{words[0]} { {'s': 's', 'm': 'min', 'h': 'h', 'd': 'd'}[words[1][0]] }"


def _round(value: float) -> float:
    return round(value, 1)
