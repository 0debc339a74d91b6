"""The words of OutTray as types. Imports nothing of the project.

A *packet* is the unit of delivery: the files and the metadata of one request. It is sent whole or not at all.
Everything here is a plain value: it can be compared, printed and made up in a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class LaneKind(StrEnum):
    """What a lane delivers, and so to which service."""

    ATTACHMENTS = "attachments"
    STATEMENTS = "statements"


@dataclass(frozen=True, order=True)
class LaneId:
    """A lane's name, as people and settings write it: `main-street/attachments`."""

    store: str
    kind: LaneKind

    def __str__(self) -> str:
        return f"{self.store}/{self.kind}"


class PacketState(StrEnum):
    """Where a packet stands in its life."""

    SETTLING = "settling"
    WAITING = "waiting"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    SENT = "sent"
    FAILED = "failed"


class LaneState(StrEnum):
    """How a lane is."""

    RUNNING = "running"
    PAUSED = "paused"
    BLOCKED = "blocked"
    OFFLINE = "offline"


@dataclass(frozen=True)
class Identity:
    """What tells one version of a file from another: a name is no identity."""

    size: int
    mtime_ns: int
    file_id: str  # volume and file number; empty where the file system has none


@dataclass(frozen=True)
class Observation:
    """What a look at a lane's folder saw. `name` is relative to it, with `/` before a packet subfolder's file."""

    name: str
    identity: Identity

    @property
    def folder(self) -> str:
        """The packet subfolder, or an empty string for the lane's folder itself."""
        return self.name.rpartition("/")[0]

    @property
    def base(self) -> str:
        """The file's own name, without a subfolder."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, in the sidecar's or the spreadsheet's own terms.

    `where` is a file, a field, or row and column; `value` what stands there; `message` what to do about it.
    """

    where: str
    value: str
    message: str


@dataclass(frozen=True)
class Problem:
    """Why a packet or a lane needs someone: a code, a sentence for the front desk, what to do, details for IT."""

    code: str
    sentence: str
    what_to_do: str
    details: tuple[Fault, ...] = ()


def both(first: Problem | None, second: Problem | None) -> Problem | None:
    """Return what says both, as one problem: what someone has to look at does not go for what is found later."""
    if first is None or second is None or first.sentence in second.sentence:
        return second or first
    sentence = f"{first.sentence} {second.sentence}"
    what_to_do = f"{first.what_to_do} {second.what_to_do}"
    return Problem(second.code, sentence, what_to_do, (*first.details, *second.details))


@dataclass(frozen=True)
class Words:
    """What OutTray says of one kind of problem. Each room keeps its own, in its `problems.py`.

    Templates: `{...}` are filled in by `problem`. The subject is the thing and not the person; no bare codes; what to
    do is something that the reader can do. A template may name files and fields: a problem stands beside the file or
    on the page, never in a log or a notice.
    """

    code: str
    sentence: str
    what_to_do: str

    def problem(self, details: Iterable[Fault] = (), **facts: object) -> Problem:
        """Return the problem, its words filled in with `facts`."""
        return Problem(self.code, self.sentence.format(**facts), self.what_to_do.format(**facts), tuple(details))


SENT_WHOLE = ".whole"
"""The ending of an empty file beside a statement's body in the spool: all of it is going out, so that a try which was
killed then can be told from one of which nothing had gone."""
SOMETHING_BETWEEN = "something-between"
"""The code of a problem that is the network's: someone else answers in a service's place."""


# --- What intake makes of the files that it found -------------------------------------------------------------------


class Readiness(StrEnum):
    """Whether files that belong together can go."""

    SETTLING = "settling"  # something is still being written
    WAITING = "waiting"  # for its sidecar, or for the files that its sidecar names
    READY = "ready"
    FAULTY = "faulty"  # can never go as it is; `problem` says why


@dataclass(frozen=True)
class Candidate:
    """Files that belong together, before they are a packet.

    `name` is the NAME of `NAME.receipt.json`: the common stem, the sidecar's stem for a `"files"` list, the folder's
    name for a packet subfolder. `files` go on the wire in this order; `sidecar` does not.
    """

    name: str
    files: tuple[Observation, ...]
    sidecar: Observation | None = None
    folder: str = ""
    readiness: Readiness = Readiness.READY
    missing: tuple[str, ...] = ()
    problem: Problem | None = None
    keep_names: bool = False  # the sidecar lists the files by name: a shelf must not rename them
    retry_of: str = ""  # the failed packet whose own folder, dragged back, this is

    @property
    def members(self) -> tuple[Observation, ...]:
        """Every file of the packet, the sidecar last."""
        return self.files if self.sidecar is None else (*self.files, self.sidecar)


@dataclass(frozen=True)
class Proof:
    """What a file that was checked has to be when it goes: opened below `root` by no link, with just this identity.

    `sha256` (hex) is empty where the check had no reason to read it through.
    """

    root: Path
    identity: Identity
    sha256: str = ""


@dataclass(frozen=True)
class AttachmentRequest:
    """One request to the attachments service: `metadata` under the service's own field names."""

    metadata: Mapping[str, str]
    files: tuple[tuple[str, str], ...]  # file name relative to the packet's place, MIME type
    file_metadata: tuple[Mapping[str, str], ...] = ()  # image intelligence, one a file; empty: plain endpoint
    proofs: Mapping[str, Proof] = field(default_factory=dict)  # by the files' names; of a check alone there are none


@dataclass(frozen=True)
class StatementUpload:
    """One request to the statements service: the JSON body, already written to a spool file."""

    filename: str
    spool: Path
    spool_size: int
    statements: int


@dataclass(frozen=True)
class Checked:
    """What the check of a candidate found: a problem, or the request that can go.

    `fingerprint` is a digest of the claim and its metadata without the bytes: what a duplicate has in common.
    `sha256` (hex, in the order of the candidate's files) is filled in where the check had to read them anyway.
    """

    problem: Problem | None = None
    warnings: tuple[str, ...] = ()
    request: AttachmentRequest | StatementUpload | None = None
    claim: str = ""
    fingerprint: str = ""
    sha256: tuple[str, ...] = ()
    sidecar_sha256: str = ""


# --- What became of an attempt --------------------------------------------------------------------------------------


class BodySent(StrEnum):
    """How much of a request's body had left this PC when the try ended."""

    NONE = "none"
    PART = "part"
    WHOLE = "whole"


@dataclass(frozen=True)
class SentFile:
    """A file as it really went out."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Delivered:
    """The service has accepted the packet. `response` is its body, kept as it came."""

    status: int
    response: Any = None
    attachment_control_number: str = ""
    attachment_ids: tuple[str, ...] = ()
    image_intelligence_transaction_id: str = ""
    confirmed_by: str = "response"
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None  # what a person has to look at, although it is delivered


class Taken(StrEnum):
    """Of what the service says that it was used within 24 hours; "one filename per store" can be read either way."""

    NAME = "the name"
    STORE = "the store's one upload"
    NAME_OR_STORE = "the name, or the store's one upload"


@dataclass(frozen=True)
class Refused:
    """The service says that this packet is bad. `name_taken`: for the 24-hour rule; `says`: what that is about."""

    status: int
    problem: Problem
    name_taken: bool = False
    says: Taken = Taken.NAME_OR_STORE
    response: Any = None


@dataclass(frozen=True)
class Retry:
    """Not accepted, and nothing wrong with the packet: try later. `after` is the service's Retry-After, in seconds."""

    problem: Problem
    status: int = 0
    after: float | None = None
    unreachable: bool = False  # the service was not reached: no connection, or something answered in its place
    of_lane: bool = False  # it would go the same way with every packet: the lane waits


@dataclass(frozen=True)
class Blocked:
    """The lane is broken (credentials, address, certificate): nothing can go, and no packet is to blame."""

    problem: Problem
    status: int = 0


@dataclass(frozen=True)
class Unknown:
    """The whole body went out, and no answer of the service came back: it may or may not have the packet.

    `answered`: somebody else gave an answer of their own to it. So it may never have come through, and a later refusal
    of the file's name does not show that it has.
    """

    problem: Problem
    status: int = 0
    of_lane: bool = False  # something stands between, or has trouble: the lane waits
    answered: bool = False


Outcome = Delivered | Refused | Retry | Blocked | Unknown


@dataclass(frozen=True)
class AttemptResult:
    """One try at sending: what became of it, and what went out (`files`: empty unless every byte did).

    `service_date` is the Date of a reply of the service's own (RFC 9110, 6.6.1): the one clock that its rules go by.
    `payer_id` and `date_of_service` are the claim's, as its sidecar says (`payerId`, `dateOfService`); empty elsewhere.
    """

    outcome: Outcome
    files: tuple[SentFile, ...] = ()
    body: BodySent = BodySent.NONE
    service_date: datetime | None = None
    payer_id: str = ""
    date_of_service: str = ""
