"""Every kind of a fault plan, as a client sees it on real sockets."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from tests.support.sandbox import PDF, Client, running, statement

BIG = PDF + bytes(4_000_000)
Upload = Callable[[Client], httpx.Response]


def attachments(client: Client) -> httpx.Response:
    return client.create(files=[("x-ray.pdf", BIG, "application/pdf")])


def statements(client: Client) -> httpx.Response:
    return client.upload(statements=[statement(row, patientNote="x" * 1000) for row in range(1000)])


both = pytest.mark.parametrize("upload", [attachments, statements])
over = pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])


@both
@pytest.mark.parametrize(
    ("plan", "status", "retry_after"),
    [("429:3@1", 429, "3"), ("503@1", 503, None), ("418@1", 418, None), ("302@1", 302, None), ("204@1", 204, None)],
)
def test_a_status_is_answered_in_the_services_shape(
    upload: Upload, plan: str, status: int, retry_after: str | None
) -> None:
    with running(plan) as client:
        reply = upload(client)
        assert (reply.status_code, reply.headers.get("retry-after")) == (status, retry_after)
        if status != 204:
            assert {"properties", "subErrors"} & set(reply.json())
        assert client.sandbox.accepted == []
        assert upload(client).is_success


@both
@over
@pytest.mark.parametrize("kind", ["drop-before-body", "drop-mid-body"])
def test_a_reset_before_the_end_of_the_body_accepts_nothing(kind: str, tls: bool, upload: Upload) -> None:
    with running(f"{kind}@1", tls=tls) as client:
        with pytest.raises((httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError)):
            upload(client)
        assert client.sandbox.accepted == []
        assert upload(client).is_success


@pytest.mark.parametrize(
    ("kind", "sent"), [("drop-before-body", b""), ("drop-mid-body", b"x" * 50), ("drop-mid-body", b"x" * 60)]
)
def test_a_reset_is_a_reset(kind: str, sent: bytes) -> None:
    head = b"POST /api/v1/pending-invoices/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"
    with running(f"{kind}@1") as client:
        address = ("127.0.0.1", httpx.URL(client.sandbox.url).port)
        with socket.create_connection(address, timeout=60) as raw:  # type: ignore[arg-type]
            raw.sendall(head + sent)
            with pytest.raises(ConnectionResetError):
                raw.recv(1)


@both
@over
@pytest.mark.parametrize(("kind", "accepted"), [("drop-after-body", 1), ("drop-unaccepted", 0)])
def test_a_dropped_reply(kind: str, accepted: int, tls: bool, upload: Upload) -> None:
    with running(f"{kind}@1", tls=tls) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            upload(client)
        assert len(client.sandbox.accepted) == accepted


@both
def test_a_hang_accepts_and_never_replies(upload: Upload) -> None:
    with running("hang@1") as client:
        assert client.bearer  # asked for with all the time that it takes
        client.http.timeout = httpx.Timeout(60, read=0.5)
        with pytest.raises(httpx.ReadTimeout):
            upload(client)
        assert client.sandbox.wait_for(1, 60)
        assert len(client.sandbox.accepted) == 1


def test_a_hang_with_seconds_closes_after_them() -> None:
    with running("hang:0.2@1") as client:
        began = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            client.upload()
        assert time.monotonic() - began > 0.19
        assert len(client.sandbox.accepted) == 1


def test_a_slow_reply_arrives_whole() -> None:
    with running("slow-reply:0.2@1") as client:
        began = time.monotonic()
        assert client.create().status_code == 201
        assert time.monotonic() - began > 0.19


@both
def test_garbage_has_the_right_status_and_is_not_json(upload: Upload) -> None:
    with running("garbage@1") as client:
        reply = upload(client)
        assert reply.is_success
        assert reply.headers["content-type"] == "application/json"
        with pytest.raises(json.JSONDecodeError):
            reply.json()
        assert len(client.sandbox.accepted) == 1


@both
def test_a_truncated_reply_breaks_off(upload: Upload) -> None:
    with running("truncated@1") as client:
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            upload(client)
        assert len(client.sandbox.accepted) == 1


@over
def test_a_huge_reply_goes_on_until_the_client_has_enough(tls: bool) -> None:
    with running("huge@1", tls=tls) as client:
        address, headers = "/api/v1/pending-invoices/", client.store_headers
        sent = {"filename": "a.xml", "pendingInvoiceUploads": [statement()]}
        read = 0
        with client.http.stream("POST", address, json=sent, headers=headers) as reply:
            assert reply.status_code == 200
            assert "content-length" not in reply.headers
            for chunk in reply.iter_raw():
                read += len(chunk)
                if read > 20_000_000:
                    break
        assert client.upload("b.xml").is_success


@pytest.mark.parametrize("kind", ["revoke", "expired"])
def test_a_token_that_is_no_longer_good(kind: str) -> None:
    with running(f"{kind}@2") as client:
        assert [client.create().status_code for _ in range(3)] == [201, 401, 401]
        fresh = client.ask_token().json()["access_token"]
        assert client.create(headers={"Authorization": f"Bearer {fresh}"}).status_code == 201


def test_statements_have_no_token_and_are_refused_for_one_request() -> None:
    with running("revoke@1") as client:
        assert [client.upload().status_code for _ in range(2)] == [401, 200]


def test_each_prefix_meets_its_own_traffic() -> None:
    with running("token/401@1, search/500@2, health/503@1, 418@3") as client:
        assert [client.ask_token().status_code for _ in range(2)] == [401, 200]
        assert [client.health().status_code for _ in range(2)] == [503, 200]
        number = client.create().json()["attachmentControlNumber"]
        assert client.fetch(number).status_code == 200
        assert [client.find().status_code for _ in range(2)] == [500, 200]
        assert [client.upload().status_code, client.upload("b").status_code] == [200, 418]


@pytest.mark.parametrize("kind", ["drop-after-body", "truncated"])
def test_a_token_reply_can_be_lost_too(kind: str) -> None:
    with running(f"token/{kind}@1") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.ask_token()
        assert client.ask_token().status_code == 200


def test_uploads_of_both_services_count_together() -> None:
    with running("503@%2") as client:
        replies = [client.create(), client.upload("a"), client.create(), client.upload("b")]
        assert [reply.status_code for reply in replies] == [201, 503, 201, 503]
        assert [record.number for record in client.sandbox.accepted] == [1, 3]
        uploads = [seen for seen in client.sandbox.requests if seen.traffic == "upload"]
        assert [(seen.number, seen.fault, seen.status) for seen in uploads] == [
            (1, "", 201),
            (2, "503@%2", 503),
            (3, "", 201),
            (4, "503@%2", 503),
        ]


def test_a_new_plan_counts_from_one_again() -> None:
    with running() as client:
        client.create()
        client.sandbox.faults("503@1")
        assert [client.create().status_code for _ in range(2)] == [503, 201]


def test_a_fault_does_not_hide_a_refusal() -> None:
    with running("drop-after-body@1") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.create(files=[])
        assert client.sandbox.accepted == []


def test_an_upload_that_the_client_cuts_is_not_accepted() -> None:
    def cut() -> object:
        yield b"--x\r\n"
        raise OSError("unplugged")

    with running() as client:
        headers = client.bearer | {"content-type": "multipart/form-data; boundary=x"}
        with pytest.raises(OSError, match="unplugged"):
            client.http.post(f"{client.sandbox.attachments_url}/attachments/documents", content=cut(), headers=headers)  # type: ignore[arg-type]
        assert client.create().status_code == 201
        assert len(client.sandbox.accepted) == 1


# --- What others say in a service's place ----------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("plan", "status", "media"),
    [
        ("portal@1", 200, "text/html"),
        ("html@1", 403, "text/html"),
        ("html:503@1", 503, "text/html"),
        ("gateway@1", 502, "text/html"),
        ("gateway:504@1", 504, "text/html"),
        ("empty@1", 200, ""),
        ("empty:204@1", 204, ""),
        ("says-no@1", 200, "json"),
    ],
)
def test_what_comes_in_a_services_place_accepts_nothing(upload: Upload, plan: str, status: int, media: str) -> None:
    with running(plan) as client:
        reply = upload(client)
        assert (reply.status_code, media in reply.headers.get("content-type", "")) == (status, True)
        assert bool(reply.content) == bool(media)
        assert client.sandbox.accepted == []
        assert upload(client).is_success


@both
def test_a_portal_may_answer_before_the_body(upload: Upload) -> None:
    with running("portal-before-body@1") as client:
        with suppress(httpx.TransportError):  # whether the answer is seen depends on who is quicker
            assert "Sign in" in upload(client).text
        assert client.sandbox.accepted == []
        assert upload(client).is_success


@both
@pytest.mark.parametrize(
    ("plan", "status", "empty"),
    [("gateway-after@1", 502, False), ("gateway-after:504@1", 504, False), ("empty-after@1", 0, True)],
)
def test_an_answer_can_be_another_although_it_was_accepted(upload: Upload, plan: str, status: int, empty: bool) -> None:
    with running(plan) as client:
        reply = upload(client)
        assert reply.status_code == status or (not status and reply.is_success)
        assert (not reply.content) == empty
        assert len(client.sandbox.accepted) == 1


def test_a_reply_can_lack_its_number_or_an_id() -> None:
    with running("no-number@1, fewer-ids@2") as client:
        lacks, fewer = attachments(client).json(), attachments(client).json()
        assert "attachmentControlNumber" not in lacks
        assert (len(lacks["attachmentIds"]), len(fewer["attachmentIds"])) == (1, 0)
        assert fewer["attachmentControlNumber"]
        assert len(client.sandbox.accepted) == 2


def test_tokens_health_and_searches_meet_them_too() -> None:
    with running("token/portal@1, health/html:200@1, search/gateway:504@1, search/empty@2") as client:
        assert "Sign in" in client.ask_token().text
        health = client.health()
        assert (health.status_code, health.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert [client.find().status_code, client.find().content] == [504, b""]
