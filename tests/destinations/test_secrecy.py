"""Neither secret, token nor key stands in anything that a send leaves behind; nor a file name in a log."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.support.wire import KEY, SECRET, attachments, ignore_progress, mocked, scan, statement, statements

TOKEN = "token-that-nobody-may-see"
FORMS = (SECRET, TOKEN, KEY, "s3cret", "s3cret%2Fof%2BMain+Street")
NAME = "Jane Doe.pdf"


def echo(request: httpx.Request) -> dict[str, object]:
    """What a careless service says: everything that it was sent."""
    return {
        "message": f"odd request {request.content[:2000].decode('utf-8', 'replace')}",
        "errors": [{"message": str(dict(request.headers)), "code": request.headers.get("x-api-key", "")}],
    }


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 403, 404, 409, 415, 429, 500, 503])
@pytest.mark.parametrize("at", ["token", "upload", "statements"])
def test_a_service_that_echoes_everything(tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, at: str):
    caplog.set_level(logging.DEBUG)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token" and at != "token":
            return httpx.Response(200, json={"access_token": TOKEN})
        return httpx.Response(status, json=echo(request))

    left_behind(tmp_path, caplog, handler, at)


@pytest.mark.parametrize(
    "exc",
    [
        httpx.ReadError(f"x {SECRET} {TOKEN} {KEY}"),
        httpx.ConnectError(f"x {SECRET} {TOKEN} {KEY}"),
        httpx.LocalProtocolError(f"Illegal header value {KEY} {TOKEN}"),
        ValueError(f"{NAME} {SECRET} {KEY} {TOKEN}"),
    ],
    ids=lambda exc: type(exc).__name__,
)
@pytest.mark.parametrize("at", ["token", "upload", "statements"])
def test_an_exception_that_quotes_what_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, exc: Exception, at: str
):
    caplog.set_level(logging.DEBUG)
    quoted = {"token": (SECRET,), "upload": (TOKEN,), "statements": (KEY,)}[at]

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token" and at != "token":
            return httpx.Response(200, json={"access_token": TOKEN})
        raise type(exc)(" ".join(("x", *quoted)))

    left_behind(tmp_path, caplog, handler, at)


def left_behind(place: Path, caplog: pytest.LogCaptureFixture, handler, at: str) -> None:
    if at == "statements":
        destination, request = statements(mocked(handler)), statement(place, NAME)
    else:
        destination, request = attachments(mocked(handler)), scan(place, NAME)
    outcome = destination.send(request, place, ignore_progress, Event()).outcome
    shown = "\n".join((repr(outcome), repr(destination.health()), repr(vars(destination)), caplog.text))
    assert not [form for form in FORMS if form in shown]
    assert NAME not in caplog.text
