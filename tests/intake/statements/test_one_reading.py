"""What can be read in one way goes as it is meant; what can be read in two is asked about, in its own terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.statement_files import body, check, csv

BASE = ("Account Number", "Statement Date", "Amount Due", "Email")
ONE = ("A1", "2026-07-20", "40.00", "a@example.com")


def _said(data: bytes, spool: Path, name: str = "a.csv") -> str:
    problem = check(data, name, spool).problem
    assert problem is not None
    return " ".join([problem.sentence, *(f"{f.where} {f.value} {f.message}" for f in problem.details)])


@pytest.mark.parametrize("cell", ["#N/A", "#name?", "Mu\ufffdoz", "=A1"])
def test_what_stands_in_place_of_a_value_is_named_with_its_cell(cell: str, tmp_path: Path) -> None:
    said = _said(csv((*ONE, cell), headings=(*BASE, "Last Name")), tmp_path / "s.json")
    assert "row 2, column Last Name" in said


@pytest.mark.parametrize("cell", ["1.23457e+11", "1.2E+15", "5-Mar", "Mar-05", "3/5/2026"])
def test_an_id_that_excel_has_changed_is_asked_about(cell: str, tmp_path: Path) -> None:
    assert "row 2, column Account Number" in _said(csv((cell, *ONE[1:]), headings=BASE), tmp_path / "s.json")


@pytest.mark.parametrize(
    "row",
    [
        ("", "", "Total", "40.00"),
        ("Practice Total", "", "", "40.00"),
        ("Page 1 of 3", "", "", ""),
        ("2 record(s)", "", "", ""),
        ("1", "", "", "40.00"),
        ("End of report", "", "", ""),
    ],
)
def test_a_footer_is_left_out_and_told(row: tuple[str, ...], tmp_path: Path) -> None:
    headings = ("Account Number", "Statement Date", "Patient Name", "Amount Due")
    checked = check(csv(("A1", "2026-07-20", "Bo Berg", "40.00"), row, headings=headings), "a.csv", tmp_path / "s.json")
    assert len(body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]) == 1
    assert "1 row of totals, counts or page numbers left out: row 3." in checked.warnings


@pytest.mark.parametrize("name", ["Total", "Sum", "Page", "Count"])
def test_a_patient_with_the_name_of_a_footer_is_a_patient(name: str, tmp_path: Path) -> None:
    headings = ("Patient Name", "Account Number", "Statement Date", "Amount Due")
    checked = check(csv((name, "T9", "2026-07-20", "20.00"), headings=headings), "a.csv", tmp_path / "s.json")
    (sent,) = body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]
    assert (sent["lastName"], sent["amountDue"]) == (name, 2000)


@pytest.mark.parametrize(
    "row", [("Total", "2026-07-20", "Bo Berg", "40.00"), ("A1", "", "Total", "40.00"), ("7", "", "", "40.00")]
)
def test_a_row_that_may_be_either_is_asked_about(row: tuple[str, ...], tmp_path: Path) -> None:
    headings = ("Account Number", "Statement Date", "Patient Name", "Amount Due")
    said = _said(csv(("A2", "2026-07-20", "Al Berg", "40.00"), row, headings=headings), tmp_path / "s.json")
    assert "row 3" in said
    assert "a total or a patient" in said


def test_one_statement_written_in_two_ways_is_one_statement(tmp_path: Path) -> None:
    headings = (*BASE, "DOS", "Code", "Charges")
    rows = [(*ONE, "2026-07-01", "D1", "20"), ("A1", "7/20/2026", "$40.00", ONE[3], "2026-07-02", "D2", "20")]
    checked = check(csv(*rows, headings=headings), "a.csv", tmp_path / "s.json")
    (sent,) = body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]
    assert (sent["amountDue"], len(sent["lineItems"])) == (4000, 2)


def test_equal_amounts_by_line_are_not_taken_for_one_amount_repeated(tmp_path: Path) -> None:
    headings = ("Account Number", "Statement Date", "Email", "DOS", "Code", "Amount")
    rows = [("A1", "2026-07-20", ONE[3], f"2026-07-0{n}", "D1110", "85.00") for n in (1, 2)]
    assert "row 3, column Amount" in _said(csv(*rows, headings=headings), tmp_path / "s.json")


@pytest.mark.parametrize(
    "headings",
    [(*BASE, "Charges", "Payments", "Insurance Paid"), (*BASE, "Charges", "Fee", "Credit")],
)
def test_several_columns_of_money_for_one_field_are_asked_about(headings: tuple[str, ...], tmp_path: Path) -> None:
    said = _said(csv((*ONE, "40.00", "0", "0"), headings=headings), tmp_path / "s.json")
    assert "several columns" in said


def test_two_columns_that_ask_for_different_amounts_are_asked_about_and_equal_ones_go(tmp_path: Path) -> None:
    headings = (*BASE, "Balance Due")
    assert "Balance Due says 50.00" in _said(csv((*ONE, "50.00"), headings=headings), tmp_path / "s.json")
    assert check(csv((*ONE, "$40.00"), headings=headings), "a.csv", tmp_path / "s.json").problem is None


def test_a_balance_beside_the_amount_due_is_no_line_and_is_told(tmp_path: Path) -> None:
    checked = check(csv((*ONE, "90.00"), headings=(*BASE, "Balance")), "a.csv", tmp_path / "s.json")
    (sent,) = body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]
    assert "lineItems" not in sent
    assert "Columns that are not sent, since another column was taken for the same: Balance." in checked.warnings


def test_the_one_who_pays_is_addressed(tmp_path: Path) -> None:
    headings = (*BASE, "Guarantor Name", "Patient First Name", "Patient Last Name")
    checked = check(csv((*ONE, "Anna Berg", "Bo", "Holm"), headings=headings), "a.csv", tmp_path / "s.json")
    (sent,) = body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]
    assert (sent["firstName"], sent["lastName"]) == ("Anna", "Berg")


def test_the_names_of_two_people_are_not_mixed(tmp_path: Path) -> None:
    headings = (*BASE, "Guarantor First Name", "Patient Last Name")
    assert "several columns" in _said(csv((*ONE, "Anna", "Holm"), headings=headings), tmp_path / "s.json")


def test_the_same_row_twice_is_asked_about(tmp_path: Path) -> None:
    assert "the same amount in row 2" in _said(csv(ONE, ONE, headings=BASE), tmp_path / "s.json")


def test_the_services_own_headings_mean_cents(tmp_path: Path) -> None:
    headings = ("externalPatientId", "statementDate", "amountDue", "firstName")
    checked = check(csv(("A1", "2026-07-20", "600", "Bo"), headings=headings), "a.csv", tmp_path / "s.json")
    assert body(checked, tmp_path / "s.json")["pendingInvoiceUploads"][0]["amountDue"] == 600


@pytest.mark.parametrize("heading", ["amountDue", "amount_due"])
def test_dollars_or_cents_is_asked_about_where_only_some_headings_are_the_services(
    heading: str, tmp_path: Path
) -> None:
    headings = ("external_patient_id", "Statement Date", heading)
    assert "whole cents" in _said(csv(("A1", "2026-07-20", "600"), headings=headings), tmp_path / "s.json")
    checked = check(csv(("A1", "2026-07-20", "6.00"), headings=headings), "a.csv", tmp_path / "s.json")
    assert body(checked, tmp_path / "s.json")["pendingInvoiceUploads"][0]["amountDue"] == 600


def test_json_names_are_taken_in_any_case_and_with_any_separator_but_not_twice(tmp_path: Path) -> None:
    one = b'{"STATEMENT_DATE": "2026-07-20", "external-patient-id": "A1", "AmountDue": 600}'
    good = b'{"pending_invoice_uploads": [' + one + b"]}"
    checked = check(good, "a.json", tmp_path / "s.json")
    assert body(checked, tmp_path / "s.json")["pendingInvoiceUploads"][0]["amountDue"] == 600
    twice = good.replace(b'"AmountDue": 600', b'"AmountDue": 600, "amount_due": 700')
    assert "same name twice" in _said(twice, tmp_path / "s.json", "a.json")
