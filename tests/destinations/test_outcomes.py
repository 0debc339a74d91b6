"""Who is to blame: the packet, the lane, nobody; or nobody knows."""

from __future__ import annotations

import ssl
from dataclasses import fields
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from agent.destinations import problems
from agent.destinations.network import Cancelled
from agent.destinations.outcomes import LONGEST_WAIT, classify_exception, classify_status, retry_after
from agent.destinations.transport import ProxyUnusable
from agent.folder.filesystem import Busy, Changed, Missing
from agent.model import Blocked, Refused, Retry, Unknown, Words
from tests.support.wire import NOW, SERVICE


def of_status(status: int, headers: dict[str, str] | None = None):
    return classify_status(status, SERVICE, (), headers=httpx.Headers(headers or {}), now=NOW)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 520, 599])
def test_later(status: int):
    outcome = of_status(status)
    assert isinstance(outcome, Retry)
    assert (outcome.status, outcome.after, outcome.unreachable) == (status, None, False)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 401, 403, 404, 405, 407])
def test_the_lane_is_broken(status: int):
    assert isinstance(of_status(status), Blocked)


@pytest.mark.parametrize("status", [400, 402, 406, 409, 410, 411, 412, 413, 414, 415, 418, 422, 431, 451])
def test_the_packet_is_bad(status: int):
    assert isinstance(of_status(status), Refused)


def caused_by(exc: Exception, cause: Exception) -> Exception:
    exc.__cause__ = cause
    return exc


CERTIFICATE = ssl.SSLCertVerificationError("certificate verify failed")
VERSION = ssl.SSLError("wrong version number")
EOF = ssl.SSLEOFError("EOF occurred")


@pytest.mark.parametrize(
    ("exc", "code", "kind"),
    [
        (httpx.ConnectError("refused"), "unreachable", Retry),
        (httpx.ConnectTimeout("slow"), "unreachable", Retry),
        (caused_by(httpx.ConnectError("x"), ConnectionResetError()), "unreachable", Retry),
        (caused_by(httpx.ConnectError("x"), EOF), "unreachable", Retry),
        (caused_by(httpx.ConnectError("x"), CERTIFICATE), "certificate-not-trusted", Blocked),
        (caused_by(httpx.ConnectError("x"), caused_by(OSError(), CERTIFICATE)), "certificate-not-trusted", Blocked),
        (caused_by(httpx.ConnectError("x"), VERSION), "no-secure-connection", Blocked),
        (httpx.ProxyError("407 Proxy Authentication Required"), "proxy-sign-in", Blocked),
        (httpx.ProxyError("502 Bad Gateway"), "unreachable", Retry),
        (ProxyUnusable(), "proxy-unusable", Blocked),
        (httpx.UnsupportedProtocol("x"), "wrong-address", Blocked),
        (httpx.InvalidURL("x"), "wrong-address", Blocked),
        (httpx.WriteError("x"), "connection-lost", Retry),
        (httpx.WriteTimeout("x"), "connection-lost", Retry),
        (httpx.ReadError("x"), "connection-lost", Retry),
        (httpx.RemoteProtocolError("x"), "connection-lost", Retry),
        (Changed(Path("x")), "file-changed", Retry),
        (Busy(Path("x")), "file-unreadable", Retry),
        (Missing(Path("x")), "file-unreadable", Retry),
        (Cancelled(), "stopped", Retry),
        (RuntimeError("x"), "unexpected", Retry),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_service_cannot_have_it(exc: Exception, code: str, kind: type):
    outcome = classify_exception(exc, SERVICE, body_finished=False)
    assert isinstance(outcome, kind)
    assert outcome.problem.code == code
    if isinstance(outcome, Retry):
        assert outcome.unreachable == (code == "unreachable")


@pytest.mark.parametrize("exc", [httpx.ReadTimeout("x"), httpx.ReadError("x"), Cancelled(), RuntimeError("x")])
def test_the_service_may_have_it(exc: Exception):
    assert isinstance(classify_exception(exc, SERVICE, body_finished=True), Unknown)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        ("99999999999", LONGEST_WAIT),
        ("9" * 5000, LONGEST_WAIT),
        (format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600),
        (format_datetime(NOW - timedelta(minutes=10), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), LONGEST_WAIT),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after(value: str, seconds: float | None):
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_a_date_is_taken_against_the_services_own_clock():
    service_now = NOW + timedelta(days=3)
    headers = {
        "retry-after": format_datetime(service_now + timedelta(seconds=30), usegmt=True),
        "date": format_datetime(service_now, usegmt=True),
    }
    assert retry_after(headers, NOW) == 30


ALL_WORDS = [words for words in vars(problems).values() if isinstance(words, Words)]


@pytest.mark.parametrize("words", ALL_WORDS, ids=lambda words: words.code)
def test_problems_speak_as_the_house_does(words: Words):
    problem = SERVICE.problem(words, reason="the payer ID is missing.")
    said = f"{problem.sentence} {problem.what_to_do}".lower()
    assert not any(word in said for word in ("error", "invalid", "please", "oops", "!", "{", "}", "you "))
    assert problem.sentence[-1] in ".:"
    assert all(getattr(problem, field.name) for field in fields(problem) if field.name != "details")


def test_no_two_problems_share_a_code():
    assert len({words.code for words in ALL_WORDS}) == len(ALL_WORDS)
