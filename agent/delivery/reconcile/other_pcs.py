"""Packets of another PC on the shelves: whose they are, whether that PC is still heard of, and how they are taken over.

PCs that share a folder leave each other a sign of life there. A PC whose sign has not been renewed for long is gone as
far as anyone can tell, and its packets need someone: whether they arrived, only the service knows. How old a sign is
says the disk that both signs stand on, so that no PC's clock comes into it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from agent.delivery.lane import Lane
from agent.delivery.places import MOVING
from agent.delivery.problems import OTHER_PC, moment
from agent.delivery.reconcile.recovery import adopt
from agent.folder import shelves
from agent.folder.carrying import listed
from agent.folder.filesystem import FileSystem, FileSystemProblem, Missing
from agent.folder.names import OWN_PREFIX, name_key
from agent.folder.packets import Packet, is_plain
from agent.folder.renamed import name_as_taken
from agent.ledger.ledger import Ledger
from agent.ledger.records import ClaimState, FilenameClaim, Shelf
from agent.log import log, where
from agent.model import Candidate as Files
from agent.model import LaneId, LaneKind, Observation, Problem
from agent.settings.schema import LaneSettings

SIGNED_EVERY = 600.0  # seconds
SILENT = timedelta(minutes=30)
SILENT_UNSIGNED = timedelta(hours=1)  # since it was taken: on this PC's own disk nobody else leaves a sign
SILENT_UNSIGNED_SHARE = timedelta(hours=25)  # on a share: longer than a file is held by an OutTray that leaves none
_LARGEST_SIGN = 4096


@dataclass(frozen=True)
class Foreign:
    """A packet of another installation, and whether that has not been heard of for long. `host`: its PC, if known."""

    packet: Packet
    place: Path
    shelf: Shelf
    host: str
    silent: bool


def sign(fs: FileSystem, lane: Lane) -> None:
    """Leave a sign of life in a shared folder. Raises FileSystemProblem."""
    if fs.is_remote(lane.settings.folder):
        path = _sign_of(lane.settings, lane.places.installation)
        fs.remove(path)
        fs.write(path, json.dumps({"host": platform.node()}).encode())


def foreign(lane: Lane, ours: Collection[str], now: datetime) -> list[Foreign]:
    """Return the packets of other installations on the lane's shelves. `ours`: packets that need no look.

    Raises FileSystemProblem.
    """
    return _foreign(lane.fs, lane.settings, lane.places.installation, ours, now, lambda: _age_base(lane))


def left_on_shelves(
    fs: FileSystem, lane: LaneId, settings: LaneSettings, installation: str, ours: Collection[str], now: datetime
) -> Problem | None:
    """Return what people are told of packets whose PC is silent, where no agent runs; None where there are none.

    Nothing is written: how old a sign is cannot be told then, and a packet's age decides.
    """
    try:
        return problem_of_silent(lane, _foreign(fs, settings, installation, ours, now, lambda: None))
    except FileSystemProblem:
        return None


def _foreign(
    fs: FileSystem,
    settings: LaneSettings,
    installation: str,
    ours: Collection[str],
    now: datetime,
    time_by_the_disk: Callable[[], int | None],
) -> list[Foreign]:
    found = [
        (packet, place, Shelf(name))
        for name in MOVING
        for place, packet in _with_manifest(fs, settings.shelf(name), ours)
        if packet.installation != installation
    ]
    signs = {packet.installation: _heard_of(fs, settings, packet.installation) for packet, _, _ in found}
    own = time_by_the_disk() if any(at is not None for at, _ in signs.values()) else None
    return [
        Foreign(
            packet,
            place,
            shelf,
            host=signs[packet.installation][1],
            silent=_is_silent(fs, settings, packet, signs[packet.installation][0], own, now),
        )
        for packet, place, shelf in found
    ]


def still_there(lane: Lane, packets: Collection[Foreign]) -> list[Foreign]:
    """Return those of which something is left; what people have emptied behind a silent PC is cleared away.

    Raises FileSystemProblem.
    """
    emptied = [one for one in packets if one.silent and shelves.is_empty(lane.fs, one.place, one.packet)]
    for one in emptied:
        shelves.clear(lane.fs, one.place, one.packet)
    return [one for one in packets if one not in emptied]


def problem_of_silent(lane: LaneId, packets: Collection[Foreign]) -> Problem | None:
    """Return what people are told of packets whose PC is silent; None where there are none."""
    left = [one for one in packets if one.silent]
    if not left:
        return None
    return OTHER_PC.problem(
        packets="1 packet" if len(left) == 1 else f"{len(left)} packets",
        host=", ".join(sorted({one.host or "another PC" for one in left})),
        since=moment(min(one.packet.arrived_at for one in left)),
        where=", ".join(sorted({str(one.place.parent) for one in left})),
        lane=lane,
    )


def guard_names(ledger: Ledger, lane: Lane, packets: Collection[Foreign], now: datetime) -> None:
    """Take the names of statement files that another PC may have sent for used from now on."""
    for one in packets:
        if lane.id.kind is not LaneKind.STATEMENTS or one.shelf is not Shelf.SENDING:
            continue
        candidate = Files(one.packet.name, tuple(Observation(file.name, file.identity) for file in one.packet.files))
        name = lane.intake.upload_name(candidate, one.packet.arrived_at)
        if not ledger.has_claim(one.packet.id):
            claim = FilenameClaim(
                packet=one.packet.id,
                store_id=lane.terms.account,
                key=name_key(name),
                sha256="",
                state=ClaimState.UNKNOWN,
                claimed_at=now,
                accepted_at=now,
            )
            with ledger.transaction() as tx:
                tx.claim(claim)


def take_over(ledger: Ledger, lane: Lane, packets: Collection[Foreign], new_id: str, now: datetime) -> Iterator[str]:
    """Take over the packets of PCs that are silent; yield the ids that they have from now on.

    The move into a folder of our own is the claim: a PC that comes back finds nothing any more. What cannot be moved
    just now stays as it is. Of a packet whose files people have taken away in part, the rest comes along: it is not
    sent. `new_id`: what their ids begin with.
    """
    for number, one in enumerate(packets):
        if not one.silent:
            continue
        packet = replace(
            one.packet,
            id=f"{new_id}{number or ''}",
            lane=str(lane.id),
            installation=lane.places.installation,
            ledger_at=ledger.last_line,
            was=one.packet.id,
        )
        place = one.place.with_name(packet.id)
        try:
            name_as_taken(lane.fs, one.place, packet)
            shelves.transfer(lane.fs, one.place, place, packet, partly=True)
            adopt(ledger, lane, packet, one.shelf, place, now)
        except FileSystemProblem as trouble:
            log.warning("a packet could not be taken over", extra={"trouble": where(trouble)})
            continue
        yield packet.id


def _with_manifest(fs: FileSystem, shelf: Path, ours: Collection[str]) -> Iterator[tuple[Path, Packet]]:
    names = [entry.name for entry in listed(fs, shelf) if entry.kind == "folder" and entry.name not in ours]
    for taken in shelves.those_taken(fs, shelf, names):
        if taken.packet is not None:
            yield taken.place, taken.packet


def _sign_of(settings: LaneSettings, installation: str) -> Path:
    return settings.folder / f"{OWN_PREFIX}pc-{installation}"


def _heard_of(fs: FileSystem, settings: LaneSettings, installation: str) -> tuple[int | None, str]:
    """Return when an installation has left its last sign (nanoseconds, by the disk), and its PC's name."""
    if not is_plain(installation, ""):
        return None, ""
    path = _sign_of(settings, installation)
    try:
        at = fs.identify(path).mtime_ns
        with fs.open(path) as file:
            return at, str(json.loads(file.read(_LARGEST_SIGN))["host"])
    except Missing:
        return None, ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, ""


def _age_base(lane: Lane) -> int | None:
    """Return what time it is by the disk: that of our own sign, written just now."""
    sign(lane.fs, lane)
    return _heard_of(lane.fs, lane.settings, lane.places.installation)[0]


def _is_silent(
    fs: FileSystem, settings: LaneSettings, packet: Packet, at: int | None, own: int | None, now: datetime
) -> bool:
    if at is None or own is None:
        patience = SILENT_UNSIGNED_SHARE if fs.is_remote(settings.folder) else SILENT_UNSIGNED
        return now - packet.arrived_at >= patience
    return own - at >= SILENT.total_seconds() * 1e9
