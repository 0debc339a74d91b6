"""The looks of the sheets of an XLS workbook, from its records (MS-XLS 2.4; BIFF5 and BIFF8)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from agent.intake.statements.readers.sheet_looks import NO_RESULT, Runs, SheetLooks
from agent.intake.statements.values.number_formats import BUILT_IN

_BOF, _EOF = 0x0809, 0x000A
_FORMAT, _XF, _SHEET = 0x041E, 0x00E0, 0x0085
_COUNTED_FROM_1904 = 0x0022
_ROW, _COLUMNS = 0x0208, 0x007D
_NUMBER, _RK, _MANY_RK, _FORMULA, _FAULT = 0x0203, 0x027E, 0x00BD, 0x0006, 0x0205
_BIFF8 = 0x0600
_HEIGHT = 0x7FFF
_ROW_HIDDEN, _COLUMN_HIDDEN = 0x20, 0x01
_NAMES = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}

Records = Iterable[tuple[int, int, int]]


def all_looks(data: bytes, records: Records) -> list[SheetLooks]:
    """Return the looks of every sheet, in the order of the workbook. `records`: kind, place and length of each.

    Raises `TooManyFaults`, and `ValueError` or `struct.error` where records are cut off.
    """
    book = _Book(data)
    for kind, start, length in records:
        book.see(kind, start, length)
    return book.settled()


class _Book:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._wide = True
        self._own: dict[int, str] = {}
        self._styles: list[int] = []
        self._places: list[int] = []
        self._sheets: dict[int, SheetLooks] = {}
        self._sheet: SheetLooks | None = None
        self._depth = 0
        self._empty: list[tuple[SheetLooks, int, int]] = []
        self._kept = False
        self._from_1904 = False

    def see(self, kind: int, start: int, length: int) -> None:
        """Take note of one record."""
        if kind == _BOF:
            self._wide = struct.unpack_from("<H", self._data, start)[0] >= _BIFF8 if not self._depth else self._wide
            self._depth += 1
            if start - 4 in self._places:
                self._sheet = self._sheets[start - 4] = SheetLooks()
                self._depth = 1
        elif kind == _EOF:
            self._depth -= 1
            if self._depth <= 0:
                self._sheet, self._depth = None, 0
        elif self._sheet is None:
            self._of_book(kind, start)
        elif self._depth == 1:  # a chart within the sheet has cells of its own
            self._of_sheet(self._sheet, kind, start, length)

    def settled(self) -> list[SheetLooks]:
        """Return the looks, once all is seen."""
        if not self._kept:
            for sheet, row, column in self._empty:
                sheet.note_fault(row, column, NO_RESULT)
        found = [self._sheets.get(place, SheetLooks()) for place in self._places]
        for sheet in found:
            sheet.from_1904 = self._from_1904
            sheet.settle()
        return found

    def _of_book(self, kind: int, start: int) -> None:
        unpack = struct.unpack_from
        if kind == _SHEET:
            self._places.append(unpack("<I", self._data, start)[0])
        elif kind == _COUNTED_FROM_1904:
            self._from_1904 = unpack("<H", self._data, start)[0] == 1
        elif kind == _XF:
            self._styles.append(unpack("<H", self._data, start + 2)[0])
        elif kind == _FORMAT and self._wide:
            number, count, flags = unpack("<HHB", self._data, start)
            if flags & 1:
                text = self._data[start + 5 : start + 5 + 2 * count].decode("utf-16-le", "replace")
            else:
                text = self._data[start + 5 : start + 5 + count].decode("latin-1")
            self._own[number] = text
        elif kind == _FORMAT:
            number, count = unpack("<HB", self._data, start)
            self._own[number] = self._data[start + 3 : start + 3 + count].decode("cp1252", "replace")

    def _of_sheet(self, sheet: SheetLooks, kind: int, start: int, length: int) -> None:
        unpack = struct.unpack_from
        if kind in (_NUMBER, _RK):
            row, column, style = unpack("<HHH", self._data, start)
            self._note(sheet, row, column, style)
        elif kind == _MANY_RK:
            row, column = unpack("<HH", self._data, start)
            for index in range((length - 6) // 6):
                self._note(sheet, row, column + index, unpack("<H", self._data, start + 4 + 6 * index)[0])
        elif kind == _FORMULA:
            row, column, style, result = unpack("<HHH8s", self._data, start)
            self._note_formula(sheet, row, column, style, result)
        elif kind == _FAULT:
            row, column, _, value, is_fault = unpack("<HHHBB", self._data, start)
            if is_fault:
                sheet.note_fault(row + 1, column, _NAMES.get(value, "#N/A"))
        elif kind == _ROW and length >= 16:
            row, height, flags = (unpack("<H", self._data, start + at)[0] for at in (0, 6, 12))
            if flags & _ROW_HIDDEN or not height & _HEIGHT:
                sheet.hide_row(row + 1)
        elif kind == _COLUMNS and length >= 10:
            first, last, width, _, flags = unpack("<HHHHH", self._data, start)
            if flags & _COLUMN_HIDDEN or not width:
                sheet.hidden_columns.append((first, last))

    def _note(self, sheet: SheetLooks, row: int, column: int, style: int) -> None:
        number = self._styles[style] if style < len(self._styles) else 0
        sheet.formats.setdefault(column, Runs()).note(row + 1, self._own.get(number, BUILT_IN.get(number, "")))

    def _note_formula(self, sheet: SheetLooks, row: int, column: int, style: int, result: bytes) -> None:
        """Programs that calculate nothing write an empty text for every formula; Excel only where the result is one."""
        if result[6:] != b"\xff\xff":
            self._kept = True
            self._note(sheet, row, column, style)
        elif result[0] == 2:
            self._kept = True
            sheet.note_fault(row + 1, column, _NAMES.get(result[2], "#N/A"))
        elif result[0] == 3:
            self._empty.append((sheet, row + 1, column))
        else:
            self._kept = True
