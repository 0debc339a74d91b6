"""Statement files as the practices' programs write them, about people who do not exist."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.folder.simulated import SimulatedFileSystem
from agent.intake.statements.check import check_statements
from agent.model import Candidate, Checked, Observation
from agent.settings.schema import StatementsSettings

LANE = Path("/practice/statements")
TODAY = date(2026, 7, 31)
"""The day on which the files are checked."""

HEADINGS = ("Account Number", "Statement Date", "Patient Name", "Amount Due")
ROW = ("1001", "07/31/2026", "John Snow", "12.00")


def csv(*rows: Sequence[object], headings: Sequence[str] = HEADINGS, delimiter: str = ",") -> bytes:
    """A table without quotes, as it stands in the arguments."""
    return "".join(delimiter.join(map(str, row)) + "\r\n" for row in (headings, *rows)).encode()


def xlsx(rows: Iterable[Sequence[object]], *, sheets: Sequence[str] = ("Balances",), date_1904: bool = False) -> bytes:
    """A workbook with the same rows in every sheet; dates are real dates."""
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, "date_1904": date_1904}) as book:
        day = book.add_format({"num_format": "mm/dd/yyyy"})
        for name in sheets:
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(r, c, cell, day)
                    elif cell != "":
                        sheet.write(r, c, cell)
    return data.getvalue()


def xls(rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook of Excel 97."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Balances")
    day = xlwt.easyxf(num_format_str="MM/DD/YYYY")
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell, *((day,) if isinstance(cell, date) else ()))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


XML_HEAD = '<?xml version = "1.0" standalone="yes"?>'
SENDER = (
    "<SenderAddress><Name>Main Street Dental</Name><Address1>9 Main St</Address1><Address2></Address2>"
    "<City>Salem</City><State>OR</State><Zip>97301</Zip><Phone>5035550100</Phone></SenderAddress>"
)


def elements(**values: str) -> str:
    """Elements in order; `&` and `<` are for the caller to escape."""
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def address(name: str = "Mr. John A Snow", account: str = "1045", email: str = "john@example.com", **more: str) -> str:
    values = {"Name": name, "Account": account, "Address1": "1 Castle Rd", "Address2": "", "City": "Salem"}
    return elements(**(values | {"State": "OR", "Zip": "97301", "EMail": email} | more))


def item(
    description: str = "", when: str = "", patient: str = "", charges: str = "", credit: str = "", balance: str = "",
    **more: str,
) -> str:  # fmt: skip
    inner = elements(
        Date=when,
        PatientName=patient,
        Description=description,
        Charges=charges,
        Credits=credit,
        Balance=balance,
        **more,
    )
    return f"<Item>{inner}</Item>"


def details(*items: str, code: Sequence[str] = ()) -> str:
    codes = [f"<ProcCode>{c}</ProcCode>" for c in code] or [""] * len(items)
    made = "".join(
        f'<DetailItem sequence="{n}">{c}{i}</DetailItem>' for n, (i, c) in enumerate(zip(items, codes, strict=True))
    )
    return f"<DetailItems>{made}</DetailItems>"


def statement(
    recipient: str = "", *, due: str = "200.00", when: str = "07/31/2026", notes: str = "", items: str = ""
) -> str:
    """One statement of the POS/EDS layout."""
    summary = elements(PriorStatementDate="06/30/2026", DueDate="08/10/2026", StatementDate=when, PriorBalance="0.00")
    summary += elements(Credits="0.00", PayPlanDue="0.00", EstInsPayments="0.00", AmountDue=due)
    summary += elements(PastDue30="0.00", PastDue60="0.00", PastDue90="0.00")
    recipient = f"<RecipientAddress>{recipient or address()}</RecipientAddress>"
    return f"<Statement>{recipient}{summary}<Notes>{notes}</Notes>{items or details()}</Statement>"


def opendental(*statements: str) -> bytes:
    """A file of the POS/EDS/ClaimX layout."""
    body = "".join(statements)
    return f"{XML_HEAD}<StatementFile>{SENDER}<Statements>{body}</Statements></StatementFile>".encode()


def opendental_ehg(*statements: str) -> bytes:
    """A file of the EHG layout."""
    head = elements(SubmitDate="2026-07-31", PrimarySubmitter="PWB", Transmitter="DAP")
    provider = f"<RenderingProvider>{elements(Name='Ann Lee', LicenseNumber='D1', State='OR')}</RenderingProvider>"
    practice = f'<Practice AccountNumber="77">{SENDER}{provider}{"".join(statements)}</Practice>'
    return (
        f'{XML_HEAD}<EISStatementFile VendorID="1" OutputFormat="StmOut_Blue6Col" Version="2">'
        f"{head}{practice}</EISStatementFile>"
    ).encode()


def check(data: bytes, name: str, spool: Path, **settings: Any) -> Checked:
    """Check one file as a lane would."""
    fs = SimulatedFileSystem(SystemClock())
    fs.make_folder(LANE)
    fs.put(LANE / name, data)
    lane = StatementsSettings(folder=LANE, base_url="https://billing.example.com", **settings)
    candidate = Candidate(name.rpartition(".")[0], (Observation(name, fs.identify(LANE / name)),))
    return check_statements(fs, LANE, candidate, lane, spool, TODAY, name)


def body(checked: Checked, spool: Path) -> dict[str, Any]:
    """Return the request of a file that can go."""
    assert checked.problem is None, checked.problem
    made: dict[str, Any] = json.loads(spool.read_bytes())
    return made


def uploads(data: bytes, name: str, spool: Path, **settings: Any) -> list[dict[str, Any]]:
    """Return the statements of a file that can go."""
    made: list[dict[str, Any]] = body(check(data, name, spool, **settings), spool)["pendingInvoiceUploads"]
    return made
