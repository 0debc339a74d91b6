"""*History*: every packet, found by a file's name, a claim or a control number, a page at a time; and as CSV.

A search is posted, kept with the session, and led to by a token: what people search for stands in no address.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.delivery.requests import EXPORTED, LISTED, SEARCHED
from agent.delivery.told import as_told
from agent.desk.page.page import SESSION, Page
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
class Asked:
    """What the search form asks for, as it was written. `state` is of `STATES` or empty, `since` a date or empty."""

    text: str = ""
    state: str = ""
    store: str = ""
    since: str = ""


@dataclass(frozen=True)
class Query:
    """A page of a search. `token` stands for the search in addresses; `wanted` is it as the ledger understands it.

    `is_over`: the address stood for a search that is not kept any more, so that everything is shown.
    """

    asked: Asked
    token: str
    page: int
    wanted: Search
    is_over: bool = False

    def address(self, page: int = 1, *, to: str = "/history") -> str:
        """Return the address of a page of the same search."""
        asked = {"search": self.token} if self.token else {"state": self.asked.state} if self.asked.state else {}
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


def asked_in(form: Mapping[str, str]) -> Asked:
    """Read the search form; what is not understood counts as not said."""
    since = _day(form.get("since", ""))
    return Asked(
        text=form.get("q", "").strip()[:LONGEST_SEARCH],
        state=form.get("state", "") if form.get("state", "") in STATES else "",
        store=form.get("store", "")[:LONGEST_SEARCH],
        since=since.isoformat() if since else "",
    )


def query_of(page: Page, request: Request, almanac: Almanac) -> Query:
    """Return the search that an address stands for, everything where it stands for none."""
    token, number = request.query_params.get("search", ""), request.query_params.get("page", "1")[:7]
    kept = page.sessions.kept(request.scope[SESSION], token) if token else None
    state = request.query_params.get("state", "")
    asked: Asked = kept or Asked(state=state if state in STATES else "")  # a word of ours, to which other views lead
    since = _day(asked.since)
    begins = datetime.combine(since, time()) if since else None
    if begins is not None:
        begins = begins.replace(tzinfo=almanac.zone) if almanac.zone else begins.astimezone()
    wanted = Search(asked.text, STATES[asked.state][1] if asked.state else (), asked.store, begins)
    shown = int(number) if number.isascii() and number.isdigit() else 1
    return Query(asked, token if kept else "", max(1, shown), wanted, is_over=bool(token) and kept is None)


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
    named = (
        f"Packets whose file, claim or control number contains {query.asked.text}" if query.asked.text else "Packets"
    )
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
        yield "".join(_line(_row(as_told(page.desk.files, record))) for record in records)
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


_BLANK = "".join(map(chr, (*range(0x21), 0x85, 0xA0, 0x200B, 0x2060, 0x3000, 0xFEFF)))
"""What spreadsheets leave out at a cell's beginning, or may."""


def unharmed(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: a name can begin with one of its signs (CSV injection)."""
    text = in_unicode(cell)
    begins = unicodedata.normalize("NFKC", text.lstrip(_BLANK)[:1])  # the wide signs of East Asian keyboards count, too
    return f"'{text}" if begins in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text


def routes(page: Page) -> list[Route]:
    """Return the view's addresses."""

    def history(request: Request) -> Response:
        almanac = Almanac(page.desk.clock.now())
        page.note(request, LISTED)
        return page.render(request, "history.html", found=found(page, query_of(page, request, almanac), almanac))

    def search(request: Request) -> Response:
        asked = asked_in(page.form(request))
        if asked == Asked():
            return RedirectResponse("/history", 303)
        page.note(request, SEARCHED)
        token = page.sessions.keep(request.scope[SESSION], asked)
        return RedirectResponse(f"/history?{urlencode({'search': token})}", 303)

    def export(request: Request) -> Response:
        almanac = Almanac(page.desk.clock.now())
        name = f"outtray-{almanac.local(almanac.now):%Y-%m-%d}.csv"
        page.note(request, EXPORTED)
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(as_csv(page, query_of(page, request, almanac)), media_type="text/csv", headers=headers)

    return [Route("/history", history), Route("/history", search, methods=["POST"]), Route("/history.csv", export)]
