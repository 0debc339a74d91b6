"""Parts and file names arrive at a server as they were."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest
from starlette.datastructures import FormData
from starlette.requests import Request

from agent.destinations.body import Body, FilePart
from agent.destinations.multipart import Field, Upload, multipart, new_boundary
from agent.folder.real import RealFileSystem
from agent.model import Identity
from tests.support.wire import ignore_progress, limiter


def parse(content: bytes, boundary: str) -> FormData:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", f"multipart/form-data; boundary={boundary}".encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)

    async def read() -> FormData:
        return await request.form()

    return asyncio.run(read())


def written(parts: list[Field | Upload], boundary: str) -> bytes:
    return b"".join(Body(multipart(parts, boundary), RealFileSystem(), limiter(), ignore_progress, Event()))


@pytest.mark.parametrize(
    "name",
    [
        "scan.pdf",
        "Röntgen Müller é.pdf",
        "e\u0301 decomposed.pdf",
        "smile 😀.png",
        'the "left" one.pdf',
        "back\\slash.pdf",
        "semi;colon=1.pdf",
        "50% off %22.pdf",
        "' and , and (1) [2].pdf",
        "口腔X線.pdf",
        "x" * 196 + ".pdf",
        "é" * 196 + ".pdf",
    ],
)
def test_a_file_name_arrives_as_it_is(tmp_path: Path, name: str):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    boundary = new_boundary()
    form = parse(
        written(
            [Upload("files", FilePart(name, path, RealFileSystem().identify(path), path.parent), "image/png")], boundary
        ),
        boundary,
    )
    upload = form["files"]
    assert upload.filename == name
    assert upload.content_type == "image/png"
    assert upload.file.read() == b"content"
    upload.file.close()


@pytest.mark.parametrize("name", ["line\r\nX-Header: 1.pdf", "zero\0.pdf"])
def test_a_file_name_cannot_write_headers_of_its_own(name: str):
    (header, *_) = multipart([Upload("files", FilePart(name, Path("x"), Identity(1, 1, ""), Path()), "image/png")], "b")
    assert isinstance(header, bytes)
    assert header.count(b"\r\n") == 4
    assert b"\0" not in header


def test_fields_and_json_arrive_beside_files():
    boundary = new_boundary()
    content = written([Field("request", b'{"a": 1}', "application/json"), Field("claimId", "é1".encode())], boundary)
    form = parse(content, boundary)
    assert form["request"] == '{"a": 1}'
    assert form["claimId"] == "é1"
    assert b"Content-Type: application/json\r\n\r\n{" in content


def test_no_two_boundaries_are_the_same():
    assert new_boundary() != new_boundary()
