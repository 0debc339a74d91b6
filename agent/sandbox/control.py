"""The controls of the sandbox itself, for tests in other processes: clock, journal, faults, tokens.

Bodies are JSON with its content type, which keeps a web page in the same PC's browser from posting here.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.sandbox import paths
from agent.sandbox.bodies import BadBody, drain, read_limited
from agent.sandbox.faults import BadPlan, parse_plan
from agent.sandbox.state import State

MAX_BODY_BYTES = 64 * 1024


def control_routes(state: State) -> list[Route]:
    """Return the routes below `/sandbox`."""

    async def clock(request: Request) -> Response:
        seconds = (await _json(request)).get("advance_seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            return _refusal("advance_seconds is required: a number of seconds")
        state.clock.advance(seconds)
        return JSONResponse({"now": state.clock.now().isoformat()})

    async def journal(_: Request) -> Response:
        return JSONResponse([record.as_json() for record in state.journal.records])

    async def faults(request: Request) -> Response:
        plan = (await _json(request)).get("plan")
        if not isinstance(plan, str):
            return _refusal("plan is required: a fault plan, or an empty string for none")
        try:
            state.set_plan(parse_plan(plan))
        except BadPlan as bad:
            return _refusal(str(bad))
        return JSONResponse({"plan": plan})

    async def revoke_tokens(request: Request) -> Response:
        await drain(request)
        state.tokens.revoke_all()
        return JSONResponse({})

    return [
        Route(f"{paths.CONTROL}/clock", clock, methods=["POST"]),
        Route(f"{paths.CONTROL}/journal", journal, methods=["GET"]),
        Route(f"{paths.CONTROL}/faults", faults, methods=["POST"]),
        Route(f"{paths.CONTROL}/revoke-tokens", revoke_tokens, methods=["POST"]),
    ]


async def _json(request: Request) -> dict[str, Any]:
    """Return a JSON object, or an empty one where the body is none."""
    try:
        body = json.loads(await read_limited(request, MAX_BODY_BYTES))
    except (BadBody, ValueError, RecursionError):
        return {}
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    return body if is_json and isinstance(body, dict) else {}


def _refusal(message: str) -> Response:
    return JSONResponse({"message": message}, 400)
