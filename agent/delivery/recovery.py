"""After a start: tries that a crash cut off, packets that it left between two places, and a ledger that is new.

What the ledger knows is finished as it says. A packet's folder that the ledger does not know was being taken when the
agent was killed: its files go back into the watched folder. Where the ledger itself had to be set aside, nothing is
taken on trust: what stands in `sending` may have been sent, and what stands in `sent` and `failed` is read back from
the receipts and problems beside the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from agent.crashpoints import here
from agent.delivery.lane import Lane, packet_files, shelf_packet
from agent.delivery.problems import GAVE_UP_UNSURE
from agent.folder import shelves
from agent.folder.filesystem import FileSystemProblem, Missing, Offline
from agent.folder.names import PROBLEM_JSON, RECEIPT, is_watched, name_key
from agent.folder.packets import Packet
from agent.ledger.ledger import Ledger
from agent.ledger.records import ClaimState, FilenameClaim, PacketFile, PacketRecord, Shelf
from agent.ledger.transaction import problem_from
from agent.log import log, where
from agent.model import Candidate, Identity, LaneKind, Observation, PacketState

READ_BACK = timedelta(days=8)  # how far into `sent` to read: further than any duplicate or filename window
LARGEST_RECEIPT = 16 << 20


def recover_ledger(ledger: Ledger, now: datetime) -> None:
    """End the tries that were under way when the agent was killed: whether they arrived is not known."""
    for packet in ledger.unfinished():
        if packet.state is PacketState.SENDING:
            with ledger.transaction() as tx:
                tx.end_attempt(packet, now, "unknown", 0, "killed")
                tx.queue(packet, now, problem=None, possibly_sent=True)
                tx.mark_claim(packet.id, ClaimState.UNKNOWN, now)
            here("try-ended-as-unknown")


@dataclass
class Recovered:
    """What became of a lane's shelves. `complete`: every packet could be put in order. `adopted`: some were met that
    the ledger did not know."""

    complete: bool = True
    adopted: bool = False


def recover_lane(ledger: Ledger, lane: Lane, now: datetime, *, fresh_ledger: bool) -> Recovered:
    """Bring the shelves of a lane in line with the ledger. `fresh_ledger`: it has never met this lane.

    One packet whose files are in use does not stop the others. Raises Offline when the shelves cannot be reached.
    """
    if fresh_ledger:
        _finish_shelving(lane, now)
        _read_back_sent(ledger, lane, now)
        _read_back_failed(ledger, lane, now)
    found = Recovered()
    for shelf in (Shelf.SENDING, Shelf.HELD):
        for taken in shelves.taken(lane.fs, lane.shelf(shelf)):
            try:
                adopted = _recover(ledger, lane, taken, shelf, now, fresh_ledger)
                found.adopted = found.adopted or adopted
            except Offline:
                raise
            except FileSystemProblem as trouble:
                log.warning("a packet could not be put in order", extra={"trouble": where(trouble)})
                found.complete = False
    return found


def _recover(ledger: Ledger, lane: Lane, taken: shelves.Taken, shelf: Shelf, now: datetime, fresh_ledger: bool) -> bool:
    """Put one packet in order; tell whether it was adopted."""
    packet = taken.packet
    if packet is None:
        shelves.drop_unbegun(lane.fs, taken.place)
        return False
    if packet.installation != lane.installation or packet.lane != str(lane.id):
        return False  # another PC's that shares this folder, at work on it
    known = ledger.packet(packet.id)
    if known is None and fresh_ledger and shelves.is_whole(lane.fs, taken.place, packet):
        _adopt(ledger, lane, packet, shelf, taken.place, now)
        return True
    if known is None:
        shelves.undo_take(lane.fs, lane.settings.folder, taken.place, packet)
        lane.forget(packet.id)
    elif known.shelf in (Shelf.SENDING, Shelf.HELD) and known.shelf is not shelf:
        _reunite(lane, known, taken.place)
    return False


def _reunite(lane: Lane, known: PacketRecord, place: Path) -> None:
    try:
        shelves.transfer(lane.fs, place, lane.place(known), shelf_packet(known, lane.installation))
    except Missing:
        return  # people have taken files away: that is noticed where it is told


def _adopt(ledger: Ledger, lane: Lane, packet: Packet, shelf: Shelf, place: Path, now: datetime) -> None:
    """Go on with a packet that only its manifest tells of."""
    sending = shelf is Shelf.SENDING
    record = PacketRecord(
        id=packet.id,
        lane=lane.id,
        state=PacketState.QUEUED if sending else PacketState.HELD,
        name=packet.name,
        shelf=shelf,
        files=packet_files(packet),
        arrived_at=packet.arrived_at,
        folder=packet.folder,
        keep_names=packet.keep_names,
        next_at=None if sending else now,
        possibly_sent=sending,
    )
    record = replace(record, upload_name=lane.intake.upload_name(record.candidate, packet.arrived_at))
    checked = lane.intake.check(place, record.candidate, packet.id, record.upload_name, now)
    record = replace(record, claim=checked.claim, fingerprint=checked.fingerprint, warnings=checked.warnings)
    with ledger.transaction() as tx:
        tx.admit(record, now)
        tx.note(now, "adopted", packet=record.id, lane=lane.id)
        if lane.id.kind is LaneKind.STATEMENTS:
            tx.claim(
                FilenameClaim(
                    packet=record.id,
                    store_id=lane.terms.store_id,
                    key=name_key(record.upload_name),
                    sha256="".join(checked.sha256[:1]),
                    state=ClaimState.UNKNOWN if sending else ClaimState.RESERVED,
                    claimed_at=packet.arrived_at,
                    accepted_at=now if sending else None,
                )
            )


def _finish_shelving(lane: Lane, now: datetime) -> None:
    """Bring to their last shelf the packets of which a document stands there already: it is written first."""
    documents = chain(
        _documents(lane, _days(lane, now), RECEIPT), _documents(lane, [lane.settings.shelf("failed")], PROBLEM_JSON)
    )
    begun = {document["packet"]: path.parent for document, path in documents}
    for shelf in (Shelf.SENDING, Shelf.HELD):
        for taken in shelves.taken(lane.fs, lane.shelf(shelf)):
            packet = taken.packet
            if packet is not None and packet.installation == lane.installation and packet.id in begun:
                shelves.shelve(lane.fs, taken.place, begun[packet.id], packet, {})


def _read_back_sent(ledger: Ledger, lane: Lane, now: datetime) -> None:
    for receipt, shelf in _documents(lane, _days(lane, now), RECEIPT):
        sent_at = datetime.fromisoformat(receipt["sent_at"])
        files = tuple(
            PacketFile(str(file["name"]), "document", Identity(int(file["size"]), 0, ""), file["sha256"] or "")
            for file in receipt["files"]
        )
        record = PacketRecord(
            id=str(receipt["packet"]),
            lane=lane.id,
            state=PacketState.SENT,
            name=shelf.name.removesuffix(RECEIPT),
            shelf=Shelf.SENT,
            files=files,
            arrived_at=sent_at,
            attempts=int(receipt["attempts"]),
            possibly_sent=bool(receipt["possibly_sent_twice"]),
            receipt=receipt,
            control_number=str(receipt["attachment_control_number"] or ""),
            ended_at=sent_at,
        )
        if ledger.packet(record.id) is not None:
            continue
        if lane.id.kind is LaneKind.ATTACHMENTS:
            record = replace(record, fingerprint=_fingerprint(lane, shelf, files, now))
        with ledger.transaction() as tx:
            tx.admit(record, now)
            if lane.id.kind is LaneKind.STATEMENTS and files:
                tx.claim(_claim(lane, record, ClaimState.ACCEPTED, min(sent_at, now)))


def _claim(lane: Lane, record: PacketRecord, state: ClaimState, at: datetime) -> FilenameClaim:
    return FilenameClaim(
        packet=record.id,
        store_id=lane.terms.store_id,
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


def _read_back_failed(ledger: Ledger, lane: Lane, now: datetime) -> None:
    failed = lane.settings.shelf("failed")
    for document, _path in _documents(lane, [failed], PROBLEM_JSON):
        at = datetime.fromisoformat(document["at"])
        digests = {str(file["name"]): str(file["sha256"] or "") for file in document["files"]}
        problem = problem_from({key: document[key] for key in ("code", "sentence", "what_to_do", "details")})
        record = PacketRecord(
            id=str(document["packet"]),
            lane=lane.id,
            state=PacketState.FAILED,
            name=_path.name.removesuffix(PROBLEM_JSON),
            shelf=Shelf.FAILED,
            files=tuple(
                PacketFile(name, _role(lane, name), lane.fs.identify(failed / name), digest)
                for name, digest in digests.items()
                if _stands(lane, failed / name)
            ),
            arrived_at=at,
            possibly_sent=document["code"] == GAVE_UP_UNSURE.code,
            problem=problem,
            ended_at=at,
        )
        if ledger.packet(record.id) is not None:
            continue
        with ledger.transaction() as tx:
            tx.admit(record, now)
            if lane.id.kind is LaneKind.STATEMENTS and record.possibly_sent and record.files:
                tx.claim(_claim(lane, record, ClaimState.UNKNOWN, min(at, now)))


def _role(lane: Lane, name: str) -> str:
    return "sidecar" if lane.id.kind is LaneKind.ATTACHMENTS and name.endswith(".json") else "document"


def _days(lane: Lane, now: datetime) -> Iterator[Path]:
    sent = lane.settings.shelf("sent")
    oldest = f"{(now - READ_BACK).astimezone():%Y-%m-%d}"
    try:
        entries = lane.fs.list(sent)
    except Missing:
        return
    yield from (sent / entry.name for entry in entries if entry.kind == "folder" and entry.name >= oldest)


def _documents(lane: Lane, shelves_: Iterator[Path] | list[Path], ending: str) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield our own documents on these shelves. Anyone can write there: what is not of our form is passed over."""
    for shelf in shelves_:
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
