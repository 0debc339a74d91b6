"""Settings that were changed while packets were on their way: a lane renamed, its folder or a shelf moved.

Each packet of the ledger belongs to a lane of the settings, or is shown as needing someone. A lane that has another
name now is known by its account and its folder, both; by one of them alone nothing is certain. A lane that has its name
still, and neither its account nor its folder, is another one, to which the name was given.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from agent.delivery.problems import LANE_GONE, SHELF_OF_BEFORE
from agent.delivery.reconcile.old_folders import left_waiting
from agent.delivery.snapshot import LaneSnapshot
from agent.folder.filesystem import FileSystem
from agent.folder.real import RealFileSystem
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable, read_only
from agent.ledger.records import LanePlaces, LaneRecord, PacketRecord
from agent.log import log
from agent.model import LaneId, LaneKind, LaneState, PacketState, Problem
from agent.settings.account import account_of
from agent.settings.locations import ledger_file
from agent.settings.schema import LaneSettings, Settings, ShelfName

_BEFORE = " (before)"
SHELVES: tuple[ShelfName, ...] = ("held", "sending", "sent", "failed")


@dataclass(frozen=True)
class Known:
    """By what a lane is known whatever it is called."""

    account: str
    folder: Path


def places_of(lane: LaneId, settings: LaneSettings, account: str) -> LanePlaces:
    """Return where a lane's folder and shelves stand, as the settings say now."""
    shelves: dict[str, tuple[str, ...]] = {name: (str(settings.shelf(name)),) for name in SHELVES}
    return LanePlaces(str(settings.folder), account, (str(lane),), shelves)


def known_lanes(settings: Settings) -> dict[LaneId, Known]:
    """Return by what each lane of the settings is known."""
    return {
        lane_id: Known(account_of(store, lane), lane.folder)
        for store in settings.store
        for lane_id, lane in store.lanes.items()
    }


def adopt_renamed(ledger: Ledger, lanes: Mapping[LaneId, Known], now: datetime) -> None:
    """Let lanes that have another name in the settings now keep what is known of them.

    One whose name is another's now, and that is nowhere else, gets a name that no lane can have: it is gone.
    """
    records = ledger.lanes()
    renamed: dict[LaneId, LaneId] = {}
    for old, record in records.items():
        new = _successor(record, lanes)
        if new is None and old in lanes and not _is_there(record, lanes):
            new = _name_of_one_gone(old, records)
        if new is not None:
            renamed[old] = new
    if renamed:
        with ledger.transaction() as tx:
            tx.rename_lanes(renamed, now)
        for old, new in renamed.items():
            log.info("a lane has another name", extra={"lane": str(new), "was": str(old)})


def left_behind(
    lanes: Mapping[LaneId, Known],
    records: Mapping[LaneId, LaneRecord],
    packets: Iterable[PacketRecord],
    unresolved: Mapping[LaneId, int],
) -> Iterator[LaneSnapshot]:
    """Yield the lanes that the settings do not name any more and that still have packets, for someone to see.

    `packets` are those that have not come to rest, `unresolved` counts those that need someone.
    """
    moving: dict[LaneId, list[PacketRecord]] = {}
    there = {lane for lane in lanes if lane not in records or _is_there(records[lane], lanes)}
    for packet in packets:
        if packet.lane not in there:
            moving.setdefault(packet.lane, []).append(packet)
    gone = {lane for lane, count in unresolved.items() if count and lane not in there}
    for lane in sorted(gone | set(moving)):
        record = records.get(lane, LaneRecord(lane))
        if _successor(record, lanes) is not None:
            continue  # the agent takes it over with its next start
        waiting, failed = moving.get(lane, []), unresolved.get(lane, 0)
        states = [str(packet.state) for packet in waiting]
        where = ", ".join(_stand_on(record, waiting, failed)) or "its old folder"
        count = len(waiting) + failed
        yield LaneSnapshot(
            lane=str(lane),
            state=LaneState.BLOCKED,
            folder=record.places.folder if record.places else "",
            problem=LANE_GONE.problem(
                lane=lane,
                packets="1 packet" if count == 1 else f"{count} packets",
                where=where,
                store=lane.store.partition(_BEFORE)[0],
            ),
            counts={state: states.count(state) for state in dict.fromkeys(states)},
            needs_attention=failed,
        )


def left_by_settings(settings: Settings) -> list[tuple[LaneId, Problem]]:
    """Return what these settings leave behind of what the ledger on the disk knows; nothing where it cannot be read."""
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        return []
    try:
        return list(left_in(ledger, settings))
    except DatabaseError:
        return []
    finally:
        ledger.close()


def left_in(ledger: Ledger, settings: Settings, fs: FileSystem | None = None) -> Iterator[tuple[LaneId, Problem]]:
    """Yield what these settings leave behind of what a ledger knows: lanes, failed packets on other shelves, and files
    in folders that nobody looks at any more.
    """
    unresolved = ledger.unresolved_counts()
    for gone in left_behind(known_lanes(settings), ledger.lanes(), ledger.unfinished(), unresolved):
        store, _, kind = gone.lane.rpartition("/")
        if gone.problem is not None:
            yield LaneId(store, LaneKind(kind)), gone.problem
    elsewhere = Counter(
        (packet.lane, Path(packet.stands_as).parent)
        for packet in ledger.unresolved()
        if packet.stands_as
        and packet.lane in settings.lanes
        and Path(packet.stands_as).parent != settings.lanes[packet.lane].shelf("failed")
    )
    for (lane, where), count in sorted(elsewhere.items()):
        packets = "1 packet" if count == 1 else f"{count} packets"
        yield lane, SHELF_OF_BEFORE.problem(packets=packets, lane=lane, where=where)
    watched = {lane.folder for lane in settings.lanes.values()}
    for lane, record in sorted(ledger.lanes().items()):
        present = settings.lanes[lane].folder if lane in settings.lanes else None
        waits = left_waiting(fs or RealFileSystem(), lane, record.places, present, watched) if record.places else None
        if waits is not None:
            yield lane, waits


def _successor(record: LaneRecord, lanes: Mapping[LaneId, Known]) -> LaneId | None:
    """Return which lane of the settings this one is now; None where it is there itself, or nothing is certain."""
    if _is_there(record, lanes) or record.places is None:
        return None
    was = _known(record.places)
    same = [lane for lane, known in lanes.items() if lane.kind is record.id.kind and known == was]
    return same[0] if len(same) == 1 else None


def _is_there(record: LaneRecord, lanes: Mapping[LaneId, Known]) -> bool:
    """Tell whether the lane of this name in the settings is the one that the ledger knows: by one of the two."""
    now = lanes.get(record.id)
    if now is None or record.places is None:
        return now is not None
    was = _known(record.places)
    return not was.account or was.account == now.account or was.folder == now.folder


def _known(places: LanePlaces) -> Known:
    return Known(places.account, Path(places.folder))


def _name_of_one_gone(lane: LaneId, records: Collection[LaneId]) -> LaneId:
    store = f"{lane.store.partition(_BEFORE)[0]}{_BEFORE}"
    names = itertools.chain([store], (f"{store} {number}" for number in itertools.count(2)))
    return next(free for name in names if (free := LaneId(name, lane.kind)) not in records)


def _stand_on(record: LaneRecord, waiting: Iterable[PacketRecord], failed: int) -> Iterator[str]:
    shelves = record.places.shelves if record.places else {}
    wanted = {str(packet.shelf) for packet in waiting if packet.state is not PacketState.SENT}
    for name in (*sorted(wanted), *(["failed"] if failed else [])):
        yield from shelves.get(name, ())[:1]
