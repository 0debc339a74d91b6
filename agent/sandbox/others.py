"""What others say in a service's place: portals, firewalls and gateways; and what a service says by halves."""

from __future__ import annotations

import json

from starlette.responses import HTMLResponse, JSONResponse, Response

from agent.sandbox import paths
from agent.sandbox.faults import Mishap
from agent.sandbox.replies import title_of

_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
_SIGN_IN = _PAGE.format(title="Guest network", text="Sign in to go on. (The sandbox speaks in a portal's place.)")


def instead_of(mishap: Mishap, path: str, status: int) -> Response:
    """Return what comes in place of the service's answer at `path`."""
    match mishap:
        case Mishap.PORTAL:
            return HTMLResponse(_SIGN_IN)
        case Mishap.EMPTY:
            return Response(status_code=status)
        case Mishap.SAYS_NO:
            return _says_no(path)
        case _:
            who = "gateway" if mishap is Mishap.GATEWAY else "firewall"
            title = f"{status} {title_of(status)}"
            return HTMLResponse(
                _PAGE.format(title=title, text=f"This page is the sandbox's, in a {who}'s place."), status
            )


def _says_no(path: str) -> Response:
    if path.startswith(paths.ATTACHMENTS):
        body: dict[str, object] = {"title": "Bad Request", "status": 400, "detail": "The request was not taken"}
        return JSONResponse(body, 200, media_type="application/problem+json")
    if path.startswith(paths.TOKEN):
        return JSONResponse({"error": "temporarily_unavailable"})
    return JSONResponse({"subErrors": [], "status": "BAD_REQUEST", "message": "The request was not taken"})


def without(body: bytes, *, number: bool) -> bytes:
    """Return a reply without its control number (`number`), or with one attachment ID fewer; others as they are."""
    try:
        said = json.loads(body)
        if number:
            del said["attachmentControlNumber"]
        else:
            said["attachmentIds"] = said["attachmentIds"][:-1]
    except (ValueError, KeyError, TypeError):
        return body
    return json.dumps(said).encode()
