"""What stands beside the files on a shelf: the receipt of a sent packet, the problem of a failed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.folder.packets import ShelfNames
from agent.folder.receipts import (
    LARGEST_DOCUMENT,
    VERSION,
    DocumentFile,
    ProblemDocument,
    Receipt,
    SentDocumentFile,
    ShelvedFile,
)
from agent.ledger.records import PacketRecord
from agent.model import AttemptResult, Delivered, Fault, LaneKind, Problem
from agent.shown import shown

_ROOM = LARGEST_DOCUMENT * 3 // 4  # for the details; the rest is the packet's
_MOST_DETAILS = 10_000
_AROUND = 32  # bytes that a fault is indented with, in the list


def receipt(
    packet: PacketRecord, result: AttemptResult, delivered: Delivered, destination: str, at: datetime
) -> dict[str, Any]:
    """Return the receipt as the ledger keeps it: before it is known what the files are called on the shelf."""
    return Receipt(
        **_of_packet(packet),
        files=_as_sent(packet, result),
        payer_id=result.payer_id or None,
        date_of_service=result.date_of_service or None,
        sent_at=at,
        attempts=packet.attempts,
        destination=destination,
        status=delivered.status,
        response=delivered.response,
        attachment_control_number=delivered.attachment_control_number or None,
        attachment_ids=delivered.attachment_ids,
        image_intelligence_transaction_id=delivered.image_intelligence_transaction_id or None,
        possibly_sent_twice=packet.possibly_sent and delivered.confirmed_by != "refusal",
        confirmed_by=delivered.confirmed_by,
        warnings=(*packet.warnings, *delivered.warnings),
    ).as_json


def beside_sent(packet: PacketRecord, installation: str) -> Callable[[ShelfNames], dict[str, bytes]]:
    """Return what writes a sent packet's documents, once it is known what its files are called on the shelf."""

    def written(names: ShelfNames) -> dict[str, bytes]:
        on_shelf = [file.as_json for file in _on_shelf(packet, names)]
        return {RECEIPT: as_bytes({**(packet.receipt or {}), "installation": installation, "on_shelf": on_shelf})}

    return written


def beside_failed(
    packet: PacketRecord, whole: Problem, at: datetime, installation: str
) -> Callable[[ShelfNames], dict[str, bytes]]:
    """Return what writes a failed packet's documents, once it is known what its files are called on the shelf."""

    def written(names: ShelfNames) -> dict[str, bytes]:
        problem = _fitting(whole)
        document = ProblemDocument(
            **_of_packet(packet),
            installation=installation,
            files=_as_taken(packet),
            on_shelf=_on_shelf(packet, names),
            at=at,
            **asdict(problem),
            attempts=packet.attempts,
            possibly_sent=packet.possibly_sent,
        )
        return {
            PROBLEM_TEXT: problem_text(packet, problem, at).encode(),
            PROBLEM_JSON: as_bytes(document.as_json),
        }

    return written


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


def _fitting(problem: Problem) -> Problem:
    """Return the problem with as many details as a document can have that is read back."""
    fitting, left = 0, _ROOM
    for fault in problem.details[:_MOST_DETAILS]:
        left -= len(as_bytes(asdict(fault))) + _AROUND
        if left < 0:
            break
        fitting += 1
    more = len(problem.details) - fitting
    if not more:
        return problem
    rest = Fault("", "", f"{more:,} more places are not listed here.")
    return replace(problem, details=(*problem.details[:fitting], rest))


def _of_packet(packet: PacketRecord) -> dict[str, Any]:
    return {
        "version": VERSION,
        "packet": packet.id,
        "store": packet.lane.store,
        "lane": str(packet.lane.kind),
        "account": packet.account,
        "name": packet.name,
        "folder": packet.folder,
        "keep_names": packet.keep_names,
        "upload_name": packet.upload_name,
        "fingerprint": packet.fingerprint,
        "claim_id": packet.claim or None,
        "arrived_at": packet.arrived_at,
    }


def _as_sent(packet: PacketRecord, result: AttemptResult) -> list[SentDocumentFile]:
    """Return the files of a receipt; what goes out of a statement file is made of it, so the file itself is named."""
    dropped = {file.name: file for file in _as_taken(packet)}
    if packet.lane.kind is LaneKind.STATEMENTS or not result.files:
        own = [dropped[file.name] for file in packet.documents]
        return [
            SentDocumentFile(
                name=file.name.rpartition("/")[2], size=file.size, sha256=file.sha256, original_sha256=file.sha256
            )
            for file in own
        ]
    digests = {name.rpartition("/")[2]: file.sha256 for name, file in dropped.items()}
    return [
        SentDocumentFile(**asdict(file), original_sha256=digests.get(file.name) or file.sha256) for file in result.files
    ]


def _as_taken(packet: PacketRecord) -> list[DocumentFile]:
    return [DocumentFile(name=file.name, size=file.identity.size, sha256=file.sha256 or None) for file in packet.files]


def _on_shelf(packet: PacketRecord, names: ShelfNames) -> list[ShelvedFile]:
    return [
        ShelvedFile(
            name=file.name,
            on_shelf=names.beside(file.name),
            role=file.role,
            size=file.identity.size,
            sha256=file.sha256 or None,
        )
        for file in packet.files
    ]
