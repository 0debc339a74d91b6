"""What the agent is doing, as one typed value: the tray, the page and `outtray status` read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from agent.model import LaneState, Problem


@dataclass(frozen=True)
class PacketSnapshot:
    """One packet, or files on their way to being one. `id` is empty until they are taken.

    `files` are names relative to the lane's folder, without the sidecar; `since` is when the packet arrived, or since
    when the files wait; `sidecar` is the sidecar's name; `needs_someone`: only a person can end this waiting.
    """

    id: str
    lane: str
    name: str
    state: str
    next_at: str | None = None
    attempts: int = 0
    sent_bytes: int = 0
    total_bytes: int = 0
    why: str = ""
    files: tuple[str, ...] = ()
    sidecar: str = ""
    since: str | None = None
    needs_someone: bool = False


@dataclass(frozen=True)
class LaneSnapshot:
    """One lane. `problem`: why it does not run, or what hampers it; `left_alone`: what lies there and never goes.

    `environment`: where it sends to (`agent.settings.environment`); what went to a sandbox counts nowhere.
    """

    lane: str
    state: LaneState
    folder: str
    watching: str = ""
    since: str | None = None
    problem: Problem | None = None
    counts: dict[str, int] = field(default_factory=dict)
    needs_attention: int = 0
    left_alone: Problem | None = None
    environment: str = "production"


@dataclass(frozen=True)
class Snapshot:
    """The whole agent at one moment. `running` is false when it was put together from the ledger alone."""

    at: str
    running: bool
    pid: int
    lanes: tuple[LaneSnapshot, ...]
    packets: tuple[PacketSnapshot, ...]
    needs_attention: int
    notes: tuple[str, ...] = ()


def moment(at: datetime | None) -> str | None:
    """Return a moment for a snapshot: ISO 8601 in UTC."""
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
