"""Every packet that can go, goes: the bytes at the service equal the bytes dropped, and so do those on the shelf.

All of them are dropped at once, one run of the agent for each request style; each test looks at one packet of that run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.sandbox.records import AcceptedAttachments
from tests.support.good_packets import GoodPacket, good_packets
from tests.support.practice import Practice

PACKETS = {packet.id: packet for packet in good_packets()}
RECEIPT_FIELDS = {
    "packet",
    "store",
    "lane",
    "claim_id",
    "payer_id",
    "date_of_service",
    "files",
    "sent_at",
    "attempts",
    "destination",
    "status",
    "response",
    "attachment_control_number",
    "attachment_ids",
    "image_intelligence_transaction_id",
    "possibly_sent_twice",
    "confirmed_by",
    "warnings",
}
USUAL = {
    "payerId": "60054",
    "memberId": "W00123456",
    "patientLastName": "Example",
    "patientFirstName": "Pat",
    "patientDateOfBirth": "1980-02-29",
    "dateOfService": "2026-01-15",
    "providerNPI": "1234567893",
    "submitterId": "SUB-001",
    "billingProviderTaxId": "012345678",
}


@dataclass
class Day:
    """What a run over all packets left."""

    practice: Practice
    style: str
    by_claim: dict[str, AcceptedAttachments]
    receipts: dict[str, dict[str, Any]]
    sent: dict[str, bytes]


@pytest.fixture(scope="module", params=["json", "fields"])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    style = request.param
    with Practice(tmp_path_factory.mktemp(style), lane=f'request_style = "{style}"') as practice:
        for packet in PACKETS.values():
            for name, data in packet.drops.items():
                practice.drop(name, data)
        practice.wait_for(lambda: len(practice.sandbox.journal) >= len(PACKETS), "every packet at the service")
        practice.wait_until_sent(len(PACKETS))
        accepted = practice.sandbox.accepted
        by_claim = {each.metadata["claimId"]: each for each in accepted if isinstance(each, AcceptedAttachments)}
        yield Day(practice, style, by_claim, practice.receipts(), practice.sent())


@pytest.fixture(params=PACKETS.values(), ids=PACKETS)
def packet(request: pytest.FixtureRequest) -> GoodPacket:
    return request.param


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_service_has_just_the_bytes_that_were_dropped_under_their_names(day: Day, packet: GoodPacket) -> None:
    accepted = day.by_claim[packet.id]
    assert [(part.filename, part.sha256, part.size) for part in accepted.files] == [
        (name, sha256(data), len(data)) for name, data in packet.documents.items()
    ]


def test_the_service_has_the_metadata_of_the_sidecar(day: Day, packet: GoodPacket) -> None:
    accepted = day.by_claim[packet.id]
    assert accepted.request_style == day.style
    assert accepted.metadata == USUAL | {"claimId": packet.id} | packet.metadata
    assert accepted.unknown_fields == ()
    assert len(accepted.file_metadata) == len(packet.file_metadata)
    for sent, expected in zip(accepted.file_metadata, packet.file_metadata, strict=True):
        assert sent | expected == sent


def test_the_files_and_the_sidecar_stand_on_sent_as_they_were_dropped(day: Day, packet: GoodPacket) -> None:
    for name, data in packet.drops.items():
        assert day.sent[name] == data


def test_the_receipt_says_everything(day: Day, packet: GoodPacket) -> None:
    receipt, accepted = day.receipts[packet.name], day.by_claim[packet.id]
    assert set(receipt) >= RECEIPT_FIELDS
    assert (receipt["version"], receipt["claim_id"]) == (1, packet.id)
    assert {(file["on_shelf"], file["sha256"]) for file in receipt["on_shelf"]} == {
        (name, sha256(data)) for name, data in day.sent.items() if name in packet.drops
    }
    assert [{**file, "name": file["name"].rpartition("/")[2]} for file in receipt["files"]] == [
        {"name": name, "size": len(data), "sha256": sha256(data), "original_sha256": sha256(data)}
        for name, data in packet.documents.items()
    ]
    assert (receipt["payer_id"], receipt["date_of_service"]) == (
        accepted.metadata["payerId"],
        accepted.metadata["dateOfService"],
    )
    assert receipt["store"] == "main-street"
    assert receipt["lane"] == "attachments"
    assert receipt["attempts"] == 1
    assert receipt["destination"] == f"{day.practice.sandbox.attachments_url}/attachments/documents"
    assert receipt["status"] == 201
    assert receipt["response"] == accepted.reply
    assert receipt["attachment_control_number"] == accepted.control_number
    assert receipt["attachment_ids"] == list(accepted.attachment_ids)
    assert receipt["image_intelligence_transaction_id"] == (accepted.transaction_id or None)
    assert bool(accepted.transaction_id) is bool(packet.file_metadata)
    assert receipt["possibly_sent_twice"] is False
    assert receipt["confirmed_by"] == "response"
    sent_at = datetime.fromisoformat(receipt["sent_at"])
    assert sent_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - sent_at) < timedelta(hours=1)


def test_each_packet_went_once_and_nothing_is_left_behind(day: Day) -> None:
    assert sorted(day.practice.claims) == sorted(PACKETS)
    assert day.practice.waiting() == []
    assert day.practice.sending() == {}
    assert day.practice.problems() == {}
    dropped = {name for packet in PACKETS.values() for name in packet.drops}
    assert set(day.sent) == dropped
    assert list((day.practice.data_dir / "spool").iterdir()) == []


def test_packet_ids_are_all_different_and_in_the_ledger(day: Day) -> None:
    ids = {receipt["packet"] for receipt in day.receipts.values()}
    assert len(ids) == len(PACKETS)
    assert day.practice.engine is not None
    assert {packet.id for packet in day.practice.engine.control.state.ledger.history()} == ids
