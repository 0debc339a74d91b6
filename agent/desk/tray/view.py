"""What the tray shows for a snapshot. Pure: no clock, no screen, no ledger.

Everything here can be read by whoever looks over a shoulder: it names no patient and no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.page.words import Almanac, counted, lane_name
from agent.desk.rehearsal import places, sandbox_mark, sandbox_sentences
from agent.model import LaneState, PacketState

NOW = "/"
NEEDS_YOU = "/#needs"

_STOPPED = (LaneState.BLOCKED, LaneState.OFFLINE)


class Icon(StrEnum):
    """The six pictures, each of another shape. The values are the names of the drawings."""

    IDLE = "idle"
    WORKING = "working"
    ATTENTION = "attention"
    PAUSED = "paused"
    BLOCKED = "blocked"
    NOT_RUNNING = "not-running"


class Act(StrEnum):
    """What a menu entry does. `target` of the entry says with what."""

    OPEN = "open"  # the page, at the place that `target` names
    HELP = "help"
    FOLDER = "folder"  # the watched folder of the lane `target`
    PAUSE = "pause"
    RESUME = "resume"  # the lanes that are paused
    RETRY = "retry"  # everything that failed and needs someone
    COPY = "copy"  # the control number that came last
    START = "start"
    QUIT = "quit"


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `inside` makes it a submenu."""

    text: str
    act: Act | None = None
    target: str = ""
    inside: tuple[Entry, ...] = ()
    enabled: bool = True
    main: bool = False  # what a click on the icon does


@dataclass(frozen=True)
class Record:
    """What the tray needs of the ledger: what the snapshot, which tells what is going on, does not hold."""

    last_sent: datetime | None = None
    failed: int = 0  # packets that a retry would put back
    numbered: bool = False  # there is a control number to copy


@dataclass(frozen=True)
class TrayView:
    """What the tray shows: a picture, a line beside it, and a menu."""

    icon: Icon
    line: str
    menu: tuple[Entry, ...]


def view(snapshot: Snapshot, record: Record, now: datetime, *, page: bool = True) -> TrayView:
    """Return what the tray shows. `now` is local time; `page` is false where there is no activity page to open."""
    icon, line = _state(snapshot, record, now)
    if icon is not Icon.NOT_RUNNING:
        line = f"{sandbox_mark(places(snapshot))}{line}"
    first = Entry(line, Act.OPEN, NOW, main=True) if page else Entry(line, enabled=False)
    if icon is Icon.NOT_RUNNING:
        menu = [Entry(line, enabled=False), Entry("Start OutTray", Act.START, main=True)]
    else:
        menu = [first, *_test(snapshot), *_needs(snapshot, page), *_entries(snapshot, record, page)]
    return TrayView(icon, line, (*menu, Entry("Help", Act.HELP), Entry("Quit", Act.QUIT)))


def _state(snapshot: Snapshot, record: Record, now: datetime) -> tuple[Icon, str]:
    """Return the state that wins (not running, stopped lanes, attention, paused, working, idle) and its line."""
    if not snapshot.running:
        return Icon.NOT_RUNNING, "OutTray is not running; nothing is being sent"
    if not snapshot.lanes:
        return Icon.WORKING, "OutTray is starting"
    if stopped := [lane for lane in snapshot.lanes if lane.state in _STOPPED]:
        return Icon.BLOCKED, " · ".join(_stopped_line(lane, snapshot) for lane in stopped)
    if snapshot.needs_attention:
        return Icon.ATTENTION, _attention(snapshot)
    if paused := [lane for lane in snapshot.lanes if lane.state is LaneState.PAUSED]:
        return Icon.PAUSED, _paused_line(paused, snapshot, now)
    sending, following = _under_way(snapshot)
    if sending or following:
        parts = [f"Sending {sending:,}"] if sending else []
        return Icon.WORKING, "; ".join([*parts, *([counted(following, "is next", "are next")] if following else [])])
    return Icon.IDLE, _idle_line(snapshot, record, now)


def _stopped_line(lane: LaneSnapshot, snapshot: Snapshot) -> str:
    if lane.state is LaneState.OFFLINE:
        return f"{lane_name(lane.lane)}: folder offline"
    waiting = _waiting(snapshot, [lane])
    return f"{lane_name(lane.lane)}: blocked" + (f"; {counted(waiting, 'waits', 'wait')}" if waiting else "")


def _paused_line(paused: list[LaneSnapshot], snapshot: Snapshot, now: datetime) -> str:
    since = min((datetime.fromisoformat(lane.since) for lane in paused if lane.since), default=None)
    said = "paused" + (f" since {_said(since, now)}" if since else "")
    waiting = _waiting(snapshot, paused)
    said += f"; {counted(waiting, 'waits', 'wait')}" if waiting else ""
    whole = len(paused) == len(snapshot.lanes)
    return said[:1].upper() + said[1:] if whole else f"{', '.join(lane_name(lane.lane) for lane in paused)}: {said}"


def _idle_line(snapshot: Snapshot, record: Record, now: datetime) -> str:
    today = sum(lane.counts.get(PacketState.SENT, 0) for lane in snapshot.lanes)
    last = record.last_sent
    is_today = last is not None and Almanac(now, now.tzinfo).is_today(last)
    ending = f", the last at {_said(last, now)}" if last is not None and is_today else ""
    later = _waiting(snapshot, snapshot.lanes)
    if later:
        return f"{today:,} delivered today{ending}; {counted(later, 'goes', 'go')} later"
    if today:
        return f"All delivered. {today:,} today{ending}"
    return f"All delivered. The last {_said(last, now)}" if last else "Ready. Nothing was dropped yet"


def _said(at: datetime, now: datetime) -> str:
    """Return a moment as it is told afterwards: "9:38 AM", "yesterday at 4:51 PM"."""
    return Almanac(now, now.tzinfo).since(at).text


def _attention(snapshot: Snapshot) -> str:
    return counted(snapshot.needs_attention, "needs attention", "need attention")


def _under_way(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many packets are being sent, and how many go as soon as there is a free sender."""
    hampered = {lane.lane for lane in snapshot.lanes if lane.problem is not None or lane.state != LaneState.RUNNING}
    sending = sum(packet.state == PacketState.SENDING for packet in snapshot.packets)
    following = sum(
        packet.state == PacketState.QUEUED and packet.lane not in hampered and not _is_later(packet, snapshot.at)
        for packet in snapshot.packets
    )
    return sending, following


def _is_later(packet: PacketSnapshot, at: str) -> bool:
    return packet.next_at is not None and datetime.fromisoformat(packet.next_at) > datetime.fromisoformat(at)


def _waiting(snapshot: Snapshot, lanes: Iterable[LaneSnapshot]) -> int:
    """Return how many packets of these lanes are still to go."""
    names = {lane.lane for lane in lanes}
    ended = (PacketState.DELIVERED, PacketState.SENT, PacketState.FAILED)
    return sum(packet.lane in names and packet.state not in ended for packet in snapshot.packets)


def _test(snapshot: Snapshot) -> list[Entry]:
    return [Entry(said.removesuffix("."), enabled=False) for said in sandbox_sentences(places(snapshot))]


def _needs(snapshot: Snapshot, page: bool) -> list[Entry]:
    if not snapshot.needs_attention:
        return []
    text = _attention(snapshot)
    return [Entry(text, Act.OPEN, NEEDS_YOU) if page else Entry(text, enabled=False)]


def _entries(snapshot: Snapshot, record: Record, page: bool) -> list[Entry]:
    folders = tuple(Entry(lane_name(lane.lane), Act.FOLDER, lane.lane) for lane in snapshot.lanes)
    paused = any(lane.state is LaneState.PAUSED for lane in snapshot.lanes)
    running = any(lane.state is not LaneState.PAUSED for lane in snapshot.lanes)
    return [
        *([Entry("Open activity", Act.OPEN, NOW)] if page else []),
        Entry("Open folder", inside=folders, enabled=bool(folders)),
        *([Entry("Resume", Act.RESUME)] if paused else []),
        *([Entry("Pause", Act.PAUSE)] if running and not paused else []),
        *([Entry(f"Retry failed ({record.failed:,})", Act.RETRY)] if record.failed else []),
        Entry("Copy last control number", Act.COPY, enabled=record.numbered),
    ]
