"""Excel workbooks, XLSX and XLS, by python-calamine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from agent.intake.statements.problems import SAVE_AS, Unreadable, unreadable
from agent.intake.statements.readers import Block, Row
from agent.intake.statements.readers.workbook_guard import check_xls, check_xlsx, locked, with_slashes
from agent.intake.statements.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_HEAD_ROWS = 60
_BLOCK_ROWS = 1000


@dataclass
class Sheet:
    """A visible sheet with anything in it."""

    name: str
    sheet: CalamineSheet

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
    """Return the visible sheets that are not empty. Raises `Unreadable`."""
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
            if about.typ == SheetTypeEnum.WorkSheet and about.visible == SheetVisibleEnum.Visible:
                sheet = workbook.get_sheet_by_name(about.name)
                if sheet.height:
                    found.append(Sheet(about.name, sheet))
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


def _damaged(name: str) -> Unreadable:
    return unreadable(name, "the workbook is damaged", SAVE_AS)
