"""*Trends*: what each day brought, as plots that are drawn here and as tables beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.delivery.glance import glance
from agent.delivery.snapshot import Snapshot
from agent.desk.page.page import Page
from agent.desk.page.views.days import Day, Trend, first_moment, trend
from agent.desk.page.views.plots import Bars, Times, bars, times
from agent.desk.page.words import Almanac, counted, lasting, listed
from agent.ledger import lookups
from agent.model import PacketState

WEEKS = (2, 12)
_LATER = (PacketState.QUEUED, PacketState.HELD, PacketState.WAITING, PacketState.SETTLING)


@dataclass(frozen=True)
class TableRow:
    """One day of the tables."""

    day: str
    sent: str
    failed: str
    waiting: str
    half: str
    slowest: str


@dataclass(frozen=True)
class Trends:
    """The whole view, in words."""

    summary: str
    other_weeks: int
    headline: str
    time_headline: str
    time_notes: tuple[str, ...]
    title: str
    bars: Bars
    bars_said: str
    times: Times | None
    times_said: str
    waiting_said: str
    rows: tuple[TableRow, ...]


def trends_of(found: Trend, snapshot: Snapshot, weeks: int) -> Trends:
    """Return the view of a trend."""
    first, last = found.days[0].date, found.days[-1].date
    span = f"{first:%B} {first.day} to {f'{last:%B} ' if last.month != first.month else ''}{last.day}"
    measured = any(day.half is not None for day in found.days)
    return Trends(
        summary=f"The last {'two' if weeks == 2 else 'twelve'} weeks.",
        other_weeks=next(other for other in WEEKS if other != weeks),
        headline=_headline(found, glance(snapshot).needs),
        time_headline=f"Half of all packets have their receipt within {lasting(found.half)}"
        if found.half is not None
        else "From drop to receipt",
        time_notes=_time_notes(found),
        title=f"Packets by day, {span}",
        bars=bars(found.days),
        bars_said=f"{found.sent:,} sent, {found.failed:,} failed. The numbers of each day are in the table beside it.",
        times=times(found.days) if measured else None,
        times_said=_times_said(found),
        waiting_said=_waiting_said(snapshot),
        rows=tuple(_row(day) for day in reversed(found.days)),
    )


def _headline(found: Trend, needs: int) -> str:
    if not found.sent and not found.failed:
        return "Nothing was sent in these days"
    sent = f"{counted(found.sent, 'packet')} sent"
    if not found.failed:
        return f"{sent}, none failed"
    left = found.failed - found.mended
    if not left:
        return f"{sent}, {found.failed:,} failed: all {'were' if found.failed > 1 else 'was'} dealt with"
    needing = f"{left:,} {'needs' if left == 1 else 'need'} you"
    dealt = f"{found.mended:,} {'was' if found.mended == 1 else 'were'} dealt with, " if found.mended else ""
    return f"{sent}, {found.failed:,} failed: {dealt}{needing}" if needs else f"{sent}, {found.failed:,} failed"


def _time_notes(found: Trend) -> tuple[str, ...]:
    notes = [
        "From drop to receipt. The dot is the middle packet of the day; nine of ten were done by the bar above it.",
        "Held files are not counted: they wait on purpose.",
    ]
    if found.slowest is not None and found.slowest_on is not None:
        notes.insert(1, f"The slowest took {lasting(found.slowest)}, on {_date(found.slowest_on)}.")
    return tuple(notes)


def _times_said(found: Trend) -> str:
    if found.half is None or found.slowest is None:
        return "Nothing was delivered in these days."
    return (
        f"Half of the packets had their receipt within {lasting(found.half)}; the slowest took "
        f"{lasting(found.slowest)}. The numbers of each day are in the table beside it."
    )


def _waiting_said(snapshot: Snapshot) -> str:
    counts = {state: sum(packet.state == str(state) for packet in snapshot.packets) for state in _LATER}
    parts = [
        f"{counts[PacketState.QUEUED]:,} to be sent",
        f"{counts[PacketState.HELD]:,} until a file name is free again",
        f"{counts[PacketState.WAITING] + counts[PacketState.SETTLING]:,} for other files or for being written",
    ]
    there = [part for part in parts if not part.startswith("0 ")]
    return f"Waiting now: {listed(there)}." if there else "Nothing waits now."


def waiting_now(snapshot: Snapshot) -> int:
    """Return how many packets, and files on their way to being one, wait now."""
    return sum(packet.state in {str(state) for state in _LATER} for packet in snapshot.packets)


def _row(day: Day) -> TableRow:
    return TableRow(
        f"{day.date:%a}, {day.date:%b} {day.date.day}",
        f"{day.sent:,}",
        f"{day.failed:,}",
        f"{day.waiting:,}",
        lasting(day.half) if day.half is not None else "–",
        lasting(day.slowest) if day.slowest is not None else "–",
    )


def _date(day: date) -> str:
    return f"{day:%B} {day.day}"


def routes(page: Page) -> list[Route]:
    """Return the view's address."""

    def trends(request: Request) -> Response:
        desk = page.desk
        weeks = 12 if request.query_params.get("weeks") == "12" else 2
        almanac, snapshot = Almanac(desk.clock.now()), desk.snapshot()
        since = first_moment(almanac.local(almanac.now).date(), weeks * 7, almanac.zone)
        held = lookups.held_ones(desk.ledger, since - timedelta(days=3))
        waits = waiting_now(snapshot) if snapshot.packets else None
        lives = lookups.lives(desk.ledger, since)
        found = trend(lives, held, almanac.now, weeks * 7, almanac.zone, waits)
        return page.render(request, "trends.html", trends=trends_of(found, snapshot, weeks))

    return [Route("/trends", trends)]
