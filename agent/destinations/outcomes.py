"""What becomes of an attempt: the whole classification, pure and in one place.

A status alone proves nothing. The outcome is a function of how much of the body went out and of what came back
(`verdict`; as a page for people: README.md beside this file). Who is to blame decides the rest: the packet
(*refused*), the lane (*blocked*), nobody (*retry*); where the service may have the packet, nobody knows (*unknown*).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx

from agent.destinations import problems
from agent.destinations.answers import (
    Answer,
    Shape,
    answer_of,
    is_attachments_trouble,
    is_problem_details,
    speaks_json,
    speaks_of_failure,
)
from agent.destinations.network import Cancelled
from agent.destinations.reply import Reply, VendorWords, hidden, vendor_words
from agent.destinations.transport import ProxyUnusable
from agent.folder.filesystem import Changed, FileSystemProblem
from agent.model import Blocked, BodySent, Fault, Problem, Refused, Retry, Unknown, Words

LONGEST_WAIT = 24 * 3600.0
"""Seconds: more than this no Retry-After is believed."""

FIRST_YEAR, LAST_YEAR = 2020, 2200
"""Of a service whose clock is out of these nothing is believed."""

TRY_LATER = frozenset({425, 429})
HAD_NO_ANSWER = frozenset({408, 502, 503, 504})
"""What a gateway says that passed the request on, and had no answer that it understood (RFC 9110, 15)."""
OF_THE_PACKET = frozenset({400, 409, 412, 413, 415, 422})
_LANE_IS_BROKEN = {
    401: problems.KEY_NOT_ACCEPTED,
    402: problems.NOT_ALLOWED,
    403: problems.NOT_ALLOWED,
    404: problems.WRONG_ADDRESS,
    405: problems.WRONG_ADDRESS,
    407: problems.PROXY_SIGN_IN,
    410: problems.WRONG_ADDRESS,
    421: problems.WRONG_ADDRESS,
    451: problems.NOT_ALLOWED,
    511: problems.NETWORK_SIGN_IN,
}


class Verdict(StrEnum):
    """What a cell of the table says."""

    DELIVERED = "delivered"
    UNKNOWN = "unknown"  # the service may have it
    RETRY = "retry"
    BETWEEN = "retry; something stands between"
    BLOCKED = "blocked"
    REFUSED = "refused"


def verdict(status: int | None, body: BodySent | None, answer: Answer) -> Verdict:
    """Return what a try means: `status` (None: no answer), how much of the body had gone out, and whose word came back.

    `body` is None for a request that changes nothing at the service, so that nothing can be lost.
    The rule as a page: README.md beside this file.
    """
    lost = Verdict.UNKNOWN if body is BodySent.WHOLE else Verdict.RETRY
    not_theirs = Verdict.BETWEEN if lost is Verdict.RETRY and answer is Answer.FOREIGN else lost
    if status is None:
        return lost
    if status in TRY_LATER:
        return Verdict.RETRY
    if 200 <= status < 300:
        if answer is Answer.SUCCESS:  # said before it had everything, it cannot be meant of this packet
            too_soon = {BodySent.NONE: Verdict.RETRY, BodySent.PART: Verdict.UNKNOWN}
            return Verdict.DELIVERED if body is None else too_soon.get(body, Verdict.DELIVERED)
        return not_theirs
    if status in OF_THE_PACKET:
        return Verdict.REFUSED if answer is Answer.OWN_ERROR else not_theirs
    if _tells_of_trouble(status):
        return Verdict.RETRY if answer is Answer.OWN_ERROR else not_theirs
    return Verdict.BLOCKED


def _tells_of_trouble(status: int) -> bool:
    return status == 408 or (status >= 500 and status not in _LANE_IS_BROKEN)


@dataclass(frozen=True)
class Service:
    """Whom a lane talks to, as the words for people need it. `store` and `secret` name the credential.

    `is_success` and `is_own_error` tell the service's own replies, by the JSON object that they hold; `is_own_trouble`
    those of 408 and 5xx, for which gateways use the same shapes but for what is the service's alone.
    """

    name: str  # "attachments service"
    address: str  # without credentials
    store: str
    secret: str  # "client_secret" | "api_key"
    translate: Callable[[VendorWords], Fault] = lambda words: Fault("request", "", quoted(words))
    is_success: Shape = lambda content: not speaks_of_failure(content)
    is_own_error: Shape = is_problem_details
    is_own_trouble: Shape = is_attachments_trouble

    def answer(self, reply: Reply, is_success: Shape | None = None) -> Answer:
        """Tell whose word a reply is. `is_success`: what a success of this request has to hold."""
        is_error = self.is_own_trouble if _tells_of_trouble(reply.status) else self.is_own_error
        return answer_of(reply, is_success or self.is_success, is_error)

    def problem(self, words: Words, details: Iterable[Fault] = (), **facts: object) -> Problem:
        """Return the problem in this service's words."""
        return words.problem(details, service=self.name, store=self.store, name=self.secret, **facts)


def classify_reply(
    reply: Reply, service: Service, now: datetime, body: BodySent | None = None, is_success: Shape | None = None
) -> Refused | Retry | Blocked | Unknown | None:
    """Return what a reply means, with what it says in it; None where it is the service's own success.

    `is_success`: what this request's success must hold, where that is more than the service's replies have in common.
    """
    answer = service.answer(reply, is_success)
    means = verdict(reply.status, body, answer)
    own = answer in (Answer.OWN_ERROR, Answer.UNPROVEN)
    said = tuple(service.translate(words) for words in vendor_words(reply.content)) if own else ()
    details = (*said, _status_fault(reply.status, service))
    match means:
        case Verdict.DELIVERED:
            return None
        case Verdict.REFUSED:
            return _refused(reply, service, said)
        case Verdict.BLOCKED:
            default = problems.REDIRECTED if reply.status < 400 else problems.NOT_UNDERSTOOD
            return Blocked(service.problem(_LANE_IS_BROKEN.get(reply.status, default), details), reply.status)
        case Verdict.BETWEEN:
            after = retry_after(reply.headers, now)
            return Retry(service.problem(problems.BETWEEN, details), reply.status, after=after, unreachable=True)
        case Verdict.UNKNOWN:
            foreign = answer is Answer.FOREIGN
            words = problems.BETWEEN_UNSURE if foreign else problems.UNPROVEN if answer is not Answer.CUT_OFF else None
            of_lane = foreign or reply.status >= 500
            problem = service.problem(words or problems.REPLY_LOST, details)
            return Unknown(problem, reply.status, of_lane=of_lane, answered=_is_an_answer(reply))
        case Verdict.RETRY:
            busy = reply.status in TRY_LATER or reply.status == 503
            words = problems.BUSY if busy else problems.SERVICE_TROUBLE if reply.status >= 400 else problems.ODD_REPLY
            after = retry_after(reply.headers, now)
            return Retry(service.problem(words, details), reply.status, after=after, of_lane=busy)


def _is_an_answer(reply: Reply) -> bool:
    """Tell whether somebody has answered in the service's place, and not just passed on that no answer came to them.

    An answer that was cut off may have been the service's, unless it says itself that it cannot be.
    """
    if reply.status in HAD_NO_ANSWER:
        return False
    return reply.whole or ("content-type" in reply.headers and not speaks_json(reply))


def _refused(reply: Reply, service: Service, said: tuple[Fault, ...]) -> Refused:
    if reply.status == 413:
        return Refused(reply.status, service.problem(problems.TOO_LARGE, said), response=reply.content)
    reason = said[0].message if said else f"it gave no reason (HTTP status {reply.status})."
    return Refused(reply.status, service.problem(problems.REFUSED, said, reason=reason), response=reply.content)


def classify_exception(
    exc: Exception, service: Service, *, body: BodySent, secrets: Iterable[str] = ()
) -> Retry | Blocked | Unknown:
    """Return what an exception means: after the whole body the service may have the packet."""
    if verdict(None, body, Answer.NOTHING) is Verdict.UNKNOWN:
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
        for status in (407, 511):  # the answer to CONNECT, which the client has as text alone
            if str(exc).startswith(str(status)):
                return Blocked(problem(_LANE_IS_BROKEN[status]), status)
        return Retry(problem(problems.UNREACHABLE), unreachable=True)
    if isinstance(exc, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Blocked(problem(problems.WRONG_ADDRESS))
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        words = _handshake_words(exc)
        return Retry(problem(problems.UNREACHABLE), unreachable=True) if words is None else Blocked(problem(words))
    return Retry(problem(problems.CONNECTION_LOST if isinstance(exc, httpx.TransportError) else problems.UNEXPECTED))


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


def own_date(reply: Reply, service: Service, is_success: Shape | None = None) -> datetime | None:
    """Return when the service made the reply, by its own clock (RFC 9110, 6.6.1); None where it does not say so itself.

    Of anyone else's reply the Date is anyone's, and one out of a cache (it bears an Age: RFC 9111, 5.1) is of long ago.
    """
    answer = service.answer(reply, is_success)
    if answer not in (Answer.SUCCESS, Answer.OWN_ERROR) or "age" in reply.headers:
        return None
    said = _http_date(reply.headers.get("date", ""))
    return said if said is not None and FIRST_YEAR <= said.year <= LAST_YEAR else None


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
