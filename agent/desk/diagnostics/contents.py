"""Gathers what goes into the file that support gets."""

from __future__ import annotations

import json
import locale
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from agent import __version__
from agent.desk.diagnostics import harmless
from agent.desk.doctor.finding import Finding
from agent.ledger import schema
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable, read_only
from agent.settings.locations import data_folder, ledger_file, log_folder
from agent.settings.schema import Settings

_LIBRARIES = ("httpx", "pydantic", "SQLAlchemy", "watchdog", "starlette", "uvicorn", "pystray", "keyring", "Pillow")
_LATEST_PACKETS, _LATEST_EVENTS, _LARGEST_LOG_LINES = 500, 5_000, 60_000

README = """OutTray's diagnostics, for support.

There is no patient data in this file: no names of patients or files, no claims, no control numbers, no folders, no
credentials, and nothing of what the services answered. Where something of the kind stood, there is an ellipsis.

about.json        versions and the PC
settings.json     the settings, as numbers, switches and choices; what is text is only told to be set
doctor.json       what outtray doctor finds
ledger.json       how many packets of each state and problem, and what happened to the latest, by their ids
logs/             the log, with the keys that OutTray writes
"""


def contents(settings: Settings | None, findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """Yield each member's name and text. `settings` is None where the file has faults."""
    yield "README.txt", README
    yield "about.json", _json(about())
    if settings is None:
        yield "doctor.json", _json([harmless.finding(found, ()) for found in findings])
        return
    yield "settings.json", _json(harmless.settings(settings))
    private = list(_private(settings))
    yield "doctor.json", _json([harmless.finding(found, private) for found in findings])
    yield "ledger.json", _json(_ledger(settings))
    for number, path in enumerate(sorted(log_folder(settings.agent).glob("outtray.log*"))):
        yield f"logs/{number}.jsonl", "\n".join(_log(path)) + "\n"


def about() -> dict[str, Any]:
    """Return the versions, and what is to know of the PC and of this process' surroundings."""
    return {
        "outtray": __version__,
        "python": platform.python_version(),
        "system": [platform.system(), platform.release(), platform.version(), platform.machine()],
        "packaged": Path(sys.executable).stem.lower() == "outtray",
        "processors": os.cpu_count(),
        "encoding": [sys.getfilesystemencoding(), locale.getpreferredencoding(False)],
        "time zone": [-time.timezone // 60, bool(time.daylight)],
        "variables": {
            name: name in os.environ
            for name in ("OUTTRAY_CONFIG", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "DISPLAY", "WAYLAND_DISPLAY")
        },
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return harmless.word(version(name))
    except PackageNotFoundError:
        return "none"


def _private(settings: Settings) -> Iterator[str]:
    yield str(data_folder(settings.agent))
    yield str(log_folder(settings.agent))
    yield str(Path.home())
    for store in settings.store:
        for lane in store.lanes.values():
            yield from (str(lane.folder), *(str(lane.shelf(shelf)) for shelf in ("held", "sending", "sent", "failed")))


def _ledger(settings: Settings) -> dict[str, Any]:
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        return {"ledger": "none"}
    try:
        return {"counts": _counts(ledger), "packets": _packets(ledger), "journal": _journal(ledger)}
    except DatabaseError as trouble:
        return {"ledger": type(trouble).__name__}
    finally:
        ledger.close()


def _counts(ledger: Ledger) -> list[dict[str, Any]]:
    column = schema.packet.c
    query = select(column.store, column.kind, column.state, column.problem)
    kinds = Counter(
        (harmless.lane(f"{row.store}/{row.kind}"), str(row.state), harmless.code((row.problem or {}).get("code")))
        for row in ledger.rows(query)
    )
    return [
        {"lane": lane, "state": state, "problem": problem, "packets": count}
        for (lane, state, problem), count in sorted(kinds.items())
    ]


def _packets(ledger: Ledger) -> list[dict[str, Any]]:
    return [
        {
            "packet": harmless.packet(record.id),
            "lane": harmless.lane(record.lane),
            "state": str(record.state),
            "shelf": str(record.shelf),
            "arrived": str(record.arrived_at),
            "next": str(record.next_at or ""),
            "ended": str(record.ended_at or ""),
            "attempts": record.attempts,
            "name refusals": record.name_refusals,
            "possibly sent": record.possibly_sent,
            "files": len(record.documents),
            "bytes": sum(record.sizes),
            "warnings": len(record.warnings),
            "problem": harmless.code(record.problem.code if record.problem else ""),
            "faults": len(record.problem.details) if record.problem else 0,
        }
        for record in ledger.history(limit=_LATEST_PACKETS)
    ]


def _journal(ledger: Ledger) -> list[list[str]]:
    """Return the trace of the latest packets: time, packet, lane, event; with the attempts' outcomes among them."""
    journal, attempt = schema.journal.c, schema.attempt.c
    lines = select(journal.at, journal.packet, journal.lane, journal.event).order_by(journal.number.desc())
    tries = select(attempt.ended_at, attempt.packet, attempt.outcome, attempt.status, attempt.code).where(
        attempt.ended_at.is_not(None)
    )
    newest = func.max(journal.number)  # an empty journal has none
    if ledger.rows(select(newest))[0][0] is None:
        return []
    events = [
        [
            str(row.at),
            harmless.packet(row.packet),
            harmless.lane(row.lane) if row.lane else "",
            harmless.code(row.event),
        ]
        for row in ledger.rows(lines.limit(_LATEST_EVENTS))
    ]
    outcomes = [
        [
            str(row.ended_at),
            harmless.packet(row.packet),
            "",
            f"{row.outcome} {row.status or ''} {harmless.code(row.code)}",
        ]
        for row in ledger.rows(tries.order_by(attempt.ended_at.desc()).limit(_LATEST_EVENTS))
    ]
    return sorted(events + outcomes)


def _log(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return list(harmless.log_lines(islice(lines, _LARGEST_LOG_LINES)))
    except OSError as trouble:
        return [json.dumps({"not read": type(trouble).__name__})]


def _json(value: Any) -> str:
    return json.dumps(value, indent=1)
