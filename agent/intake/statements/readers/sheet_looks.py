"""What the library that reads workbooks does not tell of a sheet: formats, hidden rows, missing results.

Everything is kept by runs and by exception, so that a sheet of a million cells in one format costs a few bytes. Both
kinds of workbook fill the same `SheetLooks`; `workbook_looks` finds their parts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

NO_RESULT = ""
"""Stands in place of what a formula gives where the file does not keep it."""

PLAIN = frozenset({"", "General", "@"})
"""Formats that show a number as it is."""

MOST_FAULTS = 200_000


class TooManyFaults(Exception):
    """More cells without a result than any list of statements has."""


class Runs:
    """The number formats of one column: from which row on which one holds. Cells without a number do not count."""

    def __init__(self) -> None:
        self.starts = array("I")
        self.codes: list[str] = []

    def note(self, row: int, code: str) -> None:
        """Note the format of a number; rows come in order."""
        if not self.codes or self.codes[-1] != code:
            self.starts.append(row)
            self.codes.append(code)

    def within(self, first: int, last: int) -> Iterator[tuple[int, int, str]]:
        """Yield first row, last row and format of what lies between two rows."""
        at = max(0, bisect_right(self.starts, first) - 1)
        ends = [*self.starts[at + 1 :], last + 1]
        for start, end, code in zip(self.starts[at:], ends, self.codes[at:], strict=True):
            if start > last:
                return
            if end > first:
                yield max(start, first), min(end - 1, last), code

    @property
    def matter(self) -> bool:
        """Whether any of the formats may change what a person sees."""
        return any(code not in PLAIN for code in self.codes)


@dataclass
class SheetLooks:
    """Rows are numbered from 1 as Excel shows them, columns from 0. `faults` holds `#N/A`, or `NO_RESULT`."""

    formats: dict[int, Runs] = field(default_factory=dict)
    faults: dict[int, dict[int, str]] = field(default_factory=dict)  # column to row to text
    hidden_rows: list[tuple[int, int]] = field(default_factory=list)  # first and last
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    from_1904: bool = False  # how the workbook counts days
    _count: int = 0

    def note_fault(self, row: int, column: int, text: str) -> None:
        """Note a cell without a result. Raises `TooManyFaults`."""
        self._count += 1
        if self._count > MOST_FAULTS:
            raise TooManyFaults
        self.faults.setdefault(column, {})[row] = text

    def hide_row(self, row: int) -> None:
        """Note a hidden row; rows come in order."""
        if self.hidden_rows and self.hidden_rows[-1][1] == row - 1:
            self.hidden_rows[-1] = (self.hidden_rows[-1][0], row)
        else:
            self.hidden_rows.append((row, row))

    def is_hidden_column(self, column: int) -> bool:
        """Tell whether the sheet hides a column."""
        return any(first <= column <= last for first, last in self.hidden_columns)

    def hidden_among(self, numbers: Iterable[int]) -> list[int]:
        """Return the hidden rows among `numbers`, which rise."""
        if not self.hidden_rows:
            return []
        edges = array("I", [edge for first, last in self.hidden_rows for edge in (first, last + 1)])
        return [number for number in numbers if bisect_right(edges, number) % 2]

    def settle(self) -> None:
        """Drop the columns in which no format matters, once all cells are noted."""
        self.formats = {column: runs for column, runs in self.formats.items() if runs.matter}
        for earlier, later in pairwise(self.hidden_rows):
            if later[0] <= earlier[1]:
                raise ValueError("rows out of order")
