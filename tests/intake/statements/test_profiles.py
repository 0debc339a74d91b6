"""What becomes of each kind of export: the file as it is written, and the exact statements made of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.intake.statements.profile import built_in
from tests.support import statement_files as made
from tests.support.statement_files import body, check, uploads

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool.json"


SNOW = {
    "externalPatientId": "1045",
    "externalPmsPatientId": "1045",
    "firstName": "John",
    "lastName": "Snow",
    "email": "john@example.com",
    "addressLine1": "1 Castle Rd",
    "addressCity": "Salem",
    "addressState": "OR",
    "addressZip": "97301",
}


def test_open_dental_pos_and_eds(spool: Path) -> None:
    items = made.details(
        made.item("  Balance Forward", "01/01/0001", "", "", "", "50.00", LocationID="3"),
        made.item("D2392 14 Resin-based composite - two sur", "07/01/2026", "Arya", "1,351.00", "", "1,401.00"),
        made.item("faces, posterior"),
        made.item("as discussed &amp; agreed"),
        made.item("Pay  Check", "07/20/2026", "John", "", "1,201.00", "200.00"),
    )
    notes = '<Note FgColor="Red"><![CDATA[PAST DUE]]></Note><Note><![CDATA[Thank you.]]></Note>'
    checked = check(made.opendental(made.statement(notes=notes, items=items)), "Statements.xml", spool)
    assert checked.warnings == ()  # with running balances taken for what they are, the sums add up
    assert body(checked, spool)["pendingInvoiceUploads"] == [
        {
            "rowNum": 1,
            "statementDate": "2026-07-31",
            **SNOW,
            "amountDue": 20000,
            "patientNote": "PAST DUE\nThank you.",
            "externalLocationId": "3",
            "lineItems": [
                {"description": "Balance Forward", "balance": 5000},
                {
                    "dateOfService": "2026-07-01",
                    "sku": "D2392",
                    "description": "14 Resin-based composite - two surfaces, posterior as discussed & agreed",
                    "charges": 135100,
                    "balance": 135100,
                    "patientFirstName": "Arya",
                },
                {
                    "dateOfService": "2026-07-20",
                    "description": "Pay Check",
                    "credit": 120100,
                    "balance": -120100,
                    "patientFirstName": "John",
                },
            ],
        }
    ]


def test_open_dental_claimx_gives_the_code_by_itself(spool: Path) -> None:
    items = made.details(made.item("D1110  Prophylaxis adult", "07/01/2026", "Arya", "139.00"), code=["D1110"])
    (statement,) = uploads(made.opendental(made.statement(items=items)), "Statements.xml", spool)
    (line,) = statement["lineItems"]
    assert (line["sku"], line["description"]) == ("D1110", "Prophylaxis adult")


@pytest.mark.parametrize("inside", [True, False])
def test_open_dental_ehg_asks_for_the_patients_share(spool: Path, inside: bool) -> None:
    summary = made.elements(PriorStatementDate="06/30/2026", DueDate="08/10/2026", StatementDate="07/31/2026")
    summary += made.elements(
        PriorBalance="0.00", RunningBalance="300.00", PatientShare="139.00", CurrentBalance="300.00"
    )
    items = made.details(
        made.item("D1110  Prophylaxis adult, forty chars xx", "07/01/2026", "Arya", "139.00", "", "139.00"),
        made.item("and more of it"),
    )
    rest = f"<AccountSummary>{summary}</AccountSummary><Notes></Notes>{items}"
    patient = f"<Patient>{made.address()}{rest}</Patient>" if inside else f"<Patient>{made.address()}</Patient>{rest}"
    data = made.opendental_ehg(f'<EisStatement OutputFormat="x" CreditCardChoice="y">{patient}</EisStatement>')
    checked = check(data, "Statements-N.xml", spool)
    assert checked.warnings == ()
    assert body(checked, spool)["pendingInvoiceUploads"] == [
        {
            "rowNum": 1,
            "statementDate": "2026-07-31",
            **SNOW,
            "amountDue": 13900,
            "lineItems": [
                {
                    "dateOfService": "2026-07-01",
                    "sku": "D1110",
                    "description": "Prophylaxis adult, forty chars xx and more of it",
                    "charges": 13900,
                    "balance": 13900,
                    "patientFirstName": "Arya",
                }
            ],
        }
    ]


def test_open_dental_single_statement_does_not_escape_quotes(spool: Path) -> None:
    data = (
        b"Invoice/Statement Number,Date Created,Procedure Total,Ins Estimate,Total Amount,\r\n"
        b'"512","7/31/2026","390","100","290",\r\n\r\n\r\n'
        b"Date,Patient Number,Patient Name,Code,Description,Charges,Credits,Balance\r\n"
        b'"07/01/2026","1045","John Snow","D2740","Crown "porcelain", upper","351.00","","351.00",\r\n'
        b'"07/01/2026","1046","Arya Snow","D0120","Exam","39.00","","390.00",\r\n'
        b'"07/20/2026","1045","John Snow","","Check","","100.00","290.00",\r\n'
    )
    assert uploads(data, "SnowJohn9.csv", spool) == [
        {
            "rowNum": 1,
            "statementDate": "2026-07-31",
            "externalPatientId": "1045",
            "externalPmsPatientId": "1045",
            "amountDue": 29000,
            "firstName": "John",
            "lastName": "Snow",
            "posOrderId": "512",
            "lineItems": [
                {"dateOfService": "2026-07-01", "sku": "D2740", "description": 'Crown "porcelain", upper',
                 "charges": 35100, "balance": 35100, "patientFirstName": "John", "patientLastName": "Snow"},
                {"dateOfService": "2026-07-01", "sku": "D0120", "description": "Exam",
                 "charges": 3900, "balance": 3900, "patientFirstName": "Arya", "patientLastName": "Snow"},
                {"dateOfService": "2026-07-20", "description": "Check",
                 "credit": 10000, "balance": -10000, "patientFirstName": "John", "patientLastName": "Snow"},
            ],
        }
    ]  # fmt: skip


def test_an_unquoted_comma_stays_in_the_description(spool: Path) -> None:
    data = (
        b"Invoice/Statement Number,Date Created,Procedure Total,Ins Estimate,Total Amount,\r\n512,7/31/2026,9,0,9,\r\n"
        b"\r\n\r\nDate,Patient Number,Patient Name,Code,Description,Charges,Credits,Balance\r\n"
        b"07/01/2026,1045,John Snow,D2392,resin, two surfaces, posterior,9.00,,9.00,\r\n"
    )
    (statement,) = uploads(data, "s.csv", spool)
    (line,) = statement["lineItems"]
    assert line["description"] == "resin, two surfaces, posterior"
    assert (line["charges"], line["balance"]) == (900, 900)


def test_open_dental_ageing_is_tabs_named_xls_under_a_title(spool: Path) -> None:
    data = (
        "AGING OF ACCOUNTS RECEIVABLE REPORT\tAs of 7/30/2026\r\n\r\n"
        "GUARANTOR\t0-30 DAYS\t31-60 DAYS\t61-90 DAYS\t> 90 DAYS\tTOTAL\t-W/O ESTIMATES\t-INS ESTIMATES\t= PATIENT\r\n"
        "1045 - Snow, John A\t200.00\t\t\t\t200.00\t\t50.00\t150.00\r\n"
        "1046 - Lee, Ann\t1,020.00\t\t\t\t1,020.00\t\t\t1,020.00\r\n"
        "TOTAL\t1,220.00\t\t\t\t1,220.00\t\t50.00\t1,170.00\r\n"
    ).encode("cp1252")
    checked = check(data, "Aging.xls", spool)
    assert body(checked, spool)["pendingInvoiceUploads"] == [
        {"rowNum": 1, "statementDate": "2026-07-30", "externalPatientId": "1045", "externalPmsPatientId": "1045",
         "firstName": "John", "lastName": "Snow", "amountDue": 15000},
        {"rowNum": 2, "statementDate": "2026-07-30", "externalPatientId": "1046", "externalPmsPatientId": "1046",
         "firstName": "Ann", "lastName": "Lee", "amountDue": 102000},
    ]  # fmt: skip
    assert checked.warnings == (
        "There is no column for the statement date: 2026-07-30, from the title, was taken.",
        "1 row of totals, counts or page numbers left out: row 6.",
    )


def test_open_dental_ageing_without_numbers_says_where_to_turn_them_on(spool: Path) -> None:
    data = b"GUARANTOR\t0-30 DAYS\t31-60 DAYS\t61-90 DAYS\t= PATIENT\r\nSnow, John\t1\t2\t3\t6.00\r\n"
    problem = check(data, "Aging.xls", spool).problem
    assert problem is not None
    assert "show patient numbers on reports" in problem.details[0].message


def test_topsortho_ageing_has_its_headings_twice(spool: Path) -> None:
    headings = "Patient\tAccount\tTotal Bal\tCurrent\t30\t60\t90\tLast Pt Pmt\r\n"
    snow = "John Snow\tA12\t150.00\t150.00\t\t\t\t06/01/2026\r\n"
    lee = "Ann Lee\tA13\t20.00\t20.00\t\t\t\t\r\n"
    data = f"{headings}{snow}\r\n{headings}{lee}".encode()
    assert uploads(data, "aging.xls", spool) == [
        {"rowNum": 1, "statementDate": "2026-07-31", "externalPatientId": "A12", "externalPmsPatientId": "A12",
         "amountDue": 15000, "firstName": "John", "lastName": "Snow"},
        {"rowNum": 2, "statementDate": "2026-07-31", "externalPatientId": "A13", "externalPmsPatientId": "A13",
         "amountDue": 2000, "firstName": "Ann", "lastName": "Lee"},
    ]  # fmt: skip


def test_soe_exact_aged_debt(spool: Path) -> None:
    headings = ["Patient Code", "Patient Name", "Last Statement Date", "Stop Credit", "Total", "Current", "30 days"]
    data = made.xlsx([["Aged debt at 31/07/2026"], [], headings, ["SN001", "Snow, John", "", "N", 150.5, 150.5, 0]])
    assert uploads(data, "Aged debt.xlsx", spool) == [
        {"rowNum": 1, "statementDate": "2026-07-31", "externalPatientId": "SN001", "externalPmsPatientId": "SN001",
         "amountDue": 15050, "firstName": "John", "lastName": "Snow"},
    ]  # fmt: skip


def test_transworld_placement_file(spool: Path) -> None:
    headings = (
        "CLIENT NUMBER|TRANSMITTAL NUMBER|DEBTOR REFERENCE|DEBTOR NAME|ADDRESS|ADDRESS2|CITY|STATE|ZIP|DEBTOR PHONE|"
        "SECONDARY PHONE|DEBTOR SSN|DATE OF DEBT|AMOUNT DUE|DATE OF LAST PAY|COMMENTS"
    )
    row = "77|1|1045|SNOW, JOHN|1 Castle Rd||Salem|OR|97301|5035550101||000000000|07012026|151.25|06012026|"
    checked = check(f"{headings}\r\n{row}\r\n".encode(), "placement.txt", spool)
    assert checked.warnings == ()
    assert body(checked, spool)["pendingInvoiceUploads"] == [
        {"rowNum": 1, "statementDate": "2026-07-01", "externalPatientId": "1045", "externalPmsPatientId": "1045",
         "amountDue": 15125, "firstName": "JOHN", "lastName": "SNOW", "smsPhoneNumber": "+15035550101",
         "addressLine1": "1 Castle Rd", "addressCity": "Salem", "addressState": "OR", "addressZip": "97301"},
    ]  # fmt: skip


def test_instamed_balance_file(spool: Path) -> None:
    cells = [""] * 48
    for position, cell in {
        1: "IMPSCIF", 2: "1045", 3: "John", 4: "A", 5: "Snow", 6: "19800101", 7: "5035550101", 8: "INV-9", 9: "151.25",
        10: "20260731", 11: "77", 12: "DR2", 23: "S", 28: "john@example.com", 32: "1 Castle Rd", 34: "Salem", 35: "OR",
        36: "97301",
    }.items():  # fmt: skip
        cells[position - 1] = cell
    checked = check("|".join(cells).encode() + b"\n", "PS_77_20260731_1.txt", spool)
    assert checked.warnings == ()
    assert body(checked, spool)["pendingInvoiceUploads"] == [
        {**SNOW, "rowNum": 1, "statementDate": "2026-07-31", "amountDue": 15125, "providerId": "DR2",
         "posOrderId": "INV-9", "smsPhoneNumber": "+15035550101"}
    ]  # fmt: skip


def test_a_row_of_another_record_is_no_instamed_balance(spool: Path) -> None:
    problem = check(b"IMPSCIF|1045\nIMPXYZ1|1046\n", "PS_77.txt", spool).problem
    assert problem is not None
    assert any(f.where == "row 2" and "begins with IMPSCIF" in f.message for f in problem.details)


GENERIC = [
    ["Main Street Dental, balances"],
    [],
    ["Chart #", "Guarantor", "E-mail", "Cell", "Street", "City, State, Zip", "Stmt Date", "Balance Due", "Memo"],
    ["1045", "Snow, John A", "john@example.com", "(503) 555-0101", "1 Castle Rd", "Salem, OR 97301", "7/31/26",
     "$1,234.56", "Hello"],
]  # fmt: skip
GENERIC_MADE = {
    **SNOW,
    "rowNum": 1,
    "statementDate": "2026-07-31",
    "amountDue": 123456,
    "smsPhoneNumber": "+15035550101",
    "patientNote": "Hello",
}


def _delimited(rows: list[list[str]], delimiter: str) -> str:
    return "".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) + "\r\n" for row in rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_a_practices_own_table_in_any_encoding(encoding: str, delimiter: str, spool: Path) -> None:
    data = _delimited(GENERIC, delimiter).replace("Hello", "Señor").encode(encoding)
    assert uploads(data, "balances.txt", spool) == [GENERIC_MADE | {"patientNote": "Señor"}]


@pytest.mark.parametrize(("name", "book"), [("b.xlsx", made.xlsx), ("b.xls", made.xls), ("b.csv", made.xlsx)])
def test_a_practices_own_workbook_whatever_its_ending(name: str, book: Any, spool: Path) -> None:
    rows: list[list[object]] = [*GENERIC[:3], [1045, *GENERIC[3][1:6], date(2026, 7, 31), 1234.56, "Hello"]]
    assert uploads(book(rows), name, spool) == [GENERIC_MADE]


def test_one_row_a_line(spool: Path) -> None:
    headings = [
        "Account",
        "Statement Date",
        "Name",
        "Amount Due",
        "DOS",
        "Code",
        "Description",
        "Charges",
        "Credit",
        "Balance",
    ]
    rows = [
        ["1", "07/31/2026", "John Snow", "9.00", "07/01/2026", "D0120", "Exam", "5.00", "1.00", "4.00"],
        ["1", "07/31/2026", "John Snow", "9.00", "07/02/2026", "D0274", "Film", "5.00", "", "5.00"],
        ["", "", "", "", "07/03/2026", "", "Adjustment", "", "", ""],
        ["2", "07/31/2026", "Ann Lee", "7.00", "07/01/2026", "D0120", "Exam", "7.00", "1.00", "7.00"],
    ]  # fmt: skip
    checked = check(made.csv(*rows, headings=headings), "lines.csv", spool)
    first, second = body(checked, spool)["pendingInvoiceUploads"]
    assert [line["description"] for line in first["lineItems"]] == ["Exam", "Film", "Adjustment"]
    assert first["amountDue"] == 900
    assert first["lineItems"][0] == {
        "dateOfService": "2026-07-01", "sku": "D0120", "description": "Exam", "charges": 500, "credit": 100,
        "balance": 400,
    }  # fmt: skip
    assert second["rowNum"] == 2
    assert "1 line's balance is not its charges less its credit: row 5." in checked.warnings


def test_every_profile_that_was_asked_for_is_there() -> None:
    wanted = (
        "opendental-xml opendental-ehg opendental-statement-csv opendental-aging transworld instamed-balance generic"
    )
    assert set(wanted.split()) <= built_in().keys()


def _sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def test_the_services_own_sample_comes_through_as_json_field_by_field(spool: Path) -> None:
    (wanted,) = _sample("upload.json")["pendingInvoiceUploads"]
    checked = check((SAMPLES / "upload.json").read_bytes(), "test-upload.xlsx", spool)
    (statement,) = body(checked, spool)["pendingInvoiceUploads"]
    identifiers = {"externalPatientId": "2006-1000009", "externalPmsPatientId": "2006-1000009"}
    assert statement == {"rowNum": 1, **wanted, **identifiers}
    assert body(checked, spool)["filename"] == "test-upload.xlsx"
    assert checked.warnings == ()


def test_the_services_own_sample_comes_through_as_a_table_field_by_field(spool: Path) -> None:
    (wanted,) = _sample("upload.json")["pendingInvoiceUploads"]
    checked = check((SAMPLES / "upload.csv").read_bytes(), "test-upload.csv", spool)
    (statement,) = body(checked, spool)["pendingInvoiceUploads"]
    account = wanted.pop("patientId")  # a table's patient number is the PMS's, not the payment system's own
    assert statement == {"rowNum": 1, **wanted, "externalPatientId": account, "externalPmsPatientId": account}
    assert checked.warnings == ()


@pytest.mark.parametrize("element", ["AmountDue", "Account", "EMail"])
def test_an_element_that_stands_twice_with_two_values_is_asked_about(element: str, spool: Path) -> None:
    data = made.opendental(made.statement()).decode()
    end = f"</{element}>"
    assert end in data
    problem = made.check(data.replace(end, f"{end}<{element}>7.00{end}").encode(), "Statements.xml", spool).problem
    assert problem is not None
    assert "stands twice" in problem.details[0].message


def _one_statement(total: str, *lines: str) -> bytes:
    head = "Invoice/Statement Number,Date Created,Procedure Total,Ins Estimate,Total Amount,"
    under = "Date,Patient Number,Patient Name,Code,Description,Charges,Credits,Balance"
    return "\r\n".join(
        [head, f"12,07/20/2026,1,1,{total},", "", "", under, *(f"{line}," for line in lines), ""]
    ).encode()


@pytest.mark.parametrize(
    ("total", "line"),
    [
        ("100.00", "07/01/2026,1045,John Snow,D1110,Prophy, adult,1,100.00,0.00,1,100.00"),
        ("100.00", "07/01/2026,1045,John Snow, Jr,D1110,Prophy,100.00,0.00,100.00"),
    ],
)
def test_commas_that_can_stand_in_two_places_are_asked_about(total: str, line: str, spool: Path) -> None:
    problem = made.check(_one_statement(total, line), "s.csv", spool).problem
    assert problem is not None
    assert any("in double quotes" in fault.message for fault in problem.details)


def test_a_total_in_whole_dollars_keeps_its_thousands(spool: Path) -> None:
    line = "07/01/2026,1045,John Snow,D1110,Prophy,100.00,0.00,100.00"
    (sent,) = made.uploads(_one_statement("1,150", line), "s.csv", spool)
    assert sent["amountDue"] == 115000


def test_lines_of_several_patients_are_told(spool: Path) -> None:
    lines = ("07/01/2026,1046,Arya Snow,D1,Prophy,10.00,0.00,10.00", "07/01/2026,1045,John Snow,D2,X,10.00,0.00,20.00")
    warnings = made.check(_one_statement("20.00", *lines), "s.csv", spool).warnings
    assert any("several patients" in warning for warning in warnings)


def test_a_credit_with_a_minus_is_a_payment_where_the_running_balance_falls(spool: Path) -> None:
    items = (
        made.item("D1110 Prophy", charges="100.00", balance="100.00"),
        made.item("Payment", credit="-80.00", balance="20.00"),
    )
    data = made.opendental(made.statement(due="20.00", items=made.details(*items)))
    (sent,) = made.uploads(data, "Statements.xml", spool)
    assert [line["balance"] for line in sent["lineItems"]] == [10000, -8000]
