"""How the page says times, sizes, counts and names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.desk.page.words import (
    Almanac,
    Moment,
    counted,
    files_name,
    lane_name,
    lasting,
    listed,
    megabytes,
    plain,
    size,
    store_name,
)

CHICAGO = timezone(timedelta(hours=-5))
NOW = datetime(2026, 7, 14, 14, 42, tzinfo=UTC)
ALMANAC = Almanac(NOW, CHICAGO)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-07-14T09:44", "at 9:44 AM"),
        ("2026-07-15T08:12", "tomorrow at 8:12 AM"),
        ("2026-07-15T00:00", "tomorrow at 12:00 AM"),
        ("2026-07-17T12:05", "on Friday at 12:05 PM"),
        ("2026-07-21T08:12", "on July 21 at 8:12 AM"),
        ("2027-01-02T08:12", "on January 2, 2027 at 8:12 AM"),
        ("2026-07-14T09:42", "now"),
        ("2026-07-13T08:00", "now"),
    ],
)
def test_when_something_goes(moment: str, said: str) -> None:
    assert ALMANAC.when(at(moment)).text == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-07-14T09:12", ("9:12 AM", "at 9:12 AM", "today, 9:12 AM")),
        ("2026-07-13T16:51", ("yesterday at 4:51 PM", "yesterday at 4:51 PM", "yesterday, 4:51 PM")),
        ("2026-07-01T16:51", ("July 1 at 4:51 PM", "on July 1 at 4:51 PM", "July 1, 4:51 PM")),
        ("2025-07-01T00:30", ("July 1, 2025 at 12:30 AM", "on July 1, 2025 at 12:30 AM", "July 1, 2025, 12:30 AM")),
    ],
)
def test_since_when_and_when_something_was(moment: str, said: tuple[str, str, str]) -> None:
    told = (ALMANAC.since(at(moment)), ALMANAC.happened(at(moment)), ALMANAC.dated(at(moment)))
    assert tuple(one.text for one in told) == said


def test_a_moment_carries_its_exact_time_for_the_markup() -> None:
    assert ALMANAC.clock(NOW) == Moment("9:42 AM", "2026-07-14T09:42-05:00")
    assert ALMANAC.exact(NOW) == Moment("Tuesday, July 14, 2026, 9:42:00 AM", "2026-07-14T09:42:00-05:00")


def test_a_day_is_the_zone_s_own_and_not_that_of_utc() -> None:
    late = datetime(2026, 7, 15, 3, 0, tzinfo=UTC)
    assert ALMANAC.is_today(late)
    assert not Almanac(NOW, UTC).is_today(late)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "less than a second"),
        (1, "1 second"),
        (41.4, "41 seconds"),
        (180, "3 minutes"),
        (3 * 3600, "3 hours"),
        (72 * 3600, "3 days"),
    ],
)
def test_how_long_something_took(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 KB"), (1, "1 KB"), (49_000, "49 KB"), (1_800_000, "1.8 MB"), (512_000_000, "512 MB")]
)
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said


def test_names_and_counts() -> None:
    assert lane_name("main-street/attachments") == "Main Street, attachments"
    assert store_name("lakeside_2") == "Lakeside 2"
    assert counted(1, "packet") == "1 packet"
    assert counted(1204, "packet") == "1,204 packets"
    assert megabytes(7_400_000) == "7.4"
    assert files_name(["sub/a.jpg", "sub/b.jpg", "sub/c.jpg"]) == "a.jpg and 2 more"
    assert files_name([], "NAME") == "NAME"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a"]) == "a"
    assert plain(("Goes ", Moment("at 9:44 AM", "x"), ".")) == "Goes at 9:44 AM."
