"""The chain of the journal: each line carries a digest of itself and of the line before, so that none can be changed,
left out or put in between without every later one showing it.

Whoever may write to the file can make the whole chain anew. So the newest link is part of every export, and one that
was kept elsewhere proves the journal up to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from agent.ledger.records import JournalLine


@dataclass(frozen=True)
class Linked:
    """A line as it stands in the journal, with its number and its link."""

    number: int
    line: JournalLine
    chain: str


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole journal found. `broken_at`: the first line that does not follow from the one before it
    (0: none does not). `begins_behind`: the last line that was removed for its age (0: none was)."""

    lines: int
    head: str = ""
    broken_at: int = 0
    begins_behind: int = 0


def link(before: str, line: JournalLine) -> str:
    """Return the digest (SHA-256, hex) of a line behind the one whose link is `before`; empty for the first."""
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    said: list[Any] = [before, at, line.event, line.packet, line.lane, line.detail, line.actor]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(lines: Iterable[Linked], number: int = 0, chain: str = "", expected: str = "") -> Verdict:
    """Follow the chain from behind line `number`, whose link is `chain`. Missing numbers break it, too.

    `expected`: a link that was kept elsewhere and has to be among these.
    """
    begins_behind, count, is_known = number, 0, expected in ("", chain)
    for one in lines:
        if one.number != number + 1 or one.chain != link(chain, one.line):
            return Verdict(count, chain, number + 1, begins_behind)
        number, chain, count = one.number, one.chain, count + 1
        is_known = is_known or chain == expected
    return Verdict(count, chain, 0 if is_known else number + 1, begins_behind)
