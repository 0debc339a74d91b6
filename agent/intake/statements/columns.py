"""A column of the file, compiled: from a raw cell straight to the piece of JSON that it becomes.

A piece is `,"name":value`, or empty where the cell says nothing. Cells repeat (dates, cities, amounts), so a column is
a dictionary that works out what it does not hold; where they do not, cells of an ordinary form are looked at as one
text. What is wrong with a cell travels within its piece as a `Marked` text, so that a block of good rows costs one look
for the mark and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from operator import itemgetter

from agent.intake.statements import wire
from agent.intake.statements.problems import (
    DATE_AHEAD,
    EMAIL_LEFT_OUT,
    NOTHING_DUE,
    ORDER_ID_CUT,
    PHONE_LEFT_OUT,
    PLACE_WHOLE,
    STATE_UNKNOWN,
    ZIP_PADDED,
    Notice,
)
from agent.intake.statements.profile import Layout
from agent.intake.statements.values import (
    Refusal,
    contacts,
    dates,
    money,
    names,
    places,
    plain,
    require_value,
    unguarded,
)
from agent.intake.statements.values.forms import Form, joined

REFUSED = "\x00"
NOTED = "\x01"

_IDENTIFIERS = frozenset({"account", "external_id", "pms_id", "patient_id", "provider_id", "location", "code"})
_MOST_KEPT = 20_000
_UNFIT = str.maketrans("", "", "".join(c for c in map(chr, range(128)) if c in '"\\' or not c.isprintable()))
_SHORTENED = re.compile(r"-?\d(?:\.\d+)?E\+\d+", re.IGNORECASE).fullmatch
_DAY = (  # how Excel writes what it took for a day
    r"\d{1,2}-(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)(?:-\d{2}(?:\d{2})?)?"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}|\d{1,2}/\d{1,2}/(?:19|20)\d{2}"
)
_LIKE_DAY = re.compile(_DAY).fullmatch
_LONGEST_NUMBER = 1e15  # Excel keeps 15 digits
_NUMBER_AND_NAME = re.compile(r"(\w[\w.]*)\s*-\s*(\S.*)").fullmatch


class Marked(str):
    """A piece with a word about it: refused (`message`), or fit to go with a `notice`."""

    message: str = ""
    notice: Notice | None = None


Convert = Callable[[object], str]


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
        texts = _clean(cells)
        if texts is None:
            return super()._pieces(cells)
        opening, *others = (f',"{name}":"' for name in self.field.wire)
        return _around(opening, texts, '"', f'"{others[0]}' if others else "")


def _clean(cells: Sequence[object]) -> Sequence[str] | None:
    """Return the cells if each is printable ASCII text without quotes, backslashes or blanks at its ends."""
    text = joined(cells)
    if text is None and all(type(cell) is str or _is_short_number(cell) for cell in cells):
        cells = [plain(cell) for cell in cells]
        text = joined(cells)
    clean = (
        text is not None
        and text.isascii()
        and len(text.translate(_UNFIT)) == len(text) - len(cells)
        and not ("+" in text and ("E+" in text or "e+" in text))  # a number that Excel has shortened
        and not (" " in text and (" \n" in text or "\n " in text or text[0] == " "))
        and not (("-" in text or "/" in text) and _LIKE_DAYS("\n" + text))
        and not (("=" in text or "'" in text or "#" in text) and _GUARDED_OR_FAULTY("\n" + text))
    )
    return cells if clean else None  # type: ignore[return-value]  # they could be joined, so they are texts


_GUARDED_OR_FAULTY = re.compile(r"\n[='#]").search
_LIKE_DAYS = re.compile(rf"\n(?:{_DAY})(?=\n)").search


def _is_short_number(cell: object) -> bool:
    return type(cell) in (int, float) and -_LONGEST_NUMBER < cell < _LONGEST_NUMBER  # type: ignore[operator]


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
    convert = _converter(field, layout, today)
    if field.kind == "email":
        return OrdinaryColumn(field, heading, convert, contacts.ORDINARY_EMAIL, '"', '"')
    if field.kind == "phone":
        return OrdinaryColumn(field, heading, convert, contacts.NORTH_AMERICAN, '"+1', '"')
    if field.kind == "money" and layout.amounts == "dollars":
        return MoneyColumn(field, heading, convert, money.ASKED)
    if field.kind == "text" and field.name != "order_id":
        return TextColumn(field, heading, convert)
    return Column(field, heading, convert)


def _converter(field: wire.Field, layout: Layout, today: date) -> Convert:
    first = field.wire[0]
    if field.name == "order_id":
        return _order_id
    if field.name == "account_and_name":
        return lambda raw: _account_and_name(raw, layout)
    if field.name == "city_state_zip":
        return lambda raw: _city_state_zip(field.wire, places.city_state_zip(raw))
    if field.kind == "date":
        latest = (today + timedelta(days=31)).isoformat() if field.name == "statement_date" else ""
        return lambda raw: _date(first, dates.iso(raw, layout.dates, layout.excel_epoch), latest)
    if field.kind == "money":
        due = field.name == "amount_due"
        return lambda raw: _money(first, money.cents(raw, layout.amounts), due=due)
    if field.kind == "name":
        if field.of_line:
            first_only = layout.members == "first-name"
            return lambda raw: _pairs(field.wire, names.split_member(_text(raw), layout.names, first_only=first_only))
        return lambda raw: _pairs(field.wire, names.split(_text(raw), layout.names))
    if field.kind == "phone":
        return lambda raw: _contact(first, raw, contacts.phone, PHONE_LEFT_OUT)
    if field.kind == "email":
        return lambda raw: _contact(first, raw, contacts.email, EMAIL_LEFT_OUT)
    if field.kind == "state":
        return lambda raw: _noted_unless(first, *places.state(raw))
    if field.kind == "zip":
        return lambda raw: _zip(first, raw)
    if field.kind == "long-text":
        return lambda raw: wire.pair(first, _paragraphs(raw))
    read = _identifier if field.name in _IDENTIFIERS else _text
    return lambda raw: _same(field.wire, read(raw))


def _noted(piece: str, notice: Notice) -> str:
    marked = Marked(piece + NOTED)
    marked.notice = notice
    return marked


def _pairs(names_: Sequence[str], values: Sequence[str]) -> str:
    return "".join(map(wire.pair, names_, values))


def _same(names_: Sequence[str], value: str) -> str:
    return "".join(wire.pair(name, value) for name in names_)


def _text(raw: object) -> str:
    """Return the text of a cell. Raises `Refusal` where a spreadsheet has made something else of it."""
    if isinstance(raw, date | time | timedelta):
        raise Refusal("Excel has made a date of this. Format the column as text, and enter the value again.")
    if isinstance(raw, bool):
        raise Refusal("This is TRUE or FALSE. Format the column as text, and enter the value again.")
    if isinstance(raw, float) and not abs(raw) < _LONGEST_NUMBER:
        raise Refusal("Excel keeps only 15 digits of a number. Format the column as text, and enter the number again.")
    value = plain(raw)
    if value.startswith("=") and len(value) > 1:
        raise Refusal("This is a formula. Enter the value itself.")
    return value


def _identifier(raw: object) -> str:
    value = _text(raw)
    if _SHORTENED(value):
        raise Refusal("Excel has shortened this number. Format the column as text, and enter the number again.")
    if _LIKE_DAY(value):
        raise Refusal("Excel has made a date of this. Format the column as text, and enter the value again.")
    return value


def _date(name: str, value: str, latest: str) -> str:
    piece = wire.pair(name, value)
    return _noted(piece, DATE_AHEAD) if latest and value > latest else piece


def _money(name: str, value: int, *, due: bool) -> str:
    piece = wire.pair(name, value)
    return _noted(piece, NOTHING_DUE) if due and value <= 0 else piece


def _contact(name: str, raw: object, read: Callable[[object], str], notice: Notice) -> str:
    try:
        return wire.pair(name, read(raw))
    except Refusal:
        return _noted("", notice)


def _noted_unless(name: str, value: str, known: bool) -> str:
    piece = wire.pair(name, value)
    return piece if known or not value else _noted(piece, STATE_UNKNOWN)


def _city_state_zip(names_: Sequence[str], parts: Sequence[str]) -> str:
    piece = _pairs(names_, parts)
    return piece if parts[2] or not parts[0] else _noted(piece, PLACE_WHOLE)


def _zip(name: str, raw: object) -> str:
    value, padded = places.zip_code(raw)
    piece = wire.pair(name, value)
    return _noted(piece, ZIP_PADDED) if padded else piece


def _order_id(raw: object) -> str:
    value = _identifier(raw)
    piece = wire.pair(wire.FIELDS["order_id"].wire[0], value[: wire.ORDER_ID_LENGTH])
    return _noted(piece, ORDER_ID_CUT) if len(value) > wire.ORDER_ID_LENGTH else piece


def _account_and_name(raw: object, layout: Layout) -> str:
    text = plain(raw)
    parts = _NUMBER_AND_NAME(text)
    if not parts or not any(c.isdigit() for c in parts[1]):
        raise Refusal("There is no patient number before the name. In Open Dental, show patient numbers on reports.")
    wires = wire.FIELDS["account_and_name"].wire
    return _same(wires[:2], parts[1]) + _pairs(wires[2:], names.split(parts[2], layout.names))


def _paragraphs(raw: object) -> str:
    lines = (plain(line) for line in str(unguarded(raw) if isinstance(raw, str) else raw).splitlines())
    return "\n".join(line for line in lines if line)
