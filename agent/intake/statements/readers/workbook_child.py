"""The reader of workbooks as it runs in the child: sheets, their rows a block at a time, and their looks.

The library is native code that ends its process over some damaged files, and takes what memory a file claims to need.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Generator, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.intake.statements.problems import CALCULATE, SAVE_AS, Unreadable, unreadable
from agent.intake.statements.readers import Row
from agent.intake.statements.readers.sheet_looks import SheetLooks, TooManyFaults
from agent.intake.statements.readers.workbook_guard import check_xls, check_xlsx, locked, with_slashes
from agent.intake.statements.readers.workbook_looks import workbook_looks

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

HEAD_ROWS = 60
BLOCK_ROWS = 1000
_MOST_ANSWER = 8 << 20  # bytes, of more than one row
_DAMAGE = (ValueError, OSError, KeyError, TypeError, IndexError, struct.error, AttributeError, OverflowError)

_Sheet = tuple[str, bool, "CalamineSheet"]


def read(stream: BinaryIO, question: Any) -> Generator[Any, Any, None]:
    """Answer with the sheets and their first rows; then with rows `["rows", sheet, from]`, or `["looks", sheet]`.

    Raises nothing about the file: where it cannot be read, the answer is the problem.
    """
    name = str(question["name"])
    try:
        data = stream.read()
        if data.startswith(b"PK"):
            check_xlsx(name, data)
            data = with_slashes(data)
        else:
            check_xls(name, data)
        sheets = _opened(name, data)
        heads = [[label, hidden, list(islice(sheet.iter_rows(), HEAD_ROWS))] for label, hidden, sheet in sheets]
        asked = yield encoded(["sheets", heads])
        rows = _Rows(sheets)
        looks: Callable[[str], SheetLooks] | None = None
        while True:
            if asked[0] == "rows":
                asked = yield rows.answer(asked[1], asked[2])
            else:
                looks = looks or workbook_looks(name, data)
                asked = yield encoded(["looks", _told(_looks(name, looks, sheets[asked[1]][0]))])
    except Unreadable as found:
        problem = found.problem
        yield ["unreadable", problem.code, problem.sentence, problem.what_to_do]


def _opened(name: str, data: bytes) -> list[_Sheet]:
    """Return the sheets that are not empty, whether each is hidden, and its cells."""
    from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum, load_workbook

    found: list[_Sheet] = []
    try:
        workbook = load_workbook(io.BytesIO(data))
        for about in workbook.sheets_metadata:
            if about.typ == SheetTypeEnum.WorkSheet:
                sheet = workbook.get_sheet_by_name(about.name)
                if sheet.height:
                    found.append((about.name, about.visible != SheetVisibleEnum.Visible, sheet))
    except PasswordError:
        raise locked(name) from None
    except (CalamineError, *_DAMAGE):
        raise damaged(name) from None
    except BaseException as panic:
        # A panic in the library's native code is no Exception, so that nothing catches it unawares.
        if type(panic).__module__ != "pyo3_runtime":
            raise
        raise damaged(name) from None
    return found


def damaged(name: str) -> Unreadable:
    """Return what to raise for a workbook that no reader gets through."""
    return unreadable(name, "the workbook is damaged", SAVE_AS)


class _Rows:
    """Reads on in a sheet where it stands, or from its beginning."""

    def __init__(self, sheets: list[_Sheet]) -> None:
        self._sheets = sheets
        self._at: tuple[int, int] | None = None
        self._rows: Iterator[Row] = iter(())
        self._left: list[Row] = []

    def answer(self, sheet: int, start: int) -> bytes:
        """Return a block of rows as columns, from the row `start` (from 0): fewer of them where they are long."""
        if self._at != (sheet, start):
            self._rows = islice(self._sheets[sheet][2].iter_rows(), start, None)
            self._left = []
        rows = [*self._left, *islice(self._rows, BLOCK_ROWS - len(self._left))]
        said = _columns(rows)
        kept = len(rows)
        while len(said) > _MOST_ANSWER and kept > 1:
            kept //= 2
            said = _columns(rows[:kept])
        self._left = rows[kept:]
        self._at = (sheet, start + kept)
        return said


def _columns(rows: list[Row]) -> bytes:
    return encoded(["rows", len(rows), list(zip(*rows, strict=True))])


def _looks(name: str, looks: Callable[[str], SheetLooks], sheet: str) -> SheetLooks:
    try:
        return looks(sheet)
    except TooManyFaults:
        reason = "more of its formulas have no result than can be told one by one"
        raise unreadable(name, reason, CALCULATE) from None
    except _DAMAGE:
        raise damaged(name) from None


def _told(looks: SheetLooks) -> list[Any]:
    formats = [[column, list(runs.starts), runs.codes] for column, runs in looks.formats.items()]
    faults = [[column, list(rows), list(rows.values())] for column, rows in looks.faults.items()]
    return [formats, faults, looks.hidden_rows, looks.hidden_columns, looks.from_1904]


def encoded(answer: Any) -> bytes:
    """Return an answer as JSON; what JSON has no word for stands as an object of one entry, which nothing else is."""
    return json.dumps(answer, ensure_ascii=False, default=_tagged, separators=(",", ":")).encode("utf-8", "replace")


def _tagged(cell: object) -> dict[str, Any]:
    if isinstance(cell, datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    if isinstance(cell, time):
        return {"time": cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"days": [cell.days, cell.seconds, cell.microseconds]}
    raise TypeError
