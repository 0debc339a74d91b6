"""*History*: every packet, found by a file's name, a claim or a control number, a page at a time; and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.desk.page.page import Page
from agent.desk.page.views.attention import packet_anchor
from agent.desk.page.words import Almanac, Moment, files_name, lane_name, store_name
from agent.ledger import lookups
from agent.ledger.lookups import Search
from agent.ledger.records import PacketRecord
from agent.model import PacketState
from agent.settings.schema import Settings
from agent.shown import in_unicode

A_PAGE = 25
AT_A_TIME = 500
LONGEST_SEARCH = 200
STATES = {
    "sent": ("Sent", (PacketState.SENT, PacketState.DELIVERED)),
    "failed": ("Failed", (PacketState.FAILED,)),
    "held": ("Held", (PacketState.HELD,)),
    "waiting": ("Waiting", (PacketState.QUEUED, PacketState.SENDING)),
}
"""The states that people choose among, by their word in the address."""


@dataclass(frozen=True)
class Line:
    """One packet as the table has it. `at`: when it ended, or since when it is so."""

    packet: str
    name: str
    about: str
    state: str
    glyph: str
    tone: str
    at: Moment
    control_number: str
    instead: str  # of a control number
    note: str
    needs: str = ""  # the anchor of its item on Now


@dataclass(frozen=True)
class Query:
    """What the search form asks for, as it was written; `wanted` as the ledger understands it."""

    text: str
    state: str
    store: str
    since: str
    page: int
    wanted: Search

    def address(self, page: int = 1, *, to: str = "/history") -> str:
        """Return the address of a page of the same search."""
        known = {"q": self.text, "state": self.state, "store": self.store, "since": self.since}
        asked = {name: value for name, value in known.items() if value}
        if page > 1:
            asked["page"] = str(page)
        return f"{to}?{urlencode(asked)}" if asked else to

    @property
    def is_everything(self) -> bool:
        """Tell whether nothing was left out."""
        return self.wanted == Search()


@dataclass(frozen=True)
class Found:
    """A page of what was found. `of`: among how many packets in all."""

    query: Query
    lines: list[Line]
    count: int
    of: int
    first: int
    states: tuple[tuple[str, str], ...]
    stores: tuple[tuple[str, str], ...]
    caption: str

    @property
    def page(self) -> int:
        """The number of the page that is shown; the last one, where a later one was asked for."""
        return self.first // A_PAGE + 1

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + len(self.lines) - 1

    @property
    def earlier(self) -> str:
        """The address of the page with older packets; empty on the last."""
        return self.query.address(self.page + 1) if self.last < self.count else ""

    @property
    def newer(self) -> str:
        """The address of the page with newer packets; empty on the first."""
        return self.query.address(self.page - 1) if self.page > 1 else ""


def query_of(request: Request, almanac: Almanac) -> Query:
    """Read the search from an address; what it does not understand counts as not said."""
    asked = request.query_params
    text = asked.get("q", "").strip()[:LONGEST_SEARCH]
    state = asked.get("state", "") if asked.get("state", "") in STATES else ""
    since = _day(asked.get("since", ""))
    begins = datetime.combine(since, time()) if since else None
    if begins is not None:
        begins = begins.replace(tzinfo=almanac.zone) if almanac.zone else begins.astimezone()
    number = asked.get("page", "1")
    wanted = Search(text, STATES[state][1] if state else (), asked.get("store", "")[:LONGEST_SEARCH], begins)
    page = min(int(number), 1_000_000) if number.isascii() and number.isdigit() else 1
    return Query(text, state, wanted.store, since.isoformat() if since else "", max(1, page), wanted)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None  # others cannot be told in every time zone


def found(page: Page, query: Query, almanac: Almanac) -> Found:
    """Return a page of what the search finds."""
    ledger = page.desk.ledger
    some = lookups.search_page(ledger, query.wanted, query.page, A_PAGE)
    named = f"Packets whose file, claim or control number contains {query.text}" if query.text else "Packets"
    return Found(
        query=query,
        lines=[line_of(record, almanac) for record in some.packets],
        count=some.count,
        of=some.count if query.is_everything else lookups.count(ledger, Search()),
        first=some.offset + 1,
        states=tuple((word, label) for word, (label, _) in STATES.items()),
        stores=_stores(page.desk.settings),
        caption=f"{named}, newest first",
    )


def line_of(record: PacketRecord, almanac: Almanac) -> Line:
    """Return a packet as the table has it."""
    state, glyph, tone = state_of(record)
    lane = lane_name(record.lane)
    amiss = record.state is PacketState.SENT and record.problem is not None
    in_need = (record.state is PacketState.FAILED or amiss) and record.resolved_at is None
    return Line(
        packet=record.id,
        name=files_name([file.name for file in record.documents], record.name),
        about=f"{record.claim} · {lane}" if record.claim else lane,
        state=state,
        glyph=glyph,
        tone=tone,
        at=almanac.dated(record.ended_at or record.arrived_at),
        control_number=record.control_number,
        instead="" if record.control_number else "None yet" if in_need or record.ended_at is None else "None",
        note="The first reply was lost. Use this number." if record.possibly_sent and record.control_number else "",
        needs=packet_anchor(record.id) if in_need else "",
    )


def state_of(record: PacketRecord) -> tuple[str, str, str]:
    """Return a packet's state as people read it, with its glyph and tone."""
    match record.state:
        case PacketState.SENT | PacketState.DELIVERED:
            if record.problem is not None and record.resolved_at is None:
                return "Sent, needs a look", "fix", "fix"
            return ("Sent, perhaps twice" if record.possibly_sent else "Sent"), "ok", "ok"
        case PacketState.FAILED if record.resolved_at is not None:
            return "Failed, dealt with", "quiet", "quiet"
        case PacketState.FAILED:
            return "Failed", "fix", "fix"
        case PacketState.HELD:
            return "Held", "wait", "wait"
        case PacketState.SENDING:
            return "Sending", "go", "go"
        case _:
            return "Waiting", "wait", "wait"


def _stores(settings: Settings) -> tuple[tuple[str, str], ...]:
    return tuple((store.name, store_name(store.name)) for store in settings.store)


# --- CSV ------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "Arrived", "Ended", "State", "Store", "Lane", "Files", "Claim", "Control number", "Attempts", "Problem", "Packet",
)  # fmt: skip


def as_csv(page: Page, query: Query) -> Iterator[str]:
    """Yield the packets of a search as CSV, some at a time: the whole history never stands in memory."""
    yield "\ufeff" + _line(COLUMNS)  # by this mark Excel knows that it is UTF-8
    offset = 0
    while records := lookups.search(page.desk.ledger, query.wanted, offset=offset, limit=AT_A_TIME):
        yield "".join(_line(_row(record)) for record in records)
        offset += len(records)


def _row(record: PacketRecord) -> tuple[str, ...]:
    return (
        _local(record.arrived_at),
        _local(record.ended_at),
        state_of(record)[0],
        record.lane.store,
        str(record.lane.kind),
        "; ".join(file.name for file in record.documents),
        record.claim,
        record.control_number,
        str(record.attempts),
        record.problem.sentence if record.problem else "",
        record.id,
    )


def _local(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else ""


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([unharmed(cell) for cell in cells])
    return line.getvalue()


def unharmed(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: a name can begin with one of its signs (CSV injection)."""
    text = in_unicode(cell)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r") or text[:1] in ("\t", "\r") else text


def routes(page: Page) -> list[Route]:
    """Return the view's addresses."""

    def history(request: Request) -> Response:
        almanac = Almanac(page.desk.clock.now())
        return page.render(request, "history.html", found=found(page, query_of(request, almanac), almanac))

    def export(request: Request) -> Response:
        almanac = Almanac(page.desk.clock.now())
        name = f"outtray-{almanac.local(almanac.now):%Y-%m-%d}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(as_csv(page, query_of(request, almanac)), media_type="text/csv", headers=headers)

    return [Route("/history", history), Route("/history.csv", export)]
