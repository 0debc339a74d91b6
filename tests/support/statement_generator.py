"""Statement tables as practices write them, and now and then with a cell that has no reading: from a seed."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from random import Random
from typing import Any

_HEADINGS = {
    "id": ("Account Number", "Patient ID", "Acct #", "Chart No"),
    "date": ("Statement Date", "Bill Date", "Invoice Date"),
    "amount": ("Amount Due", "Total Due", "Balance Due"),
    "name": ("Patient Name", "Guarantor Name"),
    "email": ("E-mail", "Email Address"),
    "phone": ("Cell Phone", "Mobile"),
    "zip": ("Zip Code", "Zip"),
    "reference": ("Reference",),
}
_FIRST = ("Maya", "Jon", "Ana", "Carl", "Mary Ann", "Total", "Zo\u00eb")
_LAST = ("Lindqvist", "Berg", "Mu\u00f1oz", "O'Hara", "Sum", "Smith-Jones")
_DOUBTFUL = {
    "id": ("1.23457e+11", "7E+16", "5-Mar", "Mar-05", "3/5/2026", "#N/A", "=A2", ""),
    "date": ("2026-02-30", "13/13/2026", "tomorrow", "#REF!", "07/2026", ""),
    "amount": ("1.234,56", "12,50", "1,23.00", "12.345", "(12.00", "--5.00", "$", "12.00 EUR", "\u20ac12.00", "50%",
               "#VALUE!", "1,2345.00", "1 2", "twelve", "(-5.00)"),
    "name": ("#NAME?", "=B2"),
    "reference": ("1.5E+12", "12-Jan"),
}  # fmt: skip


def made(seed: int) -> tuple[bytes, str]:
    """Return a file and its name."""
    draw = Random(seed)
    fields = [
        "id",
        "date",
        "amount",
        *(f for f in ("name", "email", "phone", "zip", "reference") if draw.random() < 0.6),
    ]
    draw.shuffle(fields)
    headings = [draw.choice(_HEADINGS[field]) for field in fields]
    workbook = draw.random() < 0.35
    style = {
        "money": draw.randrange(9),
        "date": draw.randrange(8),
        "guard": draw.randrange(6),
        "name": draw.randrange(2),
    }
    rows = [[_cell(draw, field, style, workbook, n) for field in fields] for n in range(draw.randint(1, 9))]
    if draw.random() < 0.3:
        field = draw.choice([f for f in fields if f in _DOUBTFUL])
        draw.choice(rows)[fields.index(field)] = draw.choice(_DOUBTFUL[field])
    if draw.random() < 0.1:
        rows.append(list(draw.choice(rows)))
    if draw.random() < 0.25:
        rows.insert(draw.randrange(len(rows)), [""] * len(fields))
    if draw.random() < 0.3:
        words = draw.choice(("Total", "Grand Total:", "Practice Total", f"{len(rows)} patients", "Page 1 of 1"))
        rows.append([words] + [""] * (len(fields) - 1))
    return _workbook(draw, headings, fields, rows) if workbook else _text(draw, headings, rows)


def _cell(draw: Random, field: str, style: dict[str, int], workbook: bool, number: int) -> Any:
    if field == "id":
        if workbook:
            if draw.random() < 0.05:
                return draw.choice([float(10**15 - 1 - number), 1234567890123456.0 + number])
            return draw.choice([float(number * 37 + 1), f"A{number:03}"])
        text = draw.choice([f"{number * 37 + 1:05}", f"A{number:03}", str(number * 37 + 1)])
        return [text, text, text, f'="{text}"', f"'{number * 37 + 1:05}", f" {text} "][style["guard"]]
    if field == "date":
        day = date(2026, 7, 20) - timedelta(days=draw.randrange(60))
        if workbook and style["date"] % 2:
            return day
        forms = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y", "%B %d, %Y", "%A, %B %d, %Y", "%Y%m%d")
        return day.strftime(forms[style["date"]])
    if field == "amount":
        cents = draw.choice([draw.randrange(1, 5_000_000), draw.randrange(1, 20_000), 100 * draw.randrange(1, 900)])
        return cents / 100 if workbook else _money(draw, cents, style["money"])
    if field == "name":
        first, last = draw.choice(_FIRST), draw.choice(_LAST)
        return f"{last}, {first}" if style["name"] or " " in first else f"{first} {last}"
    if field == "email":
        return draw.choice([f"a{number}@example.com", f"b.{number}@mail.example.org", "", "none at all", "a@"])
    if field == "phone":
        return draw.choice(
            ["(207) 555-0142", "207-555-0142", "12075550142", "+1 207 555 0142", "", "555-0142", "call Ana"]
        )
    if field == "zip":
        return draw.choice(
            [4101.0, 62701.0, "04101"] if workbook else ["04101", "62701", "4101", "62701-1234", "901", ""]
        )
    return f"R-{number}-{draw.randrange(10**6)}"


def _money(draw: Random, cents: int, style: int) -> str:
    whole, part = divmod(cents, 100)
    plain, commas = f"{whole}.{part:02}", f"{whole:,}.{part:02}"
    if draw.random() < 0.15:
        return draw.choice([f"-{plain}", f"-${commas}", f"$-{plain}", f"({commas})", f"(${commas})", f"$({plain})",
                            f"{plain}-", f"{commas} CR"])  # fmt: skip
    return [plain, commas, f"${commas}", f"${plain}", f"$ {commas}", f"US${commas}", f"US$ {plain}", plain,
            plain.removesuffix("0")][style]  # fmt: skip


def _text(draw: Random, headings: list[str], rows: list[list[Any]]) -> tuple[bytes, str]:
    out = io.StringIO()
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    mark, end = draw.choice(",,,\t|;"), draw.choice(["\r\n", "\n"])
    csv.writer(out, delimiter=mark, quoting=quoting, lineterminator=end).writerows([headings, *rows])
    encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16"])
    tail = draw.choice(["", "", "", "\x1a"])
    return (out.getvalue() + tail).encode(encoding), f"made.{draw.choice(['csv', 'txt'])}"


def _workbook(draw: Random, headings: list[str], fields: list[str], rows: list[list[Any]]) -> tuple[bytes, str]:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        codes = {
            "id": draw.choice(["General", "00000", "0000000", "#,##0"]),
            "amount": draw.choice(["General", "0.00"]),
            "zip": draw.choice(["General", "00000"]),
            "date": "mm/dd/yyyy",
        }
        made_ = {field: book.add_format({"num_format": code}) for field, code in codes.items()}
        sheet.write_row(0, 0, headings)
        for r, row in enumerate(rows, 1):
            for c, (field, cell) in enumerate(zip(fields, row, strict=True)):
                look = made_.get(field)
                if isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, look)
                elif isinstance(cell, float):
                    sheet.write_number(r, c, cell, look)
                elif cell:
                    sheet.write_string(r, c, cell)
    return out.getvalue(), "made.xlsx"
