"""The attachments service over real sockets. Every reply is held against the published contract (see conftest)."""

import hashlib
import json
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.sandbox.records import AcceptedAttachments
from agent.sandbox.state import Credentials
from tests.support.contract import validate
from tests.support.sandbox import JPEG, ONE_FILE, PDF, PNG, Client, file_metadata, metadata

Start = Callable[..., Client]
CREATE = "/dental/attachments/v1/attachments/documents"


def errors(response: httpx.Response) -> list[tuple[str, str]]:
    return [(found.get("code", ""), found["field"]) for found in response.json()["properties"]["errors"]]


def parts_of(response: httpx.Response) -> list[Message]:
    head = f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode()
    payload = message_from_bytes(head + response.content).get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def test_the_token_endpoint_gives_a_token_for_the_right_credentials(sandboxes: Start) -> None:
    reply = sandboxes(token_seconds=7200).ask_token()
    assert reply.status_code == 200
    assert reply.json()["token_type"] == "Bearer"
    assert reply.json()["expires_in"] == 7200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"client_id": ""}, 401),
        ({"grant_type": "password"}, 400),
    ],
)
def test_the_token_endpoint_refuses(sandboxes: Start, changes: dict[str, str], status: int) -> None:
    reply = sandboxes().ask_token(**changes)
    assert reply.status_code == status
    assert set(reply.json()) == {"status", "failureReason", "Errors"}
    assert reply.json()["status"] == status


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        ({"json": {"grant_type": "client_credentials"}}, 415),
        ({"content": b""}, 415),
        ({"data": {"grant_type": "client_credentials"}}, 400),
        ({"content": b"\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"a" * 70_000, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
    ],
)
def test_the_token_endpoint_takes_a_form_only(sandboxes: Start, request_body: dict[str, Any], status: int) -> None:
    client = sandboxes()
    reply = client.http.post(client.sandbox.token_url, **request_body)
    assert (reply.status_code, reply.json()["status"]) == (status, status)


def test_health_needs_a_token(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.health().json() == {"Status": "Service is healthy"}
    assert client.http.get("/dental/attachments/v1/healthcheck").status_code == 401


@pytest.mark.parametrize(
    ("header", "code"),
    [({}, "DENTATT_021"), ({"Authorization": "Bearer made-up"}, ""), ({"Authorization": "Basic QTpC"}, "")],
)
def test_no_upload_without_a_good_token(sandboxes: Start, header: dict[str, str], code: str) -> None:
    client = sandboxes()
    reply = client.create(headers=header)
    assert reply.status_code == 401
    assert errors(reply) == [(code, "Authorization")]
    assert client.sandbox.accepted == []


def test_a_token_expires_by_the_sandboxs_clock(sandboxes: Start) -> None:
    client = sandboxes(token_seconds=60)
    assert client.health().status_code == 200
    client.sandbox.clock.advance(59)
    assert client.health().status_code == 200
    client.sandbox.clock.advance(2)
    assert client.health().status_code == 401


def test_tokens_can_be_revoked(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.health().status_code == 200
    client.sandbox.revoke_tokens()
    assert client.health().status_code == 401
    fresh = client.ask_token().json()["access_token"]
    assert client.create(headers={"Authorization": f"Bearer {fresh}"}).status_code == 201


@pytest.mark.parametrize("style", ["json", "fields"])
def test_an_upload_is_accepted_in_both_styles(sandboxes: Start, style: str) -> None:
    client = sandboxes()
    reply = client.create(files=[("x-ray.pdf", PDF, "application/pdf"), ("b.png", PNG, "image/png")], style=style)
    assert reply.status_code == 201
    assert re.fullmatch("CHC#[0-9a-f]{24}", reply.json()["attachmentControlNumber"])
    assert [bool(re.fullmatch("CHC#[0-9]{12}", one)) for one in reply.json()["attachmentIds"]] == [True, True]
    (record,) = client.sandbox.accepted
    assert isinstance(record, AcceptedAttachments)
    assert record.request_style == style
    assert record.metadata == metadata()
    assert record.control_number == reply.json()["attachmentControlNumber"]
    assert [(file.filename, file.content_type, file.size, file.sha256) for file in record.files] == [
        ("x-ray.pdf", "application/pdf", len(PDF), hashlib.sha256(PDF).hexdigest()),
        ("b.png", "image/png", len(PNG), hashlib.sha256(PNG).hexdigest()),
    ]


def test_identifiers_are_unique(sandboxes: Start) -> None:
    client = sandboxes()
    replies = [client.create(files=ONE_FILE * 10).json() for _ in range(10)]
    assert len({reply["attachmentControlNumber"] for reply in replies}) == 10
    assert len({identifier for reply in replies for identifier in reply["attachmentIds"]}) == 100


@pytest.mark.parametrize("style", ["json", "fields"])
def test_every_fault_of_an_upload_is_told_at_once(sandboxes: Start, style: str) -> None:
    client = sandboxes()
    sent = metadata(payerId="toolong", providerNPI="1234567890", memberId=None)
    reply = client.create(sent, [("a.exe", b"MZ\x00", "application/pdf")], style=style)
    assert reply.status_code == 400
    assert errors(reply) == [
        ("DENTATT_007", "payerId"),
        ("DENTATT_009", "providerNPI"),
        ("DENTATT_016", "memberId"),
        ("", "files[1]"),
    ]
    assert client.sandbox.accepted == []


def test_a_file_of_an_unknown_type_is_refused_as_the_contracts_example_says(sandboxes: Start) -> None:
    reply = sandboxes().create(files=[("a.exe", b"MZ\x00", "application/octet-stream")])
    assert (reply.status_code, reply.json()["title"]) == (400, "Invalid Attachment Format")


@pytest.mark.parametrize("count", [0, 11])
def test_one_to_ten_files(sandboxes: Start, count: int) -> None:
    reply = sandboxes().create(files=ONE_FILE * count)
    assert (reply.status_code, errors(reply)) == (400, [("", "files")])


def body(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


REQUEST = b'Content-Disposition: form-data; name="request"\r\nContent-Type: application/json\r\n\r\n'
FILE = b'Content-Disposition: form-data; name="files"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + PDF
GOOD = json.dumps(metadata()).encode()


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (body(REQUEST + GOOD, FILE), "multipart/form-data; boundary=x", 201),
        (body(REQUEST + GOOD, FILE), "application/json", 415),
        (body(REQUEST + GOOD, FILE), "multipart/form-data", 400),
        (body(REQUEST + GOOD, FILE), "multipart/form-data; boundary=y", 400),
        (body(REQUEST + GOOD, FILE, end=b""), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + GOOD, FILE)[:-30], "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data; boundary=x", 400),
        (body(REQUEST + b"{", FILE), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + b"[]", FILE), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + b"[" * 100_000, FILE), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + b"\xff", FILE), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + GOOD, REQUEST + GOOD, FILE), "multipart/form-data; boundary=x", 400),
        (
            body(REQUEST.replace(b"application/json", b"text/plain") + GOOD, FILE),
            "multipart/form-data; boundary=x",
            415,
        ),
        (body(REQUEST + b'"' + b"x" * 1_100_000 + b'"', FILE), "multipart/form-data; boundary=x", 400),
        (body(REQUEST + GOOD, *[FILE] * 101), "multipart/form-data; boundary=x", 400),
        (body(b"Content-Type: text/plain\r\n\r\nx", FILE), "multipart/form-data; boundary=x", 400),
    ],
)
def test_the_form_of_an_upload(
    sandboxes: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    content_type: str,
    status: int,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = sandboxes()
    reply = client.http.post(CREATE, content=content, headers=client.bearer | {"Content-Type": content_type})
    assert reply.status_code == status
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == len(client.sandbox.accepted) == (1 if status == 201 else 0)


def test_image_intelligence_gives_a_transaction(sandboxes: Start) -> None:
    client = sandboxes()
    reply = client.create(file_data=[file_metadata()])
    assert reply.status_code == 201
    assert re.fullmatch("[0-9a-f]{24}", reply.json()["imageIntelligenceTransactionId"])
    (record,) = client.sandbox.accepted
    assert isinstance(record, AcceptedAttachments)
    assert record.file_metadata == (file_metadata(),)
    assert record.path.endswith("/image-intelligence")


@pytest.mark.parametrize("entries", [[], [file_metadata(fileName="other.pdf")], {"fileName": "x-ray.pdf"}])
def test_image_intelligence_needs_an_entry_for_each_file(sandboxes: Start, entries: Any) -> None:
    reply = sandboxes().create(file_data=entries)
    assert (reply.status_code, errors(reply)) == (400, [("", "fileMetadata")])


def test_a_plain_upload_has_no_transaction(sandboxes: Start) -> None:
    assert "imageIntelligenceTransactionId" not in sandboxes().create().json()


@pytest.mark.parametrize(
    "filename", ["x-ray.pdf", 'the "bad" one.pdf', "Röntgen 12.pdf", "50%.pdf", "歯.pdf", "a;b=c.pdf"]
)
def test_a_search_gives_the_original_bytes_back(sandboxes: Start, filename: str) -> None:
    client = sandboxes()
    big = PDF + bytes(range(256)) * 4000
    accepted = client.create(files=[(filename, big, "application/pdf"), ("b.jpg", JPEG, "image/jpeg")]).json()
    reply = client.fetch(accepted["attachmentControlNumber"])
    assert reply.status_code == 200
    assert int(reply.headers["content-length"]) == len(reply.content)
    first, second = parts_of(reply)
    assert [first.get_payload(decode=True), second.get_payload(decode=True)] == [big, JPEG]
    assert first.get_content_type() == "application/pdf"
    assert f'attachmentId="{accepted["attachmentIds"][0][4:]}"'.encode() in reply.content
    record = client.sandbox.accepted[0]
    assert record.parts[1].filename == filename


@pytest.mark.parametrize("prefix", ["", "CHC#"])
def test_a_search_finds_by_attachment_id_with_and_without_its_prefix(sandboxes: Start, prefix: str) -> None:
    client = sandboxes()
    accepted = client.create(files=[("a.pdf", PDF, "application/pdf"), ("b.jpg", JPEG, "image/jpeg")]).json()
    second = prefix + accepted["attachmentIds"][1][4:]
    assert [part.get_payload(decode=True) for part in parts_of(client.fetch(second, second))] == [JPEG]


def test_what_is_not_there_is_not_found(sandboxes: Start) -> None:
    client = sandboxes()
    known = client.create().json()["attachmentIds"][0]
    reply = client.fetch(known, "CHC#000000000000")
    assert (reply.status_code, errors(reply)[0][0]) == (404, "DENTATT_113")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"attachmentIds": ["x"]}}, 400),
        ({"json": {}}, 400),
        ({"json": []}, 400),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"{}"}, 415),
    ],
)
def test_a_search_needs_its_list(sandboxes: Start, sent: dict[str, Any], status: int) -> None:
    client = sandboxes()
    headers = client.bearer | sent.pop("headers", {})
    assert client.http.post(f"{CREATE}/search", headers=headers, **sent).status_code == status


def test_a_sandbox_that_keeps_digests_only_has_no_bytes_to_give(sandboxes: Start) -> None:
    client = sandboxes(keep_files=False)
    accepted = client.create().json()
    assert client.sandbox.accepted[0].parts[1].sha256 == hashlib.sha256(PDF).hexdigest()
    assert client.sandbox.accepted[0].parts[1].path is None
    assert client.fetch(accepted["attachmentControlNumber"]).status_code == 404


def test_names_that_the_contract_does_not_know_are_noted(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.create(metadata(npi="1", claimID="2")).status_code == 201
    assert client.sandbox.accepted[0].unknown_fields == ("claimID", "npi")


def test_a_further_store_has_its_own_client(sandboxes: Start) -> None:
    other = Credentials(client_id="other", client_secret="other-secret", store_id="01GDG5BZA29R3SZMZ63Y2GFENW")
    client = sandboxes(further_stores=[other])
    token = client.ask_token(client_id="other", client_secret="other-secret").json()["access_token"]
    client.create(headers={"Authorization": f"Bearer {token}"})
    assert client.sandbox.accepted[0].store == other.store_id


@pytest.mark.parametrize(("method", "path", "status"), [("GET", CREATE, 405), ("POST", f"{CREATE}s", 404)])
def test_other_addresses_answer_as_problems(sandboxes: Start, method: str, path: str, status: int) -> None:
    reply = sandboxes().http.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")


def test_the_contract_check_itself_can_fail(contract: dict[str, Any]) -> None:
    request = httpx.Request("POST", f"http://127.0.0.1{CREATE}")
    for status, wrong in ((201, {"status": "CLOSED"}), (200, {}), (400, {"status": "400"})):
        kind = "application/json" if status < 300 else "application/problem+json"
        reply = httpx.Response(status, json=wrong, request=request, headers={"content-type": kind})
        with pytest.raises(Exception, match=r"required|published|type"):
            validate(reply, contract)
