"""The journal as it stands, read for those who do not trust it: a line that cannot be read is one that was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, inspect, select, type_coerce
from sqlalchemy.types import NullType

from agent.ledger import schema
from agent.ledger.chain import Linked, Start, Verdict, verify
from agent.ledger.records import JournalLine

_COLUMNS = tuple(type_coerce(column, NullType()).label(column.name) for column in schema.journal.c)  # as they stand


def linked(engine: Engine, since: datetime | None = None, until: datetime | None = None) -> Iterator[Linked]:
    """Yield the lines of a period with their links, in order; the end is no part of the period."""
    query = select(*_COLUMNS).order_by(schema.journal.c.number)
    if since is not None:
        query = query.where(schema.journal.c.at >= since)
    if until is not None:
        query = query.where(schema.journal.c.at < until)
    with engine.connect() as connection:
        for row in connection.execution_options(yield_per=1000).execute(query):
            said = dict(row._mapping)
            yield Linked(said["number"], _line(said), said["chain"], said)


def verify_journal(engine: Engine, expected: str = "") -> Verdict:
    """Tell whether the journal is as it was written. `expected`: a link of it that was kept elsewhere."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("journal"):
            return Verdict(0, broken_at=1)
        row = connection.execute(select(schema.journal_start)).first()
        least = 1 if connection.execute(select(schema.packet.c.id).limit(1)).first() else 0  # each has lines of its own
    return verify(linked(engine), Start(row.number, row.chain) if row else Start(), expected, least)


def _line(said: dict[str, Any]) -> JournalLine | None:
    try:
        at, detail = datetime.fromisoformat(said["at"]), json.loads(said["detail"])
        line = JournalLine(at, said["event"], said["packet"], said["lane"], detail, said["actor"])
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (line.event, line.packet, line.lane, line.actor)
    return line if at.tzinfo and isinstance(detail, dict) and all(isinstance(text, str) for text in texts) else None
