"""Request bodies read in bounded memory: digested while they come in, kept in temporary files."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

HEAD_BYTES = 64 * 1024
MAX_FIELD_BYTES = 1024 * 1024
MAX_PARTS = 100
MAX_STORED_FILES = 10

# What browsers and HTTP clients write for these in a part's file name (WHATWG HTML, multipart/form-data encoding).
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class BadBody(Exception):
    """A body that is not what its content type says; the message says why."""


@dataclass
class Part:
    """One part of a request. `head` holds a file's first bytes, a field's whole value; `path` all bytes where kept."""

    name: str
    filename: str | None
    content_type: str
    size: int = 0
    sha256: str = ""
    head: bytes = b""
    path: Path | None = None


async def drain(request: Request) -> None:
    """Read a body to its end and forget it: a reply before the end could be lost with the connection."""
    async for _ in request.stream():
        pass


async def read_limited(request: Request, limit: int) -> bytes:
    """Return a small body. Raise `BadBody`, the whole of it read, where it is larger than `limit` bytes."""
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
    if size > limit:
        raise BadBody(f"The body is larger than {limit} bytes")
    return bytes(body)


async def spool(request: Request, folder: Path) -> Part:
    """Return the whole body as one part, `body`, kept in a temporary file in `folder`."""
    writer = _PartWriter("body", None, request.headers.get("content-type", ""), folder, keep=True)
    try:
        async for chunk in request.stream():
            writer.write(chunk)
    except BaseException:
        writer.discard()
        raise
    return writer.finish()


async def read_multipart(request: Request, folder: Path, keep_files: bool) -> list[Part]:
    """Return the parts of a multipart body in their order; parts with a file name are kept in `folder` on demand.

    Raises `BadBody`, the whole body read and nothing kept, where it is no well-formed multipart/form-data.
    """
    reader = _MultipartReader(folder, keep_files)
    problem = ""
    try:
        parser = reader.parser(request.headers.get("content-type", ""))
    except (FormParserError, BadBody) as bad:
        await drain(request)
        raise BadBody(str(bad)) from bad
    try:
        async for chunk in request.stream():
            if problem:
                continue
            try:
                parser.write(chunk)
            except (FormParserError, BadBody) as bad:
                problem = str(bad)
        if problem or not reader.ended:
            raise BadBody(problem or "The last boundary of the multipart body is missing")
    except BaseException:
        reader.discard()
        raise
    return reader.parts


@dataclass
class _PartWriter:
    name: str
    filename: str | None
    content_type: str
    folder: Path
    keep: bool
    size: int = 0
    head: bytearray = field(default_factory=bytearray)
    path: Path | None = None
    _file: IO[bytes] | None = None

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()
        if self.keep:
            self._file = tempfile.NamedTemporaryFile(dir=self.folder, delete=False)  # noqa: SIM115 - closed by finish
            self.path = Path(self._file.name)

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        if self._file is not None:
            self._file.write(data)
        limit = HEAD_BYTES if self.filename is not None or self.keep else MAX_FIELD_BYTES
        if len(self.head) < limit:
            self.head += data[: limit - len(self.head)]

    def finish(self) -> Part:
        if self._file is not None:
            self._file.close()
        return Part(
            self.name,
            self.filename,
            self.content_type,
            self.size,
            self._digest.hexdigest(),
            bytes(self.head),
            self.path,
        )

    def discard(self) -> None:
        if self._file is not None and self.path is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)


class _MultipartReader:
    """Collects what the parser finds."""

    def __init__(self, folder: Path, keep_files: bool) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._folder = folder
        self._keep_files = keep_files
        self._field = bytearray()
        self._value = bytearray()
        self._headers: dict[str, bytes] = {}
        self._writer: _PartWriter | None = None
        self._fields_size = 0
        self._files = 0

    def parser(self, content_type: str) -> MultipartParser:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise BadBody("The content type names no boundary")
        on_data: Callable[[bytes, int, int], None] = self._on_part_data
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": on_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.discard()
        discard(self.parts)

    def _on_part_begin(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise BadBody(f"The body has more than {MAX_PARTS} parts")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise BadBody("A part has no name")
        filename = _file_name(options[b"filename"]) if b"filename" in options else None
        self._files += filename is not None
        self._writer = _PartWriter(
            _text(options[b"name"]),
            filename,
            self._headers.get("content-type", b"").decode("latin-1").strip(),
            self._folder,
            keep=filename is not None and self._keep_files and self._files <= MAX_STORED_FILES,
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        writer = self._current()
        if writer.filename is None:
            self._fields_size += end - start
            if self._fields_size > MAX_FIELD_BYTES:
                raise BadBody(f"The parts without a file name are larger than {MAX_FIELD_BYTES} bytes")
        writer.write(data[start:end])

    def _on_part_end(self) -> None:
        self.parts.append(self._current().finish())
        self._writer = None

    def _on_end(self) -> None:
        self.ended = True

    def _current(self) -> _PartWriter:
        if self._writer is None:
            raise BadBody("Data of the multipart body stand outside a part")
        return self._writer


def discard(parts: list[Part]) -> None:
    """Delete what was kept of these parts."""
    for part in parts:
        if part.path is not None:
            part.path.unlink(missing_ok=True)
            part.path = None


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _file_name(raw: bytes) -> str:
    return re.sub("%22|%0D|%0A", lambda match: _ESCAPES[match[0]], _text(raw))
