"""A column of the file, compiled: from a raw cell straight to the piece of JSON that it becomes.

A piece is `,"name":value`, or empty where the cell says nothing. Cells repeat (dates, cities, amounts), so a column is
a dictionary that works out what it does not hold; where they do not, cells of an ordinary form are looked at as one
text. What is wrong with a cell travels within its piece as a `Marked` text, so that a block of good rows costs one look
for the mark and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from agent.intake.statements import wire
from agent.intake.statements.converters import (
    ACCOUNTS,
    DAY,
    IDENTIFIERS,
    LONGEST_NUMBER,
    NAMES,
    NO_LETTERS,
    ODD_IDENTIFIER,
    REFUSED,
    Convert,
    Marked,
    converter,
)
from agent.intake.statements.profile import Layout
from agent.intake.statements.values import Refusal, contacts, money, plain, require_value
from agent.intake.statements.values.forms import Form, joined
from agent.intake.statements.values.spoiled import NO_VALUE, may_be_spoiled

_MOST_KEPT = 20_000
_UNFIT = str.maketrans("", "", "".join(c for c in map(chr, range(128)) if c in '"\\' or not c.isprintable()))


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of many cells: each is its text between `opening` and `closing`, which only go with no text empty.

    With `between`, a piece says its text twice, and this stands between the two. `same`: all cells are alike.
    """

    texts: Sequence[str]
    opening: str = ""
    closing: str = ""
    between: str = ""
    same: bool = False

    @property
    def may_be_blank(self) -> bool:
        """Whether a text may be empty."""
        return not self.opening


def _around(opening: str, texts: Sequence[str], closing: str, between: str = "") -> Pieces:
    if all(texts):
        return Pieces(texts, opening, closing, between)
    if between:
        return Pieces([f"{opening}{text}{between}{text}{closing}" if text else "" for text in texts])
    return Pieces([f"{opening}{text}{closing}" if text else "" for text in texts])


class Column(dict[object, str]):
    """The pieces of one column, by raw cell. `is_marked`: one of them was `Marked`."""

    def __init__(self, field: wire.Field, heading: str, convert: Convert) -> None:
        super().__init__()
        self.field = field
        self.heading = heading
        self.is_marked = False
        self._convert = convert

    def __missing__(self, raw: object) -> str:
        try:
            require_value(raw)
            piece = "" if raw == "" or raw is None else self._convert(raw)
        except Refusal as refusal:
            piece = Marked(REFUSED)
            piece.message = refusal.message
        if len(self) >= _MOST_KEPT:
            self.clear()
        self.is_marked = self.is_marked or type(piece) is Marked
        self[raw] = piece
        return piece

    def pieces(self, cells: Sequence[object]) -> Pieces:
        """Return the pieces of many cells, of which there is at least one."""
        first = cells[0]
        if first == cells[-1] and cells.count(first) == len(cells):
            return Pieces([self[first]] * len(cells), same=True)
        return self._pieces(cells)

    def _pieces(self, cells: Sequence[object]) -> Pieces:
        return Pieces(itemgetter(*cells)(self))  # there are two different ones at least


class TextColumn(Column):
    """A column whose cells seldom repeat. Where none of many needs tidying or an escape, quotes are all they get."""

    def _pieces(self, cells: Sequence[object]) -> Pieces:
        texts = _clean(cells, self.field.name)
        if texts is None:
            return super()._pieces(cells)
        opening, *others = (f',"{name}":"' for name in self.field.wire)
        return _around(opening, texts, '"', f'"{others[0]}' if others else "")


def _clean(cells: Sequence[object], field: str) -> Sequence[str] | None:
    """Return the cells if each is printable ASCII text without quotes, backslashes or blanks at its ends."""
    text = joined(cells)
    if text is None and all(type(cell) is str or _is_short_number(cell) for cell in cells):
        cells = [cell if type(cell) is str else plain(cell) for cell in cells]
        text = joined(cells)
    clean = (
        text is not None
        and text.isascii()
        and len(text.translate(_UNFIT)) == len(text) - len(cells)
        and not ("+" in text and ("E+" in text or "e+" in text))  # a number that Excel has shortened
        and not (" " in text and (" \n" in text or "\n " in text or text[0] == " "))
        and not (("-" in text or "/" in text) and _LIKE_DAYS("\n" + text))
        and not (("=" in text or "'" in text or "#" in text or "`" in text) and _GUARDED_OR_FAULTY("\n" + text))
        and not (":" in text and _LIKE_DAYS("\n" + text))
        and not NO_VALUE("\n" + text)
        and not may_be_spoiled(text)
        and not (field in IDENTIFIERS and ODD_IDENTIFIER("\n" + text))
        and not (field in ACCOUNTS and "," in text)
        and not (field in NAMES and ("?" in text or NO_LETTERS("\n" + text)))
    )
    return cells if clean else None  # type: ignore[return-value]  # they could be joined, so they are texts


_GUARDED_OR_FAULTY = re.compile(r"\n[='#`]").search
_LIKE_DAYS = re.compile(rf"\n(?:{DAY})(?=\n)").search


def _is_short_number(cell: object) -> bool:
    return type(cell) in (int, float) and -LONGEST_NUMBER < cell < LONGEST_NUMBER  # type: ignore[operator]


class OrdinaryColumn(Column):
    """A column whose cells seldom repeat, and mostly have one ordinary form."""

    def __init__(
        self, field: wire.Field, heading: str, convert: Convert, form: Form, before: str = "", after: str = ""
    ) -> None:
        super().__init__(field, heading, convert)
        self._form = form
        self._opening = f',"{field.wire[0]}":{before}'
        self._closing = after

    def _pieces(self, cells: Sequence[object]) -> Pieces:
        opening, closing = self._opening, self._closing
        values = self._form.values(cells)
        if values is not None:
            return _around(opening, values, closing)
        read = self._form.value
        return Pieces([f"{opening}{value}{closing}" if (value := read(cell)) else self[cell] for cell in cells])


class MoneyColumn(OrdinaryColumn):
    """A column of dollars, which in a workbook are numbers."""

    def _pieces(self, cells: Sequence[object]) -> Pieces:
        if not any(type(cell) is float for cell in cells[:10]):
            return super()._pieces(cells)
        opening = self._opening
        return Pieces(
            [
                f"{opening}{asked}" if type(cell) is float and (asked := money.asked(cell)) else self[cell]
                for cell in cells
            ]
        )


def compiled(field: wire.Field, heading: str, layout: Layout, today: date) -> Column:
    """Return the column of `field`, whose values are written as `layout` says."""
    convert = converter(field, layout, today)
    if field.kind == "email":
        return OrdinaryColumn(field, heading, convert, contacts.ORDINARY_EMAIL, '"', '"')
    if field.kind == "phone":
        return OrdinaryColumn(field, heading, convert, contacts.NORTH_AMERICAN, '"+1', '"')
    if field.kind == "money" and layout.amounts == "dollars":
        return MoneyColumn(field, heading, convert, money.ASKED)
    if field.kind == "text" and field.name != "order_id":
        return TextColumn(field, heading, convert)
    return Column(field, heading, convert)
