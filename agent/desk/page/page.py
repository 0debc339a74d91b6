"""What every view and every form of the page works with, and where their routes are collected."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from agent.delivery.requests import LISTED
from agent.delivery.requests import Request as Wish
from agent.desk.desk import Desk
from agent.desk.page import forms, views
from agent.desk.page.done import done_of
from agent.desk.page.frame import frame_of
from agent.desk.page.session import Sessions
from agent.desk.users import user_name
from agent.shown import in_unicode

BODY = "outtray.body"  # where the guard leaves a request's body, read and bounded, in the ASGI scope
ADMITTED = "outtray.admitted"  # there is, once the guard has let a request in that knows a session or a key
SESSION = "outtray.session"  # where it leaves the session's cookie
MOST_FIELDS = 2000
ASKER: ContextVar[str] = ContextVar("asker", default="")
"""The OS user whose program has sent the request, where the system tells."""

_ONCE = (LISTED,)  # in a session
LIVE = "outtray-live"
"""A request with this header is the page's own (a fragment fetched anew): nobody has used the page by it."""


@cache
def templates() -> Environment:
    """Return the templates: everything is escaped, and a value that was not given is a fault of ours."""
    environment = Environment(
        loader=PackageLoader("agent.desk.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(frame_of=frame_of, done_of=done_of)
    return environment


@dataclass
class Page:
    """The page over one desk. Handlers are plain functions that take a Request; they run in a pool of threads.

    `user` is the OS user whose agent it is.
    """

    desk: Desk
    sessions: Sessions
    templates: Environment = field(default_factory=templates)
    user: str = field(default_factory=user_name)

    @property
    def actor(self) -> str:
        """Return who asks, for the journal: by the system's word, and the agent's user where it tells nothing."""
        return ASKER.get() or self.user

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a template's page. `request`, `desk` and `actor` are known in every template."""
        known = {"request": request, "desk": self.desk, "actor": self.actor, "lock_seconds": self.sessions.lock_seconds}
        return HTMLResponse(in_unicode(self.templates.get_template(template).render(known | values)), status)

    def note(self, request: Request, event: str, packet: str = "", lane: str = "") -> None:
        """Have it written down who has seen something (`requests.SEEN`): once, and not each time it is fetched anew.

        What a session has not seen yet is never fetched anew, whatever a request says of itself.
        """
        is_first = self.sessions.sees_first(request.scope.get(SESSION, ""), (event, packet, lane))
        if is_first or (LIVE not in request.headers and event not in _ONCE):
            packets, lanes = (packet,) if packet else (), (lane,) if lane else ()
            self.desk.note(Wish("note", packets, lanes, self.actor, event))

    def form(self, request: Request) -> ImmutableMultiDict[str, str]:
        """Return a posted form's fields, in order, empty ones too. Not for files: the page takes none.

        Raises HTTPException (400) for more than `MOST_FIELDS` fields, or where the body is not a form in UTF-8.
        """
        body: bytes = request.scope.get(BODY, b"")
        try:
            text = body.decode("utf-8")
            fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            raise HTTPException(400, "This is not a form of the page.") from None
        return ImmutableMultiDict(fields)


def routes(page: Page) -> list[Route]:
    """Return the routes of every view and every form."""
    return [route for module in _modules() for route in module.routes(page)]


def _modules() -> Iterator[Any]:
    for package in (views, forms):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            if hasattr(module, "routes"):
                yield module
