"""What a statement file is made of, whatever its format: blocks of rows, or records with their lines.

Every reader streams, is bounded in memory, and raises `Unreadable` and nothing else about what is in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = object
Row = Sequence[Cell]


@dataclass(slots=True)
class Block:
    """Some rows of a table. `numbers` are those that a spreadsheet or an editor shows for them."""

    numbers: Sequence[int]
    rows: Sequence[Row]


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
