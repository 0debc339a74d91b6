"""A second reader of statement tables, to hold the first one against: other code, the same rules, on one page.

It knows what the generator of the differential test writes, and nothing more. What has one reading is read; anything
else is `Asks`.

- An id is what a person sees: no guard, the zeros of its number format. A shortened number or a date is none.
- An amount is dollars, with at most one sign in one place and at most two decimals; commas stand every three digits.
- A date is ISO, month first with four or two digits of the year, with the month's name, or Excel's own.
- `Last, First` or `First Last`. A phone number has ten digits, an e-mail address one @ and a dot behind it; what is
  neither is left out.
- Blank rows and totals are nobody's. The same account, date and amount twice is asked about.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

FIELDS = {
    "account number": "id", "patient id": "id", "acct #": "id", "chart no": "id",
    "statement date": "date", "bill date": "date", "invoice date": "date",
    "amount due": "amount", "total due": "amount", "balance due": "amount",
    "patient name": "name", "guarantor name": "name",
    "e-mail": "email", "email address": "email", "cell phone": "phone", "mobile": "phone",
    "zip code": "zip", "zip": "zip",
    "reference": "reference",
}  # fmt: skip
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y", "%B %d, %Y", "%A, %B %d, %Y", "%Y%m%d")
_FAULTS = ("#N/A", "#REF!", "#NAME?", "#VALUE!")


class Asks(Exception):
    """There is more than one way to read this, or none."""


def read(data: bytes, name: str) -> list[dict[str, Any]]:
    """Return the statements of a file, in order. Raises `Asks`."""
    rows = _sheet(data) if name.endswith(".xlsx") else _text(data)
    at = next(i for i, row in enumerate(rows) if sum(str(cell).strip().lower() in FIELDS for cell in row) >= 3)
    heads = [FIELDS[str(cell).strip().lower()] for cell in rows[at]]
    found = []
    for row in rows[at + 1 :]:
        cells = dict(zip(heads, row, strict=False))
        if not any(str(cell).strip() for cell in row) or _is_footer(row):
            continue
        found.append(_statement(cells))
    asked = [(one["id"], one["date"], one["amount"], one.get("reference")) for one in found]
    if len(set(asked)) < len(asked):
        raise Asks
    return found


def _is_footer(row: list[Any]) -> bool:
    words = [str(cell).strip() for cell in row if str(cell).strip()]
    return bool(re.fullmatch(r"(?i)(grand |practice )?totals?:?|\d+ (patients|record\(s\))|page \d+.*", words[0]))


def _statement(cells: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": _id(cells["id"]), "date": _date(cells["date"]), "amount": _amount(cells["amount"])}
    if not made["id"] or not made["date"]:
        raise Asks
    if "name" in cells:
        made["first"], made["last"] = _name(_seen(cells["name"]))
    if "email" in cells and re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", _seen(cells["email"])):
        made["email"] = _seen(cells["email"])
    if "phone" in cells:
        digits = re.sub(r"\D", "", _seen(cells["phone"])).removeprefix("1")
        if len(digits) == 10 and not re.search(r"[A-Za-z]", _seen(cells["phone"])):
            made["phone"] = f"+1{digits}"
    if "zip" in cells:
        made["zip"] = _zip(_seen(cells["zip"]))
    if "reference" in cells:
        made["reference"] = _id(cells["reference"])
    return {key: value for key, value in made.items() if value != ""}


def _seen(cell: Any) -> str:
    if isinstance(cell, float | int):
        return str(int(cell)) if cell == int(cell) else repr(cell)
    text = re.sub(r"\s+", " ", str(cell)).strip()
    if guarded := re.fullmatch(r'="(.*)"', text):
        text = guarded[1].strip()
    elif re.match(r"'\d", text):
        text = text[1:]
    if text in _FAULTS or text.startswith("="):
        raise Asks
    return text


def _id(cell: Any) -> str:
    if isinstance(cell, date) or (isinstance(cell, float | int) and abs(cell) >= 10**15):
        raise Asks
    text = _seen(cell)
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}", text):
        raise Asks
    return text


def _amount(cell: Any) -> int:
    text = repr(cell) if isinstance(cell, float) else _seen(cell)
    if isinstance(cell, float):
        exact = Decimal(text) * 100
        if abs(exact - round(exact)) > Decimal("0.0001"):
            raise Asks
        return round(exact)
    number = r"(\d{1,3}(?:,\d{3})*|\d+)(\.\d{1,2})?"
    for form, sign in (
        (rf"\$?\s?{number}", 1), (rf"US\$\s?{number}", 1), (rf"-\$?{number}", -1), (rf"\$-{number}", -1),
        (rf"\(\$?{number}\)", -1), (rf"\$\({number}\)", -1), (rf"\$?{number}-", -1), (rf"\$?{number} CR", -1),
    ):  # fmt: skip
        if found := re.fullmatch(form, text):
            cents = ((found[2] or ".")[1:] + "00")[:2]
            return sign * int(found[1].replace(",", "") + cents)
    raise Asks


def _date(cell: Any) -> str:
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    for form in _DATES:
        try:
            return datetime.strptime(_seen(cell), form).date().isoformat()
        except ValueError:
            continue
    raise Asks


def _name(text: str) -> tuple[str, str]:
    if ", " in text:
        last, first = text.split(", ")
        return first, last
    first, _, last = text.rpartition(" ")
    return first, last


def _zip(text: str) -> str:
    whole = re.fullmatch(r"(\d{3,5})(?:-(\d{4}))?", text)
    return whole[1].zfill(5) + (f"-{whole[2]}" if whole[2] else "") if whole else text


def _text(data: bytes) -> list[list[Any]]:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16") if wide else data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    text = text.rstrip("\x1a\x00")
    mark = max(",\t|;", key=text.count)
    return [row for row in csv.reader(io.StringIO(text), delimiter=mark) if row]


def _sheet(data: bytes) -> list[list[Any]]:
    import openpyxl

    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    return [[_shown(cell) for cell in row] for row in sheet.iter_rows()]


def _shown(cell: Any) -> Any:
    value = "" if cell.value is None else cell.value
    if isinstance(value, int | float) and re.fullmatch("0{2,}", cell.number_format) and value < 10**15:
        return f"{value:0{len(cell.number_format)}.0f}"
    if isinstance(value, int | float) and cell.number_format == "#,##0" and abs(value) >= 1000:
        return "#VALUE!"  # an id with a comma in it is none
    return float(value) if isinstance(value, int) else value
