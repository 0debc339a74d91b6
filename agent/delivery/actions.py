"""What the planner can ask for. Plain values: the control thread carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.ledger.records import FilenameClaim, LaneRecord, PacketRecord
from agent.model import AttemptResult, Candidate, Checked, Delivered, LaneId, PacketState, Problem


@dataclass(frozen=True)
class Found:
    """Files that belong together, as they stand in a lane's folder, with what is known of them so far.

    `packet` is the id that they will have. `incomplete` names a file that has been incomplete for too long, and says
    what it lacks. `checked` is None until the check has run on just these files.
    """

    packet: str
    candidate: Candidate
    since: datetime
    checked: Checked | None = None
    checking: bool = False
    incomplete: tuple[str, str] | None = None
    not_yet: bool = False  # they could not be moved: nothing more is tried until the next look
    upload_name: str = ""

    @property
    def digests(self) -> Mapping[str, str]:
        """Return the digests that the check has read, by the files' names."""
        if self.checked is None:
            return {}
        read = dict(zip((file.name for file in self.candidate.files), self.checked.sha256, strict=False))
        sidecar = self.candidate.sidecar
        return {**read, sidecar.name: self.checked.sidecar_sha256} if sidecar is not None else read


@dataclass(frozen=True)
class Check:
    """Check these files, away from the control thread."""

    lane: LaneId
    found: Found


@dataclass(frozen=True)
class Admit:
    """Take these files: they are a packet now. `state` is queued, held or failed."""

    lane: LaneId
    found: Found
    state: PacketState
    start: bool = False  # and begin to send at once
    until: datetime | None = None
    problem: Problem | None = None
    possibly_sent: bool = False
    claim: FilenameClaim | None = None
    continues: str = ""  # the packet that was given up after a lost reply, whose claim passes to this one


@dataclass(frozen=True)
class Start:
    """Begin to send."""

    packet: PacketRecord


@dataclass(frozen=True)
class Deliver:
    """Record a delivery: the receipt, and the filename's acceptance."""

    packet: PacketRecord
    result: AttemptResult
    delivered: Delivered
    accepted_at: datetime


@dataclass(frozen=True)
class Requeue:
    """Record that a try brought nothing, and that the packet goes again, not before `next_at`."""

    packet: PacketRecord
    result: AttemptResult | None
    next_at: datetime
    problem: Problem | None
    possibly_sent: bool


@dataclass(frozen=True)
class Hold:
    """Record that the packet waits for the filename rule. `refused`: because the service itself said so."""

    packet: PacketRecord
    result: AttemptResult | None
    until: datetime
    problem: Problem | None
    refused: bool = False


@dataclass(frozen=True)
class Reschedule:
    """Record a better estimate of when a held packet goes."""

    packet: PacketRecord
    until: datetime


@dataclass(frozen=True)
class Fail:
    """Record that the packet has failed."""

    packet: PacketRecord
    result: AttemptResult | None
    problem: Problem


@dataclass(frozen=True)
class Shelve:
    """Move an ended packet's files to their last shelf, with its receipt or its problem."""

    packet: PacketRecord


@dataclass(frozen=True)
class SetLane:
    """Record a lane's new state."""

    record: LaneRecord


Action = Check | Admit | Start | Deliver | Requeue | Hold | Reschedule | Fail | Shelve | SetLane
