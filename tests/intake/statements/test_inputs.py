"""What real files taught: each input beside the project's own twin of its kind, held to the same verdict.

The inputs lie beside the repository where people work on it; the twins are made here. A verdict is what the first
statement says, or what the refusal has to name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.statement_files import check, csv, item, opendental, statement, uploads
from tests.support.statement_files import details as details_of
from tests.support.workbooks import HEADINGS as OF_WORKBOOK
from tests.support.workbooks import xls_rows, xlsx_rows, xlsx_with

INPUTS = Path(__file__).parents[4] / "shared" / "inputs"

SHORT = ("Account Number", "Statement Date", "Amount Due", "Email")
LONG = (
    "Account Number", "Statement Date", "Amount Due", "First Name", "Last Name", "Email", "Cell Phone", "Address 1",
    "City", "State", "Zip",
)  # fmt: skip
LINES = (*SHORT, "DOS", "Code", "Description", "Charges", "Credits", "Line Balance")


def _long(**other: str) -> tuple[str, ...]:
    said = dict(zip(LONG, ("00200", "07/20/2026", "45.10", "Ana", "Berg", "ana@example.com", "(207) 555-0143",
                           "2 Oak St", "Bath", "ME", "04530"), strict=True))  # fmt: skip
    return tuple((said | other).values())


def _short(account: str = "B1", day: str = "2026-07-20", amount: str = "12.00") -> tuple[str, ...]:
    return account, day, amount, "b@example.com"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a file: `sent` for each statement, in order, or what its refusal `says`; what it `warns` of."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    says: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()


def _ids(*accounts: str) -> list[dict[str, Any]]:
    return [{"externalPatientId": account} for account in accounts]


def _two_sheets(first: tuple[object, ...], second: tuple[object, ...]) -> bytes:
    def fill(book: Any, sheet: Any) -> None:
        for each, row in ((sheet, first), (book.add_worksheet("Elm Rd"), second)):
            each.write_row(0, 0, OF_WORKBOOK)
            each.write_row(1, 0, row)

    return xlsx_with(fill)


def _with_hidden_row() -> bytes:
    def fill(_book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, OF_WORKBOOK)
        sheet.write_row(1, 0, ("B1", "2026-07-20", 12.0, "b@example.com"))
        sheet.write_row(2, 0, ("B2", "2026-07-20", 13.0, "b@example.com"))
        sheet.autofilter(0, 0, 2, 3)
        sheet.set_row(2, None, None, {"hidden": True})

    return xlsx_with(fill)


def _with_date_account() -> bytes:
    from datetime import date

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, OF_WORKBOOK)
        sheet.write_datetime(1, 0, date(2026, 3, 5), book.add_format({"num_format": "d-mmm"}))
        sheet.write_row(1, 1, ("2026-07-20", 12.0, "b@example.com"))

    return xlsx_with(fill)


def _numbers(*numbers: float, heading: str = "Account Number") -> bytes:
    headings = ("Account Number", "Statement Date", "Amount Due", "Email", "Invoice Number")
    at = headings.index(heading)
    rows = [[f"B{n}", "2026-07-20", 12.0 + n, "b@example.com", ""] for n, _ in enumerate(numbers)]
    for row, number in zip(rows, numbers, strict=True):
        row[at] = number
    return xlsx_rows(rows, {}, headings)


WEB_PAGE = b"<div><table><tr><td>Account Number</td></tr></table></div>"
MHTML = (
    b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/html\r\n\r\n<html></html>\r\n--x--\r\n"
)
AGEING = (
    "Aged debt,As of 20/07/2026\r\nPatient Code,Patient Name,Last Statement Date,Stop Credit,Total,Current,30 days\r\n"
)


def _ageing_of_opendental() -> bytes:
    return (
        b"Aging of Accounts Receivable Report\r\nAs of 07/20/2026\r\n"
        b"Guarantor\t0-30 Days\t31-60 Days\t61-90 Days\t> 90 Days\tTotal\t-Ins Est\t= Patient\r\n"
        b"7 - Berg, Ana\t80.00\t0.00\t0.00\t0.00\t80.00\t0.00\t80.00\r\n"
        b"1 - patients\t80.00\t0.00\t0.00\t0.00\t80.00\t0.00\t80.00\r\n"
    )


OF_NAMES = ("Account Number", "Statement Date", "Amount Due", "Patient Name", "Email")
NAMED = {
    "Berg, Jr., Carl": ("Carl", "Berg Jr."), "Holm, Gen": ("Gen", "Holm"), "Reed, Sister": ("Sister", "Reed"),
    "Ana Vi": ("Ana", "Vi"), "Carl Berg 3rd": ("Carl", "Berg 3rd"), "Elm Dental LLC": (None, "Elm Dental LLC"),
}  # fmt: skip
PLACED = {
    "Las Vegas NV 89101": ("Las Vegas", "NV", "89101"),
    "St. Paul, Minnesota 55101": ("St. Paul", "MN", "55101"),
    "Washington, D.C. 20002": ("Washington", "DC", "20002"),
    "San Juan, PR 902": ("San Juan", "PR", "00902"),
    "Fort Worth, TX 76101-0001": ("Fort Worth", "TX", "76101-0001"),
}


CITIES = ("Springfield", "New York", "Winston-Salem", "St. Louis", "Washington", "Salt Lake City", "San Juan")


def _of_each(field_: str, values: dict[str, Any]) -> bytes:
    rows = [(f"B{n}", "2026-07-20", f"{n + 1}.00", f'"{value}"', "b@example.com") for n, value in enumerate(values)]
    headings = ("Account Number", "Statement Date", "Amount Due", field_, "Email")
    return csv(*rows, headings=headings)


def _sent_names(names: dict[str, tuple[str | None, str]]) -> list[dict[str, Any]]:
    return [{"firstName": first, "lastName": last} for first, last in names.values()]


def _sent_places(placed: dict[str, tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [{"addressCity": city, "addressState": state, "addressZip": zip_} for city, state, zip_ in placed.values()]


GOES = Verdict(_ids("00200"))
OF_TWO = Verdict(says=("several columns",))

TWINS: list[tuple[str, str, Callable[[], bytes], Verdict, Verdict]] = [
    # input, ending, twin, what the input becomes, what its twin becomes
    (
        "stm__csv_dollar_paren.csv", "csv", lambda: csv(_long(**{"Amount Due": "-$45.10"}), headings=LONG),
        Verdict([{"amountDue": -1234}, {"amountDue": 7500}]),
        Verdict([{"amountDue": -4510}]),
    ),
    (
        "stm__csv_error_in_name.csv", "csv", lambda: csv(_long(**{"Last Name": "#REF!"}), headings=LONG),
        Verdict(says=("column First Name #N/A", "column Last Name #NAME?")), Verdict(says=("column Last Name #REF!",)),
    ),
    (
        "stm__csv_formula_guard.csv", "csv", lambda: csv(_long(**{"Account Number": "'00200"}), headings=LONG),
        Verdict(_ids("00123", "00124")), GOES,
    ),
    (
        "stm__guard_quoted_csv.csv", "csv", lambda: csv(_long(**{"Zip": '"=""04530"""'}), headings=LONG),
        Verdict(_ids("00123")), Verdict([{"addressZip": "04530"}]),
    ),
    (
        "stm__guard_all_columns.csv", "csv", lambda: csv(tuple(f'="{cell}"' for cell in _long()), headings=LONG),
        Verdict([{"externalPatientId": "00123", "statementDate": "2026-07-31", "amountDue": 12050, "firstName": "Maya",
                  "smsPhoneNumber": "+12075550142", "addressZip": "04101"}]),
        Verdict([{"externalPatientId": "00200", "statementDate": "2026-07-20", "amountDue": 4510, "firstName": "Ana",
                  "smsPhoneNumber": "+12075550143", "addressZip": "04530"}]),
    ),
    (
        "stm__csv_macroman.csv", "csv",
        lambda: csv(_long(**{"Last Name": "Peña"}), headings=LONG).decode().encode("mac_roman"),
        Verdict([{"lastName": "Mu\u00f1oz"}], warns=("Macintosh",)), Verdict([{"lastName": "Pe\u00f1a"}]),
    ),
    (
        "stm__csv_nul_tail.csv", "csv", lambda: csv(_long(), headings=LONG) + b"\x1a" + bytes(700),
        Verdict(_ids("00123")), GOES,
    ),
    (
        "stm__div2_html_in_xls.xls", "xls", lambda: WEB_PAGE,
        Verdict(says=("web page", "Open it in Excel")), Verdict(says=("web page", "Open it in Excel")),
    ),
    (
        "stm__mhtml_in_xls.xls", "xls", lambda: MHTML,
        Verdict(says=("web page", "Open it in Excel")), Verdict(says=("web page", "Open it in Excel")),
    ),
    (
        "stm__xlsx_formula_no_cache.xlsx", "xlsx",
        lambda: xlsx_rows([("B1", "2026-07-20", "=10+2", "b@example.com")], {}),
        Verdict(says=("row 2, column Amount Due a formula", "Open the file in Excel")),
        Verdict(says=("row 2, column Amount Due a formula", "Open the file in Excel")),
    ),
    (
        "stm__xlsx_hidden_row_filter.xlsx", "xlsx", _with_hidden_row,
        Verdict(says=("1 row that the workbook hides", "row 3")),
        Verdict(says=("1 row that the workbook hides", "row 3")),
    ),
    (
        "stm__xlsx_sheet_per_office.xlsx", "xlsx",
        lambda: _two_sheets(("B1", "2026-07-20", 12.0, "b@example.com"), ("B2", "2026-07-20", 13.0, "b@example.com")),
        Verdict(_ids("00123", "00200", "00201"), warns=("2 sheets are sent: Main St, Oak Ave",)),
        Verdict(_ids("B1", "B2"), warns=("2 sheets are sent: Balances, Elm Rd",)),
    ),
    (
        "stm__xlsx_zeros_by_format.xlsx", "xlsx",
        lambda: xlsx_rows([(45, "2026-07-20", 12.0, "b@example.com")], {0: "000000"}),
        Verdict(_ids("00123", "00124")), Verdict(_ids("000045")),
    ),
    (
        "val__01b_surname_total.csv", "csv",
        lambda: csv(("Count", "B1", "2026-07-20", "20.00"),
                    headings=("Patient Name", "Account Number", "Statement Date", "Amount Due")),
        Verdict([{"lastName": "Lopez"}, {"lastName": "Total"}, {"lastName": "Berg"}]), Verdict([{"lastName": "Count"}]),
    ),
    (
        "val__02_id16.xlsx", "xlsx", lambda: _numbers(9876543210987654.0),
        Verdict(says=("row 2, column Account Number 1234567890123456 ", "row 3, column Account Number")),
        Verdict(says=("row 2, column Account Number 9876543210987654 ",)),
    ),
    (
        "val__02c_id17.xls", "xls", lambda: xls_rows([(98765432109876543.0, "2026-07-20", 12.0, "b@example.com")], {}),
        Verdict(says=tuple(f"row {n}, column Account Number" for n in range(2, 7))),
        Verdict(says=("row 2, column Account Number",)),
    ),
    (
        "val__02d_reference16.xlsx", "xlsx", lambda: _numbers(9876543210987654.0, heading="Invoice Number"),
        Verdict(says=("row 2, column Invoice Number",)), Verdict(says=("row 2, column Invoice Number",)),
    ),
    (
        "val__03_id_lower_e.csv", "csv", lambda: csv(_short("9.8e+15"), headings=SHORT),
        Verdict(says=("row 2, column Account Number 1.23457e+11",)),
        Verdict(says=("row 2, column Account Number 9.8e+15",)),
    ),
    (
        "val__04_city_state_zip_two_words.csv", "csv", lambda: _of_each("City State Zip", PLACED),
        Verdict([{"addressCity": city} for city in CITIES]),
        Verdict(_sent_places(PLACED)),
    ),
    (
        "val__05_amount_per_line_equal.csv", "csv",
        lambda: csv(*[("B1", "2026-07-20", f"2026-07-0{n}", "D0120", "60.00") for n in (1, 2)],
                    headings=("Account Number", "Statement Date", "Service Date", "Procedure Code", "Amount")),
        Verdict(says=("row 4, column Amount",)), Verdict(says=("row 3, column Amount",)),
    ),
    (
        "val__06_od_statement_total_with_comma.csv", "csv",
        lambda: (b"Invoice/Statement Number,Date Created,Procedure Total,Ins Estimate,Total Amount,\r\n"
                 b"7,07/20/2026,2,300.00,0.00,2,300.00,\r\n\r\n\r\n"
                 b"Date,Patient Number,Patient Name,Code,Description,Charges,Credits,Balance\r\n"
                 b"07/01/2026,0007,Ana Berg,D2740,Crown,2,300.00,,2,300.00,\r\n"),
        Verdict([{"amountDue": 115000}]), Verdict([{"amountDue": 230000}]),
    ),
    (
        "val__07_amount_due_and_balance.csv", "csv",
        lambda: csv((*_short(), "99.00"), headings=(*SHORT, "Balance")),
        Verdict([{"amountDue": 4000, "lineItems": None}, {"amountDue": 5000, "lineItems": None}],
                warns=("Balance",)),
        Verdict([{"amountDue": 1200, "lineItems": None}], warns=("Balance",)),
    ),
    (
        "val__07b_two_rows_one_account.csv", "csv", lambda: csv(_short(), _short(), headings=SHORT),
        Verdict(says=("row 3",)), Verdict(says=("row 3",)),
    ),
    (
        "val__08b_soe_count.csv", "csv",
        lambda: f'{AGEING}0007,"Berg, Ana",01/07/2026,N,80.00,80.00,0\r\n1,,,,80.00,80.00,0\r\n'.encode(),
        Verdict(_ids("0012"), warns=("1 row of totals",)), Verdict(_ids("0007"), warns=("1 row of totals",)),
    ),
    (
        "val__08d_od_aging_count.xls", "xls", _ageing_of_opendental,
        Verdict(_ids("12"), warns=("1 row of totals",)), Verdict(_ids("7"), warns=("1 row of totals",)),
    ),
    (
        "val__09_guarantor_name_lost.csv", "csv",
        lambda: csv((*_short(), "Berg", "Ana", "Carl Holm"),
                    headings=(*SHORT, "Patient Last Name", "Patient First Name", "Responsible Party")),
        Verdict([{"firstName": "Anna", "lastName": "Berg"}], warns=("Patient First Name",)),
        Verdict([{"firstName": "Carl", "lastName": "Holm"}], warns=("Patient First Name",)),
    ),
    (
        "val__10_dates_written_two_ways.csv", "csv",
        lambda: csv((*_short(amount="30.00"), "2026-07-01", "D1", "x", "10", "0", "10"),
                    (*_short(day="July 20 2026", amount="30.00"), "2026-07-02", "D2", "y", "20", "0", "20"),
                    headings=LINES),
        Verdict([{"amountDue": 10000, "lineItems": 2}]), Verdict([{"amountDue": 3000, "lineItems": 2}]),
    ),
    (
        "val__11_date_cell_as_account.xlsx", "xlsx", _with_date_account,
        Verdict(says=("row 2, column Account Number",)), Verdict(says=("row 2, column Account Number",)),
    ),
    (
        "val__13b_first_credit_column_only.csv", "csv",
        lambda: csv((*_short(), "20.00", "3.00", "5.00"), headings=(*SHORT, "Charges", "Adjustment", "Ins Paid")),
        OF_TWO, OF_TWO,
    ),
    (
        "val__14_amount_over_limit_with_commas.csv", "csv",
        lambda: csv(_short(amount='"1,234,567,890.00"'), headings=SHORT),
        Verdict(says=("row 2, column Amount Due", "larger")), Verdict(says=("row 2, column Amount Due", "larger")),
    ),
    (
        "val__16_long_date.csv", "csv", lambda: csv(_short(day='"Monday, July 20, 2026"'), headings=SHORT),
        Verdict([{"statementDate": "2026-11-20"}]), Verdict([{"statementDate": "2026-07-20"}]),
    ),
    (
        "val__18_names.csv", "csv", lambda: _of_each("Patient Name", NAMED),
        Verdict(_sent_names({"0": ("John", "Smith Jr."), "1": ("Gen", "Tanaka"), "2": ("Sister", "Bell"),
                             "3": ("Jos\u00e9", "Vi"), "4": ("John", "Smith 2nd")})),
        Verdict(_sent_names(NAMED)),
    ),
    (
        "val__20_note_40_lines.csv", "csv",
        lambda: csv((*_short(), '"' + "\n".join(f"line {n}" for n in range(60)) + '"'), headings=(*SHORT, "Note")),
        Verdict([{"patientNote": "\n".join(map(str, range(40)))}]),
        Verdict([{"patientNote": "\n".join(f"line {n}" for n in range(60))}]),
    ),
    (
        "val__21_two_word_first_name.xml", "xml",
        lambda: opendental(statement(items=details_of(item("D1110  Prophy", "07/01/2026", "Anna Lena", "10.00")))),
        Verdict([{"lineItems": 2}]), Verdict([{"lineItems": 1}]),
    ),
    (
        "val__23_phones.csv", "csv",
        lambda: csv((*_short()[:3], "ask for Ana 212-555-0142"), headings=(*SHORT[:3], "Phone")),
        Verdict([{"smsPhoneNumber": None}] * 3, warns=("3 phone numbers left out",)),
        Verdict([{"smsPhoneNumber": None}], warns=("1 phone number left out",)),
    ),
    (
        "val__27_group_dollar_sign.csv", "csv",
        lambda: csv((*_short(amount="30"), "2026-07-01", "D1", "x", "10", "0", "10"),
                    (*_short(amount="USD 30.00"), "2026-07-02", "D2", "y", "20", "0", "20"), headings=LINES),
        Verdict([{"amountDue": 10000, "lineItems": 2}]), Verdict([{"amountDue": 3000, "lineItems": 2}]),
    ),
]  # fmt: skip


def _hold(data: bytes, name: str, verdict: Verdict, spool: Path) -> None:
    checked = check(data, name, spool)
    warned = " ".join(checked.warnings)
    assert all(words in warned for words in verdict.warns), warned
    if verdict.says:
        assert checked.problem is not None
        said = " ".join(
            [
                checked.problem.sentence,
                checked.problem.what_to_do,
                *(f"{f.where} {f.value} {f.message}" for f in checked.problem.details),
            ]
        )
        assert all(words in said for words in verdict.says), said
        return
    sent = uploads(data, name, spool)
    assert len(sent) >= len(verdict.sent)
    for statement_, wanted in zip(sent, verdict.sent, strict=False):
        for key, value in wanted.items():
            found = statement_.get(key)
            assert (len(found) if key == "lineItems" and found else found) == value, (key, statement_)


@pytest.mark.parametrize(("ending", "made", "verdict"), [(t[1], t[2], t[4]) for t in TWINS], ids=[t[0] for t in TWINS])
def test_twin(ending: str, made: Callable[[], bytes], verdict: Verdict, tmp_path: Path) -> None:
    _hold(made(), f"twin.{ending}", verdict, tmp_path / "s.json")


@pytest.mark.parametrize(("name", "verdict"), [(t[0], t[3]) for t in TWINS], ids=[t[0] for t in TWINS])
def test_input(name: str, verdict: Verdict, tmp_path: Path) -> None:
    if not INPUTS.is_dir():
        pytest.skip("the inputs do not lie beside this repository")
    _hold((INPUTS / name).read_bytes(), name, verdict, tmp_path / "s.json")


def test_a_locked_workbook_is_named_so(tmp_path: Path) -> None:
    if not INPUTS.is_dir():
        pytest.skip("the inputs do not lie beside this repository")
    name = "stm__xls_password.xls"
    verdict = Verdict(says=("locked with a password", "without a password"))
    _hold((INPUTS / name).read_bytes(), name, verdict, tmp_path / "s.json")


def test_every_statement_input_has_its_twin() -> None:
    if not INPUTS.is_dir():
        pytest.skip("the inputs do not lie beside this repository")
    statements = {path.name for path in INPUTS.iterdir() if path.name.startswith(("stm__", "val__"))}
    assert statements - {"stm__xls_password.xls"} == {twin[0] for twin in TWINS}
