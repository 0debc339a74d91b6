"""What the ledger remembers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from agent.model import SOMETHING_BETWEEN, Candidate, Identity, LaneId, Observation, PacketState, Problem


class Shelf(StrEnum):
    """Where a packet's files stand."""

    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class PacketFile:
    """One file of a packet, under the name that it had in the watched folder."""

    name: str
    role: str  # "document" | "sidecar"
    identity: Identity
    sha256: str = ""  # hex; of what really went out, or of what the check read


@dataclass(frozen=True)
class PacketRecord:
    """A packet as the ledger has it. Times are UTC.

    `lost_tries`: tries that ended as *unknown*. `lost_whole`: in one of them the whole body went out unanswered, before
    anything had refused the packet's name; only that can be confirmed by a refusal. `lost_since`: when the first lost
    try began. `tried_seconds`: the time in which a try could have worked. `last_tried_at`: when the last one began.
    """

    id: str
    lane: LaneId
    state: PacketState
    name: str
    shelf: Shelf
    files: tuple[PacketFile, ...]
    arrived_at: datetime
    folder: str = ""
    keep_names: bool = False
    next_at: datetime | None = None
    attempts: int = 0
    name_refusals: int = 0
    first_attempt_at: datetime | None = None
    possibly_sent: bool = False
    lost_tries: int = 0
    lost_whole: bool = False
    tried_seconds: float = 0.0
    last_tried_at: datetime | None = None
    lost_since: datetime | None = None
    claim: str = ""
    fingerprint: str = ""
    upload_name: str = ""
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None
    receipt: dict[str, Any] | None = None
    control_number: str = ""
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    stands_as: str = (
        ""  # where its documents stand on its last shelf, without their ending; empty until it stands there
    )
    account: str = ""  # to which it goes or went (`Terms.account`); empty where an older OutTray wrote it

    @property
    def documents(self) -> tuple[PacketFile, ...]:
        """Return the files that go on the wire, in their order."""
        return tuple(file for file in self.files if file.role == "document")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the documents' sizes, smallest first: what a duplicate has in common before any byte is read."""
        return tuple(sorted(file.identity.size for file in self.documents))

    @property
    def unshelved(self) -> bool:
        """Tell whether the packet has ended but its files still have to move to their last shelf."""
        ended = self.state in (PacketState.DELIVERED, PacketState.FAILED)
        return ended and self.shelf in (Shelf.SENDING, Shelf.HELD)

    @property
    def candidate(self) -> Candidate:
        """Return the packet's files as intake sees them, for a check of what stands on the shelf."""
        sidecars = [Observation(file.name, file.identity) for file in self.files if file.role == "sidecar"]
        return Candidate(
            name=self.name,
            files=tuple(Observation(file.name, file.identity) for file in self.documents),
            sidecar=sidecars[0] if sidecars else None,
            folder=self.folder,
            keep_names=self.keep_names,
        )


class ClaimState(StrEnum):
    """How sure it is that the service has taken a filename."""

    RESERVED = "reserved"  # on its way; nothing accepted yet
    UNKNOWN = "unknown"  # sent, reply lost: counts as taken from the end of that attempt
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class FilenameClaim:
    """ "This store sent this filename at this time": what the 24-hour rule reads."""

    packet: str
    store_id: str
    key: str
    sha256: str
    state: ClaimState
    claimed_at: datetime
    accepted_at: datetime | None = None
    active: bool = True  # its packet has not ended yet
    not_before: datetime | None = None  # when its packet goes, where it waits
    unproved: bool = False  # `accepted_at` is by the clock of an earlier boot: nothing proves yet what it says
    service_date: datetime | None = None  # `accepted_at` by the service's own clock


@dataclass(frozen=True)
class LanePlaces:
    """Where a lane's folder and its shelves stand and have stood, the present one first, and under which names.

    What the settings say now is not enough: packets stay behind where they were when IT changes a setting. `names`: of
    the lane, as manifests and documents have them; `account`: to whom it sends (`Terms.account`).
    """

    folder: str
    account: str = ""
    names: tuple[str, ...] = ()
    shelves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by "held", "sending", "sent", "failed"
    folders: tuple[str, ...] = ()  # that were watched before `folder`

    def watched_before(self, present: Path | None) -> tuple[Path, ...]:
        """Return the folders that were watched, but for the present one."""
        return tuple(path for path in map(Path, dict.fromkeys((self.folder, *self.folders))) if path != present)

    def beyond(self, shelf: str, present: Path) -> tuple[Path, ...]:
        """Return where a shelf has stood before."""
        return tuple(path for path in map(Path, self.shelves.get(shelf, ())) if path != present)

    @property
    def everywhere(self) -> tuple[str, ...]:
        """Return every place where a shelf stands or has stood."""
        return tuple(chain.from_iterable(self.shelves.values()))

    def followed_by(self, later: LanePlaces) -> LanePlaces:
        """Return the later places with these behind them."""
        shelves = {name: _first_few(later.shelves[name], self.shelves.get(name, ())) for name in later.shelves}
        folders = tuple(folder for folder in _first_few((self.folder,), self.folders) if folder != later.folder)
        return replace(later, names=_first_few(later.names, self.names), shelves=shelves, folders=folders)


_REMEMBERED = 12


def _first_few(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain(*lists)))[:_REMEMBERED]


@dataclass(frozen=True)
class LaneRecord:
    """A lane's lasting state. `places`: none before its shelves have been put in order for the first time."""

    id: LaneId
    paused_since: datetime | None = None
    blocked_since: datetime | None = None
    rest_until: datetime | None = None
    setbacks: int = 0
    problem: Problem | None = None
    marker_expected: bool = False
    lost_in_a_row: int = 0  # tries that ended as unknown, since the last answer of the service
    stopped: bool = False  # it goes on only when a person says so
    writes_in_steps: bool = False  # a file here was seen to change after it had stood still: it is given longer
    places: LanePlaces | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether the ledger has never met this lane: it is a first start, or the ledger before it was lost."""
        return self.places is None and not self.marker_expected

    def expects_marker(self, folder: Path) -> bool:
        """Tell whether OutTray has left its marker in this folder: in another one it says nothing."""
        return self.marker_expected and (self.places is None or Path(self.places.folder) == folder)

    @property
    def stands_between(self) -> bool:
        """Tell whether something answered in the service's place at the last try."""
        return self.problem is not None and self.problem.code == SOMETHING_BETWEEN


@dataclass(frozen=True)
class JournalLine:
    """One thing that happened."""

    at: datetime
    event: str
    packet: str = ""
    lane: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    actor: str = ""
