"""A small picture of a scan, so that people see whose it is. PDFs are not drawn: the page offers to show the file.

A scan comes from anywhere. It is drawn in the child, never where it has more points than a scanner makes, and one
picture is drawn at a time.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from threading import Lock

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.delivery.requests import PICTURED
from agent.desk.page.forms.scans import attachments_lane, is_without_sidecar
from agent.desk.page.forms.shelf import on_shelf
from agent.desk.page.page import Page
from agent.desk.page.tokens import file_token, meant
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.intake.filetypes import content_of
from agent.log import log, where
from agent.model import LaneId
from agent.worker import FileHarms, Limits, ReaderFailed, shared

_READER = "agent.intake.readers.drawing:draw"
_LIMITS = Limits(memory=768 << 20, seconds=20.0, answer=4 << 20)
DRAWN = ("image/jpeg", "image/png", "image/gif", "image/tiff", "image/bmp")
_drawing = Lock()


def routes(page: Page) -> list[Route]:
    """Return the route of the pictures."""

    def picture(request: Request) -> Response:
        asked = request.path_params
        path = _of_packet(page, **asked) if "packet" in asked else _waiting(page, **asked)
        drawn = thumbnail(page.desk.files, path) if path is not None else None
        if drawn is None:
            return PlainTextResponse("There is no picture of this file.\n", 404)
        lane = f"{asked['store']}/{asked['kind']}" if "store" in asked else ""
        page.note(request, PICTURED, asked.get("packet", ""), lane)
        return Response(drawn, media_type="image/jpeg")

    return [Route("/scan/{store}/{kind}/{file}/image", picture), Route("/packet/{packet}/{file}/image", picture)]


def image_address(lane: LaneId, file: str, packet: str = "") -> str:
    """Return the address of a small picture: of a file that waits in a lane's folder, or of a failed packet's."""
    where = f"packet/{packet}" if packet else f"scan/{lane}"
    return f"/{where}/{file_token(str(lane), file)}/image"


def _of_packet(page: Page, packet: str, file: str) -> Path | None:
    """Return where a file of a packet on `failed` stands."""
    try:
        found = on_shelf(page.desk, packet)
    except FileSystemProblem:
        return None
    name = meant(file, str(found.record.lane), found.standing) if found is not None else None
    return found.places[name] if found is not None and name is not None else None


def _waiting(page: Page, store: str, kind: str, file: str) -> Path | None:
    """Return where a file stands that the lane's last look has seen waiting."""
    desk, lane = page.desk, f"{store}/{kind}"
    known = attachments_lane(desk, lane)
    waiting = (name for one in desk.snapshot().packets if is_without_sidecar(one, lane) for name in one.files)
    seen = meant(file, lane, waiting)
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
