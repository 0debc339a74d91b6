"""After a start: tries that a crash cut off, packets that it left between two places, and a ledger that is new.

What the ledger knows is finished as it says. A packet's folder that the ledger does not know was being taken when the
agent was killed: its files go back into the watched folder. Where the ledger itself had to be set aside, nothing is
taken on trust: what stands in `sending` may have been sent, and what stands in `sent` and `failed` is read back from
the receipts and problems beside the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agent.crashpoints import here
from agent.delivery import problems
from agent.delivery.lane import Lane
from agent.delivery.places import MOVING, packet_files, shelf_packet
from agent.delivery.problems import held
from agent.delivery.reconcile.putting_back import finish_putting_back
from agent.delivery.reconcile.reading_back import read_back
from agent.delivery.verdicts import lost_each_time
from agent.folder import shelves
from agent.folder.filesystem import FileSystemProblem, Missing, Offline
from agent.folder.names import name_key
from agent.folder.packets import Packet
from agent.folder.problems import folder_problem
from agent.ledger.ledger import Ledger
from agent.ledger.records import ClaimState, FilenameClaim, PacketRecord, Shelf
from agent.log import log, where
from agent.model import Checked, LaneId, LaneKind, PacketState


def recover_ledger(ledger: Ledger, lanes: Mapping[LaneId, Lane], now: datetime, booted: datetime | None = None) -> None:
    """End the tries that were under way when the agent was killed: whether they arrived is not known.

    They count as lost ones, unless it is known that not all of the body went out: a packet in whose tries the agent is
    killed each time goes out no more often than one whose replies are lost.
    `booted`: when this boot was first seen. How long ago a try of an earlier boot was, nothing proves yet.
    """
    for packet in ledger.unfinished():
        if packet.state is PacketState.SENDING:
            whole = _went_out_whole(lanes.get(packet.lane), packet)
            may_have_it = whole or packet.lane.kind is LaneKind.ATTACHMENTS
            lost = replace(
                packet,
                possibly_sent=True,
                lost_tries=packet.lost_tries + may_have_it,
                lost_since=packet.lost_since or packet.last_tried_at or now,
                lost_whole=packet.lost_whole or (whole and packet.name_refusals == 0),
            )
            words = lost_each_time(lost, problems.ENDED_IN_MID_TRY) if may_have_it else None
            with ledger.transaction() as tx:
                tx.end_attempt(packet, now, "unknown", 0, "killed")
                if words:
                    tx.fail(lost, words, now)
                else:
                    tx.queue(lost, now, problem=None, possibly_sent=True)
                earlier = booted is not None and (packet.last_tried_at or now) < booted
                tx.mark_claim(packet.id, ClaimState.UNKNOWN, now, unproved=earlier)
            here("try-ended-as-unknown")


def _went_out_whole(lane: Lane | None, packet: PacketRecord) -> bool:
    """Tell whether all of the try went out, as far as that is noted (of statements it is)."""
    return lane is not None and lane.intake.went_out_whole(packet.id)


def readdress(ledger: Ledger, accounts: Mapping[LaneId, str], now: datetime) -> None:
    """Let packets that wait go where the settings send their lane now: what is known of them is another account's."""
    for packet in ledger.unfinished():
        account = accounts.get(packet.lane, "")
        moved = account and packet.account and packet.account != account
        if moved and packet.state in (PacketState.QUEUED, PacketState.HELD):
            with ledger.transaction() as tx:
                tx.readdress(packet, account, now)


@dataclass
class Recovered:
    """What became of a lane's shelves. `complete`: every packet could be put in order. `adopted`: some were met that
    the ledger did not know. `outdated`: the shelves know more than the ledger, which must be an old one.
    """

    complete: bool = True
    adopted: bool = False
    outdated: bool = False


def recover_lane(
    ledger: Ledger, lane: Lane, now: datetime, *, fresh_ledger: bool, outdated_ledger: bool = False
) -> Recovered:
    """Bring the shelves of a lane in line with the ledger. `fresh_ledger`: it has never met this lane.

    `outdated_ledger`: it is known to be older than what stands on some shelf. Of packets on their way to a service
    neither kind of ledger knows whether they have arrived. One packet whose files are in use does not stop the others.
    Raises Offline when the shelves cannot be reached.
    """
    outdated = read_back(ledger, lane, now).own and not fresh_ledger
    if outdated or outdated_ledger:
        _doubt(ledger, lane, now)
    fresh_ledger = fresh_ledger or outdated or outdated_ledger
    lane.shelf_trouble = None
    found = Recovered(complete=finish_putting_back(ledger, lane, now), outdated=outdated)
    for name in MOVING:
        shelf = Shelf(name)
        present, *former = lane.places.stood(name)
        for taken in shelves.taken(lane.fs, present):
            _put_in_order(ledger, lane, taken, shelf, now, fresh_ledger, found)
        for place in former:  # one that cannot be reached keeps the lane from nothing else
            try:
                for taken in shelves.taken(lane.fs, place):
                    _put_in_order(ledger, lane, taken, shelf, now, fresh_ledger, found)
            except FileSystemProblem as trouble:
                log.warning("a shelf of before cannot be read", extra={"trouble": where(trouble)})
                found.complete = False
    return found


def _doubt(ledger: Ledger, lane: Lane, now: datetime) -> None:
    """Take what waits to be sent for sent perhaps: a ledger that is newer than this one may know of a try."""
    for packet in ledger.unfinished():
        if packet.lane == lane.id and packet.state is PacketState.QUEUED and not packet.possibly_sent:
            with ledger.transaction() as tx:
                tx.queue(packet, packet.next_at, problem=packet.problem, possibly_sent=True)
                tx.mark_claim(packet.id, ClaimState.UNKNOWN, now)


def _put_in_order(
    ledger: Ledger, lane: Lane, taken: shelves.Taken, shelf: Shelf, now: datetime, fresh: bool, found: Recovered
) -> None:
    try:
        found.adopted = _recover(ledger, lane, taken, shelf, now, fresh) or found.adopted
    except Offline:
        raise
    except FileSystemProblem as trouble:
        log.warning("a packet could not be put in order", extra={"trouble": where(trouble)})
        lane.shelf_trouble = folder_problem(trouble, taken.place)
        found.complete = False


def _recover(ledger: Ledger, lane: Lane, taken: shelves.Taken, shelf: Shelf, now: datetime, fresh_ledger: bool) -> bool:
    """Put one packet in order; tell whether it was adopted."""
    packet = taken.packet
    if taken.trouble is not None:
        raise taken.trouble
    if packet is None:
        shelves.drop_unbegun(lane.fs, taken.place)
        return False
    known = ledger.packet(packet.id)
    is_ours = packet.installation == lane.places.installation or known is not None
    if not is_ours or packet.lane not in lane.places.names:
        return False  # another PC's that shares this folder, at work on it
    if known is None and packet.was:  # it was being taken over from another PC
        shelves.transfer(lane.fs, taken.place.with_name(packet.was), taken.place, packet, partly=True)
        adopt(ledger, lane, packet, shelf, taken.place, now)
        return False
    if known is None and fresh_ledger and shelves.is_whole(lane.fs, taken.place, packet):
        adopt(ledger, lane, packet, shelf, taken.place, now)
        return True
    if known is None:
        shelves.undo_take(lane.fs, lane.settings.folder, taken.place, packet)
        lane.forget(packet.id)
    elif known.shelf in (Shelf.SENDING, Shelf.HELD) and taken.place != lane.places.place(known):
        _reunite(lane, known, taken.place)
    return False


def _reunite(lane: Lane, known: PacketRecord, place: Path) -> None:
    try:
        shelves.transfer(lane.fs, place, lane.places.place(known), shelf_packet(known, lane.places.installation))
    except Missing:
        return  # people have taken files away: that is noticed where it is told


def adopt(ledger: Ledger, lane: Lane, packet: Packet, shelf: Shelf, place: Path, now: datetime) -> None:
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
        account=lane.terms.account,
    )
    record = replace(record, upload_name=lane.intake.upload_name(record.candidate, packet.arrived_at))
    checked = Checked()
    if shelves.is_whole(lane.fs, place, packet):
        checked = lane.intake.check(place, record.candidate, packet.id, record.upload_name, now)
        record = replace(record, claim=checked.claim, fingerprint=checked.fingerprint, warnings=checked.warnings)
    if not sending:
        record = replace(record, problem=held(lane.terms.scope, record.upload_name))
    with ledger.transaction() as tx:
        tx.admit(record, now)
        tx.note(now, "adopted", packet=record.id, lane=lane.id, was=packet.was)
        tx.release_claim(packet.was)
        if lane.id.kind is LaneKind.STATEMENTS:
            tx.claim(
                FilenameClaim(
                    packet=record.id,
                    store_id=lane.terms.account,
                    key=name_key(record.upload_name),
                    sha256="".join(checked.sha256[:1]),
                    state=ClaimState.UNKNOWN if sending else ClaimState.RESERVED,
                    claimed_at=packet.arrived_at,
                    accepted_at=now if sending else None,
                )
            )
