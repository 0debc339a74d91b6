"""What people look up in the ledger: packets by name, claim or control number, what each day brought, who did what.

Reads only, and never more than is shown: the history grows for years.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from agent.ledger import schema
from agent.ledger.ledger import ACTIVE, Ledger
from agent.ledger.records import PacketRecord, Shelf
from agent.model import LaneId, PacketState

_PACKET, _FILE, _JOURNAL, _ATTEMPT = schema.packet.c, schema.packet_file.c, schema.journal.c, schema.attempt.c
_NEWEST_FIRST = (_PACKET.arrived_at.desc(), _PACKET.id)
ARRIVED = (PacketState.SENT, PacketState.DELIVERED)  # at the service


@dataclass(frozen=True)
class Search:
    """What to look for. `text`: a part of a file's name, a claim or a control number, in any case of its letters."""

    text: str = ""
    states: tuple[PacketState, ...] = ()
    store: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class SearchPage:
    """Some of what was found: `packets` begin behind the first `offset` of `count`."""

    packets: list[PacketRecord]
    count: int
    offset: int


@dataclass(frozen=True)
class Life:
    """When a packet came and ended. `is_mended`: a failed one that needs nobody any more."""

    id: str
    lane: str
    state: PacketState
    arrived_at: datetime
    ended_at: datetime | None
    is_mended: bool = False


@dataclass(frozen=True)
class Attempt:
    """One try at sending. `outcome` is empty while it is under way, or where the agent was killed in its middle."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    status: int
    code: str


def search(ledger: Ledger, wanted: Search, *, offset: int = 0, limit: int | None = None) -> list[PacketRecord]:
    """Return the packets that fit, by arrival, the newest first."""
    query = select(schema.packet).where(*_conditions(ledger, wanted)).order_by(*_NEWEST_FIRST)
    return ledger.read(query.offset(offset).limit(limit))


def count(ledger: Ledger, wanted: Search) -> int:
    """Return how many packets fit."""
    query = select(func.count()).select_from(schema.packet).where(*_conditions(ledger, wanted))
    return int(ledger.rows(query)[0][0])


def search_page(ledger: Ledger, wanted: Search, number: int, size: int) -> SearchPage:
    """Return one page of the packets that fit, the newest first; the last one for a number beyond it."""
    if not wanted.text:
        every = count(ledger, wanted)
        offset = _offset(number, size, every)
        return SearchPage(search(ledger, wanted, offset=offset, limit=size), every, offset)
    # The text is looked for everywhere, so once has to do for the page and for the count.
    query = select(_PACKET.id).where(*_conditions(ledger, wanted)).order_by(*_NEWEST_FIRST)
    ids = [row.id for row in ledger.rows(query)]
    offset = _offset(number, size, len(ids))
    of_page = select(schema.packet).where(_PACKET.id.in_(ids[offset : offset + size])).order_by(*_NEWEST_FIRST)
    return SearchPage(ledger.read(of_page), len(ids), offset)


def _offset(number: int, size: int, every: int) -> int:
    return min((number - 1) * size, max(0, (every - 1) // size * size))


def needing_someone(ledger: Ledger, limit: int | None = None) -> list[PacketRecord]:
    """Return the packets that only a person can end, the oldest first, at most so many.

    Failed ones, and sent ones that the service took amiss afterwards: the same as `Ledger.unresolved_counts` counts.
    """
    amiss = and_(_PACKET.state == PacketState.SENT, _PACKET.problem.is_not(None))
    needs = or_(_PACKET.state == PacketState.FAILED, amiss)
    query = select(schema.packet).where(needs, _PACKET.resolved_at.is_(None))
    return ledger.read(query.order_by(_PACKET.ended_at, _PACKET.id).limit(limit))


def lately_sent(ledger: Ledger, limit: int) -> list[PacketRecord]:
    """Return the packets that were delivered last, the newest first."""
    query = select(schema.packet).where(_PACKET.state.in_(ARRIVED)).order_by(_PACKET.arrived_at.desc())
    found = ledger.read(query.limit(limit + 20))  # of those that came at nearly the same time, any may be the last
    return sorted(found, key=lambda packet: packet.ended_at or packet.arrived_at, reverse=True)[:limit]


def last_sent(ledger: Ledger, since: datetime) -> dict[str, datetime]:
    """Return when each lane delivered last, of the packets that have arrived since then."""
    query = (
        select(_PACKET.store, _PACKET.kind, func.max(_PACKET.ended_at).label("last"))
        .where(_PACKET.arrived_at >= since, _PACKET.state.in_(ARRIVED))
        .group_by(_PACKET.store, _PACKET.kind)
    )
    return {f"{row.store}/{row.kind}": row.last for row in ledger.rows(query) if row.last is not None}


def lives(ledger: Ledger, since: datetime) -> list[Life]:
    """Return the packets that ended since then, and those that have not ended."""
    query = select(
        _PACKET.id,
        _PACKET.store,
        _PACKET.kind,
        _PACKET.state,
        _PACKET.arrived_at,
        _PACKET.ended_at,
        _PACKET.resolved_at,
    ).where(or_(_PACKET.state.in_(ACTIVE), _PACKET.ended_at >= since))
    return [
        Life(
            row.id,
            f"{row.store}/{row.kind}",
            PacketState(row.state),
            row.arrived_at,
            row.ended_at,
            row.resolved_at is not None,
        )
        for row in ledger.rows(query)
    ]


def held_ones(ledger: Ledger, since: datetime) -> frozenset[str]:
    """Return the packets that have arrived since then and were held at some time."""
    query = (
        select(_JOURNAL.packet, _JOURNAL.event, _JOURNAL.detail)
        .join(schema.packet, _PACKET.id == _JOURNAL.packet)
        .where(_JOURNAL.event.in_(["held", "admitted"]), _PACKET.arrived_at >= since)
    )
    held = (row.packet for row in ledger.rows(query) if row.event == "held" or row.detail.get("state") == Shelf.HELD)
    return frozenset(held)


def attempts(ledger: Ledger, packet: str) -> list[Attempt]:
    """Return a packet's tries in their order."""
    query = select(schema.attempt).where(_ATTEMPT.packet == packet).order_by(_ATTEMPT.number)
    return [
        Attempt(row.number, row.started_at, row.ended_at, row.outcome or "", row.status or 0, row.code)
        for row in ledger.rows(query)
    ]


def who(ledger: Ledger, event: str, lane: LaneId) -> str:
    """Return the OS user who last asked this of a lane; empty where nobody is known."""
    query = (
        select(_JOURNAL.actor)
        .where(_JOURNAL.event == event, _JOURNAL.lane == str(lane))
        .order_by(_JOURNAL.number.desc())
        .limit(1)
    )
    rows = ledger.rows(query)
    return str(rows[0][0]) if rows else ""


def _conditions(ledger: Ledger, wanted: Search) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(_PACKET.state.in_(list(wanted.states)))
    if wanted.store:
        found.append(_PACKET.store == wanted.store)
    if wanted.since is not None:
        found.append(_PACKET.arrived_at >= wanted.since)
    if wanted.text:
        # A name from a Mac can be decomposed; the database compares what it is given.
        forms = {unicodedata.normalize(form, wanted.text) for form in ("NFC", "NFD")}
        found.append(or_(*(_mentions(form, natively=ledger.like_ignores_case) for form in sorted(forms))))
    return found


def _mentions(text: str, *, natively: bool) -> ColumnElement[bool]:
    def in_(column: ColumnElement[str]) -> ColumnElement[bool]:
        return column.contains(text, autoescape=True) if natively else column.icontains(text, autoescape=True)

    # One look through all files and not one for each packet.
    with_file = select(_FILE.packet).where(in_(_FILE.name))
    columns = (_PACKET.claim, _PACKET.control_number, _PACKET.name, _PACKET.upload_name, _PACKET.id)
    return or_(*map(in_, columns), _PACKET.id.in_(with_file))
