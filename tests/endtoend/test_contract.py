"""Every request of the agent, and every reply that it got, is held against the vendor's published contract."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from jsonschema.exceptions import ValidationError
from openapi_schema_validator import OAS30Validator, OAS30WriteValidator

from agent.destinations.attachments import AttachmentsDestination
from agent.sandbox import paths
from tests.support import files
from tests.support.contract import validate
from tests.support.good_packets import good_packets
from tests.support.practice import Practice
from tests.support.recording import Exchange

CREATE = "/attachments/documents"
IMAGE_INTELLIGENCE = "/attachments/documents/image-intelligence"
PER_KIND = [packet for packet in good_packets() if packet.id.startswith(("type-", "count-", "ii-"))]


def schema_of(contract: dict[str, Any], path: str, media_type: str) -> dict[str, Any]:
    """Return the schema of a request body. The patterns of `fileMetadata` are left out: they refuse the contract's own
    examples (doubled backslashes, and no repetition behind the first comma)."""
    components = json.loads(json.dumps(contract["components"]))
    for part in components["schemas"]["ImageIntelligenceMetadata"]["properties"].values():
        part.pop("pattern", None)
    content = contract["paths"][path]["post"]["requestBody"]["content"]
    return {"allOf": [content[media_type]["schema"]], "components": components}


def holds(instance: Any, schema: dict[str, Any]) -> None:
    OAS30WriteValidator(schema, format_checker=OAS30Validator.FORMAT_CHECKER).validate(instance)


def form_of(exchange: Exchange) -> dict[str, Any]:
    """Return what a create request says, flat as the schema has it."""
    fields, uploads = exchange.form
    metadata = dict(json.loads(fields.pop("request"))) if "request" in fields else {}
    if "fileMetadata" in fields:
        metadata["fileMetadata"] = json.loads(fields.pop("fileMetadata"))
    assert not set(metadata) & set(fields)
    return metadata | fields | {"files": [upload.data for upload in uploads]}


def hold_request(exchange: Exchange, contract: dict[str, Any]) -> None:
    path = exchange.request.url.path.removeprefix(paths.ATTACHMENTS)
    operation = contract["paths"][path][exchange.request.method.lower()]
    assert exchange.request.headers["authorization"].startswith("Bearer ")
    if "requestBody" not in operation:
        assert not exchange.body
        return
    assert int(exchange.request.headers["content-length"]) == len(exchange.body)
    assert exchange.content_type in operation["requestBody"]["content"]
    if exchange.content_type == "application/json":
        holds(json.loads(exchange.body), schema_of(contract, path, "application/json"))
        return
    form = form_of(exchange)
    holds(form, schema_of(contract, path, "multipart/form-data"))
    published = operation["requestBody"]["content"]["multipart/form-data"]
    assert set(form) <= set(published["schema"]["properties"]), "a part that the contract does not know"
    kinds = {kind.strip() for kind in published["encoding"]["files"]["contentType"].split(", ")}
    for upload in exchange.form[1]:
        assert upload.filename
        assert upload.content_type in kinds


def hold_reply(exchange: Exchange, contract: dict[str, Any]) -> None:
    assert exchange.reply is not None
    assert exchange.reply.is_closed
    reply = exchange.reply.__class__(
        exchange.reply.status_code,
        headers=exchange.reply.headers,
        content=bytes(exchange.reply_body),
        request=exchange.request,
    )
    validate(reply, contract)


def at_the_service(exchanges: list[Exchange]) -> list[Exchange]:
    return [exchange for exchange in exchanges if exchange.request.url.path.startswith(paths.ATTACHMENTS)]


@pytest.mark.parametrize("style", ["json", "fields"])
def test_uploads_of_every_type_are_as_the_contract_has_them(
    tmp_path: Path, exchanges: list[Exchange], contract: dict[str, Any], style: str
) -> None:
    with Practice(tmp_path, lane=f'request_style = "{style}"') as practice:
        for packet in PER_KIND:
            for name, data in packet.drops.items():
                practice.drop(name, data)
        practice.wait_until_sent(len(PER_KIND))
    uploads = at_the_service(exchanges)
    assert len(uploads) == len(PER_KIND)
    assert {exchange.request.url.path.removeprefix(paths.ATTACHMENTS) for exchange in uploads} == {
        CREATE,
        IMAGE_INTELLIGENCE,
    }
    for exchange in uploads:
        assert ("request" in exchange.form[0]) == (style == "json")
        hold_request(exchange, contract)
        hold_reply(exchange, contract)


def test_a_token_is_asked_for_as_a_form_once_for_all_uploads(tmp_path: Path, exchanges: list[Exchange]) -> None:
    with Practice(tmp_path) as practice:
        for number in range(3):
            practice.drop_packet(f"scan-{number}", claimId=f"CLM-{number}")
        practice.wait_until_sent(3)
        [asked] = [exchange for exchange in exchanges if exchange.request.url.path == paths.TOKEN]
        assert asked.content_type == "application/x-www-form-urlencoded"
        assert asked.form[0] == {
            "grant_type": "client_credentials",
            "client_id": practice.sandbox.credentials.client_id,
            "client_secret": practice.sandbox.credentials.client_secret,
        }


def test_health_and_search_are_as_the_contract_has_them_and_the_bytes_come_back(
    tmp_path: Path, exchanges: list[Exchange], contract: dict[str, Any]
) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.engine is not None
        [lane] = practice.engine.control.state.lanes.values()
        destination = lane.destination
        assert isinstance(destination, AttachmentsDestination)
        exchanges.clear()
        assert destination.health().problem is None
        receipt = practice.receipts()["scan"]
        by_number = destination.search((receipt["attachment_control_number"],), Event())
        by_id = destination.search(tuple(receipt["attachment_ids"]), Event())
        assert isinstance(by_number, tuple)
        assert by_number == by_id
        assert [file.sha256 for file in by_number] == [file["sha256"] for file in receipt["files"]]
    assert len(at_the_service(exchanges)) == 3
    for exchange in at_the_service(exchanges):
        hold_request(exchange, contract)
        hold_reply(exchange, contract)


@pytest.mark.parametrize(
    ("plan", "status"), [("400@1", 400), ("413@1", 413), ("429:0@1", 429), ("500@1", 500), ("503@1", 503)]
)
def test_refusals_are_as_the_contract_has_them(
    tmp_path: Path, exchanges: list[Exchange], contract: dict[str, Any], plan: str, status: int
) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_for(lambda: practice.receipts() or practice.problems(), "an end")
    first = at_the_service(exchanges)[0]
    assert first.reply is not None
    assert first.reply.status_code == status
    hold_request(first, contract)
    hold_reply(first, contract)


@pytest.mark.parametrize("fault", [{"payerId": "1234"}, {"claimId": "x" * 51}, {"files": []}, {"memberId": None}])
def test_the_contract_can_say_no(contract: dict[str, Any], fault: dict[str, Any]) -> None:
    good = dict(json.loads(files.sidecar())) | {"files": [b"%PDF"]}
    schema = schema_of(contract, CREATE, "multipart/form-data")
    holds(good, schema)
    with pytest.raises(ValidationError):
        holds(good | fault, schema)
