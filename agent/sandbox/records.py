"""What the sandbox accepted, as values for tests, and as lines of the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.sandbox.paths import Traffic


@dataclass
class Seen:
    """One request that came in, accepted or not; `status` is 0 as long as no reply has begun."""

    traffic: Traffic
    number: int  # of its traffic, from 1
    path: str
    fault: str  # the item of the fault plan that it met, or empty
    status: int = 0


@dataclass(frozen=True)
class AcceptedPart:
    """One part of an accepted request; `path` holds its bytes where they are kept."""

    name: str
    filename: str | None
    content_type: str
    size: int
    sha256: str
    path: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the part as it stands in the journal."""
        return {
            "name": self.name,
            "filename": self.filename,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Accepted:
    """What all accepted uploads have in common. `number` is the upload's, as a fault plan counts."""

    number: int
    time: datetime
    path: str
    store: str  # the store's ULID
    parts: tuple[AcceptedPart, ...]
    status: int
    reply: Mapping[str, Any]
    unknown_fields: tuple[str, ...]  # names that the contract does not know; the vendors ignore them

    def as_json(self) -> dict[str, Any]:
        """Return the journal's line."""
        return {
            "number": self.number,
            "time": self.time.isoformat(),
            "path": self.path,
            "store": self.store,
            "filename": next((part.filename for part in self.parts if part.filename), None),
            "filenames": [part.filename for part in self.parts if part.filename],
            "part_names": [part.name for part in self.parts],
            "sizes": [part.size for part in self.parts],
            "sha256": [part.sha256 for part in self.parts],
            "parts": [part.as_json() for part in self.parts],
            "unknown_fields": list(self.unknown_fields),
            "status": self.status,
            "reply": dict(self.reply),
        }


@dataclass(frozen=True)
class AcceptedAttachments(Accepted):
    """An accepted create or image-intelligence request."""

    client_id: str
    request_style: str  # json | fields, as the settings call them
    metadata: Mapping[str, str]
    file_metadata: tuple[Mapping[str, str], ...]
    control_number: str
    attachment_ids: tuple[str, ...]  # in the order of `files`
    transaction_id: str

    @property
    def files(self) -> tuple[AcceptedPart, ...]:
        """Return the uploaded files in their order."""
        return tuple(part for part in self.parts if part.name == "files")

    def as_json(self) -> dict[str, Any]:
        """Return the journal's line."""
        return super().as_json() | {
            "client_id": self.client_id,
            "request_style": self.request_style,
            "metadata": dict(self.metadata),
            "file_metadata": [dict(entry) for entry in self.file_metadata],
        }


@dataclass(frozen=True)
class AcceptedStatements(Accepted):
    """An accepted upload of statements. Its one part is the body, with the statement file's name."""

    filename: str
    statements: int
    failed: int  # statements that failed validation at upload

    @property
    def sha256(self) -> str:
        """Return the digest of the body."""
        return self.parts[0].sha256

    def body(self) -> Any:
        """Return the JSON that was sent. Raises `LookupError` where only digests are kept."""
        path = self.parts[0].path
        if path is None:
            raise LookupError("This sandbox keeps digests only")
        with path.open(encoding="utf-8") as file:
            return json.load(file)

    def as_json(self) -> dict[str, Any]:
        """Return the journal's line."""
        return super().as_json() | {"filename": self.filename, "statements": self.statements, "failed": self.failed}
