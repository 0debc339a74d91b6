"""Cells that a program has changed on the way are asked about, and no value is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.statement_files import body, check, csv, uploads

HEADINGS = ("Account Number", "Statement Date", "Amount Due", "Last Name", "Address 2")
ONE = ("A1", "2026-07-20", "40.00", "Berg", "Apt 2")


def _asked(data: bytes, spool: Path) -> str:
    problem = check(data, "a.csv", spool).problem
    assert problem is not None
    return " ".join([problem.sentence, *(f"{f.where} {f.value} {f.message}" for f in problem.details)])


def _with(column: str, cell: str) -> bytes:
    at = HEADINGS.index(column)
    quoted = f'"{cell}"' if "," in cell else cell
    return csv((*ONE[:at], quoted, *ONE[at + 1 :]), ("A2", *ONE[1:]), headings=HEADINGS)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("Account Number", cell) for cell in (
            "123.0", "1,234", "####", "1.23457E11", "2026-03-05 00:00:00", "3/5/26", "1:30:00", "TRUE", "NULL", "nan",
            "-", "Snow, John",
        )),
        *(("Last Name", cell) for cell in (
            "12345", "NULL", "NaN", "Mu?oz", "?????", "Mu\u00c3\u00b1oz", "O&#39;Hara", "Mu&ntilde;oz",
            "Smith &amp; Sons", "Mu\\u00f1oz", "Mu%C3%B1oz", "undefined",
        )),
        ("Amount Due", "12.500"), ("Amount Due", "1.000"), ("Amount Due", "NULL"), ("Address 2", "Jos\u00c3\u00a9 St"),
    ],
)  # fmt: skip
def test_what_is_no_value_any_more_is_asked_about(column: str, cell: str, tmp_path: Path) -> None:
    assert f"row 2, column {column}" in _asked(_with(column, cell), tmp_path / "s.json")


@pytest.mark.parametrize("cell", ["NULL", "N/A", "None", "-"])
def test_nothing_where_nothing_is_needed_is_left_out_and_told(cell: str, tmp_path: Path) -> None:
    data = _with("Address 2", cell)
    assert "1 cell that says NULL, N/A or - read as blank: row 2." in check(data, "a.csv", tmp_path / "s").warnings
    assert "addressLine2" not in uploads(data, "a.csv", tmp_path / "s")[0]


@pytest.mark.parametrize(
    "name", ["Null", "Na", "True", "Nan", "S\u00c3O", "Smith & Sons", "\u00c5berg", "100 % Smile Inc"]
)
def test_names_that_only_look_spoiled_go(name: str, tmp_path: Path) -> None:
    assert uploads(_with("Last Name", name), "a.csv", tmp_path / "s")[0]["lastName"] == name


@pytest.mark.parametrize(
    "heading", ["Amount Due (\u20ac)", "Amount Due \u00a2", "Amount Due (Cents)", "Amount Due (CAD)"]
)
def test_a_heading_of_other_money_is_no_column_of_dollars(heading: str, tmp_path: Path) -> None:
    data = csv(ONE[:3], headings=("Account Number", "Statement Date", heading))
    assert "no column for the amount due" in _asked(data, tmp_path / "s.json")


@pytest.mark.parametrize("heading", ["Amount Due ($)", "Amount Due (USD)", "Amount Due (US$)"])
def test_a_heading_may_say_that_it_means_dollars(heading: str, tmp_path: Path) -> None:
    (sent,) = uploads(csv(ONE[:3], headings=("Account Number", "Statement Date", heading)), "a.csv", tmp_path / "s")
    assert sent["amountDue"] == 4000


LINES = ("Account Number", "Statement Date", "Amount Due", "DOS", "Code", "Charges", "Payments", "Balance")


@pytest.mark.parametrize(
    ("due", "balance", "credit", "warned"), [("40", "40", 6000, "1 credit has a minus"), ("160", "160", -6000, "")]
)
def test_a_credit_with_a_minus_is_what_the_balance_proves(
    due: str, balance: str, credit: int, warned: str, tmp_path: Path
) -> None:
    data = csv(("A1", "2026-07-20", due, "2026-07-01", "D1", "100", "-60", balance), headings=LINES)
    checked = check(data, "a.csv", tmp_path / "s")
    (line,) = body(checked, tmp_path / "s")["pendingInvoiceUploads"][0]["lineItems"]
    assert line["credit"] == credit
    assert warned in " ".join(checked.warnings)


@pytest.mark.parametrize("balance", ["", "77"])
def test_a_credit_with_a_minus_that_nothing_proves_is_asked_about(balance: str, tmp_path: Path) -> None:
    data = csv(("A1", "2026-07-20", "40", "2026-07-01", "D1", "100", "-60", balance), headings=LINES)
    assert "row 2, column Payments -60" in _asked(data, tmp_path / "s")


def test_a_balance_that_goes_on_from_line_to_line_is_not_sent_as_that_of_a_line(tmp_path: Path) -> None:
    rows = [("100", "0", "100"), ("50", "0", "150"), ("0", "10", "140")]
    data = csv(
        *(("A1", "2026-07-20", "140", f"2026-07-0{n}", "D1", *row) for n, row in enumerate(rows, 1)), headings=LINES
    )
    checked = check(data, "a.csv", tmp_path / "s")
    (sent,) = body(checked, tmp_path / "s")["pendingInvoiceUploads"]
    assert [line["balance"] for line in sent["lineItems"]] == [10000, 5000, -1000]
    assert "goes on from line to line" in " ".join(checked.warnings)


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1250", "Dvo\u0159\u00e1k"), ("cp1251", "\u0418\u0432\u0430\u043d\u043e\u0432")]
)
def test_a_code_page_of_another_part_of_the_world_is_asked_about(encoding: str, name: str, tmp_path: Path) -> None:
    data = csv(("A1", "2026-07-20", "40", name), headings=HEADINGS[:4]).decode().encode(encoding)
    assert "can be read in more than one way" in _asked(data, tmp_path / "s")


def test_text_of_four_bytes_a_character_is_read(tmp_path: Path) -> None:
    assert len(uploads(csv(ONE, headings=HEADINGS).decode().encode("utf-32"), "a.csv", tmp_path / "s")) == 1


@pytest.mark.parametrize(
    "cell",
    [
        '"""00123"""',
        "`00123",
        "\u201900123",
        "\u201c00123\u201d",
        '\'="00123"',
        '"=""00123"""',
        "'00123",
        '="00123"',
        "\t00123",
    ],
)
def test_every_guard_against_spreadsheets_is_taken_off(cell: str, tmp_path: Path) -> None:
    data = csv((cell, *ONE[1:]), ("`00124", *ONE[1:]), headings=HEADINGS)
    assert [sent["externalPatientId"] for sent in uploads(data, "a.csv", tmp_path / "s")] == ["00123", "00124"]


@pytest.mark.parametrize("name", ["'t Hooft", "O'Hara", "D\u2019Angelo", 'Ann ""Nan"" Berg'])
def test_quotes_that_belong_to_a_name_stay(name: str, tmp_path: Path) -> None:
    (sent, _) = uploads(csv((*ONE[:3], f'"{name}"'), ("A2", *ONE[1:4]), headings=HEADINGS[:4]), "a.csv", tmp_path / "s")
    assert sent["lastName"] == name.replace('""', '"')
