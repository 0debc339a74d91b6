"""Every request and reply as it goes over the wire, kept by the transport that the agent itself uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any

import httpx
import pytest
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from agent.destinations import transport


@dataclass(frozen=True)
class Upload:
    """One file of a form."""

    filename: str | None
    content_type: str | None
    data: bytes


@dataclass
class Exchange:
    """One request, and its reply once it was read."""

    request: httpx.Request
    body: bytearray = field(default_factory=bytearray)
    reply: httpx.Response | None = None
    reply_body: bytearray = field(default_factory=bytearray)

    @property
    def content_type(self) -> str:
        """The content type of the request, without its parameters."""
        return parse_options_header(self.request.headers.get("content-type"))[0]

    @cached_property
    def form(self) -> tuple[dict[str, str], list[Upload]]:
        """The fields and the files of a form, read by another parser than the agent's and the sandbox's own."""
        kind, options = parse_options_header(self.request.headers["content-type"])
        parser = FormDataParser(stream_factory=lambda **_sizes: BytesIO(), silent=False)
        _, fields, uploads = parser.parse(BytesIO(self.body), kind, len(self.body), options)
        files = uploads.getlist("files")
        return fields.to_dict(), [Upload(file.filename, file.content_type, file.stream.read()) for file in files]


class _Tee(httpx.SyncByteStream):
    def __init__(self, stream: Any, copy: bytearray) -> None:
        self._stream, self._copy = stream, copy

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._copy.extend(chunk)
            yield chunk

    def close(self) -> None:
        self._stream.close()


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Whatever agents send from now on, in order."""
    kept: list[Exchange] = []

    class Recording(transport.Transport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            exchange = Exchange(request)
            kept.append(exchange)
            request.stream = _Tee(request.stream, exchange.body)
            exchange.reply = super().handle_request(request)
            exchange.reply.stream = _Tee(exchange.reply.stream, exchange.reply_body)
            return exchange.reply

    monkeypatch.setattr(transport, "Transport", Recording)
    return kept
