"""multipart/form-data (RFC 7578) whose length is known before the first byte.

File names go as UTF-8 in `filename="..."`, as browsers send them; `filename*` is forbidden there (section 4.2). Quotes
and backslashes are escaped with a backslash (RFC 2183's quoted string), which the servers' parsers undo, while the
browsers' `%22` would arrive as it is; line ends, which no parser can carry, are percent-escaped.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from agent.destinations.body import FilePart, Part

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\r": "%0D", "\n": "%0A", "\0": "%00"})


@dataclass(frozen=True)
class Field:
    """A part that is no file. An empty `content_type` is plain text, as in any form."""

    name: str
    content: bytes
    content_type: str = ""


@dataclass(frozen=True)
class Upload:
    """A part that is a file."""

    name: str
    file: FilePart
    content_type: str


def new_boundary() -> str:
    """Return a line that no file contains but by a chance of 1 in 2**128."""
    return f"outtray-{secrets.token_hex(16)}"


def multipart(parts: Iterable[Field | Upload], boundary: str) -> tuple[Part, ...]:
    """Return the body's parts in order: headers and fields as bytes, files to be streamed."""
    body: list[Part] = []
    for part in parts:
        filename = part.file.name if isinstance(part, Upload) else None
        header = _header(boundary, part.name, filename, part.content_type)
        body += [header, part.file if isinstance(part, Upload) else part.content, b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode())
    return tuple(body)


def _header(boundary: str, name: str, filename: str | None, content_type: str) -> bytes:
    lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{name.translate(_ESCAPES)}"']
    if filename is not None:
        lines[-1] += f'; filename="{filename.translate(_ESCAPES)}"'
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
