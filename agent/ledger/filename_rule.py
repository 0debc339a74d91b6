"""The 24-hour filename rule, in one place: may this file go now, later, or not at all?

The statements service takes one filename a store within 24 hours ("to prevent accidental simultaneous uploads").
OutTray keeps the rule on its own side of the wire. Every statement packet claims its name in the ledger before anything
is sent; claims stand in line by their arrival; names are the same by NFC and case-folding (`name_key`). A claim counts
for 24 hours from acceptance; a lost reply counts as accepted; a definite refusal lets go. What nothing but the wall
clock says of an earlier boot lets no name go. Everything here is pure; the claims come from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.ledger.records import ClaimState, FilenameClaim

WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Free:
    """The name can go now."""


@dataclass(frozen=True)
class Taken:
    """Another packet has the name, or stands before this one in the line for it.

    `until` is when this one can go: to the second where only past uploads are in the way, and an estimate (a window for
    each packet ahead) where others still have to go first.
    """

    by: FilenameClaim
    until: datetime


@dataclass(frozen=True)
class Duplicate:
    """The very same bytes went, or are about to go, under this name."""

    of: FilenameClaim


@dataclass(frozen=True)
class Continues:
    """The same bytes, from a packet that was given up after a lost reply: this is its next try, not a second upload."""

    claim: FilenameClaim


@dataclass(frozen=True)
class Unproved:
    """By the wall clock it could go, or be judged; but the claim of another is of an earlier boot, and nothing proves
    yet how long ago that was."""

    by: FilenameClaim


Verdict = Free | Taken | Duplicate | Continues | Unproved


class Claims:
    """A store's claims, to be found by their packet and by their name."""

    def __init__(self, claims: Iterable[FilenameClaim]) -> None:
        self._all: list[FilenameClaim] = []
        self._by_key: dict[str, list[FilenameClaim]] = {}
        self._by_packet: dict[str, FilenameClaim] = {}
        self._last: datetime | None = None  # of those that wait
        for claim in claims:
            self.add(claim)

    def add(self, claim: FilenameClaim) -> None:
        """Add one more."""
        self._all.append(claim)
        self._by_key.setdefault(claim.key, []).append(claim)
        self._by_packet[claim.packet] = claim
        if claim.active and (self._last is None or claim.claimed_at > self._last):
            self._last = claim.claimed_at

    def of(self, packet: str) -> FilenameClaim | None:
        """Return a packet's own claim."""
        return self._by_packet.get(packet)

    def beside(self, mine: FilenameClaim, scope: str) -> Sequence[FilenameClaim]:
        """Return the claims that `judge` and `turn` have to know, to judge `mine` in `scope`."""
        return self._all if scope == "store" else self._by_key.get(mine.key, ())

    def end_of_the_line(self, now: datetime) -> datetime:
        """Return a moment after every claim that waits, so that of two files met at one look only one is the first."""
        return now if self._last is None else max(now, self._last + timedelta(microseconds=1))


def judge(claims: Sequence[FilenameClaim], mine: FilenameClaim, *, scope: str, now: datetime) -> Verdict:
    """Judge a new file's claim, `mine`, against all claims of its store.

    `scope` is "filename" (one upload a name) or "store" (one upload of any name). Equal bytes under the same name are a
    duplicate in both scopes.
    """
    for claim in (*_rivals(claims, mine, "filename", now), *_doubted(claims, mine, "filename", now)):
        if mine.sha256 and claim.sha256 == mine.sha256:
            if claim.unproved and not claim.active:
                return Unproved(claim)
            given_up = claim.state is ClaimState.UNKNOWN and not claim.active
            return Continues(claim) if given_up else Duplicate(claim)
    return turn(claims, mine, scope=scope, now=now)


def turn(claims: Sequence[FilenameClaim], mine: FilenameClaim, *, scope: str, now: datetime) -> Free | Taken | Unproved:
    """Tell whether it is the turn of `mine`, whose packet is ours already, and if not, when it will be."""
    rivals = _rivals(claims, mine, scope, now)
    ahead = sorted((claim for claim in rivals if claim.active and _before(claim, mine)), key=_place_in_line)
    past = [claim for claim in rivals if _in_window(claim, now)]
    if not ahead and not past:
        doubted = _doubted(claims, mine, scope, now)
        return Unproved(doubted[0]) if doubted else Free()
    last = max(past, key=window_end, default=None)
    opens = window_end(last) if last else None
    for claim in ahead:
        goes = max(moment for moment in (claim.claimed_at, claim.not_before, opens) if moment is not None)
        opens = goes + WINDOW
        last = claim
    assert last is not None and opens is not None  # noqa: S101, PT018 - one of the two lists has an element
    while opens <= now:  # the one ahead is late: whole windows, so that the estimate stands still in between
        opens += WINDOW
    return Taken(last, opens)


def window_end(claim: FilenameClaim) -> datetime:
    """Return when a claimed name can be used again."""
    return (claim.accepted_at or claim.claimed_at) + WINDOW


def _rivals(claims: Sequence[FilenameClaim], mine: FilenameClaim, scope: str, now: datetime) -> list[FilenameClaim]:
    """Return the claims of other packets on the same name (or on the store's one place a day) that still count."""
    return [
        claim
        for claim in claims
        if claim.packet != mine.packet
        and (scope == "store" or claim.key == mine.key)
        and (claim.active or _in_window(claim, now))
    ]


def _doubted(claims: Sequence[FilenameClaim], mine: FilenameClaim, scope: str, now: datetime) -> list[FilenameClaim]:
    """Return the claims of others whose window is over by the wall clock, and by nothing else."""
    return [
        claim
        for claim in claims
        if claim.unproved
        and claim.packet != mine.packet
        and (scope == "store" or claim.key == mine.key)
        and not _in_window(claim, now)
    ]


def _in_window(claim: FilenameClaim, now: datetime) -> bool:
    return claim.accepted_at is not None and claim.accepted_at + WINDOW > now


def _before(claim: FilenameClaim, mine: FilenameClaim) -> bool:
    return _place_in_line(claim) < _place_in_line(mine)


def _place_in_line(claim: FilenameClaim) -> tuple[datetime, str]:
    return (claim.claimed_at, claim.packet)
