"""Reading back what stands on `sent` and `failed` and the ledger does not know: it is new, or older than the shelves.

Anyone can write on a shelf. A document counts only if it has our form, and the names in it only if they are plain.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.delivery.lane import Lane
from agent.delivery.places import MOVING
from agent.delivery.problems import AFTER_A_TRY
from agent.delivery.told import problem_in
from agent.folder import shelves
from agent.folder.carrying import listed, names_in
from agent.folder.digest import digest_of
from agent.folder.documents import documents_on
from agent.folder.filesystem import Damaged, FileSystemProblem, Missing, Offline
from agent.folder.names import PROBLEM_JSON, RECEIPT, is_watched, name_key
from agent.folder.packets import read_manifest
from agent.folder.receipts import AnyDocument, ProblemDocument, Receipt, ShelfDocument, read_document
from agent.ledger.ledger import Ledger
from agent.ledger.records import ClaimState, FilenameClaim, PacketFile, PacketRecord, Shelf
from agent.ledger.times import INEXACT, NEARLY_RIGHT
from agent.log import log, where
from agent.model import Candidate, Identity, LaneKind, Observation, PacketState
from agent.settings.account import account_at, address_key
from agent.shown import called, in_unicode

READ_BACK = timedelta(days=8)  # how far into `sent` to read at least: further than any filename window


@dataclass
class ReadBack:
    """What the shelves told that the ledger did not know. `own`: packets of this installation among them."""

    packets: set[str] = field(default_factory=set)
    own: bool = False


def read_back(ledger: Ledger, lane: Lane, now: datetime) -> ReadBack:
    """Take from the shelves what they prove and the ledger does not know: sent lately, or failed.

    Receipts are read only where the ledger has none; problems all, for another packet's can stand in the same place
    once people have dealt with the first. Raises FileSystemProblem.
    """
    found = ReadBack()
    known = ledger.standing(lane.id, now - _how_far(lane))
    for receipt, path, shelf in _documents(lane, recent_days(lane, now), RECEIPT, Receipt, known):
        _take(ledger, lane, _sent(lane, receipt, path, now), receipt, shelf, found, now)
    for problem, path, shelf in _documents(lane, lane.places.stood("failed"), PROBLEM_JSON, ProblemDocument, ()):
        _take(ledger, lane, _failed(lane, problem, path, now), problem, shelf, found, now)
    return found


def _how_far(lane: Lane) -> timedelta:
    """Return how far into `sent` to read: as far as anything is known again."""
    return max(READ_BACK, timedelta(days=lane.terms.duplicate_days + 1))


def _take(
    ledger: Ledger,
    lane: Lane,
    proven: PacketRecord,
    document: ShelfDocument,
    shelf: Path,
    found: ReadBack,
    now: datetime,
) -> None:
    known = ledger.packet(proven.id)
    if known is not None and known.state not in (PacketState.QUEUED, PacketState.HELD):
        if known.shelf is proven.shelf and not known.stands_as:  # of an older OutTray, which did not note it
            with ledger.transaction(synced=False) as tx:
                tx.stands(known, proven.stands_as)
        return
    found.packets.add(proven.id)
    found.own = found.own or document.installation in ("", lane.places.installation)
    if known is None:
        _finish_shelving(lane, proven.id, shelf)
    with ledger.transaction() as tx:
        if known is None:
            tx.admit(proven, now)
        else:  # what of it stands in its own folder is shelved as usual
            state = PacketState.DELIVERED if proven.state is PacketState.SENT else proven.state
            tx.prove(replace(proven, state=state, lane=known.lane), now)
            tx.release_claim(known.id)
        if lane.id.kind is LaneKind.STATEMENTS and proven.files:
            tx.sees_anew(now)
            if proven.state is PacketState.SENT:
                tx.claim(_claim(lane, proven, ClaimState.ACCEPTED, now))
            elif proven.possibly_sent:
                tx.claim(_claim(lane, proven, ClaimState.UNKNOWN, now))


def _finish_shelving(lane: Lane, packet: str, shelf: Path) -> None:
    """Bring to its last shelf what a crash has left of a packet behind its documents, which are written first."""
    for place in (root / packet for name in MOVING for root in lane.places.stood(name)):
        if names_in(lane.fs, place):
            with suppress(Missing, Damaged):
                shelves.shelve(lane.fs, place, shelf, read_manifest(lane.fs, place), lambda _names: {})


def _sent(lane: Lane, receipt: Receipt, path: Path, now: datetime) -> PacketRecord:
    files = tuple(
        PacketFile(file.name, file.role, Identity(file.size, 0, ""), file.sha256 or "") for file in receipt.on_shelf
    ) or tuple(
        PacketFile(file.name, "document", Identity(file.size, 0, ""), file.sha256 or "") for file in receipt.files
    )
    attachments = lane.id.kind is LaneKind.ATTACHMENTS
    return PacketRecord(
        **_of_document(receipt, path, RECEIPT),
        lane=lane.id,
        state=PacketState.SENT,
        shelf=Shelf.SENT,
        files=files,
        arrived_at=receipt.arrived_at or receipt.sent_at,
        attempts=receipt.attempts,
        possibly_sent=receipt.possibly_sent_twice,
        fingerprint=_fingerprint(lane, path, files, now)
        if attachments and not receipt.version
        else receipt.fingerprint,
        receipt=receipt.as_json,
        control_number=receipt.attachment_control_number or "",
        ended_at=receipt.sent_at,
        account=receipt.account or _account(lane, receipt),
    )


def _failed(lane: Lane, document: ProblemDocument, path: Path, now: datetime) -> PacketRecord:
    unsaid = document.possibly_sent is None
    return PacketRecord(
        **_of_document(document, path, PROBLEM_JSON),
        lane=lane.id,
        state=PacketState.FAILED,
        shelf=Shelf.FAILED,
        files=tuple(_standing(lane, document, path)),
        arrived_at=document.arrived_at or document.at or now,
        attempts=document.attempts,
        possibly_sent=document.code in AFTER_A_TRY if unsaid else bool(document.possibly_sent),
        fingerprint=document.fingerprint,
        problem=problem_in(document),
        ended_at=document.at or now,
        account=document.account or lane.terms.account,
    )


def _of_document(document: ShelfDocument, path: Path, ending: str) -> dict[str, Any]:
    title = path.name.removesuffix(ending)
    name = _as_it_is(document.name, title) or title
    return {
        "id": document.packet,
        "stands_as": str(path.with_name(title)),
        "name": name,
        "folder": name if document.folder == document.name else document.folder,
        "keep_names": document.keep_names,
        "upload_name": document.upload_name,
        "claim": document.claim_id or "",
    }


def _standing(lane: Lane, document: ProblemDocument, path: Path) -> Iterator[PacketFile]:
    """Yield a failed packet's files, as they stand: people may have mended them, or taken some away.

    An older document does not say what they are called there: then a file is the packet's only by its digest.
    """
    for file in document.on_shelf:
        shelved = _really_called(lane, path.parent, file.on_shelf)
        identity = _identity(lane, path.parent / shelved)
        if identity is not None:
            yield PacketFile(_as_it_is(file.name, shelved), file.role, identity, file.sha256 or "")
    for one in document.files if not document.on_shelf else ():
        identity, there = _identity(lane, path.parent / one.name), path.parent / one.name
        if identity is not None and one.sha256 and digest_of(lane.fs, there) == one.sha256:
            yield PacketFile(one.name, _role(lane, one.name), identity, one.sha256)


def _really_called(lane: Lane, folder: Path, written: str) -> str:
    """Return what a file is called that a document names: in there, what is no Unicode stands spelled out."""
    real = ""
    for part in written.split("/"):
        here = called(part, names_in(lane.fs, folder / real)) or part
        real = f"{real}/{here}" if real else here
    return real


def _as_it_is(written: str, there: str) -> str:
    """Return a name from a document as it is on the disk, where what stands `there` is called so."""
    parts, real = written.split("/"), there.split("/")[-len(written.split("/")) :]
    alike = len(parts) == len(real)
    return "/".join(one if alike and in_unicode(one) == said else said for said, one in zip(parts, real, strict=False))


def _account(lane: Lane, receipt: Receipt) -> str:
    """Return the account that an older receipt is of: the lane's, unless its address is another."""
    elsewhere = receipt.destination and address_key(receipt.destination) != address_key(lane.destination.name)
    return account_at(receipt.destination, lane.terms.account) if elsewhere else lane.terms.account


def _claim(lane: Lane, record: PacketRecord, state: ClaimState, now: datetime) -> FilenameClaim:
    """Return a claim as a document proves it. How long ago that was, by this PC's clock, no ledger has seen: a receipt
    is dated by the service's own, and the service says what time it is there; or by a clock that was nearly right.
    """
    said = record.ended_at or now
    at = min(said, now)
    return FilenameClaim(
        packet=record.id,
        store_id=record.account,
        key=name_key(record.upload_name or lane.intake.upload_name(record.candidate, at)),
        sha256=record.files[0].sha256,
        state=state,
        claimed_at=at,
        accepted_at=at,
        unproved=True,
        service_date=said + NEARLY_RIGHT - INEXACT if state is ClaimState.ACCEPTED else None,
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
    oldest = f"{(now - _how_far(lane)).astimezone():%Y-%m-%d}"
    for sent in lane.places.stood("sent"):
        entries = listed(lane.fs, sent)
        yield from (sent / entry.name for entry in entries if entry.kind == "folder" and entry.name >= oldest)


def _documents(
    lane: Lane, folders: Iterable[Path], ending: str, form: type[AnyDocument], known: Container[str]
) -> Iterator[tuple[AnyDocument, Path, Path]]:
    """Yield the lane's documents on these shelves, but for the known ones, with where each stands, and on which shelf.

    Anyone can write there: what is not of our form is passed over.
    """
    for shelf in folders:
        for path in documents_on(lane.fs, shelf, ending):
            if str(path.with_name(path.name.removesuffix(ending))) in known:
                continue
            try:
                document = read_document(lane.fs, path, form)
            except Offline:
                raise
            except FileSystemProblem as trouble:
                log.warning("a document on a shelf could not be read back", extra={"trouble": where(trouble)})
                continue
            if document.lane == lane.id.kind and (
                f"{document.store}/{document.lane}" in lane.places.names or document.account == lane.terms.account
            ):
                yield document, path, shelf


def _identity(lane: Lane, path: Path) -> Identity | None:
    try:
        return lane.fs.identify(path)
    except Missing:
        return None
