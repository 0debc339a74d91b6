"""The whole way to the services' stand-ins: names, bytes, tokens, faults."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from agent.destinations.transport import build_client
from agent.model import Blocked, Delivered, Refused, Retry, StatementUpload, Unknown
from agent.sandbox.faults import Mishap
from agent.sandbox.paths import Traffic
from agent.sandbox.server import Sandbox
from tests.support import wire
from tests.support.wire import PDF, ignore_progress, scan


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(filename_rule=True) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.faults("")
    return running


def attachments(sandbox: Sandbox, **changes):
    return wire.attachments(
        changes.pop("client", None) or build_client(),
        sandbox.attachments_url,
        token_url=sandbox.token_url,
        client_id=sandbox.credentials.client_id,
        secret=lambda: sandbox.credentials.client_secret,
        **changes,
    )


def statements(sandbox: Sandbox, **changes):
    credentials = sandbox.credentials
    return wire.statements(
        build_client(),
        sandbox.url,
        **{"store_id": credentials.store_id, "api_key": lambda: credentials.api_key, **changes},
    )


def statement(place: Path, filename: str) -> StatementUpload:
    row = {
        "rowNum": 0,
        "statementDate": "2026-07-01",
        "externalPatientId": "P1",
        "externalPmsPatientId": "P1",
        "amountDue": 600,
    }
    content = json.dumps({"filename": filename, "pendingInvoiceUploads": [row]}).encode()
    return wire.statement(place, filename, content)


NAMES = ["plain.pdf", "zwei Wörter.pdf", "😀.pdf", 'the "left" one.pdf', "x" * 196 + ".pdf"]


@pytest.mark.parametrize("style", ["json", "fields"])
def test_names_and_bytes_arrive_and_can_be_fetched_back(sandbox: Sandbox, tmp_path: Path, style: str):
    request = scan(tmp_path, *NAMES)
    (tmp_path / NAMES[0]).write_bytes(PDF + os.urandom(3_000_000) + b"\n%%EOF\n")
    destination = attachments(sandbox, request_style=style)
    result = destination.send(request, tmp_path, ignore_progress, Event())
    assert isinstance(result.outcome, Delivered), result
    arrived = [part for part in sandbox.accepted[-1].parts if part.filename]
    assert [part.filename for part in arrived] == NAMES
    assert [(part.filename, part.size, part.sha256) for part in arrived] == [
        (file.name, file.size, file.sha256) for file in result.files
    ]
    assert result.files[0].sha256 == hashlib.sha256((tmp_path / NAMES[0]).read_bytes()).hexdigest()
    fetched = destination.search((result.outcome.attachment_control_number,), Event())
    assert sorted(file.sha256 for file in fetched) == sorted(file.sha256 for file in result.files)
    destination.close()


def test_image_intelligence_gives_its_transaction(sandbox: Sandbox, tmp_path: Path):
    details = {
        "fileName": "a.pdf",
        "mimeType": "application/pdf",
        "serviceDate": "2026-07-01",
        "procedureCodes": "D0220",
        "toothNumbers": "03",
    }
    request = replace(scan(tmp_path, "a.pdf"), file_metadata=(details,))
    destination = attachments(sandbox)
    result = destination.send(request, tmp_path, ignore_progress, Event())
    destination.close()
    assert isinstance(result.outcome, Delivered), result
    assert result.outcome.image_intelligence_transaction_id


def test_the_services_refusal_is_told_by_field(sandbox: Sandbox, tmp_path: Path):
    request = replace(scan(tmp_path, "a.pdf"), metadata={**wire.METADATA, "payerId": "TOO-LONG"})
    destination = attachments(sandbox)
    result = destination.send(request, tmp_path, ignore_progress, Event())
    destination.close()
    assert isinstance(result.outcome, Refused)
    assert "payer ID" in [fault.where for fault in result.outcome.problem.details]


def test_eight_senders_share_one_token(sandbox: Sandbox, tmp_path: Path):
    before = sum(seen.traffic is Traffic.TOKEN for seen in sandbox.requests)
    request = scan(tmp_path, "a.pdf")
    destination = attachments(sandbox)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: destination.send(request, tmp_path, ignore_progress, Event()), range(24)))
    assert all(isinstance(result.outcome, Delivered) for result in results)
    assert sum(seen.traffic is Traffic.TOKEN for seen in sandbox.requests) - before == 1
    sandbox.revoke_tokens()
    assert isinstance(destination.send(request, tmp_path, ignore_progress, Event()).outcome, Delivered)
    assert sum(seen.traffic is Traffic.TOKEN for seen in sandbox.requests) - before == 2
    destination.close()


def test_health_of_both(sandbox: Sandbox):
    for destination in (attachments(sandbox), statements(sandbox)):
        assert destination.health().problem is None
        destination.close()


def test_a_repeated_statement_name(sandbox: Sandbox, tmp_path: Path):
    destination = statements(sandbox)
    first = destination.send(statement(tmp_path, "Repeated.xml"), tmp_path, ignore_progress, Event())
    again = destination.send(statement(tmp_path, "Repeated.xml"), tmp_path, ignore_progress, Event())
    found = destination.search("", 0, Event())
    destination.close()
    assert isinstance(first.outcome, Delivered), first
    assert isinstance(again.outcome, Refused)
    assert again.outcome.name_taken
    assert len(found.entities) >= 1


def test_a_wrong_key(sandbox: Sandbox, tmp_path: Path):
    destination = statements(sandbox, api_key=lambda: "another-key")
    result = destination.send(statement(tmp_path, "Key.xml"), tmp_path, ignore_progress, Event())
    destination.close()
    assert isinstance(result.outcome, Blocked)


FAULTS = {
    "503@1": Retry,
    "429:3@1": Retry,
    "403@1": Blocked,
    "409@1": Refused,
    Mishap.DROP_BEFORE_BODY: Retry | Unknown,  # a small body may be in the system's buffers already
    Mishap.DROP_AFTER_BODY: Unknown,
    Mishap.DROP_UNACCEPTED: Unknown,
    Mishap.GARBAGE: Unknown,
    Mishap.HUGE: Unknown,
    Mishap.TRUNCATED: Unknown,
    f"{Mishap.SLOW_REPLY}:0.1@1": Delivered,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["attachments", "statements"])
def test_faults_on_demand(sandbox: Sandbox, tmp_path: Path, kind: str, fault: str):
    sandbox.faults(fault if "@" in fault else f"{fault}@1")
    if kind == "attachments":
        destination, request = attachments(sandbox), scan(tmp_path, "a.pdf")
    else:
        destination, request = statements(sandbox), statement(tmp_path, f"{fault}.xml".replace(":", " "))
    result = destination.send(request, tmp_path, ignore_progress, Event())
    destination.close()
    assert isinstance(result.outcome, FAULTS[fault])


@pytest.mark.parametrize("fault", [Mishap.REVOKE, Mishap.EXPIRED])
def test_a_token_that_ends_early_is_renewed(sandbox: Sandbox, tmp_path: Path, fault: str):
    sandbox.faults(f"{fault}@1")
    destination = attachments(sandbox)
    result = destination.send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event())
    destination.close()
    assert isinstance(result.outcome, Delivered)


def test_over_tls(tmp_path: Path):
    with Sandbox(tls=True) as sandbox:
        context = ssl.create_default_context(cafile=str(sandbox.ca))
        destination = attachments(sandbox, client=build_client(ssl_context=context))
        assert isinstance(
            destination.send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event()).outcome, Delivered
        )
        destination.close()
        doubting = attachments(sandbox)
        blocked = doubting.send(scan(tmp_path, "b.pdf"), tmp_path, ignore_progress, Event()).outcome
        doubting.close()
    assert isinstance(blocked, Blocked)
    assert blocked.problem.code == "certificate-not-trusted"
