"""One packet's trace: the journal, its tries, and the log's lines of it, in the order of time. Names no file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.ledger.ledger import Ledger
from agent.ledger.lookups import attempts
from agent.ledger.opening import read_only
from agent.settings.locations import ledger_file, log_folder
from agent.settings.schema import Settings


def trace_of(settings: Settings, packet: str) -> list[dict[str, Any]]:
    """Return what happened to a packet, the earliest first; empty where nobody knows it.

    Raises LedgerUnavailable. The journal's details stay out: they can hold names of files.
    """
    ledger = Ledger(read_only(ledger_file(settings.agent)))
    try:
        lines = [*_journal(ledger, packet), *_tries(ledger, packet)]
    finally:
        ledger.close()
    if lines:
        lines += _logged(log_folder(settings.agent), packet)
    return sorted(lines, key=lambda line: datetime.fromisoformat(line["at"]))


def _journal(ledger: Ledger, packet: str) -> Iterator[dict[str, Any]]:
    for line in ledger.journal(packet):
        yield {"at": _at(line.at), "source": "journal", "event": line.event, "lane": line.lane, "actor": line.actor}


def _tries(ledger: Ledger, packet: str) -> Iterator[dict[str, Any]]:
    for one in attempts(ledger, packet):
        yield {"at": _at(one.started_at), "source": "attempt", "event": f"try {one.number} began"}
        if one.ended_at is not None:
            told = {"status": one.status, "code": one.code}
            yield {"at": _at(one.ended_at), "source": "attempt", "event": f"try {one.number}: {one.outcome}", **told}


def _logged(folder: Path, packet: str) -> Iterator[dict[str, Any]]:
    for path in folder.glob("outtray.log*"):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if packet not in line:
                    continue
                try:
                    fields = json.loads(line)
                    datetime.fromisoformat(fields["at"])
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # a line that was cut off, or is not ours
                if fields.get("packet") == packet:
                    yield {"source": "log", **fields}


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
