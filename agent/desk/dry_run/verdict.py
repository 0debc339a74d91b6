"""What the dry run says of the files that belong together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.model import LaneKind, Problem


class Expected(StrEnum):
    """What would become of files."""

    READY = "ready"  # would be sent now
    WAITING = "waiting"  # for its sidecar, for files, for a program that has one open
    HELD = "held"  # until the name may be used again
    DUPLICATE = "duplicate"  # was sent already: would fail
    FAILED = "failed"


@dataclass(frozen=True)
class FileLine:
    """One file that would go. `type` is its MIME type; empty where it was not found out."""

    name: str
    size: int
    type: str = ""


@dataclass(frozen=True)
class StatementsLine:
    """What a statement file holds. `amount_due_cents` is the sum of what its statements ask for."""

    profile: str
    why: str
    count: int
    amount_due_cents: int
    upload_name: str


@dataclass(frozen=True)
class Verdict:
    """Files that belong together, and what would become of them. `endpoint`: of the lane's service."""

    name: str
    lane: str
    kind: LaneKind
    folder: Path
    state: Expected
    files: tuple[FileLine, ...] = ()
    sidecar: str = ""
    claim: str = ""
    endpoint: str = ""  # documents | image-intelligence | pending-invoices
    statements: StatementsLine | None = None
    waits_for: str = ""
    until: datetime | None = None
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            **asdict(self),
            "folder": str(self.folder),
            "until": self.until and self.until.isoformat(timespec="seconds"),
        }
