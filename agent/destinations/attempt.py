"""One try at sending, and the one place where what goes wrong in it becomes an outcome."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from threading import Event

import httpx

from agent.clock import Clock
from agent.crashpoints import here
from agent.destinations.answers import Shape
from agent.destinations.body import Body
from agent.destinations.network import cancelled_by
from agent.destinations.outcomes import (
    Service,
    classify_exception,
    classify_failure,
    classify_reply,
    own_date,
)
from agent.destinations.problems import UNEXPECTED
from agent.destinations.protocol import Health
from agent.destinations.reply import LARGEST_REPLY, Reply, read_reply
from agent.model import AttemptResult, Blocked, BodySent, Outcome, Refused, Retry, Unknown

_log = logging.getLogger(__name__)


def attempt(
    client: httpx.Client,
    url: str,
    headers: dict[str, str],
    make_body: Callable[[], Body],
    read: Callable[[Reply, BodySent], Outcome],
    *,
    service: Service,
    secrets: Iterable[str],
    cancel: Event,
    is_success: Shape | None = None,
) -> AttemptResult:
    """POST one body and tell what became of it. Never raises.

    `read` makes the outcome of a reply. `secrets` are what the request carried: no outcome shows them. `is_success`:
    what this request's success must hold, where that is more than the service's replies have in common.
    """
    body: Body | None = None
    service_date = None
    try:
        with cancelled_by(cancel):
            body = make_body()
            reply = _post(client, url, {**headers, "Content-Length": str(body.length)}, body, secrets)
        here("reply-not-recorded")
        outcome = read(reply, body.sent_so_far)
        service_date = own_date(reply, service, is_success)
    except Exception as exc:  # noqa: BLE001 - whatever happens on the wire is an outcome
        outcome = classify_exception(exc, service, body=_sent(body), secrets=secrets)
        # Where it happened, but not the exception's words: they may quote a file name.
        _log.info("a send ended with %s\n%s", type(exc).__name__, "".join(traceback.format_tb(exc.__traceback__)))
    finally:
        if body is not None:
            body.close()
    return AttemptResult(outcome, body.sent_files if body is not None else (), _sent(body), service_date)


def _sent(body: Body | None) -> BodySent:
    return BodySent.NONE if body is None else body.sent_so_far


def ask(
    client: httpx.Client,
    build: Callable[[], httpx.Request],
    *,
    service: Service,
    secrets: Iterable[str],
    cancel: Event,
    clock: Clock,
    largest: int = LARGEST_REPLY,
    heard: Callable[[Reply], None] = lambda _reply: None,
    is_success: Shape | None = None,
) -> Reply | Refused | Retry | Blocked:
    """Send a small request that changes nothing at the service. Return its reply if it is a success. Never raises.

    `heard` is given whatever reply comes. `is_success`: what a success of it holds.
    """
    try:
        with cancelled_by(cancel):
            response = client.send(build(), stream=True)
            try:
                reply = read_reply(response, secrets, largest)
            finally:
                response.close()
    except Exception as exc:  # noqa: BLE001 - whatever happens on the wire is an outcome
        return classify_failure(exc, service, secrets)
    heard(reply)
    outcome = classify_reply(reply, service, clock.now(), is_success=is_success)
    if isinstance(outcome, Unknown):  # cannot be: nothing went out that could be lost
        return Retry(outcome.problem, outcome.status)
    return outcome or reply


def health_of(
    look: Callable[[Callable[[Reply], None]], Reply | Refused | Retry | Blocked],
    service: Service,
    clock: Clock,
    is_success: Shape | None = None,
) -> Health:
    """Return what a look at the service found, how long it took, and the service's own time.

    `look` passes on whatever reply comes to what it is given. `is_success`: what a success of it holds.
    """
    start = clock.steady()
    heard: list[Reply] = []
    found = look(heard.append)
    said = own_date(heard[-1], service, is_success) if heard else None
    seconds = f"{service.address}, {clock.steady() - start:.2f} s"
    if isinstance(found, Reply):
        return Health(None, f"HTTP status {found.status}, {seconds}", said)
    broke_down = found.problem.code == UNEXPECTED.code
    return Health(
        found.problem, f"HTTP status {found.status}, {seconds}" if found.status else seconds, said, broke_down
    )


def _post(client: httpx.Client, url: str, headers: dict[str, str], body: Body, secrets: Iterable[str]) -> Reply:
    with client.stream("POST", url, content=body, headers=headers) as response:
        return read_reply(response, secrets)
