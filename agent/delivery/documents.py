"""What stands beside the files on a shelf: the receipt of a sent packet, the problem of a failed one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent.ledger.records import PacketRecord
from agent.model import AttemptResult, Delivered, LaneKind, Problem
from agent.shown import shown


def receipt(
    packet: PacketRecord, result: AttemptResult, delivered: Delivered, destination: str, at: datetime
) -> dict[str, Any]:
    """Return the receipt, in the form of the files contract (design section 5)."""
    twice = packet.possibly_sent and delivered.confirmed_by != "refusal"
    return {
        "packet": packet.id,
        "store": packet.lane.store,
        "lane": str(packet.lane.kind),
        "files": _as_sent(packet, result),
        "sent_at": utc_text(at),
        "attempts": packet.attempts,
        "destination": destination,
        "status": delivered.status,
        "response": delivered.response,
        "attachment_control_number": delivered.attachment_control_number or None,
        "attachment_ids": list(delivered.attachment_ids),
        "image_intelligence_transaction_id": delivered.image_intelligence_transaction_id or None,
        "possibly_sent_twice": twice,
        "confirmed_by": delivered.confirmed_by,
        "warnings": [*packet.warnings, *delivered.warnings],
    }


def problem_json(packet: PacketRecord, problem: Problem, at: datetime) -> dict[str, Any]:
    """Return the problem, in the form of the files contract."""
    return {
        "packet": packet.id,
        "store": packet.lane.store,
        "lane": str(packet.lane.kind),
        "files": _as_taken(packet),
        "at": utc_text(at),
        **asdict(problem),
    }


def problem_text(packet: PacketRecord, problem: Problem, at: datetime) -> str:
    """Return the problem as a person reads it, with the details for IT at the end."""
    lines = [problem.sentence, "", f"What to do: {problem.what_to_do}"]
    if problem.details:
        lines += ["", "In detail:"]
        for fault in problem.details:
            value = f' "{fault.value}"' if fault.value else ""
            lines.append(f"  - {fault.where}{value}: {fault.message}")
    names = ", ".join(file.name for file in packet.files)
    lines += [
        "",
        f"Files: {names}",
        f"Time: {at.astimezone():%Y-%m-%d %H:%M}",
        f"For IT: {problem.code}, packet {packet.id}, {packet.lane}, attempts {packet.attempts}",
    ]
    return "\r\n".join(map(shown, lines)) + "\r\n"


def as_bytes(document: dict[str, Any]) -> bytes:
    """Return a document as the bytes of its file: JSON that does no harm on a terminal either."""
    lines = json.dumps(document, ensure_ascii=False, indent=2).split("\n")
    return "\n".join(map(shown, lines)).encode() + b"\n"


def _as_sent(packet: PacketRecord, result: AttemptResult) -> list[dict[str, Any]]:
    """Return the files of a receipt; what goes out of a statement file is made of it, so the file itself is named."""
    if packet.lane.kind is LaneKind.STATEMENTS or not result.files:
        return [file for file in _as_taken(packet) if file["name"] in {one.name for one in packet.documents}]
    return [asdict(file) for file in result.files]


def _as_taken(packet: PacketRecord) -> list[dict[str, Any]]:
    return [{"name": file.name, "size": file.identity.size, "sha256": file.sha256 or None} for file in packet.files]


def utc_text(at: datetime) -> str:
    """Return a moment as the documents write it: ISO 8601 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
