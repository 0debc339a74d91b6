"""A small picture of a scan, so that people see whose it is. PDFs are not drawn: the page offers to show the file.

A scan comes from anywhere. It is drawn in the child, never where it has more points than a scanner makes, and one
picture is drawn at a time.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.desk.page.forms.scans import attachments_lane, is_without_sidecar
from agent.desk.page.forms.shelf import on_shelf
from agent.desk.page.page import Page
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.intake.filetypes import content_of
from agent.log import log, where
from agent.shown import called
from agent.worker import FileHarms, Limits, ReaderFailed, shared

_READER = "agent.intake.readers.drawing:draw"
_LIMITS = Limits(memory=768 << 20, seconds=20.0, answer=4 << 20)
DRAWN = ("image/jpeg", "image/png", "image/gif", "image/tiff", "image/bmp")
_drawing = Lock()


def routes(page: Page) -> list[Route]:
    """Return the route of the pictures."""

    def picture(request: Request) -> Response:
        asked = query(request)
        lane = f"{request.path_params['store']}/{request.path_params['kind']}"
        path = _path(page, lane, asked.get("file", ""), asked.get("packet", ""))
        drawn = thumbnail(page.desk.files, path) if path is not None else None
        if drawn is None:
            return PlainTextResponse("There is no picture of this file.\n", 404)
        return Response(drawn, media_type="image/jpeg")

    return [Route("/scan/{store}/{kind}/image", picture)]


def query(request: Request) -> dict[str, str]:
    """Return the address's query. Names that are not Unicode come through as the file system gave them."""
    text = request.scope["query_string"].decode("ascii", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=20))


def _path(page: Page, lane: str, file: str, packet: str) -> Path | None:
    """Return where a file stands: one that the lane's last look has seen waiting, or one of a packet on `failed`."""
    desk = page.desk
    if packet:
        try:
            found = on_shelf(desk, packet)
        except FileSystemProblem:
            return None
        name = called(file, found.standing) if found is not None and str(found.record.lane) == lane else None
        return found.places[name] if found is not None and name is not None else None
    known = attachments_lane(desk, lane)
    waiting = [name for one in desk.snapshot().packets if is_without_sidecar(one, lane) for name in one.files]
    seen = called(file, waiting)
    return known[1].folder / seen if known is not None and seen is not None else None


def can_be_drawn(fs: FileSystem, path: Path) -> bool:
    """Tell whether a file is of a kind of which a picture is drawn."""
    try:
        with fs.open(path) as stream:
            kind = content_of(stream, stream.seek(0, os.SEEK_END)).kind
    except (FileSystemProblem, OSError):
        return False
    return kind is not None and kind.mime in DRAWN


def thumbnail(fs: FileSystem, path: Path) -> bytes | None:
    """Return a small JPEG of a picture; None where it cannot be drawn."""
    try:
        with fs.open(path) as stream, _drawing:
            kind = content_of(stream, stream.seek(0, os.SEEK_END)).kind
            if kind is None or kind.mime not in DRAWN:
                return None
            drawn = shared().run(_READER, stream, {"mime": kind.mime}, _LIMITS)
            return None if drawn is None else base64.b64decode(drawn)
    except (FileSystemProblem, OSError, ReaderFailed, FileHarms, TypeError, ValueError) as trouble:
        log.warning("a picture could not be drawn", extra={"trouble": where(trouble)})
        return None
