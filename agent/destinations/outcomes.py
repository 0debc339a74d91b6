"""What becomes of an attempt: the whole classification, pure and in one place.

Who is to blame decides: the packet (*refused*), the lane (*blocked*), nobody (*retry*); and where the whole body went
out and the reply was lost, nobody knows (*unknown*).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from agent.destinations import problems
from agent.destinations.network import Cancelled
from agent.destinations.reply import Reply, VendorWords, hidden, vendor_words
from agent.destinations.transport import ProxyUnusable
from agent.folder.filesystem import Changed, FileSystemProblem
from agent.model import Blocked, Fault, Problem, Refused, Retry, Unknown, Words

LONGEST_WAIT = 24 * 3600.0
"""Seconds: more than this no Retry-After is believed."""

_TRY_LATER = {408, 425, 429}
_BUSY = {425, 429, 503}
_LANE_IS_BROKEN = {
    401: problems.KEY_NOT_ACCEPTED,
    403: problems.NOT_ALLOWED,
    404: problems.WRONG_ADDRESS,
    405: problems.WRONG_ADDRESS,
    407: problems.PROXY_SIGN_IN,
}


@dataclass(frozen=True)
class Service:
    """Whom a lane talks to, as the words for people need it. `store` and `secret` name the credential."""

    name: str  # "attachments service"
    address: str  # without credentials
    store: str
    secret: str  # "client_secret" | "api_key"
    translate: Callable[[VendorWords], Fault] = lambda words: Fault("request", "", quoted(words))

    def problem(self, words: Words, details: Iterable[Fault] = (), **facts: object) -> Problem:
        """Return the problem in this service's words."""
        return words.problem(details, service=self.name, store=self.store, name=self.secret, **facts)


def classify_reply(reply: Reply, service: Service, now: datetime) -> Refused | Retry | Blocked:
    """Return what a reply that is no success means, with what the service says in it."""
    details = tuple(service.translate(words) for words in vendor_words(reply.content))
    return classify_status(reply.status, service, details, headers=reply.headers, now=now, response=reply.content)


def classify_status(
    status: int,
    service: Service,
    details: tuple[Fault, ...],
    *,
    headers: Mapping[str, str],
    now: datetime,
    response: Any = None,
) -> Refused | Retry | Blocked:
    """Return what a reply that is no success means. `details`: the service's own words, translated."""
    if status in _TRY_LATER or status >= 500:
        words = problems.BUSY if status in _BUSY else problems.SERVICE_TROUBLE
        problem = service.problem(words, (*details, _status_fault(status, service)))
        return Retry(problem, status, after=retry_after(headers, now))
    if status in _LANE_IS_BROKEN or status < 400:
        words = _LANE_IS_BROKEN.get(status, problems.REDIRECTED)
        return Blocked(service.problem(words, (*details, _status_fault(status, service))), status)
    if status == 413:
        return Refused(status, service.problem(problems.TOO_LARGE, details), response=response)
    reason = details[0].message if details else f"it gave no reason (HTTP status {status})."
    return Refused(status, service.problem(problems.REFUSED, details, reason=reason), response=response)


def classify_exception(
    exc: Exception, service: Service, *, body_finished: bool, secrets: Iterable[str] = ()
) -> Retry | Blocked | Unknown:
    """Return what an exception means. `body_finished`: every byte had gone out, so the service may have the packet."""
    if body_finished:
        return Unknown(service.problem(problems.REPLY_LOST, (_what_happened(exc, service, secrets),)))
    return classify_failure(exc, service, secrets)


def classify_failure(exc: Exception, service: Service, secrets: Iterable[str] = ()) -> Retry | Blocked:
    """Return what an exception means when the service cannot have the packet."""

    def problem(words: Words) -> Problem:
        return service.problem(words, (_what_happened(exc, service, secrets),))

    if isinstance(exc, Cancelled):
        return Retry(service.problem(problems.STOPPED))
    if isinstance(exc, Changed):
        return Retry(service.problem(problems.FILE_CHANGED))
    if isinstance(exc, FileSystemProblem):
        return Retry(problem(problems.FILE_UNREADABLE))
    if isinstance(exc, ProxyUnusable):
        return Blocked(problem(problems.PROXY_UNUSABLE))
    if isinstance(exc, httpx.ProxyError):
        if str(exc).startswith("407"):
            return Blocked(problem(problems.PROXY_SIGN_IN), 407)
        return Retry(problem(problems.UNREACHABLE), unreachable=True)
    if isinstance(exc, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Blocked(problem(problems.WRONG_ADDRESS))
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        words = _handshake_words(exc)
        return Retry(problem(problems.UNREACHABLE), unreachable=True) if words is None else Blocked(problem(words))
    return Retry(problem(problems.CONNECTION_LOST if isinstance(exc, httpx.TransportError) else problems.UNEXPECTED))


def answered_too_soon(status: int, service: Service) -> Retry:
    """Return what it means that the service said "accepted" before it had everything: it cannot have the packet."""
    return Retry(service.problem(problems.CONNECTION_LOST, (_status_fault(status, service),)), status)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return Retry-After (RFC 9110, 10.2.3) in seconds, 0 to 24 h; None where there is none that makes sense.

    A date is taken against the reply's own Date, where it has one: the PC's clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return min(max(float(value), 0.0), LONGEST_WAIT)
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(headers.get("date", "")) or now
    return min(max((until - since).total_seconds(), 0.0), LONGEST_WAIT)


def quoted(words: VendorWords) -> str:
    """Return the service's own words, as they stand in a detail."""
    code = f" ({words.code})" if words.code else ""
    return f'The service says: "{words.message}"{code}' if words.message else f"The service gives the code{code}."


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _what_happened(exc: Exception, service: Service, secrets: Iterable[str]) -> Fault:
    return Fault(service.address, "", hidden(_describe(exc), secrets))


def _status_fault(status: int, service: Service) -> Fault:
    return Fault(service.address, "", f"HTTP status {status}")


def _handshake_words(exc: BaseException) -> Words | None:
    """Tell a TLS failure, which waiting does not mend, from a connection that was lost in the handshake."""
    for cause in _causes(exc):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return problems.CERTIFICATE
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
            return None
        if isinstance(cause, ssl.SSLError):
            return problems.NO_SECURE_CONNECTION
    return None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Give what led to `exc`. The connection pool cuts `__cause__` off; `__context__` is still there."""
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _describe(exc: BaseException) -> str:
    """Return what IT needs of an exception. Only the network's say what happened; others could quote what was sent."""
    name = type(exc).__name__
    if isinstance(exc, httpx.TransportError) and not isinstance(exc, httpx.LocalProtocolError) and str(exc):
        return f"{name}: {str(exc)[:300]}"
    return name
