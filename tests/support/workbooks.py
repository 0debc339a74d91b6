"""Workbooks with what only Excel shows: number formats, hidden rows, several sheets, formulas without a result."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

HEADINGS = ("Account Number", "Statement Date", "Amount Due", "Email")


def xlsx_with(fill: Callable[[Any, Any], None]) -> bytes:
    """A workbook that `fill(book, sheet)` writes, with xlsxwriter."""
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("Balances"))
    return data.getvalue()


def xlsx_rows(
    rows: Sequence[Sequence[object]], formats: Mapping[int, str], headings: Sequence[str] = HEADINGS
) -> bytes:
    """A workbook whose columns (from 0) have number formats."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, headings)
        made = {column: book.add_format({"num_format": code}) for column, code in formats.items()}
        for r, row in enumerate(rows, 1):
            for c, cell in enumerate(row):
                sheet.write(r, c, cell, made.get(c))

    return xlsx_with(fill)


def xls_rows(rows: Sequence[Sequence[object]], formats: Mapping[int, str], headings: Sequence[str] = HEADINGS) -> bytes:
    """The same as Excel 97 has it. A cell that begins with `=` is a formula."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Balances")
    made = {column: xlwt.easyxf(num_format_str=code) for column, code in formats.items()}
    for r, row in enumerate((headings, *rows)):
        for c, cell in enumerate(row):
            value = xlwt.Formula(cell[1:]) if isinstance(cell, str) and cell.startswith("=") else cell
            sheet.write(r, c, value, *([made[c]] if r and c in made else []))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def rewritten(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one part of it written otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            new.writestr(info.filename, change(text.decode()).encode() if info.filename == part else text)
    return out.getvalue()


def prefixed(text: str) -> str:
    """A sheet's XML as programs write it that give every element a prefix."""
    text = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", text)
    return text.replace("xmlns=", "xmlns:x=", 1)


def swapped(text: str) -> str:
    """A sheet's XML whose cells name their style first."""
    return re.sub(r'<c r="(\w+)" s="(\d+)"', r'<c s="\2" r="\1"', text)
