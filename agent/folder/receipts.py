"""Receipts and problems as they stand on the shelves: typed, versioned, and read back without a guess.

Each says which files of its packet stand beside it, what they are called there, and their digests. Anyone can write on
a shelf, so a document counts only if it has our form and size, and the names in it only if they are plain. What a newer
OutTray adds to a receipt is kept. Documents without a version are older: what they do not say is taken for the worse.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from agent.folder.filesystem import Damaged, FileSystem
from agent.folder.packets import believable, counted, is_plain
from agent.shown import shown

VERSION = 1
LARGEST_DOCUMENT = 8 << 20
"""Bytes. No document of ours is larger, so that whoever may write on a shelf cannot make a look at it expensive."""

_LARGEST_RECEIPT = 4 << 20  # of which the service's answer is what counts
_MOST_FILES = 2_000
_MOST_FAULTS = 20_000

_HALF = re.compile("[\ud800-\udfff]")  # of a character: a disk takes it in a name, and a service can send one


def _whole(text: Any) -> Any:
    return _HALF.sub(lambda half: shown(half[0]), text) if isinstance(text, str) else text


def _plain(name: str) -> str:
    if not is_plain(name, name.partition("/")[0] if "/" in name else ""):
        raise ValueError("a name that leads elsewhere")
    return name


def utc_text(at: datetime) -> str:
    """Return a moment as the documents write it: ISO 8601 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Text = Annotated[str, BeforeValidator(_whole)]
PlainName = Annotated[Text, AfterValidator(_plain)]
Moment = Annotated[AwareDatetime, AfterValidator(believable), PlainSerializer(utc_text)]
Count = Annotated[int, AfterValidator(counted)]
_FILES = Field(max_length=_MOST_FILES, fail_fast=True)
_FAULTS = Field(max_length=_MOST_FAULTS, fail_fast=True)


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def as_json(self) -> dict[str, Any]:
        """Return what is written."""
        return self.model_dump()


class DocumentFile(_Form):
    """A file as a person or a service knows it. `name`: as it was called in the watched folder, or on the wire."""

    name: PlainName
    size: Count
    sha256: Text | None = None


class SentDocumentFile(DocumentFile):
    """A file of a receipt: `sha256` is of the bytes that went out, `original_sha256` of those that were dropped."""

    original_sha256: Text | None = None


class ShelvedFile(_Form):
    """A file of the packet as it stands on the shelf. `on_shelf` is relative to the folder of the document."""

    name: PlainName
    on_shelf: PlainName
    role: Text
    size: Count
    sha256: Text | None = None


class ShelfDocument(_Form):
    """What receipts and problems have in common.

    `installation`: which OutTray has written it, as in manifests. `name`, `folder` and `upload_name` are those of the
    packet in the watched folder and at the service; `account` is the service's address with the account there;
    `fingerprint` says what the packet asks for (`Checked.fingerprint`).
    `on_shelf`: all that stands there of the packet, its sidecar too. `largest` is in bytes; `unknown` says what
    becomes of that which this OutTray does not know.
    """

    largest: ClassVar[int] = LARGEST_DOCUMENT
    unknown: ClassVar[Literal["allow", "ignore"]] = "ignore"

    version: Count = 0
    packet: PlainName
    store: Text = ""
    lane: Text
    account: Text = ""
    installation: Text = ""
    name: Text = ""
    folder: Text = ""
    keep_names: bool = False
    upload_name: Text = ""
    fingerprint: Text = ""
    claim_id: Text | None = None
    arrived_at: Moment | None = None
    files: Annotated[tuple[DocumentFile, ...], _FILES]
    on_shelf: Annotated[tuple[ShelvedFile, ...], _FILES] = ()


class Receipt(ShelfDocument):
    """Proof of a delivery (agent/docs/contract.md, "The receipt")."""

    largest: ClassVar[int] = _LARGEST_RECEIPT
    unknown: ClassVar[Literal["allow", "ignore"]] = "allow"

    files: Annotated[tuple[SentDocumentFile, ...], _FILES]
    payer_id: Text | None = None
    date_of_service: Text | None = None
    sent_at: Moment
    attempts: Count
    destination: Text = ""
    status: Count = 0
    response: Any = None
    attachment_control_number: Text | None = None
    attachment_ids: tuple[Text, ...] = ()
    image_intelligence_transaction_id: Text | None = None
    possibly_sent_twice: bool
    confirmed_by: Text = ""
    warnings: tuple[Text, ...] = ()


class ProblemDetail(_Form):
    """One fault in the terms of what was dropped."""

    where: Text = ""
    value: Text = ""
    message: Text = ""


class ProblemDocument(ShelfDocument):
    """Why a packet failed (contract: "The problem"). `possibly_sent`: one of its tries may have arrived."""

    at: Moment | None = None
    code: Annotated[Text, Field(min_length=1)]
    sentence: Text = ""
    what_to_do: Text = ""
    details: Annotated[tuple[ProblemDetail, ...], _FAULTS] = ()
    attempts: Count = 0
    possibly_sent: bool | None = None


AnyDocument = TypeVar("AnyDocument", Receipt, ProblemDocument)


class _Named(BaseModel):
    packet: str


def read_bounded(fs: FileSystem, path: Path, largest: int = LARGEST_DOCUMENT) -> bytes | None:
    """Return a document's bytes, or None where it is larger than any of ours. Raises `FileSystemProblem`."""
    with fs.open(path) as file:
        data = file.read(largest + 1)
    return data if len(data) <= largest else None


def packet_named_in(data: bytes) -> str:
    """Return the packet that a document names, or an empty string."""
    try:
        return _Named.model_validate_json(data).packet
    except ValueError:
        return ""


def read_document(fs: FileSystem, path: Path, form: type[AnyDocument]) -> AnyDocument:
    """Read a document. Raises `Damaged` where it has not this form and size, and other `FileSystemProblem`s."""
    data = read_bounded(fs, path, form.largest)
    if data is None:
        raise Damaged(path, "larger than any document of ours")
    try:
        # Straight from the bytes: what the form does not know never becomes objects, however much of it there is.
        return form.model_validate_json(data, extra=form.unknown)
    except ValueError as error:
        raise Damaged(path, "not a document of ours") from error
