"""A body is streamed: what is in memory does not grow with the file."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from threading import Event

import pytest

from agent.destinations.transport import build_client
from agent.model import AttachmentRequest, Delivered
from tests.support.wire import METADATA, Connection, attachments, ignore_progress, serving, token_or

SIZE = 300 * 1024 * 1024


@pytest.mark.slow
def test_300_mib_go_through_a_few(tmp_path: Path):
    (tmp_path / "big.tif").touch()
    os.truncate(tmp_path / "big.tif", SIZE)

    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        accepted = b'{"attachmentControlNumber": "7", "attachmentIds": ["1"]}'
        connection.reply(201, accepted, "Content-Type: application/json", "Connection: close")

    with serving(token_or(script)) as url:
        destination = attachments(build_client(), url)
        request = AttachmentRequest(METADATA, (("big.tif", "image/tiff"),))
        tracemalloc.start()
        result = destination.send(request, tmp_path, ignore_progress, Event())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        destination.close()
    assert isinstance(result.outcome, Delivered)
    assert result.files[0].size == SIZE
    assert peak < 8 * 1024 * 1024
