"""The token endpoint of the attachments service: client credentials, as a form only."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.sandbox import paths
from agent.sandbox.bodies import BadBody, drain, read_limited
from agent.sandbox.replies import token_error
from agent.sandbox.state import State

MAX_BODY_BYTES = 64 * 1024


def token_routes(state: State) -> list[Route]:
    """Return the route of the token endpoint."""

    async def token(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            await drain(request)
            return token_error(415, "The content type must be application/x-www-form-urlencoded")
        try:
            body = await read_limited(request, MAX_BODY_BYTES)
            form = parse_qs(body.decode("ascii"), keep_blank_values=True)
        except (BadBody, UnicodeDecodeError):
            return token_error(400, "The form is not understood")
        missing = [name for name in ("grant_type", "client_id", "client_secret") if len(form.get(name, [])) != 1]
        if missing:
            return token_error(400, f"Required once: {', '.join(missing)}")
        if form["grant_type"] != ["client_credentials"]:
            return token_error(400, "The grant type must be client_credentials")
        for store in state.stores:
            same_id = hmac.compare_digest(form["client_id"][0].encode(), store.client_id.encode())
            same_secret = hmac.compare_digest(form["client_secret"][0].encode(), store.client_secret.encode())
            if same_id and same_secret:
                text = state.tokens.issue(store.client_id)
                body_out = {"access_token": text, "token_type": "Bearer", "expires_in": state.tokens.seconds}
                return JSONResponse(body_out, headers={"cache-control": "no-store"})
        return token_error(401, "The client ID or the client secret is wrong")

    return [Route(paths.TOKEN, token, methods=["POST"])]
