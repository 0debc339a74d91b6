"""Snapshots in few words, and a face that records what it was told to show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from agent.delivery.glance import Icon
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot, moment
from agent.desk.notices.notice import Notice
from agent.desk.tray.view import Entry
from agent.model import LaneState, Problem

SUMMER = timezone(timedelta(hours=-4))
NOW = datetime(2026, 7, 14, 9, 41, tzinfo=SUMMER)
MAIN_SCANS, MAIN_STATEMENTS = "main-street/attachments", "main-street/statements"
LAKE_SCANS, LAKE_STATEMENTS = "lakeside/attachments", "lakeside/statements"


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """A moment of the practice's day, or of a day before or after."""
    return datetime(2026, 7, 14 + days, hour, minute, tzinfo=SUMMER)


def lane(
    name: str = MAIN_SCANS,
    state: LaneState = LaneState.RUNNING,
    *,
    since: datetime | None = None,
    needs: int = 0,
    problem: Problem | None = None,
    **counts: int,
) -> LaneSnapshot:
    """A lane; counts by state."""
    return LaneSnapshot(
        name, state, f"/{name}", since=moment(since), problem=problem, counts=counts, needs_attention=needs
    )


def packets(
    number: int, state: str, lane: str = MAIN_SCANS, *, next_at: datetime | None = None, needs_someone: bool = False
) -> tuple[PacketSnapshot, ...]:
    """So many packets of a lane in a state."""
    return tuple(
        PacketSnapshot(
            f"{state}-{index}", lane, f"PATIENT-{index}", state, next_at=moment(next_at), needs_someone=needs_someone
        )
        for index in range(number)
    )


def snapshot(
    *lanes: LaneSnapshot, packets: tuple[PacketSnapshot, ...] = (), running: bool = True, now: datetime = NOW
) -> Snapshot:
    """What an agent does; it is in order where nothing else is said."""
    of_all = lanes or (lane(),)
    return Snapshot(
        moment(now.astimezone(UTC)) or "", running, 1, of_all, packets, sum(one.needs_attention for one in of_all)
    )


@dataclass
class RecordingFace:
    """A face that draws nothing; `done` are the calls in their order, `screen` is what stands there now."""

    choose: Callable[[Entry], None]
    done: list[tuple[str, object]] = field(default_factory=list)
    screen: dict[str, object] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    left: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def show(self, icon: Icon) -> None:
        self._record("icon", icon)

    def tell(self, line: str) -> None:
        self._record("line", line)

    def offer(self, menu: tuple[Entry, ...]) -> None:
        self._record("menu", menu)

    def say(self, notice: Notice) -> None:
        self._record("notice", notice)

    def run(self, seen: Callable[[bool], None]) -> None:
        seen(True)
        self.left.wait()

    def close(self) -> None:
        self.left.set()

    def shows(self, what: str, value: object) -> bool:
        """Wait until something stands there."""
        with self.changed:
            return self.changed.wait_for(lambda: self.screen.get(what) == value, 60)

    def said(self, what: str) -> list[object]:
        """Everything of a kind that was shown, in its order."""
        return [value for kind, value in self.done if kind == what]

    def pick(self, text: str) -> None:
        """Choose a menu entry by its text."""
        menu = self.screen["menu"]
        assert isinstance(menu, tuple)
        entries = [one for entry in menu for one in (entry, *entry.inside)]
        self.choose(next(entry for entry in entries if entry.text == text))

    def _record(self, what: str, value: object) -> None:
        if self.broken:
            raise OSError("the shell is not there")
        with self.changed:
            self.done.append((what, value))
            self.screen[what] = value
            self.changed.notify_all()
