"""The chain of the journal: each line carries a digest of itself and of the line before, so that none can be changed,
left out or put in between without every later one showing it.

Whoever may write to the file can make the whole chain anew. So the newest link is part of every export, and one that
was kept elsewhere proves the journal up to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from agent.ledger.records import JournalLine


@dataclass(frozen=True)
class Linked:
    """A line as it stands in the journal, with its number and its link.

    `line`: None where it cannot be one that OutTray wrote. `said`: its columns as they stand.
    """

    number: int
    line: JournalLine | None
    chain: str
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """From where the chain goes on: the last line that was removed for its age, and its link. None was: 0."""

    number: int = 0
    chain: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole journal found. `broken_at`: the first line that does not follow from the one before it
    (0: none does not). `begins_behind`: the last line that was removed for its age (0: none was)."""

    lines: int
    head: str = ""
    broken_at: int = 0
    begins_behind: int = 0


TRIMMED = "journal-trimmed"
_BEGINNING = Start()


def link(before: str, line: JournalLine) -> str:
    """Return the digest (SHA-256, hex) of a line behind the one whose link is `before`; empty for the first."""
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    said: list[Any] = [before, at, line.event, line.packet, line.lane, line.detail, line.actor]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(lines: Iterable[Linked], start: Start = _BEGINNING, expected: str = "", least: int = 0) -> Verdict:
    """Follow the chain from its start. Missing numbers break it, too, and lines that are gone without a word.

    `expected`: a link that was kept elsewhere and has to be among these. `least`: how many there have to be.
    A start other than the beginning is one that a line says so of: whoever removes old lines writes that down.
    """
    number, chain, count = start.number, start.chain, 0
    is_known, is_told = expected in ("", chain), start == _BEGINNING
    if number < 0 or (number == 0) != (chain == ""):
        return Verdict(0, broken_at=1)
    for one in lines:
        if one.number != number + 1 or one.line is None or one.chain != link(chain, one.line):
            return Verdict(count, chain, number + 1, start.number)
        number, chain, count = one.number, one.chain, count + 1
        is_known = is_known or chain == expected
        is_told = is_told or (
            one.line.event == TRIMMED and one.line.detail == {"through": start.number, "chain": start.chain}
        )
    if not is_told:
        return Verdict(count, chain, start.number, start.number)
    return Verdict(count, chain, 0 if is_known and number >= least else number + 1, start.number)
