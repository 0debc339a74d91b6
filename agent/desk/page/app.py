"""All that the server answers: the page's views and forms, and its events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from agent.delivery.requests import OPENED
from agent.delivery.troubles import as_problem
from agent.desk.desk import Desk
from agent.desk.page.events import Events
from agent.desk.page.guard import Guard, closed_page, cookie_name, own_user
from agent.desk.page.page import SESSION, Page, routes
from agent.desk.page.session import DEFAULT_LOCK_MINUTES, Sessions, Standing
from agent.folder.filesystem import FileSystemProblem
from agent.ledger.opening import UNUSABLE
from agent.log import log, where

STATIC_FOLDER = Path(__file__).parent / "static"
DEFAULT_PORT = 8080


def page_app(
    desk: Desk,
    *,
    port: int = DEFAULT_PORT,
    sessions: Sessions | None = None,
    lock_minutes: float = DEFAULT_LOCK_MINUTES,
    more: Callable[[Page], list[Route]] = lambda _page: [],
    of_own_user: Callable[[Scope], bool] = own_user,
    who_asks: Callable[[Scope], str] = lambda _scope: "",
) -> Starlette:
    """Return the app over one desk. `app.state.page` is the `Page`, `app.state.events` its `Events`.

    `port` is the one that it is reached at; `more` gives further routes.
    """
    page = Page(desk, sessions or Sessions(desk.clock, lock_minutes))
    events = Events(page)
    every: list[BaseRoute] = [
        *more(page),
        *_doors(page, port),
        Route("/events", events.stream),
        Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
        *routes(page),
    ]
    guard = Middleware(Guard, page=page, port=port, of_own_user=of_own_user, who_asks=who_asks)
    handlers = dict.fromkeys(UNUSABLE, partial(_ledger_away, page))
    handlers |= dict.fromkeys((FileSystemProblem, OSError), partial(_disk_away, page))
    app = Starlette(routes=every, middleware=[guard], exception_handlers=handlers)
    app.state.page, app.state.events = page, events
    return app


def _ledger_away(page: Page, request: Request, trouble: Exception) -> Response:
    """Say that the ledger cannot be read, and not that something broke."""
    log.warning("a view could not read the ledger", extra={"trouble": where(trouble)})
    back = request.url.path if request.method == "GET" else "/"
    return page.render(request, "ledger_away.html", status=503, back=back)


def _disk_away(page: Page, request: Request, trouble: Exception) -> Response:
    """Say which folder cannot be worked with, where a view or a form met that."""
    log.warning("a view met a file that cannot be used", extra={"trouble": where(trouble)})
    problem = as_problem(trouble, "")
    back = request.url.path if request.method == "GET" else "/"
    sentences = (problem.sentence, problem.what_to_do)
    return page.render(request, "not_done.html", status=503, sentences=sentences, back=back)


def _doors(page: Page, port: int) -> list[BaseRoute]:
    """Return what opens and locks a session, and what keeps it open while someone reads."""

    def open_page(request: Request) -> Response:
        opened = page.sessions.open(request.path_params["token"]) if request.method == "GET" else None
        if opened is None:
            return closed_page(page, request, Standing.UNKNOWN)
        session, path = opened
        page.note(request, OPENED)
        # Not a redirect: after one, a browser that came from elsewhere does not show a SameSite=Strict cookie.
        response = page.render(request, "opened.html", path=path)
        response.set_cookie(cookie_name(port), session, httponly=True, samesite="strict", path="/")
        return response

    def lock(request: Request) -> Response:
        page.sessions.lock(request.scope[SESSION])
        return closed_page(page, request, Standing.LOCKED)

    def awake(_request: Request) -> Response:
        return PlainTextResponse("", 204)

    return [
        Route("/open/{token}", open_page),
        Route("/lock", lock, methods=["POST"]),
        Route("/awake", awake, methods=["POST"]),
    ]
