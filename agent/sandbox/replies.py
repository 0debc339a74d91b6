"""The shapes in which the two vendors answer when something is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse, Response

from agent.sandbox import paths
from agent.sandbox.attachment_rules import Violation


def title_of(status: int) -> str:
    """Return the reason phrase of an HTTP status, or the number where it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)


def problem(
    status: int, title: str, detail: str, violations: Sequence[Violation] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Return an RFC 9457 problem document of the attachments service, the violations in `properties.errors[]`."""
    errors = [
        {name: value for name, value in vars(violation).items() if value or name == "message"}
        for violation in violations
    ]
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{uuid.uuid4()}",
        "properties": {"errors": errors},
    }
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


def statements_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error of the statements service. The published 412 names no status in its body."""
    body: dict[str, object] = {"subErrors": []}
    if status != HTTPStatus.PRECONDITION_FAILED:
        body["status"] = title_of(status).upper().replace(" ", "_")
    body["message"] = message
    return JSONResponse(body, status, dict(headers or {}))


def token_error(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error of the token endpoint."""
    body = {"status": status, "failureReason": reason, "Errors": [{"code": str(status), "description": reason}]}
    return JSONResponse(body, status, dict(headers or {}))


def error_for(path: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error in the shape of whoever answers at `path`."""
    if path.startswith(paths.TOKEN):
        return token_error(status, message, headers)
    if path.startswith(paths.ATTACHMENTS):
        return problem(status, title_of(status), message, [Violation("DENTATT_001", "", message)], headers)
    return statements_error(status, message, headers)
