"""The interface below `/api/`: what `outtray status`, `retry`, `pause`, `resume`, `stop` and `open` ask of the agent.

| Path | Key | Does |
|---|---|---|
| GET `/api/state` | state | the tray's view: lanes' states and counts; no names |
| GET `/api/status` | private | the snapshot |
| POST `/api/requests` | private | a request; answered once the control thread has carried it out |
| POST `/api/open` | private | a one-time link to the page |
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, get_args

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.delivery.requests import SEEN, Request, Verb
from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.interface.address import Keys
from agent.desk.page.guard import STATE
from agent.desk.page.page import BODY, Page
from agent.desk.page.peer import who_asks
from agent.model import LaneState
from agent.shown import in_unicode

ANSWER_SECONDS = 20.0
NOT_YET = "OutTray has not come to it yet; it is done as soon as it can be."
NO_PAGES = "The activity page is switched off in the settings ([agent.page] enabled = false)."
ENDED = "OutTray has ended before it came to it."
_LANE_FIELDS = ("lane", "state", "since", "counts", "needs_attention", "environment")


def may_ask(keys: Keys, path: str, authorization: str) -> bool:
    """Tell whether a request's Authorization header opens a path."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return False
    given = key.strip().encode("utf-8", "surrogateescape")
    is_private = hmac.compare_digest(given, keys.private.encode())
    is_state = hmac.compare_digest(given, keys.state.encode())
    return is_private or (is_state and path == STATE)


def api_routes(page: Page, link: Callable[[str], str] | None) -> list[Route]:
    """Return the interface's routes. `link` makes an address that opens the page at a path; None: no pages."""
    desk = page.desk

    def state(_request: HttpRequest) -> Response:
        return JSONResponse(tray_view(desk.snapshot()))

    def status(_request: HttpRequest) -> Response:
        return JSONResponse(desk.snapshot().as_json)

    async def requests(request: HttpRequest) -> Response:
        wish = request_from(request.scope.get(BODY, b""))
        if wish is None:
            return _sentence(400, "This is not a request that OutTray knows.")
        # The system's word on who asks, not the client's; where it tells none, only this user has the key.
        answered = asyncio.wrap_future(desk.ask(replace(wish, actor=who_asks(request.scope) or page.actor)))
        try:
            answer = await asyncio.wait_for(asyncio.shield(answered), ANSWER_SECONDS)
        except TimeoutError:
            return _sentence(503, NOT_YET)
        except asyncio.CancelledError:
            if not answered.cancelled():
                raise
            return _sentence(503, ENDED)
        return JSONResponse(in_unicode(asdict(answer)))

    def open_page(request: HttpRequest) -> Response:
        if link is None:
            return _sentence(409, NO_PAGES)
        try:
            path = json.loads(request.scope.get(BODY) or b"{}").get("path", "/")
        except (ValueError, AttributeError, RecursionError):
            path = "/"
        return JSONResponse({"url": link(str(path))})

    return [
        Route(STATE, state),
        Route("/api/status", status),
        Route("/api/requests", requests, methods=["POST"]),
        Route("/api/open", open_page, methods=["POST"]),
    ]


def request_from(body: bytes) -> Request | None:
    """Return the request that a body holds, or None."""
    try:
        given = json.loads(body)
        wish = Request(
            given["verb"], tuple(given["packets"]), tuple(given["lanes"]), given["actor"], given.get("note", "")
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (*wish.packets, *wish.lanes, wish.actor, wish.note)
    is_known = wish.verb in get_args(Verb) and wish.note in ("", *SEEN) and all(isinstance(text, str) for text in texts)
    return wish if is_known else None


def tray_view(snapshot: Snapshot) -> dict[str, Any]:
    """Return of a snapshot what every user's tray may show: how the lanes are and how many packets stand where."""
    return {
        "at": snapshot.at,
        "running": snapshot.running,
        "pid": os.getpid(),
        "needs_attention": snapshot.needs_attention,
        "lanes": [{name: getattr(lane, name) for name in _LANE_FIELDS} for lane in snapshot.lanes],
    }


def snapshot_from(view: dict[str, Any]) -> Snapshot:
    """Return the snapshot that such a view stands for. Raises KeyError, TypeError or ValueError for anything else."""
    lanes = tuple(
        LaneSnapshot(
            folder="",
            **{name: lane[name] for name in _LANE_FIELDS if name in lane} | {"state": LaneState(lane["state"])},
        )
        for lane in view["lanes"]
    )
    return Snapshot(view["at"], view["running"], view["pid"], lanes, (), view["needs_attention"])


def _sentence(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"sentence": sentence}, status)
