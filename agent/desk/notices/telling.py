"""Decides what to tell, and when to be silent. Pure: a situation and what was told before in, notices out.

One notice a cause, not one a file; and for the same cause none again for four hours, however often it comes and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from agent.desk.notices import words
from agent.desk.notices.notice import Notice
from agent.desk.notices.situation import LaneTrouble, Situation

QUIET = timedelta(hours=4)
QUIET_DELIVERED = timedelta(minutes=1)
LANES_TOLD_APART = 2  # more lanes that stop at one time have one cause: the network, a server, a key
ENGINE, DELIVERED = "engine", "delivered"

Wanted = Literal["all", "problems", "none"]


@dataclass(frozen=True)
class Told:
    """What was told before: `at` by cause; `members` that a cause had then; `lanes` that were told to stand still."""

    at: Mapping[str, datetime] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lanes: frozenset[str] = frozenset()
    sent: int | None = None


@dataclass(frozen=True)
class Telling:
    """What to tell now, and what to remember of it."""

    notices: tuple[Notice, ...]
    told: Told


def tell(situation: Situation, told: Told, now: datetime, wanted: Wanted, *, show_names: bool = False) -> Telling:
    """Return what is to be told at `now`. `show_names`: the file may be named where there is one."""
    if wanted == "none":
        return Telling((), told)
    if not situation.alive:
        return _tell_end(told, now)
    notices: list[Notice] = []
    parts: list[Callable[[Told], Telling]] = [
        lambda told: _tell_recovered(situation, told),
        lambda told: _tell_lanes(situation, told, now),
        lambda told: _tell_causes(situation, told, now, show_names),
        *([lambda told: _tell_delivered(situation, told, now)] if wanted == "all" else []),
    ]
    for part in parts:
        telling = part(told)
        notices += telling.notices
        told = telling.told
    return Telling(tuple(notices), told)


def _is_quiet(key: str, told: Told, now: datetime, quiet: timedelta = QUIET) -> bool:
    """Tell whether a cause was told so lately that it is not to be told again. A clock set back ends the silence."""
    at = told.at.get(key)
    return at is not None and timedelta() <= now - at < quiet


def _tell_end(told: Told, now: datetime) -> Telling:
    if _is_quiet(ENGINE, told, now):
        return Telling((), told)
    return Telling((words.STOPPED,), replace(told, at={**told.at, ENGINE: now}))


def _tell_lanes(situation: Situation, told: Told, now: datetime) -> Telling:
    fresh = [one for one in situation.lanes if one.lane not in told.lanes and not _is_quiet(_key(one), told, now)]
    after = replace(
        told,
        at={**told.at, **{_key(one): now for one in fresh}},
        lanes=told.lanes | {one.lane for one in fresh},
    )
    if len(fresh) > LANES_TOLD_APART:
        return Telling((words.lanes(fresh),), after)
    return Telling(tuple(words.lane(one) for one in fresh), after)


def _key(trouble: LaneTrouble) -> str:
    return f"lane:{trouble.lane}:{trouble.state}"


def _tell_recovered(situation: Situation, told: Told) -> Telling:
    """Tell what runs again. A recovery follows a notice that was told, and so keeps its distance by itself."""
    again = sorted(told.lanes & situation.running.keys())
    after = replace(told, lanes=told.lanes - set(again))
    if len(again) > LANES_TOLD_APART:
        return Telling((words.lanes_again(len(again), sum(situation.running[lane] for lane in again)),), after)
    return Telling(tuple(words.lane_again(lane, situation.running[lane]) for lane in again), after)


def _tell_causes(situation: Situation, told: Told, now: datetime, show_names: bool) -> Telling:
    notices: list[Notice] = []
    at, members_then = dict(told.at), dict(told.members)
    for cause, members in situation.causes.items():
        anchors = frozenset(member.anchor for member in members)
        is_new = bool(anchors - told.members.get(cause, frozenset()))
        if is_new and not _is_quiet(cause, told, now):
            notices.append(words.cause(cause, members, show_names=show_names))
            at[cause] = now
            members_then[cause] = anchors
    return Telling(tuple(notices), replace(told, at=at, members=members_then))


def _tell_delivered(situation: Situation, told: Told, now: datetime) -> Telling:
    before = told.sent
    if before is None or situation.sent_today < before:  # the first look, or midnight has passed
        return Telling((), replace(told, sent=situation.sent_today))
    if situation.sent_today == before or _is_quiet(DELIVERED, told, now, QUIET_DELIVERED):
        return Telling((), told)
    notice = words.delivered(situation.sent_today - before, situation.sent_today)
    return Telling((notice,), replace(told, at={**told.at, DELIVERED: now}, sent=situation.sent_today))
