"""What people ask of the agent, and what is answered: plain values between the desk and the control thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verb = Literal["retry", "pause", "resume", "withdraw", "dismiss", "look", "adopt", "stop", "note"]


OPENED, VIEWED, PICTURED = "page-opened", "receipt-viewed", "scan-viewed"
LISTED, SEARCHED, EXPORTED, AUDITED = "history-listed", "searched", "history-exported", "audit-exported"
SEEN = frozenset((OPENED, VIEWED, PICTURED, LISTED, SEARCHED, EXPORTED, AUDITED))
"""Events of the journal that change nothing: a person has seen something (45 CFR 164.312(b))."""


@dataclass(frozen=True)
class Request:
    """One wish: `packets` for retry, withdraw and dismiss; `lanes` for pause, resume, look and adopt (none: all).

    "note" asks for nothing but that its `note` is written down.

    `actor` is the OS user who asks. `note`: what that person has done before asking, as an event of the journal, such
    as "metadata-corrected"; it never holds a name.
    """

    verb: Verb
    packets: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    actor: str = ""
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a request: the packets or lanes for which it was carried out, and why not for the others."""

    done: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
