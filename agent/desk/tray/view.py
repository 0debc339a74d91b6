"""What the tray shows for a snapshot. Pure: no clock, no screen, no ledger.

Everything here can be read by whoever looks over a shoulder: it names no patient and no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.delivery.glance import Glance, Icon, glance, is_hampered
from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.page.words import Almanac, counted, lane_name
from agent.desk.rehearsal import places, sandbox_mark, sandbox_sentences
from agent.model import LaneState, PacketState

NOW = "/"
NEEDS_YOU = "/#needs"

_STOPPED = (LaneState.BLOCKED, LaneState.OFFLINE)


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
    at_a_glance = glance(snapshot)
    icon, line = at_a_glance.icon, _line(snapshot, at_a_glance, record, now)
    if icon is not Icon.NOT_RUNNING:
        line = f"{sandbox_mark(places(snapshot))}{line}"
    first = Entry(line, Act.OPEN, NOW, main=True) if page else Entry(line, enabled=False)
    if icon is Icon.NOT_RUNNING:
        menu = [Entry(line, enabled=False), Entry("Start OutTray", Act.START, main=True)]
    else:
        menu = [first, *_test(snapshot), *_needs(at_a_glance, page), *_entries(snapshot, record, page)]
    return TrayView(icon, line, (*menu, Entry("Help", Act.HELP), Entry("Quit", Act.QUIT)))


def _line(snapshot: Snapshot, at_a_glance: Glance, record: Record, now: datetime) -> str:
    """Return the words that go with the picture."""
    paused = [lane for lane in snapshot.lanes if lane.state is LaneState.PAUSED]
    match at_a_glance.icon:
        case Icon.NOT_RUNNING:
            return "OutTray is not running; nothing is being sent"
        case Icon.BLOCKED:
            stopped = [lane for lane in snapshot.lanes if lane.state in _STOPPED or is_hampered(lane)]
            return " · ".join(_stopped_line(lane, snapshot) for lane in stopped)
        case Icon.ATTENTION:
            also = f" · {_paused_line(paused, snapshot, now)}" if paused else ""
            return f"{_attention(at_a_glance)}{also}"
        case Icon.PAUSED:
            return _paused_line(paused, snapshot, now)
        case Icon.WORKING if not snapshot.lanes:
            return "OutTray is starting"
        case Icon.WORKING:
            sending, following = at_a_glance.sending, at_a_glance.next
            parts = [f"Sending {sending:,}"] if sending else []
            return "; ".join([*parts, *([counted(following, "is next", "are next")] if following else [])])
        case _:
            return _idle_line(snapshot, at_a_glance, record, now)


def _stopped_line(lane: LaneSnapshot, snapshot: Snapshot) -> str:
    if lane.state is LaneState.OFFLINE:
        return f"{lane_name(lane.lane)}: folder offline"
    waiting = _waiting(snapshot, [lane])
    how = "does not get through" if is_hampered(lane) else "blocked"
    return f"{lane_name(lane.lane)}: {how}" + (f"; {counted(waiting, 'waits', 'wait')}" if waiting else "")


def _paused_line(paused: list[LaneSnapshot], snapshot: Snapshot, now: datetime) -> str:
    since = min((datetime.fromisoformat(lane.since) for lane in paused if lane.since), default=None)
    said = "paused" + (f" since {_said(since, now)}" if since else "")
    waiting = _waiting(snapshot, paused)
    said += f"; {counted(waiting, 'waits', 'wait')}" if waiting else ""
    whole = len(paused) == len(snapshot.lanes)
    return said[:1].upper() + said[1:] if whole else f"{', '.join(lane_name(lane.lane) for lane in paused)}: {said}"


def _idle_line(snapshot: Snapshot, at_a_glance: Glance, record: Record, now: datetime) -> str:
    today = sum(lane.counts.get(PacketState.SENT, 0) for lane in snapshot.lanes)
    last = record.last_sent
    is_today = last is not None and Almanac(now, now.tzinfo).is_today(last)
    ending = f", the last at {_said(last, now)}" if last is not None and is_today else ""
    later = at_a_glance.later
    if later:
        return f"{today:,} delivered today{ending}; {counted(later, 'goes', 'go')} later"
    if today:
        return f"All delivered. {today:,} today{ending}"
    return f"All delivered. The last {_said(last, now)}" if last else "Ready. Nothing was dropped yet"


def _said(at: datetime, now: datetime) -> str:
    """Return a moment as it is told afterwards: "9:38 AM", "yesterday at 4:51 PM"."""
    return Almanac(now, now.tzinfo).since(at).text


def _attention(at_a_glance: Glance) -> str:
    return counted(at_a_glance.needs, "needs attention", "need attention")


def _waiting(snapshot: Snapshot, lanes: Iterable[LaneSnapshot]) -> int:
    """Return how many packets of these lanes are still to go."""
    names = {lane.lane for lane in lanes}
    ended = (PacketState.DELIVERED, PacketState.SENT, PacketState.FAILED)
    return sum(packet.lane in names and packet.state not in ended for packet in snapshot.packets)


def _test(snapshot: Snapshot) -> list[Entry]:
    return [Entry(said.removesuffix("."), enabled=False) for said in sandbox_sentences(places(snapshot))]


def _needs(at_a_glance: Glance, page: bool) -> list[Entry]:
    if not at_a_glance.needs:
        return []
    text = _attention(at_a_glance)
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
