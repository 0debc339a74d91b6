"""*Help*: how a scan and a statement file go, and what to do when they do not. The same for every practice."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.desk.page.page import Page
from agent.desk.page.words import lane_name


def routes(page: Page) -> list[Route]:
    """Return the view's address."""

    def help_(request: Request) -> Response:
        folders = [
            (lane_name(lane), lane.kind.value, str(found.folder)) for lane, found in page.desk.settings.lanes.items()
        ]
        return page.render(request, "help.html", folders=folders)

    return [Route("/help", help_)]
