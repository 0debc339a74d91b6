"""Statement files all the way: from the watched folder over a real socket to the service, and to the receipt."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.delivery import open_questions
from tests.support.recording import Exchange
from tests.support.statement_files import HEADINGS, ROW, address, csv, opendental, statement
from tests.support.statements_practice import StatementsPractice

SAMPLES = Path(__file__).parents[2] / "assets" / "samples" / "statements"
NAME = "Statements.xml"


def billing_run(number: int, statements: int = 3) -> bytes:
    """One run's export; its account numbers tell the run."""
    return opendental(*(statement(address(account=f"{number}{row:02}")) for row in range(statements)))


def run_accounts(number: int, statements: int = 3) -> list[str]:
    return [f"{number}{row:02}" for row in range(statements)]


# --- What goes out --------------------------------------------------------------------------------------------------

EXPECTED: dict[str, list[tuple[str, int, str, str | None, str | None, int]]] = {
    "Statements.xml": [
        ("1045", 19040, "Snow", "john.snow@example.com", None, 3),
        ("1046", 8800, "van Buren", "maria@example.com", None, 3),
        ("1050", 120450, "Tarly Jr.", None, None, 1),
    ],
    "balances.xlsx": [
        ("3001", 6425, "Seaworth", "davos@example.com", "+15035550111", 0),
        ("3002", 125000, "Naath", "missandei@example.com", "+15035550112", 0),
        ("3003", 1810, "Waters", "gendry@example.com", "+15035550113", 0),
        ("3004", 9990, "Wild", "ygritte@example.com", "+15035550114", 0),
    ],
    "july-balances.csv": [
        ("2001", 123456, "Lannister", "tyrion@example.com", "+15035550101", 0),
        ("2002", 7500, "Stark", "catelyn@example.com", "+15035550102", 0),
        ("2003", 12050, "Núñez", "jose@example.com", "+15035550103", 0),
        ("2004", 4200, "Tarth", None, None, 0),
        ("2005", 31000, "Mormont", "jorah@example.com", "+15035550105", 0),
    ],
}


@pytest.mark.parametrize("sample", EXPECTED)
def test_a_sample_export_arrives_as_the_service_wants_it(
    tmp_path: Path, exchanges: list[Exchange], sample: str
) -> None:
    data = (SAMPLES / sample).read_bytes()
    with StatementsPractice(tmp_path) as practice:
        practice.drop(sample, data)
        practice.wait_until_sent(1)
        [body] = practice.bodies()
        [exchange] = exchanges
        credentials, destination = practice.sandbox.credentials, f"{practice.sandbox.url}/api/v1/pending-invoices/"
        assert practice.sandbox.accepted[0].unknown_fields == ()

    assert set(body) == {"filename", "pendingInvoiceUploads"}
    assert body["filename"] == sample
    statements = body["pendingInvoiceUploads"]
    assert [
        (
            one["externalPatientId"],
            one["amountDue"],
            one["lastName"],
            one.get("email"),
            one.get("smsPhoneNumber"),
            len(one.get("lineItems", [])),
        )
        for one in statements
    ] == EXPECTED[sample]
    assert all(one["externalPmsPatientId"] == one["externalPatientId"] for one in statements)
    assert {one["statementDate"] for one in statements} == {"2026-07-31"}
    numbers = [one["rowNum"] for one in statements]
    assert numbers == sorted(set(numbers))

    request = exchange.request
    assert (request.method, str(request.url)) == ("POST", destination)
    assert request.headers["x-api-key"] == credentials.api_key
    assert request.headers["x-store-id"] == credentials.store_id
    assert request.headers["content-type"] == "application/json"
    assert int(request.headers["content-length"]) == len(exchange.body)
    assert "transfer-encoding" not in request.headers
    assert "authorization" not in request.headers
    assert json.loads(exchange.body) == body

    [receipt] = practice.receipts().values()
    digest = hashlib.sha256(data).hexdigest()
    assert receipt["files"] == [{"name": sample, "size": len(data), "sha256": digest, "original_sha256": digest}]
    assert receipt["response"] == json.loads(exchange.reply_body)
    assert (receipt["status"], receipt["attempts"], receipt["confirmed_by"]) == (200, 1, "response")
    assert receipt["destination"] == destination
    assert credentials.api_key not in json.dumps(receipt)
    assert practice.sent()[sample] == data
    assert practice.waiting() == []


def test_line_items_of_an_open_dental_statement(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path) as practice:
        practice.drop(NAME, (SAMPLES / NAME).read_bytes())
        practice.wait_until_sent(1)
        [body] = practice.bodies()
    first = body["pendingInvoiceUploads"][0]
    assert first["patientNote"].startswith("PAST DUE: please call us")
    assert first["lineItems"][0] == {"description": "Balance Forward", "balance": 5000}
    composite = first["lineItems"][1]
    assert composite["description"].endswith("two surfaces, posterior")
    assert (composite["sku"], composite["charges"], composite["dateOfService"]) == ("D2392", 35100, "2026-07-06")


# --- What the service says afterwards -------------------------------------------------------------------------------


def test_statements_that_the_service_marks_as_failed_are_named_in_the_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_questions, "AFTER", (0.0,))
    nobody = ("1002", "07/31/2026", "", "15.00")  # no name, and nowhere to send it
    with StatementsPractice(tmp_path, lane="verify = true") as practice:
        practice.drop("july.csv", csv((*ROW, "john@example.com"), (*nobody, ""), headings=(*HEADINGS, "Email")))
        practice.wait_until_sent(1)
        practice.wait_for(lambda: practice.lane_status().get("needs_attention") == 1, "someone to be asked for")
    [receipt] = practice.receipts().values()
    problem = receipt["verification"]["problem"]
    assert problem["code"] == "statements-not-accepted"
    assert "1 of its 2 statements" in problem["sentence"]
    assert [fault["value"] for fault in problem["details"]] == ["1002"]
    assert problem["sentence"] in receipt["warnings"]
    assert practice.failed() == {}
    assert list(practice.sent()) == ["july.csv"]


def test_statements_that_are_all_in_order_are_asked_about_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_questions, "AFTER", (0.0, 0.0, 0.0))
    with StatementsPractice(tmp_path, lane="verify = true") as practice:
        practice.drop("july.csv", csv((*ROW, "john@example.com"), headings=(*HEADINGS, "Email")))
        practice.wait_until_sent(1)
        searches = [seen for seen in practice.sandbox.requests if seen.traffic == "search"]
    [receipt] = practice.receipts().values()
    assert receipt["verification"]["problem"] is None
    assert receipt["warnings"] == []
    assert len(searches) == 4  # once before, three times after


# --- What the service refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 412])
def test_both_shapes_of_refusal_become_a_problem_that_can_be_read(tmp_path: Path, status: int) -> None:
    with StatementsPractice(tmp_path, plan=f"{status}@1") as practice:
        practice.drop(NAME, billing_run(1))
        practice.wait_until_failed(1)
    [problem] = practice.problems().values()
    assert problem["code"]
    assert "Statements.xml" in practice.failed()
    assert str(status) not in problem["sentence"]
    assert "{" not in problem["sentence"] + problem["what_to_do"]
    text = (practice.folder / "failed" / "Statements.problem.txt").read_text()
    assert problem["sentence"] in text
    assert problem["what_to_do"] in text
    assert practice.sandbox.credentials.api_key not in text


@pytest.mark.slow
def test_a_name_that_another_pc_has_used_is_held_and_goes_when_the_service_takes_it(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path / "one") as other:
        other.drop(NAME, billing_run(1))
        other.wait_until_sent(1)
        with StatementsPractice(tmp_path / "two", sandbox=other.sandbox) as practice:
            practice.at_service = other.at_service
            practice.drop(NAME, billing_run(2))
            practice.wait_for(practice.held, "a held file")
            for tries in range(2, 5):
                practice.let_pass(hours=1.01)
                practice.wait_for(lambda tries=tries: attempts(practice) == tries, f"try {tries}")
            assert len(practice.bodies()) == 1
            practice.let_pass(hours=24)
            practice.wait_until_sent(1)
            assert practice.accounts() == [run_accounts(1), run_accounts(2)]
            [receipt] = practice.receipts().values()
            assert (receipt["attempts"], receipt["confirmed_by"]) == (5, "response")


def attempts(practice: StatementsPractice) -> int:
    packets: list[dict[str, Any]] = practice.status().get("packets", [])
    return sum(packet["attempts"] for packet in packets if packet["state"] == "held")


def test_a_lost_reply_and_then_a_refused_name_mean_delivered_once(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path, plan="drop-after-body@1") as practice:
        practice.drop(NAME, billing_run(1))
        practice.wait_until_sent(1)
        assert practice.accounts() == [run_accounts(1)]
    [receipt] = practice.receipts().values()
    assert receipt["confirmed_by"] == "refusal"
    assert receipt["possibly_sent_twice"] is False
    assert receipt["attempts"] == 2
    assert "24-hour" in receipt["response"]["message"]


# --- The same name again --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_file_overwritten_in_place_three_times_in_a_day_goes_whole_in_order_a_day_apart(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path, plan="slow-reply:1@1") as practice:
        practice.drop(NAME, billing_run(1))
        practice.wait_for(lambda: practice.bodies(), "the first upload to be under way")
        assert practice.receipts() == {}
        practice.write_slowly(NAME, billing_run(2, 20))  # while the service keeps the first one waiting
        practice.wait_until_sent(1)
        practice.wait_for(lambda: len(practice.held()) == 1, "the second to be held")
        for number in (3, 4):
            practice.let_pass(hours=2)
            practice.write_slowly(NAME, billing_run(number, 20))
            practice.wait_for(lambda number=number: len(practice.held()) == number - 1, f"run {number} to be held")
        assert len(practice.bodies()) == 1
        for number in (2, 3, 4):
            practice.let_pass(hours=24)
            practice.wait_until_sent(number)
            assert len(practice.bodies()) == number
        assert practice.accounts() == [run_accounts(1), *(run_accounts(number, 20) for number in (2, 3, 4))]
        moments = [accepted.time for accepted in practice.sandbox.accepted]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
        assert all(gap >= 24 * 3600 for gap in gaps), gaps
        refused = [seen.status for seen in practice.sandbox.requests if seen.status != 200]
        assert refused == []
    assert practice.problems() == {}
    assert sorted(practice.sent_whole()) == sorted([billing_run(1), *(billing_run(n, 20) for n in (2, 3, 4))])


@pytest.mark.slow
def test_a_second_file_while_the_first_goes_slowly_over_a_limited_line(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path, agent='upload_limit = "10 KB/s"') as practice:
        practice.drop(NAME, billing_run(1, 90))
        practice.wait_for(lambda: practice.sending() and practice.sandbox.requests, "the first upload to be under way")
        practice.drop(NAME, billing_run(2))
        practice.wait_for(lambda: len(practice.held()) == 1, "the second to be held")
        assert practice.bodies() == []
        practice.wait_until_sent(1)
        assert practice.accounts() == [run_accounts(1, 90)]
