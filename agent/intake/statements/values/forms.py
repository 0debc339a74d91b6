"""The ordinary form of a kind of value, recognised in one cell or in many cells at once."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Form:
    """The form in which nearly all cells of a kind are written, simple enough to be read without a closer look.

    Its value is the cell without the characters in `dropped`, of which `length` counts from the end where it is given.
    The pattern takes what repeats possessively (`[0-9]++`), so that many cells are matched without looking back.
    """

    def __init__(self, pattern: str, dropped: str = "", length: int = 0) -> None:
        self._one = re.compile(pattern).fullmatch
        self._all = re.compile(rf"(?:(?:{pattern})\n|\n)*").fullmatch
        self._dropped = str.maketrans("", "", dropped)
        self._length = length

    def value(self, cell: object) -> str:
        """Return the value of a cell in this form, or an empty string where it is in another."""
        return cell.translate(self._dropped)[-self._length :] if isinstance(cell, str) and self._one(cell) else ""

    def values(self, cells: Sequence[object]) -> Sequence[str] | None:
        """Return the values of cells that are each in this form or blank, or None where any is not."""
        text = joined(cells)
        if text is None or not self._all(text):
            return None
        text = text.translate(self._dropped)
        values = text.split("\n")
        values.pop()
        if len(values) != len(cells):  # a line end within a cell
            return None
        if self._length and len(text) != len(values) * (self._length + 1):
            return [value[-self._length :] for value in values]
        return values


def joined(cells: Sequence[object]) -> str | None:
    """Return the cells as one text, with a line end behind each, or None where one is no text."""
    try:
        return "\n".join(cells) + "\n"  # type: ignore[arg-type]  # what is no text is found out by trying
    except TypeError:
        return None
