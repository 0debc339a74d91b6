"""What each day brought, from the ledger's packets: sent, failed, waiting, and the time from drop to receipt. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median

from agent.ledger.lookups import ARRIVED, Life
from agent.model import PacketState


@dataclass(frozen=True)
class Day:
    """One day. `waiting`: at its end, and of today: now. Times in seconds; None where nothing was delivered."""

    date: date
    sent: int = 0
    failed: int = 0
    waiting: int = 0
    half: float | None = None  # the middle packet's
    nine: float | None = None  # by then nine of ten had their receipt
    slowest: float | None = None


@dataclass(frozen=True)
class Trend:
    """Some days, the oldest first, and what they come to together."""

    days: tuple[Day, ...]
    sent: int
    failed: int
    mended: int
    half: float | None
    slowest: float | None
    slowest_on: date | None


def first_moment(today: date, count: int, zone: tzinfo | None) -> datetime:
    """Return when the first of `count` days begins, of which the last is today."""
    midnight = datetime.combine(today - timedelta(days=count - 1), time())
    return midnight.replace(tzinfo=zone) if zone else midnight.astimezone()


def trend(
    lives: Iterable[Life],
    held: Collection[str],
    now: datetime,
    count: int,
    zone: tzinfo | None = None,
    waiting_now: int | None = None,
) -> Trend:
    """Put the packets of the last `count` days together. `held`: packets that waited on purpose, whose times say
    nothing. `waiting_now`: what waits now, files that are no packets yet included."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(count))]
    sent: dict[date, list[Life]] = {day: [] for day in dates}
    failed: dict[date, list[Life]] = {day: [] for day in dates}
    changes: dict[date, int] = dict.fromkeys(dates, 0)  # how many more wait at a day's end than at its beginning
    before = 0
    for life in lives:
        came = life.arrived_at.astimezone(zone).date()
        ended = life.ended_at.astimezone(zone).date() if life.ended_at else None
        if came in changes:
            changes[came] += 1
        elif came < dates[0]:
            before += 1
        if ended in changes:
            changes[ended] -= 1
            (sent if life.state in ARRIVED else failed)[ended].append(life)
    days = []
    for day in dates:
        before += changes[day]
        waits = waiting_now if day == today and waiting_now is not None else before
        days.append(_day(day, sent[day], len(failed[day]), waits, held))
    all_times = sorted(seconds for day in dates for seconds in _times(sent[day], held))
    slowest = max((day for day in days if day.slowest is not None), key=lambda day: day.slowest or 0, default=None)
    every = [life for day in dates for life in failed[day]]
    return Trend(
        days=tuple(days),
        sent=sum(day.sent for day in days),
        failed=len(every),
        mended=sum(life.is_mended for life in every),
        half=median(all_times) if all_times else None,
        slowest=all_times[-1] if all_times else None,
        slowest_on=slowest.date if slowest else None,
    )


def _day(day: date, sent: Sequence[Life], failed: int, waiting: int, held: Collection[str]) -> Day:
    times = sorted(_times(sent, held))
    if not times:
        return Day(day, len(sent), failed, waiting)
    nine = times[min(len(times) - 1, -(-len(times) * 9 // 10) - 1)]
    return Day(day, len(sent), failed, waiting, median(times), nine, times[-1])


def _times(sent: Iterable[Life], held: Collection[str]) -> Iterable[float]:
    for life in sent:
        if life.ended_at is not None and life.id not in held and life.state is not PacketState.HELD:
            yield max(0.0, (life.ended_at - life.arrived_at).total_seconds())
