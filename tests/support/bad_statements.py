"""Statement files that cannot go, each with what must be said of it: for the intake and for the whole way through.

`settles` is False where a file never becomes complete: the whole way through it then waits, and is read as it is.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support import files
from tests.support import statement_files as made
from tests.support.statement_files import HEADINGS, ROW, csv, opendental, statement, xls, xlsx


@dataclass(frozen=True)
class BadStatements:
    """A file, and the problem's code and words that must occur in what is said of it."""

    id: str
    filename: str
    data: bytes
    code: str
    words: tuple[str, ...]
    settles: bool = True


def _row(case: str, column: str, value: str, *words: str) -> BadStatements:
    """One cell of the third row is bad."""
    row = list(ROW)
    row[HEADINGS.index(column)] = value
    said = (f"row 3, column {column}", *words)
    return BadStatements(case, "july.csv", csv(ROW, row), "statement-rows", said)


def _unreadable(case: str, name: str, data: bytes, *words: str, settles: bool = True) -> BadStatements:
    return BadStatements(case, name, data, "statement-unreadable", words, settles)


def _xml(case: str, data: bytes | str, *words: str, settles: bool = True) -> BadStatements:
    data = data.encode() if isinstance(data, str) else data
    return _unreadable(case, "Statements.xml", data, *words, settles=settles)


def _xml_rows(case: str, one: str, *words: str) -> BadStatements:
    return BadStatements(case, "Statements.xml", opendental(statement(), one), "statement-rows", words)


def _json(case: str, text: str, code: str, *words: str, settles: bool = True) -> BadStatements:
    return BadStatements(case, "upload.json", text.encode(), code, words, settles)


def _lines(case: str, headings: Sequence[str], rows: Sequence[Sequence[object]], *words: str) -> BadStatements:
    return BadStatements(case, "lines.csv", csv(*rows, headings=headings), "statement-rows", words)


def far_cell() -> bytes:
    """A small workbook whose last cell stands in the last corner of the sheet."""
    rows: list[list[object]] = [list(HEADINGS), list(ROW)]
    return _with_sheet(
        xlsx(rows), b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def bomb() -> bytes:
    """A workbook of some kilobytes with a part of 300 MB."""
    data = io.BytesIO(xlsx([HEADINGS, ROW]))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/a.bin", "w") as part:
        for _ in range(300):
            part.write(b"\0" * 1_000_000)
    return data.getvalue()


def lying() -> bytes:
    """A workbook whose directory says that a part unpacks to fewer bytes than it does."""
    data = bytearray(xlsx([HEADINGS, ROW]))
    at = data.rindex(b"PK\x01\x02")
    size = struct.unpack_from("<I", data, at + 24)[0]
    struct.pack_into("<I", data, at + 24, size - 5)
    return bytes(data)


def _with_sheet(book: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            data = source.read(part)
            target.writestr(part, data.replace(old, new) if part.filename.endswith("sheet1.xml") else data)
    return out.getvalue()


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><StatementFile>&b;</StatementFile>'
)
_EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><StatementFile>&a;</StatementFile>'
)
_ITEM = '{"statementDate":"2026-07-31","externalPatientId":"1","externalPmsPatientId":"1","amountDue":%s}'
_LINED = ("Account Number", "Statement Date", "Description", "Charges", "Amount Due")

BAD_STATEMENTS = [
    _row("an amount that can be read in two ways", "Amount Due", '"1.234,56"', "1.234,56", "two ways", "1,234.56"),
    _row("cents behind a comma", "Amount Due", '"12,5"', "two ways", "12.50"),
    _row("a part of a cent", "Amount Due", "12.345", "part of a cent", "12.35"),
    _row("a word for an amount", "Amount Due", "twelve", "not an amount", "1,234.56"),
    _row("no amount", "Amount Due", "", "amount due is missing"),
    _row("an amount beyond all bounds", "Amount Due", "123456789012.00", "larger than"),
    _row("two signs", "Amount Due", "-12.00-", "not an amount"),
    _row("a day that does not exist", "Statement Date", "02/30/2026", "no such day", "07/31/2026"),
    _row("the day first", "Statement Date", "31/07/2026", "no such day"),
    _row("a word for a date", "Statement Date", "last week", "not a date"),
    _row("no date", "Statement Date", "", "statement date is missing"),
    _row("a date that stands for none", "Statement Date", "01/01/0001", "statement date is missing"),
    _row("a year beyond all bounds", "Statement Date", "07/31/0206", "year 206"),
    _row("no account", "Account Number", "", "account number is missing"),
    _row("an account that Excel shortened", "Account Number", "1.23457E+11", "shortened", "text"),
    BadStatements("three bad rows", "july.csv", csv(ROW, ("", "x", "A B", "1"), ("2", "", "A B", "1"),
                  ("3", "07/31/2026", "A B", "1,2")), "statement-rows", ("3 rows", "row 3", "row 4", "row 5")),
    BadStatements("a comma without quotes", "july.csv", csv(ROW, ("2", "07/31/2026", "Snow, John", "1.00")),
                  "statement-rows", ("row 3", "5 cells", "double quotes")),
    BadStatements("an Excel number with a part of a cent", "july.xlsx",
                  xlsx([HEADINGS, ("1001", made.TODAY, "John Snow", 12.345)]), "statement-rows",
                  ("row 2, column Amount Due", "12.345", "part of a cent")),
    BadStatements("a truth value for an amount", "july.xlsx",
                  xlsx([HEADINGS, ("1001", made.TODAY, "John Snow", True)]), "statement-rows", ("not an amount",)),
    BadStatements("headings alone", "july.csv", csv(), "no-statements", ("no statements",)),
    BadStatements("headings alone in a workbook", "july.xlsx", xlsx([HEADINGS]), "no-statements", ("no statements",)),
    BadStatements("XML without statements", "Statements.xml", opendental(), "no-statements", ("no statements",)),
    BadStatements("no headings", "july.csv", csv(ROW, headings=ROW), "no-header", ("column headings", "Amount Due")),
    BadStatements("prose", "notes.txt", b"Call Mrs. Lee back\r\nabout her balance.\r\n", "no-header", ("headings",)),
    BadStatements("no column for the date", "july.csv", csv(("1", "2.00"), headings=("Account Number", "Amount Due")),
                  "column-missing", ("statement date", "Statement Date", "Account Number, Amount Due")),
    BadStatements("no column for the account", "july.csv",
                  csv(("07/31/2026", "2.00"), headings=("Statement Date", "Amount Due")), "column-missing",
                  ("the account number", "Account Number")),
    BadStatements("two columns of one name", "july.csv", csv((*ROW, "1"), headings=(*HEADINGS, "Amount Due")),
                  "column-twice", ("two columns called Amount Due",)),
    _lines("lines that disagree on the amount due", _LINED,
           [("1", "07/31/2026", "Exam", "5.00", "12.00"), ("1", "07/31/2026", "Film", "7.00", "7.00")],
           "row 3, column Amount Due", "Row 2 of the same statement says 12.00"),
    _lines("lines that do not stand together", _LINED,
           [("1", "07/31/2026", "Exam", "5.00", ""), ("2", "07/31/2026", "Film", "7.00", ""),
            ("1", "07/31/2026", "Film", "7.00", "")], "row 4", "began in row 2"),
    BadStatements("a location for one statement only", "july.csv",
                  csv((*ROW, "north"), ("1002", *ROW[1:], ""), headings=(*HEADINGS, "Location")), "statement-rows",
                  ("row 3, column Location", "location is missing")),
    _xml("XML cut off", opendental(statement())[:-40], "damaged or cut off", settles=False),
    _xml("a billion laughs", _LAUGHS, "document type"),
    _xml("a document type without entities", "<?xml version='1.0'?><!DOCTYPE x><StatementFile/>", "document type"),
    _xml("an external entity", _EXTERNAL, "document type"),
    _xml("XML a hundred levels deep", "<StatementFile>" + "<a>" * 100 + "</a>" * 100 + "</StatementFile>", "nested"),
    _xml("XML of another kind", "<?xml version='1.0'?><Invoices><Invoice/></Invoices>", "Invoices"),
    _xml("XML in an encoding that nobody knows", "<?xml version='1.0' encoding='x-none'?><StatementFile/>",
         "cannot be read"),
    _xml("a web page", "<html><body><table><tr><td>Account</td></tr></table></body></html>", "web page", settles=True),
    _xml_rows("XML without an account", statement(made.address(account="")), "statement 2", "Account", "missing"),
    _xml_rows("XML without a date", statement(when=""), "statement 2 (account 1045), StatementDate", "missing"),
    _xml_rows("XML with a bad line", statement(items=made.details(made.item("Exam", charges="1.2.3"))),
              "statement 2 (account 1045), line 1, Charges", "1.2.3"),
    _json("JSON cut off", '{"filename":"a","pendingInvoiceUploads":[' + _ITEM % 5, "statement-unreadable", "cut off",
          settles=False),
    _json("JSON without uploads", '{"filename":"a"}', "statement-unreadable", "pendingInvoiceUploads"),
    _json("JSON that lists a number", f"[{_ITEM % 5}, 5]", "statement-unreadable", "shape"),
    _json("JSON with dollars", f'{{"pendingInvoiceUploads":[{_ITEM % 5.25}]}}', "statement-rows", "amountDue", "1234"),
    _json("JSON with an object for a text", '{"pendingInvoiceUploads":[{"statementDate":"2026-07-31","amountDue":5,'
          '"externalPatientId":{}}]}', "statement-rows", "externalPatientId"),
    _json("JSON ten thousand levels deep", '{"x":' + "[" * 10_000 + "]" * 10_000 + "}", "statement-unreadable", "deep"),
    _unreadable("zero bytes in the middle", "july.csv", csv(ROW) + b"\0\0\0\0" + csv(ROW), "zero bytes"),
    _unreadable("nothing but blanks", "july.csv", b"\r\n  \r\n", "empty"),
    _unreadable("a line of megabytes", "july.csv", csv(ROW) + b"x" * 2_000_000, "longer than any"),
    _unreadable("ten million columns", "july.csv", b"," * 10_000_000 + b"\n", "longer than any"),
    _unreadable("bytes that are no text", "july.csv", b"a,b\r\n\x81\x8d\x8f\x90\x9d", "not a text file"),
    _unreadable("a PDF", "july.csv", b"%PDF-1.7\n%%EOF\n", "PDF"),
    _unreadable("a workbook with a cell in the last corner", "july.xlsx", far_cell(), "spread over"),
    _unreadable("a bomb of a workbook", "july.xlsx", bomb(), "more data than"),
    _unreadable("a workbook that lies of its size", "july.xlsx", lying(), "damaged"),
    _unreadable("half a workbook", "july.xlsx", xlsx([HEADINGS, ROW])[:3000], "damaged", settles=False),
    _unreadable("half a workbook of Excel 97", "july.xls", xls([HEADINGS, ROW])[:2000], "damaged", settles=False),
    _unreadable("an Excel from before 1997", "july.xls", b"\x09\x04\x06\0\0\0\x10\0" + bytes(90),
                "before 1997", "in Excel"),
    _unreadable("Excel 2003 XML behind a long comment", "july.xls",
                b"<?xml version='1.0'?><!--" + b"x" * 5000 + b"--><Workbook xmlns='urn:x'/>", "2003 XML", "in Excel"),
    _unreadable("a Word document", "july.xlsx", files.docx(), "not an Excel workbook", "Export it again"),
    _unreadable("an archive", "july.xlsx", b"PK\x05\x06" + b"\0" * 18, "not a"),
]  # fmt: skip
