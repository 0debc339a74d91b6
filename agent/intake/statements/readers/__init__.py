"""What a statement file is made of, whatever its format: blocks of rows, or records with their lines.

Every reader streams, is bounded in memory, and raises `Unreadable` and nothing else about what is in the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

MOST_ROWS = 1 << 24
"""More than one sheet has: what the numbers of two sheets' rows are apart (`SheetRow`)."""

Cell = object
Row = Sequence[Cell]
Column = Sequence[Cell]


class SheetRow(int):
    """The number of a row where several sheets are read as one table: it says of which sheet it is, and is unique."""

    said: str

    @classmethod
    def of(cls, number: int, sheet: str, order: int) -> Self:
        """Return row `number` of the sheet that is the `order`-th, from 0."""
        made = cls(order * MOST_ROWS + number)
        made.said = f"{number} of sheet {sheet}"
        return made

    def __str__(self) -> str:
        return self.said


class Block:
    """Some rows of a table. `numbers` are those that a spreadsheet or an editor shows for them."""

    def __init__(self, numbers: Sequence[int], rows: Sequence[Row]) -> None:
        self.numbers = numbers
        self.rows = rows

    @property
    def columns(self) -> Sequence[Column] | None:
        """The cells by column, or None where the rows are not equally wide."""
        return list(zip(*self.rows, strict=True)) if len(set(map(len, self.rows))) == 1 else None

    def after(self, number: int) -> Block | None:
        """Return the rows behind the row `number`, or None where there are none."""
        past = bisect_right(self.numbers, number)
        if past == 0:
            return self
        return Block(self.numbers[past:], self.rows[past:]) if past < len(self.numbers) else None


class EvenBlock(Block):
    """Rows that are equally wide, read column by column. Each row is only made for those who ask."""

    def __init__(self, numbers: Sequence[int], columns: Sequence[Column]) -> None:
        self.numbers = numbers
        self._columns = columns

    @property
    def columns(self) -> Sequence[Column]:
        """The cells by column."""
        return self._columns

    @cached_property
    def rows(self) -> Sequence[Row]:  # type: ignore[override]
        """The rows."""
        return list(zip(*self._columns, strict=True))


@dataclass(slots=True)
class Line:
    """One line of a statement: raw cells by heading. `place` is how its place is told to people."""

    number: int
    place: str
    cells: dict[str, Cell]


@dataclass(slots=True)
class Record:
    """One statement of a nested file, or the rows of a table that make one."""

    number: int
    place: str
    cells: dict[str, Cell]
    lines: list[Line] = field(default_factory=list)
