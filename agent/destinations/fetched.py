"""Files fetched back from the attachments service: a multipart reply, hashed as it comes and never kept."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from python_multipart.multipart import MultipartParser, parse_options_header


@dataclass(frozen=True)
class FetchedFile:
    """One file as the service gave it back."""

    name: str
    attachment_id: str
    size: int
    sha256: str


def is_multipart(response: httpx.Response) -> bool:
    """Tell whether a reply calls itself what a success of `documents/search` is: any multipart with its boundary."""
    kind, options = parse_options_header(response.headers.get("content-type", ""))
    return kind.startswith(b"multipart/") and bool(options.get(b"boundary"))


def read_fetched(response: httpx.Response) -> tuple[FetchedFile, ...]:
    """Read a reply of `documents/search`. Raises what the client and the multipart parser (a ValueError) raise."""
    _, options = parse_options_header(response.headers.get("content-type", ""))
    collector = _Collector()
    parser = MultipartParser(options.get(b"boundary", b""), collector.callbacks())  # type: ignore[arg-type]
    for piece in response.iter_bytes():
        parser.write(piece)
    parser.finalize()
    return tuple(collector.found)


class _Collector:
    """What the parser tells, part by part."""

    def __init__(self) -> None:
        self.found: list[FetchedFile] = []
        self._begin()

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._size = 0
        self._digest = hashlib.sha256()
        self._undecoded = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        # The contract's page says "base64 encoded" beside "raw binary": a part that declares it is decoded.
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() == b"base64":
            text = self._undecoded + b"".join(piece.split())
            whole = len(text) - len(text) % 4
            piece, self._undecoded = binascii.a2b_base64(text[:whole]), text[whole:]
        self._size += len(piece)
        self._digest.update(piece)

    def _end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self.found.append(
            FetchedFile(
                options.get(b"filename", b"").decode("utf-8", "replace"),
                # The service's own parameter of Content-Disposition.
                options.get(b"attachmentid", options.get(b"attachmentId", b"")).decode("utf-8", "replace"),
                self._size,
                self._digest.hexdigest(),
            )
        )
