"""The statements service over real sockets."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.sandbox.records import AcceptedStatements
from agent.sandbox.state import Credentials
from tests.support.sandbox import Client, statement

Start = Callable[..., Client]
HOUR = 3600
OTHER = Credentials(store_id="01GDG5BZA29R3SZMZ63Y2GFENW", api_key="other-key")


@pytest.mark.parametrize("address", ["/api/v1/pending-invoices/", "/api/v1/pending-invoices"])
def test_an_upload_is_accepted(sandboxes: Start, address: str) -> None:
    client = sandboxes()
    sent = json.dumps({"filename": "Statements.xml", "pendingInvoiceUploads": [statement(1), statement(2, email="x")]})
    headers = client.store_headers | {"content-type": "application/json;charset=utf-8"}
    reply = client.http.post(address, content=sent, headers=headers)
    assert (reply.status_code, list(reply.json())) == (200, ["savedPaymentId"])
    (record,) = client.sandbox.accepted
    assert isinstance(record, AcceptedStatements)
    assert (record.filename, record.statements, record.failed) == ("Statements.xml", 2, 1)
    assert record.sha256 == hashlib.sha256(sent.encode()).hexdigest()
    assert record.body() == json.loads(sent)
    assert record.store == client.sandbox.credentials.store_id


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"x-api-key": "wrong"}, 401),
        ({"x-api-key": ""}, 401),
        ({"x-store-id": ""}, 400),
        ({"x-store-id": "main-street"}, 400),
        ({"x-store-id": OTHER.store_id}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_headers(sandboxes: Start, changes: dict[str, str], status: int) -> None:
    client = sandboxes(further_stores=[OTHER])
    reply = client.upload(headers=client.store_headers | changes)
    assert (reply.status_code, reply.json()["subErrors"]) == (status, [])
    assert client.sandbox.accepted == []


def test_a_refusal_has_the_published_shape(sandboxes: Start) -> None:
    client = sandboxes()
    reply = client.upload(statements=[statement(amountDue=6.5)])
    assert reply.status_code == 400
    assert reply.json() == {
        "subErrors": [],
        "status": "BAD_REQUEST",
        "message": "pendingInvoiceUploads[0].amountDue must be a whole number of cents",
    }


def test_a_failed_precondition_has_the_published_shape(sandboxes: Start) -> None:
    reply = sandboxes().upload(statements=[statement(1, externalLocationId="A"), statement(2)])
    assert (reply.status_code, set(reply.json())) == (412, {"subErrors", "message"})


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"amountDue": NaN}', b"\xff\xfe{"])
def test_a_body_that_is_not_json_is_refused(sandboxes: Start, content: bytes) -> None:
    client = sandboxes()
    headers = client.store_headers | {"content-type": "application/json"}
    assert client.http.post("/api/v1/pending-invoices/", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("again", "after", "status"),
    [
        ("Statements.xml", 0, 400),
        ("Statements.xml", 24 * HOUR - 10, 400),
        ("Statements.xml", -5 * HOUR, 400),
        ("Statements.xml", 24 * HOUR + 10, 200),
        ("STATEMENTS.XML", HOUR, 400),
        ("Statements.csv", 0, 200),
        ("Statements (2).xml", 0, 200),
    ],
)
def test_one_file_name_a_store_in_24_hours(sandboxes: Start, again: str, after: float, status: int) -> None:
    client = sandboxes()
    assert client.upload("Statements.xml").status_code == 200
    client.sandbox.clock.advance(after)
    reply = client.upload(again)
    assert reply.status_code == status
    if status == 400:
        assert "filename" in reply.json()["message"]
        assert "24-hour" in reply.json()["message"]
    assert len(client.sandbox.accepted) == (2 if status == 200 else 1)


def test_composed_and_decomposed_names_are_one(sandboxes: Start) -> None:
    client = sandboxes()
    client.upload("Zähne.xml")
    assert client.upload("Za\u0308hne.xml").status_code == 400


def test_a_refused_upload_claims_no_name(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.upload(statements=[{}]).status_code == 400
    assert client.upload().status_code == 200


def test_a_refused_repeat_does_not_prolong_the_window(sandboxes: Start) -> None:
    client = sandboxes()
    client.upload()
    client.sandbox.clock.advance(20 * HOUR)
    assert client.upload().status_code == 400
    client.sandbox.clock.advance(5 * HOUR)
    assert client.upload().status_code == 200


def test_the_rule_is_kept_per_store(sandboxes: Start) -> None:
    client = sandboxes(further_stores=[OTHER])
    theirs = {"x-api-key": OTHER.api_key, "x-store-id": OTHER.store_id}
    assert client.upload().status_code == 200
    assert client.upload(headers=theirs).status_code == 200
    assert client.upload(headers=theirs).status_code == 400
    assert [entity["storeId"] for entity in client.find().json()["entities"]] == [client.sandbox.credentials.store_id]


def test_the_rule_can_be_switched_off(sandboxes: Start) -> None:
    client = sandboxes(filename_rule=False)
    assert [client.upload().status_code for _ in range(3)] == [200, 200, 200]


def test_a_search_tells_what_became_of_the_statements(sandboxes: Start) -> None:
    client = sandboxes()
    client.upload(statements=[statement(1, posOrderId="x" * 250), statement(2, email="nobody")])
    first, second = client.find().json()["entities"]
    assert (first["status"], first["amountDue"], first["posOrderId"]) == ("pending", 600, "x" * 200)
    assert (first["firstName"], first["email"]) == ("Sally", "sally@example.com")
    assert (second["status"], second["posOrderId"]) == ("failed", None)
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ({}, list(range(20))),
        ({"limit": 3}, [0, 1, 2]),
        ({"limit": 3, "offset": 2}, [6, 7, 8]),
        ({"limit": 100}, list(range(25))),
        ({"limit": 20, "offset": 1}, list(range(20, 25))),
        ({"offset": 7}, []),
        ({"filter": "amountDue=ge=22"}, [22, 23, 24]),
        ({"filter": "status==failed"}, []),
        ({"filter": "(amountDue==3,amountDue==1);status==pending"}, [1, 3]),
        ({"limit": 2, "sort": "-amountDue"}, [24, 23]),
        ({"limit": 2, "sort": "amountDue,desc"}, [24, 23]),
        ({"limit": 2, "sort": "amountDue"}, [0, 1]),
    ],
)
def test_a_search_pages_filters_and_sorts(sandboxes: Start, query: dict[str, Any], amounts: list[int]) -> None:
    client = sandboxes()
    client.upload(statements=[statement(row, amountDue=row) for row in range(25)])
    assert [entity["amountDue"] for entity in client.find(**query).json()["entities"]] == amounts


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": 0},
        {"limit": "ten"},
        {"offset": -1},
        {"filter": "status="},
        {"filter": "name==x"},
        {"filter": "status==" + "x" * 3000},
        {"sort": "name"},
    ],
)
def test_a_search_refuses(sandboxes: Start, query: dict[str, Any]) -> None:
    reply = sandboxes().find(**query)
    assert (reply.status_code, reply.json()["status"]) == (400, "BAD_REQUEST")


def test_a_search_needs_the_key(sandboxes: Start) -> None:
    assert sandboxes().http.get("/api/v1/pending-invoices/search").status_code == 401


def test_names_that_the_table_does_not_know_are_noted(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.upload(statements=[statement(Email="x")], fileName="y").status_code == 200
    assert client.sandbox.accepted[0].unknown_fields == ("Email", "fileName")
