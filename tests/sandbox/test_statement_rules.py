"""The statements service's rules, field by field."""

from typing import Any

import pytest

from agent.sandbox.statement_rules import BadUpload, check_upload, fails_at_upload, unknown_fields
from tests.support.sandbox import statement


def upload(*statements: Any, **changes: Any) -> dict[str, Any]:
    return {"filename": "Statements.xml", "pendingInvoiceUploads": list(statements)} | changes


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ([], "JSON object"),
        (None, "JSON object"),
        (upload(statement(), filename=None), "filename"),
        (upload(statement(), filename=" "), "filename"),
        (upload(statement(), filename=7), "filename"),
        (upload(), "pendingInvoiceUploads"),
        (upload(pendingInvoiceUploads={}), "pendingInvoiceUploads"),
        (upload("x"), "pendingInvoiceUploads[0]"),
        (upload(statement(statementDate=None)), "statementDate"),
        (upload(statement(statementDate="06/22/2023")), "statementDate"),
        (upload(statement(statementDate="2023-06-31")), "statementDate"),
        (upload(statement(rowNum=None)), "rowNum"),
        (upload(statement(rowNum="1")), "rowNum"),
        (upload(statement(rowNum=True)), "rowNum"),
        (upload(statement(rowNum=-1)), "rowNum"),
        (upload(statement(rowNum=1.0)), "rowNum"),
        (upload(statement(1), statement(1)), "pendingInvoiceUploads[1].rowNum"),
        (upload(statement(externalPatientId=None)), "externalPatientId"),
        (upload(statement(externalPmsPatientId="")), "externalPmsPatientId"),
        (upload(statement(externalPmsPatientId=17)), "externalPmsPatientId"),
        (upload(statement(amountDue=6.5)), "amountDue"),
        (upload(statement(amountDue="600")), "amountDue"),
        (upload(statement(email=7)), "email"),
        (upload(statement(lineItems={})), "lineItems"),
        (upload(statement(lineItems=["x"])), "lineItems[0]"),
        (upload(statement(lineItems=[{"charges": 1.5}])), "lineItems[0].charges"),
        (upload(statement(lineItems=[{}, {"dateOfService": "1/2/2024"}])), "lineItems[1].dateOfService"),
    ],
)
def test_a_body_that_breaks_the_published_table_is_refused_naming_the_field(body: Any, names: str) -> None:
    with pytest.raises(BadUpload) as refused:
        check_upload(body)
    assert refused.value.status == 400
    assert names in refused.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rowNum": 0},
        {"amountDue": None},
        {"amountDue": -50},
        {"lineItems": []},
        {"lineItems": [{"date": "2024-01-15", "sku": "D1110", "charges": 13900, "credit": 13700, "balance": 200}]},
        {"posOrderId": "x" * 300},
    ],
)
def test_a_good_statement_passes(changes: dict[str, Any]) -> None:
    assert check_upload(upload(statement(**changes)))[0] == "Statements.xml"


def test_a_refusal_of_many_faults_stays_short() -> None:
    with pytest.raises(BadUpload) as refused:
        check_upload(upload(*[{} for _ in range(10_000)]))
    assert len(refused.value.message) < 5000


def test_locations_are_named_for_all_statements_or_for_none() -> None:
    check_upload(upload(statement(1, externalLocationId="A"), statement(2, externalLocationId="B")))
    with pytest.raises(BadUpload) as refused:
        check_upload(upload(statement(1, externalLocationId="A"), statement(2)))
    assert refused.value.status == 412


def test_names_that_the_table_does_not_know_are_noted() -> None:
    body = upload(statement(rownum=1, lineItems=[{"Charges": 1}]), fileName="x")
    assert unknown_fields(body) == ["Charges", "fileName", "rownum"]


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({}, False),
        ({"email": None, "smsPhoneNumber": "+15555550123"}, False),
        (
            {"email": "", "addressLine1": "1 Main St", "addressCity": "X", "addressState": "GA", "addressZip": "30030"},
            False,
        ),
        ({"email": None}, True),
        ({"email": None, "addressLine1": "1 Main St"}, True),
        ({"email": "sally"}, True),
        ({"smsPhoneNumber": "555-0123"}, True),
        ({"firstName": None, "lastName": None}, True),
        ({"firstName": None}, False),
    ],
)
def test_a_statement_that_nobody_could_be_sent_fails_at_upload(changes: dict[str, Any], fails: bool) -> None:
    assert fails_at_upload(statement(**changes)) is fails
