"""Who is to blame: the packet, the lane, nobody; or nobody knows."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from email.utils import format_datetime
from itertools import product
from pathlib import Path

import httpx
import pytest

from agent.destinations import outcomes, problems
from agent.destinations.answers import Answer
from agent.destinations.attachments import _holds_control_number
from agent.destinations.network import Cancelled
from agent.destinations.outcomes import (
    LONGEST_WAIT,
    Verdict,
    classify_exception,
    classify_reply,
    retry_after,
    verdict,
)
from agent.destinations.reply import Reply, readable
from agent.destinations.transport import ProxyUnusable, build_client
from agent.folder.filesystem import Busy, Changed, Missing
from agent.model import Blocked, BodySent, Refused, Retry, Unknown, Words
from tests.support.wire import NOW, OWN_ERROR, SERVICE, SUCCESS, statements

PAGE = Path(outcomes.__file__).with_name("README.md")
CODES = {
    **{"2xx": (200, 201, 202, 203, 204, 206, 226, 299), "5xx": (500, 501, 502, 503, 504, 507, 520, 599)},
    "3xx": (300, 301, 302, 303, 304, 307, 308),
    "every other 4xx": (401, 402, 403, 404, 405, 406, 407, 410, 411, 414, 418, 421, 423, 424, 426, 428, 431, 451, 499),
}


def cells() -> Iterator[tuple[int | None, BodySent, Answer, Verdict]]:
    """Every cell of the page's table, for each status that a row names."""
    rows = [line.strip("| \n").split("|") for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
    for answer, statuses, *verdicts in ([cell.strip() for cell in row] for row in rows):
        words = (
            [word.strip() for word in statuses.replace(" ", ",").split(",")]
            if "every" not in statuses
            else ([word.strip() for word in statuses.split(",")])
        )
        codes = [code for word in words for code in CODES.get(word) or ((int(word),) if word else (None,))]
        for code, said in product(codes, Answer if answer == "any" else [Answer(answer)]):
            for body, means in zip(BodySent, verdicts, strict=True):
                yield code, body, said, Verdict(means)


@pytest.mark.parametrize("status", sorted({status for status, *_ in cells() if status}))
def test_the_table_on_the_page_is_the_one_in_force(status: int):
    rows = [(answer, body, means) for code, body, answer, means in cells() if code == status]
    assert [(answer, body, verdict(status, body, answer)) for answer, body, _ in rows] == rows


def test_no_answer_at_all():
    rows = [(body, means) for code, body, _, means in cells() if code is None]
    assert [(body, verdict(None, body, Answer.NOTHING)) for body, _ in rows] == rows


def test_the_page_leaves_no_answer_out():
    assert {answer for _, _, answer, _ in cells()} == set(Answer)


JSON = "application/json"
OWN = {
    "attachments": json.loads(OWN_ERROR["attachments"]),
    "statements": json.loads(OWN_ERROR["statements"]),
}
SERVICES = {
    "attachments": (SERVICE, _holds_control_number),
    "statements": (statements(build_client())._service, None),
}
KINDS = pytest.mark.parametrize("kind", list(SERVICES))


def classified(kind: str, status: int, content: object, content_type: str = JSON, body: BodySent = BodySent.WHOLE):
    service, is_success = SERVICES[kind]
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = httpx.Headers({"content-type": content_type} if content_type else {})
    return classify_reply(Reply(status, headers, readable(raw, ())), service, NOW, body, is_success)


FOREIGN = [
    (b"<html><body>Sign in to Guest Wi-Fi</body></html>", "text/html; charset=utf-8"),
    (b"<!doctype html><title>Blocked</title>", JSON),
    (b'{"attachmentControlNumber": "CHC#1", "ok": true}', "text/html"),
    (b'{"attachmentControlNumber": "CHC#1"}', ""),
    (b"OK", "text/plain"),
    (b"[]", JSON),
    (b"null", JSON),
    (b'"created"', JSON),
    (b"true", JSON),
    (b"201", JSON),
    (b"{", JSON),
    (b"\xff\xfe{\x00", JSON),
]


@KINDS
@pytest.mark.parametrize(("content", "content_type"), FOREIGN)
def test_anothers_word_is_never_a_yes_nor_a_packets_fault(kind: str, content: bytes, content_type: str):
    for status, body in product((200, 201, 400, 409, 422, 408, 500, 502, 503, 504), BodySent):
        outcome = classified(kind, status, content, content_type, body)
        assert isinstance(outcome, Unknown if body is BodySent.WHOLE else Retry)
        assert outcome.problem.code == "something-between"


@KINDS
@pytest.mark.parametrize(("content", "content_type"), [*FOREIGN, (b"", ""), (b'{"accepted": false}', JSON)])
def test_whoever_answers_in_full_did_so_but_a_gateway_that_had_no_answer_itself(
    kind: str, content: bytes, content_type: str
):
    for status in (200, 201, 204, 400, 409, 422, 500, 501, 520):
        outcome = classified(kind, status, content, content_type)
        assert isinstance(outcome, Unknown), status
        assert outcome.answered, status
    for status in (408, 502, 503, 504):
        outcome = classified(kind, status, content, content_type)
        assert isinstance(outcome, Unknown), status
        assert not outcome.answered, status


@KINDS
@pytest.mark.parametrize("status", [200, 201, 400, 500])
@pytest.mark.parametrize(
    ("content_type", "answered"), [(JSON, False), ("", False), ("text/html; charset=utf-8", True), ("text/plain", True)]
)
def test_an_answer_that_was_cut_off_is_none_unless_it_cannot_be_the_services(
    kind: str, status: int, content_type: str, answered: bool
):
    service, is_success = SERVICES[kind]
    headers = httpx.Headers({"content-type": content_type} if content_type else {})
    outcome = classify_reply(Reply(status, headers, "<html", whole=False), service, NOW, BodySent.WHOLE, is_success)
    assert isinstance(outcome, Unknown)
    assert outcome.answered is answered


def test_no_answer_is_none():
    outcome = classify_exception(httpx.ReadError("reset"), SERVICE, body=BodySent.WHOLE)
    assert isinstance(outcome, Unknown)
    assert not outcome.answered


GATEWAYS = [
    {},
    {"requestId": "1"},
    {"message": "Endpoint request timed out"},
    {"error": "Bad Gateway"},
    {"timestamp": "2026-07-13", "path": "/", "status": 504, "error": "Gateway Timeout"},
    {"title": "Bad Gateway", "status": 502},
    {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": "no route", "instance": "/documents"},
    {"title": "Gateway Timeout", "status": 504, "detail": "upstream", "traceId": "00-1"},
    {"timestamp": 1, "path": "/", "status": 503, "error": "Service Unavailable", "message": "", "requestId": "1"},
    {"status": "SERVICE_UNAVAILABLE", "message": "no healthy upstream"},
    {"errors": ["upstream"]},
]
NOT_A_SUCCESS = [
    {"status": "BAD_REQUEST"},
    {"status": "BAD_REQUEST", "subErrors": [], "message": "no"},
    {"status": 400, "title": "Bad Request"},
    {"subErrors": [{"message": "no"}]},
    {"errors": ["no"]},
    {"Errors": [{"code": "1"}], "failureReason": "no"},
    {"error": "invalid_client"},
    {"properties": {"errors": [{"code": "DENTATT_001"}]}},
    {"success": False},
    {"statusCode": 502},
    {"title": "Denied", "detail": "by policy"},
    {"errorMessage": "no"},
    {"error_code": 12},
    {"code": 400},
    {"exception": "java.lang.IllegalState", "path": "/"},
    {"login_url": "https://portal.example.com"},
    {"data": {"status": "BAD_REQUEST"}},
    {"result": "error"},
    {"data": {"outcome": "failure"}},
    {"type": "error", "text": "no"},
    {"errcode": 40001, "errmsg": "no"},
    {"isSuccess": False},
    {"authenticated": False},
    {"captive": True, "user-portal-url": "https://portal.example.com"},
    {"redirect": "https://portal.example.com"},
    {"success": "false", "text": "Store is not active"},
    {"success": 0},
    {"ok": "No"},
    {"accepted": None},
    {"data": {"error": "STORE_NOT_FOUND"}},
    {"data": {"errors": [{"a": 1}]}},
    {"result": {"success": False}},
    {"response": {"fault": "x"}},
    {"failed": True},
    {"Failed": 3},
    {"http_code": 503},
    {"httpStatusCode": "403"},
    {"title": "Forbidden"},
    {"title": "Service Unavailable"},
    {"faultcode": "Server"},
    {"blocked": True, "category": "Health"},
    {"login": "https://portal.example.com"},
]


STRANGE = ("maintenance", "pending_authentication", "Store is inactive", False, 302, "302", -1)


@pytest.mark.parametrize("status", STRANGE)
def test_a_status_that_no_success_is_known_to_have_is_none_of_the_statements_service(status: object):
    for content in ({"status": status}, {"Status": status, "savedPaymentId": "x"}, {"data": {"status": status}}):
        assert isinstance(classified("statements", 200, content), Unknown)


def test_the_attachments_service_says_its_status_in_words_of_its_own():
    content = {"attachmentControlNumber": "CHC#0123456789abcdef01234567", "status": "All files are with us"}
    assert classified("attachments", 201, content) is None


@pytest.mark.parametrize(
    "content", [{"message": "ok"}, {"Message": "Forbidden"}, {"MESSAGE": ""}, {"msg": "no"}, {"detail": "Sign in"}]
)
def test_a_message_is_no_success_of_the_statements_service(content: dict[str, object]):
    assert isinstance(classified("statements", 200, content), Unknown)


@KINDS
@pytest.mark.parametrize("content", NOT_A_SUCCESS)
@pytest.mark.parametrize("also", [{}, {"attachmentControlNumber": "CHC#0123456789abcdef01234567"}])
def test_a_success_in_an_errors_shape_is_none(kind: str, content: dict[str, object], also: dict[str, object]):
    assert isinstance(classified(kind, 200, content | also), Unknown)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"attachmentControlNumber": ""},
        {"attachmentControlNumber": " \t"},
        {"attachmentControlNumber": None},
        {"attachmentControlNumber": True},
        {"attachmentControlNumber": []},
        {"attachmentControlNumber": {"id": "CHC#1"}},
        {"id": 1},
    ],
)
def test_attachments_need_their_control_number(content: dict[str, object]):
    assert isinstance(classified("attachments", 201, content), Unknown)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("attachments", {"attachmentControlNumber": "odd but there", "status": "CREATED", "message": "Created"}),
        ("statements", {}),
        ("statements", {"savedPaymentId": "01GQSVMZH59XSSXFXKNBZNW6PY"}),
        ("statements", {"errors": [], "status": "OK"}),
        *[("statements", {"status": said}) for said in ("pending", "in progress", "Received", "success", 200, "201")],
        ("statements", {"success": True, "failed": 0, "error": None, "data": {"id": "1", "status": "PENDING"}}),
        ("statements", {"success": "true", "title": "July statements", "blocked": False}),
        ("statements", {"received": 3, "rejected": 0}),
    ],
)
@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", "Application/JSON", "application/hal+json"]
)
def test_the_services_own_success(kind: str, content: dict[str, object], content_type: str):
    assert classified(kind, 201, content, content_type) is None


@KINDS
def test_a_problem_is_one_whatever_its_status(kind: str):
    content = {"attachmentControlNumber": "CHC#0123456789abcdef01234567"}
    assert isinstance(classified(kind, 200, content, "application/problem+json"), Unknown)
    assert isinstance(classified(kind, 200, content, "application/captive+json"), Unknown)


@KINDS
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateways_json_is_not_the_services(kind: str, status: int, gateway: dict[str, str]):
    assert isinstance(classified(kind, status, gateway), Unknown)
    assert isinstance(classified(kind, status, OWN[kind]), Retry)


@KINDS
@pytest.mark.parametrize("status", [400, 409, 412, 413, 415, 422])
def test_the_packet_is_bad_by_the_services_own_word(kind: str, status: int):
    assert isinstance(classified(kind, status, OWN[kind]), Refused)


@KINDS
@pytest.mark.parametrize("status", [402, 403, 404, 405, 407, 410, 421, 423, 451, 511])
def test_the_lane_is_broken_whoever_says_so(kind: str, status: int):
    for content, body in product((b"<html>", b"", b"{}", *OWN_ERROR.values()), BodySent):
        assert isinstance(classified(kind, status, content, body=body), Blocked)


@KINDS
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_how_a_services_json_is_encoded_makes_no_stranger_of_it(kind: str, encoding: str):
    success = SUCCESS[kind].decode().encode(encoding)
    assert classified(kind, 201, success, f"application/json; charset={encoding}") is None
    assert isinstance(classified(kind, 400, json.dumps(OWN[kind]).encode(encoding)), Refused)


@KINDS
@pytest.mark.parametrize("body", [BodySent.NONE, BodySent.PART])
@pytest.mark.parametrize("content", [b"<html>", b""])
def test_a_wait_that_is_asked_for_before_the_body_was_read_is_kept(kind: str, body: BodySent, content: bytes):
    service, is_success = SERVICES[kind]
    headers = httpx.Headers({"content-type": "text/html", "retry-after": "300"})
    outcome = classify_reply(Reply(503, headers, readable(content, ())), service, NOW, body, is_success)
    assert (type(outcome), outcome.after) == (Retry, 300.0)


@KINDS
def test_a_trouble_of_all_packets_is_the_lanes(kind: str):
    assert classified(kind, 503, OWN[kind]).of_lane
    assert classified(kind, 504, b"<html>", "text/html").of_lane
    assert not classified(kind, 500, OWN[kind]).of_lane


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
        (httpx.ProxyError("511 Network Authentication Required"), "network-sign-in", Blocked),
        (httpx.ProxyError("502 Bad Gateway"), "unreachable", Retry),
        (httpx.ProxyError("403 Forbidden"), "unreachable", Retry),
        (httpx.ProxyError(""), "unreachable", Retry),
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
    outcome = classify_exception(exc, SERVICE, body=BodySent.PART)
    assert isinstance(outcome, kind)
    assert outcome.problem.code == code
    if isinstance(outcome, Retry):
        assert outcome.unreachable == (code == "unreachable")


@pytest.mark.parametrize("exc", [httpx.ReadTimeout("x"), httpx.ReadError("x"), Cancelled(), RuntimeError("x")])
def test_the_service_may_have_it(exc: Exception):
    assert isinstance(classify_exception(exc, SERVICE, body=BodySent.WHOLE), Unknown)


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
    problem = SERVICE.problem(words, reason="the payer ID is missing.", count=1, files=2, number="CHC#1")
    said = f"{problem.sentence} {problem.what_to_do}".lower()
    assert not any(word in said for word in ("error", "invalid", "please", "oops", "!", "{", "}", "you "))
    assert problem.sentence[-1] in ".:"
    assert all(getattr(problem, field.name) for field in fields(problem) if field.name != "details")


def test_no_two_problems_share_a_code():
    codes = [words.code for words in ALL_WORDS if words is not problems.BETWEEN_UNSURE]
    assert len(set(codes)) == len(codes)
