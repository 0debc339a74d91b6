"""One fetch for everybody; renewed in time; every failure has a name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest

from agent.destinations.tokens import Credentials, Token, TokenSource
from agent.model import Blocked, Retry
from tests.support.wire import SECRET, SERVICE, HandClock, mocked

Handler = Callable[[httpx.Request], httpx.Response]


def source(handler: Handler, clock: HandClock | None = None, secret: Callable[[], str | None] = lambda: SECRET):
    client = mocked(handler)
    return TokenSource(
        client, "https://api.example.com/token", Credentials("client-1", secret), SERVICE, clock or HandClock()
    )


class Counting:
    """Gives out token-1, token-2 ... that hold for `expires_in`."""

    def __init__(self, expires_in: object = 3600) -> None:
        self.requests: list[httpx.Request] = []
        self.expires_in = expires_in

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        body = {"access_token": f"token-{len(self.requests)}", "expires_in": self.expires_in}
        return httpx.Response(200, json=body)


def value(token: Token | Retry | Blocked) -> str:
    assert isinstance(token, Token)
    return token.value


def test_it_is_asked_for_as_a_form():
    service = Counting()
    source(service).get(Event())
    (request,) = service.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(httpx.QueryParams(request.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": SECRET,
    }


def test_sixteen_threads_fetch_once():
    service = Counting()
    all_ask = threading.Barrier(16)
    asked = Event()

    def slow(request: httpx.Request) -> httpx.Response:
        asked.wait(60)
        return service(request)

    tokens = source(slow)

    def ask() -> str:
        all_ask.wait(60)
        return value(tokens.get(Event()))

    with ThreadPoolExecutor(16) as pool:
        found = [pool.submit(ask) for _ in range(16)]
        asked.set()
        assert {future.result(60) for future in found} == {"token-1"}
    assert len(service.requests) == 1


def test_a_failure_is_shared_by_those_who_waited():
    requests = []
    started, waiting = Event(), Event()

    def failing(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        started.set()
        waiting.wait(60)
        return httpx.Response(503)

    tokens = source(failing)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tokens.get, Event())
        started.wait(60)
        in_line = Event()
        wait, tokens._changed.wait = tokens._changed.wait, lambda seconds: in_line.set() or wait(seconds)
        second = pool.submit(tokens.get, Event())
        assert in_line.wait(60)
        waiting.set()
        assert isinstance(first.result(60), Retry)
        assert isinstance(second.result(60), Retry)
    assert len(requests) == 1


def test_a_stopped_fetch_leaves_the_others_to_fetch():
    service = Counting()
    cancel, started = Event(), Event()

    def handler(request: httpx.Request) -> httpx.Response:
        if not started.is_set():
            started.set()
            cancel.wait(60)
            raise httpx.ReadError("stopped")
        return service(request)

    tokens = source(handler)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tokens.get, cancel)
        started.wait(60)
        second = pool.submit(tokens.get, Event())
        cancel.set()
        assert isinstance(first.result(60), Retry)
        assert value(second.result(60)) == "token-1"


def test_whoever_waits_for_a_fetch_can_be_stopped():
    release, started, cancel = Event(), Event(), Event()

    def slow(request: httpx.Request) -> httpx.Response:
        started.set()
        release.wait(60)
        return httpx.Response(503)

    tokens = source(slow)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(tokens.get, Event())
        started.wait(60)
        second = pool.submit(tokens.get, cancel)
        cancel.set()
        outcome = second.result(30)
        assert isinstance(outcome, Retry)
        assert outcome.problem.code == "stopped"
        release.set()


@pytest.mark.parametrize(
    ("expires_in", "holds"),
    [(3600, 3540), ("7200", 7140), (100, 90), (1, 0.9), (None, 540), (0, 540), (-5, 540), ("soon", 540), (True, 540),
     (float("1e300"), 86340), ([], 540)],
)  # fmt: skip
def test_it_is_renewed_before_it_ends(expires_in: object, holds: float):
    clock, service = HandClock(), Counting(expires_in)
    tokens = source(service, clock)
    assert value(tokens.get(Event())) == "token-1"
    clock.seconds += holds - 0.05
    assert value(tokens.get(Event())) == "token-1"
    clock.seconds += 0.1
    assert value(tokens.get(Event())) == "token-2"


def test_two_who_were_refused_at_once_cause_one_fetch():
    service = Counting()
    tokens = source(service)
    token = tokens.get(Event())
    assert isinstance(token, Token)
    tokens.invalidate(token)
    newer = tokens.get(Event())
    tokens.invalidate(token)
    assert tokens.get(Event()) is newer
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (httpx.Response(401, json={"failureReason": "who?"}), "key-not-accepted"),
        (httpx.Response(400, json={"error": "invalid_client"}), "key-not-accepted"),
        (httpx.Response(415), "no-access"),
        (httpx.Response(422), "no-access"),
        (httpx.Response(403), "not-allowed"),
        (httpx.Response(404), "wrong-address"),
        (httpx.Response(405), "wrong-address"),
        (httpx.Response(302, headers={"location": "https://example.com"}), "redirected"),
    ],
)
def test_nothing_can_go_without_access(reply: httpx.Response, code: str):
    outcome = source(lambda _: reply).get(Event())
    assert isinstance(outcome, Blocked)
    assert (outcome.problem.code, outcome.status) == (code, reply.status_code)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, json={"token_type": "Bearer"}),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": 7}),
        httpx.Response(200, json={"access_token": "two\r\nlines"}),
        httpx.Response(200, json={"access_token": "é"}),
        httpx.Response(204),
    ],
)
def test_a_reply_without_a_token_is_tried_again(reply: httpx.Response):
    outcome = source(lambda _: reply).get(Event())
    assert isinstance(outcome, Retry)
    assert outcome.problem.code == "odd-reply"


@pytest.mark.parametrize("status", [200, 400, 415, 500, 503])
@pytest.mark.parametrize("page", [{"text": "sign in to the Wi-Fi"}, {"html": "<p>blocked</p>"}, {"json": ["x"]}])
def test_what_stands_between_is_told_as_that(status: int, page: dict[str, Any]):
    outcome = source(lambda _: httpx.Response(status, **page)).get(Event())
    assert isinstance(outcome, Retry)
    assert outcome.problem.code == "something-between"


def test_busy_says_until_when():
    outcome = source(lambda _: httpx.Response(429, headers={"Retry-After": "7"})).get(Event())
    assert isinstance(outcome, Retry)
    assert (outcome.status, outcome.after) == (429, 7)


def test_no_network_is_no_fault_of_anybody():
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    outcome = source(refuse).get(Event())
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_a_lost_reply_of_the_token_is_no_unknown():
    def lose(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("lost")

    assert isinstance(source(lose).get(Event()), Retry)


def test_a_missing_secret_names_the_command_that_stores_it():
    outcome = source(Counting(), secret=lambda: None).get(Event())
    assert isinstance(outcome, Blocked)
    assert "outtray secret set main-street/client_secret" in outcome.problem.what_to_do


def test_a_locked_credential_store_is_told():
    def locked() -> str:
        raise RuntimeError("locked")

    outcome = source(Counting(), secret=locked).get(Event())
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "secret-unreadable"


def test_a_secret_that_was_stored_meanwhile_is_taken_at_once():
    stored: list[str] = []
    tokens = source(Counting(), secret=lambda: stored[-1] if stored else None)
    assert isinstance(tokens.get(Event()), Blocked)
    stored.append(SECRET)
    assert value(tokens.get(Event())) == "token-1"


def test_neither_token_nor_secret_shows():
    tokens = source(Counting())
    token = tokens.get(Event())
    assert "token-1" not in repr(token)
    assert SECRET not in repr(tokens._credentials)
