"""Both services and the controls as one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from agent.sandbox.attachments import AttachmentsService
from agent.sandbox.bodies import drain
from agent.sandbox.control import control_routes
from agent.sandbox.gate import Gate
from agent.sandbox.replies import error_for, title_of
from agent.sandbox.state import State
from agent.sandbox.statements import StatementsService
from agent.sandbox.token_service import token_routes

LOOPBACK_NAMES = ("127.0.0.1", "localhost")


def build_app(state: State) -> ASGIApp:
    """Return the application of one sandbox. It answers to loopback names only, against rebound host names."""
    app = Starlette(
        routes=[
            *token_routes(state),
            *AttachmentsService(state).routes(),
            *StatementsService(state).routes(),
            *control_routes(state),
        ],
        exception_handlers={HTTPException: _unanswered},
    )
    app.router.redirect_slashes = False
    return TrustedHostMiddleware(Gate(app, state), allowed_hosts=list(LOOPBACK_NAMES), www_redirect=False)


async def _unanswered(request: Request, unanswered: Exception) -> Response:
    """Answer what no route does (404, 405) in the shape of the service that the address belongs to."""
    await drain(request)
    status = unanswered.status_code if isinstance(unanswered, HTTPException) else 500
    headers = unanswered.headers if isinstance(unanswered, HTTPException) else None
    return error_for(request.url.path, status, title_of(status), headers)
