"""The attachments service: what goes out, and what its replies mean."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from threading import Event

import httpx
import pytest

from agent.destinations.transport import build_client
from agent.model import Blocked, BodySent, Delivered, Refused, Retry, SentFile, Unknown
from tests.support.wire import METADATA, PDF, attachments, ignore_progress, mocked, scan, statement, with_token

CREATED = {
    "attachmentControlNumber": "CHC#507f1f77bcf86cd799439011",
    "attachmentIds": ["CHC#123456358902", "CHC#122256789023"],
    "status": "CLOSED",
    "imageIntelligenceTransactionId": "69122940fab78c16744c5cc2",
}


def send(place: Path, reply: httpx.Response, **changes):
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply

    destination = attachments(with_token(handler), **changes)
    return destination.send(scan(place, "scan.pdf"), place, ignore_progress, Event()), seen[-1]


def test_a_delivery(tmp_path: Path):
    result, request = send(tmp_path, httpx.Response(201, json=CREATED))
    assert result.outcome == Delivered(
        201,
        CREATED,
        attachment_control_number="CHC#507f1f77bcf86cd799439011",
        attachment_ids=("CHC#123456358902", "CHC#122256789023"),
        image_intelligence_transaction_id="69122940fab78c16744c5cc2",
    )
    assert result.files == (SentFile("scan.pdf", len(PDF), hashlib.sha256(PDF).hexdigest()),)
    assert str(request.url) == "https://api.example.com/attachments/documents"
    assert request.headers["authorization"] == "Bearer token-1"
    assert int(request.headers["content-length"]) == len(request.content)
    assert "transfer-encoding" not in request.headers
    assert request.headers["user-agent"].startswith("OutTray/")


def test_metadata_is_one_json_part(tmp_path: Path):
    _, request = send(tmp_path, httpx.Response(201, json=CREATED))
    part = request.content.split(b"\r\n\r\n")[1].partition(b"\r\n--")[0]
    assert json.loads(part) == METADATA
    assert b'name="request"\r\nContent-Type: application/json' in request.content
    assert b'name="files"; filename="scan.pdf"\r\nContent-Type: application/pdf' in request.content


def test_metadata_as_form_fields(tmp_path: Path):
    _, request = send(tmp_path, httpx.Response(201, json=CREATED), request_style="fields")
    assert b'name="payerId"\r\n\r\nABC12\r\n' in request.content
    assert b'name="request"' not in request.content


def test_another_create_path(tmp_path: Path):
    _, request = send(tmp_path, httpx.Response(201, json=CREATED), create_path="/documents")
    assert request.url.path == "/documents"


def test_image_intelligence_has_its_own_address_and_part(tmp_path: Path):
    seen = []
    destination = attachments(with_token(lambda request: seen.append(request) or httpx.Response(201, json=CREATED)))
    request = replace(scan(tmp_path, "a.pdf"), file_metadata=({"fileName": "a.pdf", "toothNumbers": "03"},))
    destination.send(request, tmp_path, ignore_progress, Event())
    assert seen[0].url.path == "/attachments/documents/image-intelligence"
    assert b'[{"fileName": "a.pdf", "toothNumbers": "03"}]' in seen[0].content


@pytest.mark.parametrize(
    ("reply", "control_number", "ids"),
    [
        (httpx.Response(201, json={"attachmentControlNumber": "o", "attachmentIds": [7, None, "x"]}), "o", ("7", "x")),
        (httpx.Response(200, json={"attachmentControlNumber": 12, "attachmentIds": ["1"]}), "12", ("1",)),
    ],
)  # fmt: skip
def test_ids_are_read_leniently(tmp_path: Path, reply: httpx.Response, control_number: str, ids: tuple[str, ...]):
    result, _ = send(tmp_path, reply)
    assert isinstance(result.outcome, Delivered)
    assert (result.outcome.attachment_control_number, result.outcome.attachment_ids) == (control_number, ids)
    assert result.outcome.problem is None


@pytest.mark.parametrize("number", ["null", "None", 0, "000000", "NaN", " ", "CHC#", "-", "undefined", None, True, []])
def test_what_a_program_writes_in_place_of_a_number_proves_no_delivery(tmp_path: Path, number: object) -> None:
    result, _ = send(tmp_path, httpx.Response(201, json={"attachmentControlNumber": number, "attachmentIds": ["1"]}))
    assert isinstance(result.outcome, Unknown)


@pytest.mark.parametrize("ids", [{}, {"attachmentIds": []}, {"attachmentIds": "CHC#1"}, {"attachmentIds": [None]}])
def test_fewer_ids_than_files_is_delivered_and_someone_is_asked_to_look(tmp_path: Path, ids: dict[str, object]):
    result, _ = send(tmp_path, httpx.Response(201, json={"attachmentControlNumber": "CHC#1"} | ids))
    assert isinstance(result.outcome, Delivered)
    assert result.outcome.problem is not None
    assert result.outcome.problem.code == "fewer-than-sent"
    assert result.outcome.warnings == (result.outcome.problem.sentence,)


def test_a_success_whose_body_breaks_off_may_have_arrived(tmp_path: Path):
    def broken():
        yield b'{"attachmentControlNumber": "CHC#1'
        raise httpx.ReadError("gone")

    result, _ = send(tmp_path, httpx.Response(201, headers={"content-type": "application/json"}, content=broken()))
    assert isinstance(result.outcome, Unknown)
    assert result.body is BodySent.WHOLE


def test_a_refusal_names_every_fault_in_the_front_desks_words(tmp_path: Path):
    problem = {
        "title": "Bad Request",
        "status": 400,
        "properties": {
            "errors": [
                {"code": "DENTATT_007", "field": "payerId", "message": "payerId must be 5 alphanumeric"},
                {"code": "DENTATT_010", "field": "providerNPI", "message": "NPI must be 10 digits"},
            ]
        },
    }
    result, _ = send(tmp_path, httpx.Response(400, json=problem))
    assert isinstance(result.outcome, Refused)
    assert [fault.where for fault in result.outcome.problem.details] == ["payer ID", "provider NPI", "request"]
    assert "The payer ID is not exactly 5 letters or digits." in result.outcome.problem.sentence
    assert "payerId must be 5 alphanumeric" in result.outcome.problem.details[0].message
    assert result.outcome.response == problem


def test_too_large(tmp_path: Path):
    result, _ = send(tmp_path, httpx.Response(413, json={"title": "Too large", "status": 413, "detail": "64 MB"}))
    assert isinstance(result.outcome, Refused)
    assert result.outcome.problem.code == "too-large"


class Tokens:
    """A service that gives out a new token each time and takes only those in `good`."""

    def __init__(self, *good: str) -> None:
        self.good = {f"Bearer {token}" for token in good}
        self.given = 0
        self.uploads: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.given += 1
            return httpx.Response(200, json={"access_token": f"token-{self.given}", "expires_in": 3600})
        self.uploads.append(request.headers["authorization"])
        good = request.headers["authorization"] in self.good
        return httpx.Response(201, json=CREATED) if good else httpx.Response(401)


def test_401_gets_a_new_token_once(tmp_path: Path):
    service = Tokens("token-2")
    result = attachments(mocked(service)).send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Delivered)
    assert len(result.files) == 1
    assert service.uploads == ["Bearer token-1", "Bearer token-2"]


def test_401_twice_blocks_the_lane(tmp_path: Path):
    service = Tokens()
    result = attachments(mocked(service)).send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Blocked)
    assert (result.outcome.status, result.outcome.problem.code) == (401, "key-not-accepted")
    assert service.given == len(service.uploads) == 2


def test_without_a_token_nothing_is_read_or_sent(tmp_path: Path):
    result = attachments(mocked(lambda _: httpx.Response(503))).send(
        scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event()
    )
    assert isinstance(result.outcome, Retry)
    assert result.files == ()


def test_a_file_that_is_missing_is_no_ones_fault_and_nothing_goes_out(tmp_path: Path):
    uploads = []
    destination = attachments(with_token(lambda request: uploads.append(request) or httpx.Response(201)))
    request = scan(tmp_path, "a.pdf")
    (tmp_path / "a.pdf").unlink()
    result = destination.send(request, tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Retry)
    assert result.outcome.problem.code == "file-unreadable"
    assert uploads == []


def test_a_lost_reply_keeps_what_went_out(tmp_path: Path):
    def lose(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("lost")

    result = attachments(with_token(lose)).send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Unknown)
    assert [file.name for file in result.files] == ["a.pdf"]


def test_an_acceptance_before_the_body_was_whole_does_not_count(tmp_path: Path):
    class Hasty(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(201, json={"access_token": "token-1", **CREATED})

    destination = attachments(build_client(transport=Hasty()))
    result = destination.send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Retry)
    assert result.files == ()


def test_health(tmp_path: Path):
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/healthcheck"
        assert request.headers["authorization"] == "Bearer token-1"
        return httpx.Response(200, json={"Status": "Service is healthy"})

    assert attachments(with_token(handler)).health().problem is None


@pytest.mark.parametrize(("status", "code"), [(503, "busy"), (404, "wrong-address")])
def test_poor_health(status: int, code: str):
    health = attachments(with_token(lambda _: httpx.Response(status))).health()
    assert health.problem is not None
    assert health.problem.code == code
    assert str(status) in health.detail


def test_the_name_has_no_credentials_in_it():
    destination = attachments(mocked(lambda _: httpx.Response(200)), "https://user:pass@api.example.com/v1?key=1")
    assert destination.name.startswith("https://api.example.com/v1")
    assert "pass" not in destination.name


SEARCHED = (
    b"--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"xray_1.pdf\"; "
    b"attachmentControlNumber=\"507f\"; attachmentId=\"023981023345\"\r\nContent-Type: application/pdf\r\n\r\n"
    b"one\r\n--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"two.pdf\"\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\ndH\r\ndv\r\n--b0--\r\n"
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 65536])
def test_delivered_files_can_be_fetched_back(size: int):
    def handler(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"attachmentIds": ["CHC#1"]}
        pieces = (SEARCHED[start : start + size] for start in range(0, len(SEARCHED), size))
        return httpx.Response(200, content=pieces, headers={"Content-Type": "multipart/form-data; boundary=b0"})

    one, two = attachments(with_token(handler)).search(("CHC#1",), Event())
    assert (one.name, one.attachment_id, one.size) == ("xray_1.pdf", "023981023345", 3)
    assert one.sha256 == hashlib.sha256(b"one").hexdigest()
    assert two.sha256 == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("reply", [httpx.Response(404), httpx.Response(200, text="odd"), httpx.Response(200, json={})])
def test_what_cannot_be_fetched_back_is_an_outcome(reply: httpx.Response):
    assert isinstance(attachments(with_token(lambda _: reply)).search(("CHC#1",), Event()), Retry | Blocked | Refused)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, html="<html>Sign in"),
        httpx.Response(200, content=b"<html>", headers={"Content-Type": "multipart/form-data"}),
        httpx.Response(200, text="OK"),
    ],
)
def test_a_portals_page_is_no_file_that_was_fetched_back(reply: httpx.Response):
    outcome = attachments(with_token(lambda _: reply)).search(("CHC#1",), Event())
    assert isinstance(outcome, Retry)
    assert (outcome.problem.code, outcome.unreachable) == ("something-between", True)


@pytest.mark.parametrize("reply", [httpx.Response(200, html="<html>Sign in"), httpx.Response(200, json=[])])
def test_health_under_a_portal_says_that_something_stands_between(reply: httpx.Response):
    problem = attachments(with_token(lambda _: reply)).health().problem
    assert problem is not None
    assert problem.code == "something-between"


def test_a_statement_is_not_for_this_lane(tmp_path: Path):
    with pytest.raises(TypeError):
        attachments(with_token(lambda _: httpx.Response(201))).send(
            statement(tmp_path), tmp_path, ignore_progress, Event()
        )


@pytest.mark.parametrize("ids", [[], None, "CHC#1", ["CHC#1"], ["CHC#1", "CHC#1"], ["CHC#1", " "], ["CHC#1", None]])
def test_fewer_ids_than_files_are_never_quietly_sent(tmp_path: Path, ids: object):
    reply = httpx.Response(201, json=CREATED | {"attachmentIds": ids})
    destination = attachments(with_token(lambda _: reply))
    outcome = destination.send(scan(tmp_path, "a.pdf", "b.pdf"), tmp_path, ignore_progress, Event()).outcome
    assert isinstance(outcome, Delivered)
    assert outcome.problem is not None
    assert outcome.problem.code == "fewer-than-sent"
