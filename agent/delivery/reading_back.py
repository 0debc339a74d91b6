"""Reading back, for a ledger that is new, what stands on `sent` and `failed`: receipts and problems beside the files.

Anyone can write on a shelf. A document counts only if it has our form, and the names in it only if they are plain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.delivery.lane import Lane
from agent.delivery.problems import ASK_FIRST, GAVE_UP_UNSURE
from agent.folder.filesystem import FileSystemProblem, Missing, Offline
from agent.folder.names import PROBLEM_JSON, RECEIPT, is_watched, name_key
from agent.folder.packets import is_plain
from agent.ledger.ledger import Ledger
from agent.ledger.records import ClaimState, FilenameClaim, PacketFile, PacketRecord, Shelf
from agent.ledger.transaction import problem_from
from agent.log import log, where
from agent.model import Candidate, Identity, LaneKind, Observation, PacketState

READ_BACK = timedelta(days=8)  # how far into `sent` to read: further than any duplicate or filename window
LARGEST_RECEIPT = 16 << 20

_Read = Callable[[Lane, dict[str, Any], Path, datetime], PacketRecord]


def read_back(ledger: Ledger, lane: Lane, now: datetime) -> None:
    """Remember again what a lane has sent lately, and what has failed. Raises FileSystemProblem."""
    for receipt, path in documents(lane, recent_days(lane, now), RECEIPT):
        _remember(ledger, lane, _sent, receipt, path, now)
    for problem, path in documents(lane, [lane.settings.shelf("failed")], PROBLEM_JSON):
        _remember(ledger, lane, _failed, problem, path, now)


def _remember(ledger: Ledger, lane: Lane, read: _Read, document: dict[str, Any], path: Path, now: datetime) -> None:
    try:
        record = read(lane, document, path, now)
    except (ValueError, KeyError, TypeError) as trouble:
        log.warning("a document on a shelf is not of our form", extra={"trouble": where(trouble)})
        return
    if ledger.packet(record.id) is not None:
        return
    with ledger.transaction() as tx:
        tx.admit(record, now)
        if lane.id.kind is LaneKind.STATEMENTS and record.files:
            at = min(record.arrived_at, now)
            if record.state is PacketState.SENT and record.account == lane.terms.account:
                tx.claim(_claim(lane, record, ClaimState.ACCEPTED, at))
            elif record.possibly_sent:
                tx.claim(_claim(lane, record, ClaimState.UNKNOWN, at))


def _sent(lane: Lane, receipt: dict[str, Any], path: Path, now: datetime) -> PacketRecord:
    sent_at = datetime.fromisoformat(receipt["sent_at"])
    files = tuple(
        PacketFile(_plain(file["name"]), "document", Identity(int(file["size"]), 0, ""), str(file["sha256"] or ""))
        for file in receipt["files"]
    )
    return PacketRecord(
        id=_plain(receipt["packet"]),
        lane=lane.id,
        state=PacketState.SENT,
        name=path.name.removesuffix(RECEIPT),
        shelf=Shelf.SENT,
        files=files,
        arrived_at=sent_at,
        attempts=int(receipt["attempts"]),
        possibly_sent=bool(receipt["possibly_sent_twice"]),
        fingerprint=_fingerprint(lane, path, files, now) if lane.id.kind is LaneKind.ATTACHMENTS else "",
        receipt=receipt,
        control_number=str(receipt["attachment_control_number"] or ""),
        ended_at=sent_at,
        account=_account(lane, receipt),
    )


def _failed(lane: Lane, document: dict[str, Any], path: Path, now: datetime) -> PacketRecord:
    del now
    at = datetime.fromisoformat(document["at"])
    digests = {_plain(file["name"]): str(file["sha256"] or "") for file in document["files"]}
    return PacketRecord(
        id=_plain(document["packet"]),
        lane=lane.id,
        state=PacketState.FAILED,
        name=path.name.removesuffix(PROBLEM_JSON),
        shelf=Shelf.FAILED,
        files=tuple(
            PacketFile(name, _role(lane, name), lane.fs.identify(path.parent / name), digest)
            for name, digest in digests.items()
            if _stands(lane, path.parent / name)
        ),
        arrived_at=at,
        possibly_sent=document["code"] == GAVE_UP_UNSURE.code or str(document["what_to_do"]).startswith(ASK_FIRST),
        problem=problem_from({key: document[key] for key in ("code", "sentence", "what_to_do", "details")}),
        ended_at=at,
        account=lane.terms.account,
    )


def _account(lane: Lane, receipt: dict[str, Any]) -> str:
    """Return the account that a receipt is of: the lane's, unless its address is another."""
    address = str(receipt.get("destination") or lane.destination.name)
    return lane.terms.account if address == lane.destination.name else address


def _plain(name: object) -> str:
    """Return a name from a document, of a file on the shelf or in a packet's folder there. Raises ValueError."""
    text = str(name)
    if not is_plain(text, text.partition("/")[0] if "/" in text else ""):
        raise ValueError("a name that leads elsewhere")
    return text


def _claim(lane: Lane, record: PacketRecord, state: ClaimState, at: datetime) -> FilenameClaim:
    return FilenameClaim(
        packet=record.id,
        store_id=lane.terms.account,
        key=name_key(lane.intake.upload_name(record.candidate, at)),
        sha256=record.files[0].sha256,
        state=state,
        claimed_at=at,
        accepted_at=at,
    )


def _fingerprint(lane: Lane, receipt: Path, files: tuple[PacketFile, ...], now: datetime) -> str:
    """Return what a sent packet's sidecar says, as it stands beside its receipt; empty where that cannot be told.

    Without it the packet dropped once more would not be known for a duplicate.
    """
    day, title = receipt.parent, receipt.name.removesuffix(RECEIPT)
    bases = [file.name.rpartition("/")[2] for file in files]
    by_name = {name_key(f"{title}{suffix}.json") for suffix in ("", *(Path(base).suffix for base in bases))}
    try:
        is_folder = any(entry.kind == "folder" and entry.name == title for entry in lane.fs.list(day))
        folder = f"{title}/" if is_folder else ""
        standing = [entry.name for entry in lane.fs.list(day / folder) if is_watched(entry.name)]
        cards = [
            name for name in standing if (is_folder and name_key(name).endswith(".json")) or name_key(name) in by_name
        ]
        if len(cards) != 1:
            return ""
        card, *observed = (
            Observation(folder + name, lane.fs.identify(day / folder / name)) for name in (*cards, *bases)
        )
        return lane.intake.check(day, Candidate(title, tuple(observed), card), title, "", now).fingerprint
    except Offline:
        raise
    except FileSystemProblem:
        return ""


def _role(lane: Lane, name: str) -> str:
    return "sidecar" if lane.id.kind is LaneKind.ATTACHMENTS and name.endswith(".json") else "document"


def recent_days(lane: Lane, now: datetime) -> Iterator[Path]:
    """Yield the days of `sent` that can still matter."""
    sent = lane.settings.shelf("sent")
    oldest = f"{(now - READ_BACK).astimezone():%Y-%m-%d}"
    try:
        entries = lane.fs.list(sent)
    except Missing:
        return
    yield from (sent / entry.name for entry in entries if entry.kind == "folder" and entry.name >= oldest)


def documents(lane: Lane, shelves: Iterable[Path], ending: str) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield our own documents on these shelves. Anyone can write there: what is not of our form is passed over."""
    for shelf in shelves:
        try:
            entries = lane.fs.list(shelf)
        except Missing:
            continue
        for entry in entries:
            if entry.kind != "file" or not entry.name.endswith(ending):
                continue
            try:
                with lane.fs.open(shelf / entry.name) as file:
                    document = json.loads(file.read(LARGEST_RECEIPT))
                if document["store"] == lane.id.store and document["lane"] == lane.id.kind:
                    yield document, shelf / entry.name
            except (FileSystemProblem, ValueError, KeyError, TypeError) as trouble:
                log.warning("a document on a shelf could not be read back", extra={"trouble": where(trouble)})


def _stands(lane: Lane, path: Path) -> bool:
    try:
        lane.fs.identify(path)
    except FileSystemProblem:
        return False
    return True
