"""Workbooks: what goes is what a person sees, or it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.statement_files import check, uploads, xlsx
from tests.support.workbooks import HEADINGS, prefixed, rewritten, swapped, xls_rows, xlsx_rows, xlsx_with

WRITERS = pytest.mark.parametrize(("write", "ending"), [(xlsx_rows, "xlsx"), (xls_rows, "xls")])
SHEET = "xl/worksheets/sheet1.xml"
ONE = (123, "2026-07-20", 40.0, "a@example.com")
Write = Callable[..., bytes]


def _said(data: bytes, spool: Path, ending: str = "xlsx", **settings: Any) -> str:
    problem = check(data, f"a.{ending}", spool, **settings).problem
    assert problem is not None
    return " ".join([problem.sentence, *(f"{f.where} {f.value} {f.message}" for f in problem.details)])


@WRITERS
@pytest.mark.parametrize(
    ("number", "code", "seen"),
    [
        (123, "00000", "00123"), (7, "000-000", "000-007"), (123, '"A-"0000', "A-0123"), (123, "0", "123"),
        (123, "General", "123"), (123456789, "000-00-0000", "123-45-6789"), (123, "@", "123"), (123, "#,##0", "123"),
        (123456789012345, "0", "123456789012345"),
    ],
)  # fmt: skip
def test_an_id_goes_as_it_is_shown(
    number: int, code: str, seen: str, write: Write, ending: str, tmp_path: Path
) -> None:
    (sent,) = uploads(write([(number, *ONE[1:])], {0: code}), f"a.{ending}", tmp_path / "s.json")
    assert sent["externalPatientId"] == seen


@WRITERS
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1234, "#,##0"), (123, "0.00"), (123.4, "0"), (1234567, "0.00E+00"), (0.5, "0%"), (12000, "0,"), (12, ";;;"),
        (1234567890123456, "0"), (12.5, "# ?/?"), (45, "$0"), (-12, "000"),
    ],
)  # fmt: skip
def test_an_id_that_is_shown_as_another_is_asked_about(
    number: float, code: str, write: Write, ending: str, tmp_path: Path
) -> None:
    assert "row 2, column Account Number" in _said(write([(number, *ONE[1:])], {0: code}), tmp_path / "s.json", ending)


@WRITERS
@pytest.mark.parametrize(
    ("number", "code", "cents"),
    [
        (40.0, "0.00", 4000), (1234.5, "$#,##0.00", 123450), (-12.5, "#,##0.00_);(#,##0.00)", -1250),
        (-12.5, "0.00;[Red]0.00", -1250), (12.0, "0", 1200), (12.0, "$#,##0", 1200), (0.0, "$#,##0;;", 0),
        (12.0, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', 1200), (12.5, "[$$-409]#,##0.00", 1250),
        (12.5, '"Due "0.00', 1250),
    ],
)  # fmt: skip
def test_an_amount_goes_where_it_is_shown_whole(
    number: float, code: str, cents: int, write: Write, ending: str, tmp_path: Path
) -> None:
    (sent,) = uploads(write([("A1", ONE[1], number, ONE[3])], {2: code}), f"a.{ending}", tmp_path / "s.json")
    assert sent["amountDue"] == cents


@WRITERS
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (12.34, "0"), (12.34, "$#,##0"), (12.345678, "0.00"), (0.5, "0%"), (12345.0, "#,##0,"), (12.0, ";;;"),
        (12.0, '0.00"CR"'), (12.0, "[$\u20ac-2] 0.00"), (12.0, "\u00a30.00"), (12.0, '0.00" CAD"'),
        (-12.0, "0.00;0.00"), (12345.67, "0.00E+00"), (12.34, "# ?/?"), (12.0, '0"\u00a2"'), (12.0, '0" cents"'),
        (12.0, '"Credit: "0.00'), (12345.67, '#,##0,"K"'), (12.34, '#,##0" due"'), (12.0, '"HK$"0.00'),
        (12.0, '0.00" pesos"'), (12.0, '"Paid "0.00'), (12.0, '[$R$-416] 0.00'),
    ],
)  # fmt: skip
def test_an_amount_that_is_shown_as_another_is_asked_about(
    number: float, code: str, write: Write, ending: str, tmp_path: Path
) -> None:
    data = write([("A1", ONE[1], number, ONE[3])], {2: code})
    assert "row 2, column Amount Due" in _said(data, tmp_path / "s.json", ending)


@WRITERS
def test_a_phone_number_that_is_not_shown_whole_is_asked_about(write: Write, ending: str, tmp_path: Path) -> None:
    headings = (*HEADINGS, "Cell Phone")
    data = write([("A1", *ONE[1:], 2125550000)], {4: "0.00E+00"}, headings)
    assert "row 2, column Cell Phone" in _said(data, tmp_path / "s.json", ending)
    (sent,) = uploads(write([("A1", *ONE[1:], 2125550100)], {4: "0"}, headings), f"a.{ending}", tmp_path / "s.json")
    assert sent["smsPhoneNumber"] == "+12125550100"


def test_a_date_where_a_zip_code_belongs_is_asked_about(tmp_path: Path) -> None:
    data = xlsx_rows([(*ONE, date(2026, 7, 20))], {4: "mm/dd"}, (*HEADINGS, "Zip"))
    assert "row 2, column Zip" in _said(data, tmp_path / "s.json")


@pytest.mark.parametrize(("from_1904", "number"), [(True, 44761), (False, 46223)])
@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_a_mere_number_of_a_day_counts_as_its_workbook_does(
    from_1904: bool, number: int, ending: str, tmp_path: Path
) -> None:
    row = ("A1", number, *ONE[2:])
    if ending == "xlsx":
        data = xlsx([HEADINGS, row], date_1904=from_1904)
    else:
        book = xls_rows([row], {})
        data = book.replace(b"\x22\x00\x02\x00\x00\x00", b"\x22\x00\x02\x00\x01\x00") if from_1904 else book
    (sent,) = uploads(data, f"a.{ending}", tmp_path / "s.json")
    assert sent["statementDate"] == "2026-07-20"


def test_two_accounts_in_one_cell_are_asked_about(tmp_path: Path) -> None:
    data = xlsx_rows([("A1\nA2", *ONE[1:])], {})
    assert "row 2, column Account Number" in _said(data, tmp_path / "s.json")


@WRITERS
def test_zip_codes_and_codes_go_as_they_are_shown(write: Write, ending: str, tmp_path: Path) -> None:
    headings = (*HEADINGS, "Zip", "Procedure Code", "Charges")
    data = write([(*ONE, 41011234, 120, 40.0)], {4: "00000-0000", 5: '"D"0000'}, headings)
    (sent,) = uploads(data, f"a.{ending}", tmp_path / "s.json")
    assert (sent["addressZip"], sent["lineItems"][0]["sku"]) == ("04101-1234", "D0120")


def test_each_cell_has_its_own_format(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADINGS)
        for r, code in enumerate(["00000", "General", "000000", "00000"], 1):
            sheet.write(r, 0, r, book.add_format({"num_format": code}))
            sheet.write_row(r, 1, ONE[1:])

    sent = uploads(xlsx_with(fill), "a.xlsx", tmp_path / "s.json")
    assert [one["externalPatientId"] for one in sent] == ["00001", "2", "000003", "00004"]


@pytest.mark.parametrize(
    "change",
    [
        prefixed,
        swapped,
        lambda text: text.replace("<c r", "<c\n r"),
        *(lambda text, kind=kind: text.replace(' s="1">', f' s="1" {kind}>') for kind in ('t="n"', "t='n'", 't = "n"')),
    ],
)
def test_formats_are_read_however_the_sheet_is_written(change: Callable[[str], str], tmp_path: Path) -> None:
    data = rewritten(xlsx_rows([ONE, (*ONE[:1], "2026-07-21", *ONE[2:])], {0: "00000"}), SHEET, change)
    sent = uploads(data, "a.xlsx", tmp_path / "s.json")
    assert [one["externalPatientId"] for one in sent] == ["00123", "00123"]


@WRITERS
def test_cells_with_a_fault_of_excel_are_named(write: Write, ending: str, tmp_path: Path) -> None:
    if ending == "xls":
        data = write([(*ONE, "=NA()")], {}, (*HEADINGS, "Last Name"))  # xlwt calculates nothing
    else:

        def fill(book: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, (*HEADINGS, "Last Name"))
            sheet.write_row(1, 0, ONE)
            sheet.write_formula(1, 4, "=NA()", None, "#N/A")

        data = xlsx_with(fill)
    assert "row 2, column Last Name" in _said(data, tmp_path / "s.json", ending)


@pytest.mark.parametrize("ending", ["xlsx", "xls", "openpyxl"])
@pytest.mark.parametrize("cells", [{2}, {0, 1, 2, 3}])
def test_formulas_without_a_result_are_named_cell_by_cell(ending: str, cells: set[int], tmp_path: Path) -> None:
    row = ["=1+1" if column in cells else cell for column, cell in enumerate(("A1", *ONE[1:]))]
    if ending == "xls":
        data = xls_rows([("A0", *ONE[1:]), row], {})
    elif ending == "xlsx":
        data = xlsx_rows([("A0", *ONE[1:]), row], {})
    else:
        import io

        import openpyxl

        book = openpyxl.Workbook()
        for each in (HEADINGS, ("A0", *ONE[1:]), row):
            book.active.append(each)
        book.save(out := io.BytesIO())
        data = out.getvalue()
    said = _said(data, tmp_path / "s.json", "xls" if ending == "xls" else "xlsx")
    assert all(f"row 3, column {HEADINGS[column]} a formula" in said for column in cells)


def test_formulas_with_a_result_go(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ("A1", *ONE[1:]))
        sheet.write_formula(1, 2, "=20+20", None, 40.0)
        sheet.write_formula(1, 4, '=""', None, "")

    (sent,) = uploads(xlsx_with(fill), "a.xlsx", tmp_path / "s.json")
    assert sent["amountDue"] == 4000


def _hiding(*, row: bool = False, height: bool = False, column: bool = False, sheet: bool = False) -> bytes:
    def fill(book: Any, first: Any) -> None:
        second = book.add_worksheet("Oak Ave")
        for each in (first, second):
            each.write_row(0, 0, HEADINGS)
        first.write_row(1, 0, ("A1", *ONE[1:]))
        first.write_row(2, 0, ("A2", *ONE[1:]))
        second.write_row(1, 0, ("B1", *ONE[1:]))
        if row:
            first.set_row(2, None, None, {"hidden": True})
        if height:
            first.set_row(2, 0)
        if column:
            first.set_column(3, 3, None, None, {"hidden": True})
        if sheet:
            second.hide()

    return xlsx_with(fill)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (_hiding(row=True), "1 row that the workbook hides"),
        (_hiding(height=True), "1 row that the workbook hides"),
        (_hiding(column=True), "hides columns that would be sent: Email"),
        (_hiding(sheet=True), "hides sheets with statements: Oak Ave"),
    ],
)
def test_what_is_hidden_is_asked_about(data: bytes, says: str, tmp_path: Path) -> None:
    assert says in _said(data, tmp_path / "s.json")


@pytest.mark.parametrize(
    ("data", "hidden_rows", "accounts", "email", "warning"),
    [
        (_hiding(row=True), "send", ["A1", "A2", "B1"], True, "1 hidden row sent: row 3 of sheet Balances."),
        (_hiding(row=True), "skip", ["A1", "B1"], True, "1 hidden row left out: row 3 of sheet Balances."),
        (_hiding(column=True), "send", ["A1", "A2", "B1"], True, "Hidden columns are sent: Email."),
        (
            _hiding(sheet=True),
            "send",
            ["A1", "A2", "B1"],
            True,
            "The statements of 2 sheets are sent: Balances, Oak Ave.",
        ),
        (_hiding(sheet=True), "skip", ["A1", "A2"], True, "Only the sheet Balances is sent. Not sent: Oak Ave."),
    ],
)
def test_a_setting_says_what_becomes_of_the_hidden(
    data: bytes, hidden_rows: str, accounts: list[str], email: bool, warning: str, tmp_path: Path
) -> None:
    assert warning in check(data, "a.xlsx", tmp_path / "s.json", hidden_rows=hidden_rows).warnings
    sent = uploads(data, "a.xlsx", tmp_path / "s.json", hidden_rows=hidden_rows)
    assert [one["externalPatientId"] for one in sent] == accounts


def test_hidden_rows_of_an_old_workbook_and_those_in_which_nothing_stands(tmp_path: Path) -> None:
    import io

    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Balances")
    for r, row in enumerate((HEADINGS, ("A1", *ONE[1:]), ("A2", *ONE[1:]))):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)
    sheet.row(2).hidden = True
    sheet.row(7).hidden = True
    book.save(out := io.BytesIO())
    assert "1 row that the workbook hides" in _said(out.getvalue(), tmp_path / "s.json", "xls")


def _sheets(*tables: tuple[str, list[tuple[object, ...]]]) -> bytes:
    def fill(book: Any, first: Any) -> None:
        first.write(0, 0, "Notes for the front desk")
        for name, rows in tables:
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                sheet.write_row(r, 0, row)

    return xlsx_with(fill)


def test_all_sheets_of_one_shape_go_and_others_are_told(tmp_path: Path) -> None:
    data = _sheets(("Main St", [HEADINGS, ("A1", *ONE[1:])]), ("Oak Ave", [("Oak Ave",), HEADINGS, ("B1", *ONE[1:])]))
    assert (
        "Only the sheets Main St, Oak Ave are sent. Not sent: Balances."
        in check(data, "a.xlsx", tmp_path / "s.json").warnings
    )
    assert [one["externalPatientId"] for one in uploads(data, "a.xlsx", tmp_path / "s.json")] == ["A1", "B1"]


@pytest.mark.parametrize(
    "other",
    [
        [HEADINGS[::-1], ("B1", *ONE[1:])[::-1]],
        [("Patient ID", "Bill Date", "Total Due"), ("B1", "2026-07-20", 40.0)],
        [("B1", *ONE[1:]), ("B2", *ONE[1:])],
    ],
)
def test_sheets_that_are_not_alike_are_named(other: list[tuple[object, ...]], tmp_path: Path) -> None:
    data = _sheets(("Main St", [HEADINGS, ("A1", *ONE[1:])]), ("Oak Ave", other))
    assert "several sheets that are not alike: Main St, Oak Ave" in _said(data, tmp_path / "s.json")


def test_a_fault_on_a_second_sheet_says_where(tmp_path: Path) -> None:
    bad = ("B1", "2026-07-20", "much", ONE[3])
    data = _sheets(("Main St", [HEADINGS, ("A1", *ONE[1:])]), ("Oak Ave", [HEADINGS, bad]))
    assert "row 2 of sheet Oak Ave, column Amount Due much" in _said(data, tmp_path / "s.json")


def test_the_same_statement_on_two_sheets_is_asked_about(tmp_path: Path) -> None:
    rows = [HEADINGS, ("A1", *ONE[1:])]
    assert "the same amount in row 2 of sheet Main St" in _said(
        _sheets(("Main St", rows), ("Oak Ave", rows)), tmp_path / "s.json"
    )


def test_alike_sheets_of_the_common_writer_go(tmp_path: Path) -> None:
    data = xlsx([HEADINGS, ("A1", *ONE[1:])], sheets=("One",))
    assert len(uploads(data, "a.xlsx", tmp_path / "s.json")) == 1


LINED = (*HEADINGS, "DOS", "Code", "Charges")
LINE = (*ONE[1:], "2026-07-01", "D0120", 40.0)


@pytest.mark.parametrize("first", [("", "", "", "", "2026-07-02", "D1110", 9.0), ("A1", *LINE)])
def test_no_statement_goes_on_from_one_sheet_to_the_next(first: tuple[object, ...], tmp_path: Path) -> None:
    data = _sheets(("Main St", [LINED, ("A1", *LINE)]), ("Oak Ave", [LINED, first, ("B1", *LINE)]))
    assert "row 2 of sheet Oak Ave" in _said(data, tmp_path / "s.json")


def test_sheets_that_all_go_for_one_location_say_so(tmp_path: Path) -> None:
    data = _sheets(("Main St", [HEADINGS, ("A1", *ONE[1:])]), ("Oak Ave", [HEADINGS, ("B1", *ONE[1:])]))
    warnings = check(data, "a.xlsx", tmp_path / "s.json", external_location_id="7").warnings
    assert "The statements of all these sheets go for the location 7, as the settings say." in warnings
