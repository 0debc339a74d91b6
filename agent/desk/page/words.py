"""Times, sizes, counts and names as people say them. Pure: the moment and the time zone are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from agent.model import LaneId, LaneKind


@dataclass(frozen=True)
class Moment:
    """A moment in a sentence: `text` as it is read, `at` for `<time datetime>` (ISO 8601 with its offset)."""

    text: str
    at: str


Said = tuple[str | Moment, ...]
"""A sentence; its moments stand apart so that the page can mark them as times."""


def plain(said: Said) -> str:
    """Return a sentence without its markup."""
    return "".join(part.text if isinstance(part, Moment) else part for part in said)


@dataclass(frozen=True)
class Almanac:
    """Tells moments as seen from `now`, in `zone` (None: the PC's own)."""

    now: datetime
    zone: tzinfo | None = None

    def local(self, at: datetime) -> datetime:
        """Return a moment in the zone."""
        return at.astimezone(self.zone)

    def clock(self, at: datetime) -> Moment:
        """9:38 AM"""
        return Moment(_clock(self.local(at)), self._iso(at))

    def exact(self, at: datetime) -> Moment:
        """Tuesday, July 14, 2026, 9:38:04 AM"""
        local = self.local(at)
        text = f"{local:%A, %B} {local.day}, {local.year}, {_clock(local, seconds=True)}"
        return Moment(text, self._iso(at, seconds=True))

    def dated(self, at: datetime) -> Moment:
        """today, 9:38 AM; yesterday, 4:51 PM; July 1, 4:51 PM; July 1, 2025, 4:51 PM"""
        local = self.local(at)
        return Moment(f"{self._day(local)}, {_clock(local)}", self._iso(at))

    def when(self, at: datetime) -> Moment:
        """at 8:12 AM; tomorrow at 8:12 AM; on Friday at 8:12 AM; on July 30 at 8:12 AM. What is due is due now."""
        local = self.local(at)
        if at <= self.now:
            return Moment("now", self._iso(at))
        day = self._day(local)
        prefix = "" if day == "today" else f"{day} " if day == "tomorrow" else f"on {day} "
        return Moment(f"{prefix}at {_clock(local)}", self._iso(at))

    def since(self, at: datetime) -> Moment:
        """9:15 AM; yesterday at 4:51 PM; July 1 at 4:51 PM"""
        local = self.local(at)
        day = self._day(local)
        return Moment(_clock(local) if day == "today" else f"{day} at {_clock(local)}", self._iso(at))

    def happened(self, at: datetime) -> Moment:
        """at 9:15 AM; yesterday at 4:51 PM; on July 1 at 4:51 PM"""
        since = self.since(at)
        day = self._day(self.local(at))
        prefix = {"today": "at ", "yesterday": "", "tomorrow": ""}.get(day, "on ")
        return Moment(prefix + since.text, since.at)

    def is_today(self, at: datetime) -> bool:
        """Tell whether a moment lies on the day of `now`."""
        return self.local(at).date() == self.local(self.now).date()

    def _day(self, local: datetime) -> str:
        today = self.local(self.now).date()
        days = (local.date() - today) / timedelta(days=1)
        if days in (-1, 0, 1):
            return {-1: "yesterday", 0: "today", 1: "tomorrow"}[int(days)]
        if 1 < days < 7:
            return f"{local:%A}"
        year = "" if local.year == today.year else f", {local.year}"
        return f"{local:%B} {local.day}{year}"

    def _iso(self, at: datetime, *, seconds: bool = False) -> str:
        return self.local(at).isoformat(timespec="seconds" if seconds else "minutes")


def _clock(local: datetime, *, seconds: bool = False) -> str:
    return f"{local.hour % 12 or 12}:{local:%M}{f':{local:%S}' if seconds else ''} {'AM' if local.hour < 12 else 'PM'}"


def counted(count: int, one: str, many: str = "") -> str:
    """1 packet; 1,204 packets"""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes as MB; what is smaller than 0.1 MB as KB."""
    if count < 100_000:
        return f"{max(1, round(count / 1000)) if count else 0} KB"
    return f"{megabytes(count)} MB"


def megabytes(count: int) -> str:
    """7.4; 512"""
    return f"{count / 1e6:,.1f}" if count < 100e6 else f"{count / 1e6:,.0f}"


def lasting(seconds: float) -> str:
    """4 seconds; 3 minutes; 5 hours; 2 days"""
    if seconds < 1:
        return "less than a second"
    for unit, length, up_to in (("second", 1, 90), ("minute", 60, 90 * 60), ("hour", 3600, 48 * 3600)):
        if seconds < up_to:
            return counted(round(seconds / length), unit)
    return counted(round(seconds / 86400), "day")


def store_name(store: str) -> str:
    """`main-street` as people write it: Main Street."""
    return " ".join(word[:1].upper() + word[1:] for word in store.replace("_", "-").split("-") if word) or store


def lane_name(lane: str | LaneId) -> str:
    """`main-street/attachments` as people write it: Main Street, attachments."""
    store, _, kind = str(lane).rpartition("/")
    return f"{store_name(store)}, {kind}"


def kind_of(lane: str | LaneId) -> LaneKind:
    """Return which kind a lane is, by its name."""
    return LaneKind(str(lane).rpartition("/")[2])


def files_name(names: Sequence[str], otherwise: str = "") -> str:
    """FMX-20416.jpg and 9 more. A packet subfolder's files are called by their own names."""
    if not names:
        return otherwise
    first = names[0].rpartition("/")[2]
    return f"{first} and {len(names) - 1} more" if len(names) > 1 else first


def listed(parts: Sequence[str]) -> str:
    """a; a and b; a, b and c"""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]
