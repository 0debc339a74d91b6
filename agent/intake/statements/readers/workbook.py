"""Excel workbooks, XLSX and XLS, by python-calamine."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from agent.intake.statements.problems import CALCULATE, SAVE_AS, Unreadable, unreadable
from agent.intake.statements.readers import Block, Row
from agent.intake.statements.readers.sheet_looks import SheetLooks, TooManyFaults
from agent.intake.statements.readers.workbook_guard import check_xls, check_xlsx, locked, with_slashes
from agent.intake.statements.readers.workbook_looks import workbook_looks
from agent.intake.statements.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_HEAD_ROWS = 60
_BLOCK_ROWS = 1000


@dataclass
class Sheet:
    """A sheet with anything in it. `hidden`: the workbook does not show it."""

    name: str
    sheet: CalamineSheet
    hidden: bool
    read_looks: Callable[[], SheetLooks]

    @cached_property
    def looks(self) -> SheetLooks:
        """Its number formats, hidden rows and cells without a result. Raises `Unreadable`."""
        return self.read_looks()

    def head(self) -> list[tuple[int, Row]]:
        """Return the first rows with their numbers, for recognition."""
        return list(enumerate(islice(self.sheet.iter_rows(), _HEAD_ROWS), 1))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of the sheet, numbered as Excel shows them."""
        rows: Iterator[Row] = iter(self.sheet.iter_rows())
        number = 1
        while block := list(islice(rows, _BLOCK_ROWS)):
            yield Block(range(number, number + len(block)), block)
            number += len(block)


def sheets(source: Source) -> list[Sheet]:
    """Return the sheets that are not empty. Raises `Unreadable`."""
    data = source.rewind().read()
    if data.startswith(b"PK"):
        check_xlsx(source.name, data)
        data = with_slashes(data)
    else:
        check_xls(source.name, data)
    return _opened(source.name, data)


def _opened(name: str, data: bytes) -> list[Sheet]:
    from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum, load_workbook

    try:
        workbook: CalamineWorkbook = load_workbook(io.BytesIO(data))
        found = []
        for about in workbook.sheets_metadata:
            if about.typ == SheetTypeEnum.WorkSheet:
                sheet = workbook.get_sheet_by_name(about.name)
                if sheet.height:
                    hidden = about.visible != SheetVisibleEnum.Visible
                    found.append(Sheet(about.name, sheet, hidden, _Looks(name, data, about.name)))
    except PasswordError:
        raise locked(name) from None
    except (CalamineError, ValueError, OSError, KeyError, TypeError):
        raise _damaged(name) from None
    except BaseException as panic:
        # A panic in the library's native code is no Exception, so that nothing catches it unawares.
        if type(panic).__module__ != "pyo3_runtime":
            raise
        raise _damaged(name) from None
    return found


@dataclass
class _Looks:
    """Reads the looks of one sheet."""

    name: str
    data: bytes
    sheet: str

    def __call__(self) -> SheetLooks:
        try:
            return workbook_looks(self.name, self.data)(self.sheet)
        except TooManyFaults:
            reason = "more of its formulas have no result than can be told one by one"
            raise unreadable(self.name, reason, CALCULATE) from None
        except (ValueError, KeyError, struct.error, IndexError):
            raise _damaged(self.name) from None


def _damaged(name: str) -> Unreadable:
    return unreadable(name, "the workbook is damaged", SAVE_AS)
