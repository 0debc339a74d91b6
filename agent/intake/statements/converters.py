"""From a raw cell to the piece of JSON that it becomes, by the field that its column fills: the rules of each value.

What is wrong with a cell, or worth a word, travels within its piece as a `Marked` text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal

from agent.intake.statements import wire
from agent.intake.statements.problems import (
    DATE_AHEAD,
    EMAIL_LEFT_OUT,
    NAME_CUT,
    NO_VALUE,
    NOTHING_DUE,
    ORDER_ID_CUT,
    PHONE_LEFT_OUT,
    PLACE_WHOLE,
    SERVICE_AHEAD,
    STATE_UNKNOWN,
    ZIP_PADDED,
    ZIP_UNKNOWN,
    Notice,
)
from agent.intake.statements.profile import Layout
from agent.intake.statements.values import Refusal, contacts, dates, money, names, places, plain, unguarded
from agent.intake.statements.values.spoiled import LOST, has_lost_letters, says_nothing

REFUSED = "\x00"
NOTED = "\x01"

IDENTIFIERS = frozenset(
    {
        "account",
        "external_id",
        "pms_id",
        "patient_id",
        "provider_id",
        "location",
        "order_id",
        "code",
        "account_and_name",
    }
)
ACCOUNTS = frozenset({"account", "external_id", "pms_id"})
NAMES = frozenset({"name", "first_name", "last_name", "line_name", "line_first_name", "line_last_name"})
_SHORTENED = re.compile(r"-?\d(?:\.\d+)?E\+\d+|-?\d\.\d+E\d+", re.IGNORECASE).fullmatch
_EXCEL_SHORTENED = "Excel has shortened this number. Format the column as text, and enter the number again."
_CHANGED = r"\d+\.0+|\d{1,3}(?:,\d{3})+|\d\.\d+[eE]\d+|TRUE|FALSE"
_OF_DECIMALS = re.compile(r"\d+\.0+").fullmatch
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+").fullmatch
ODD_IDENTIFIER = re.compile(rf"\n(?:{_CHANGED})(?=\n)").search
NO_LETTERS = re.compile(r"\n[^A-Za-z\n]+(?=\n)").search
"""These two find one such cell among many, each behind a line end."""
DAY = (  # how Excel writes what it took for a day
    r"\d{1,2}-(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)(?:-\d{2}(?:\d{2})?)?"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}|\d{1,2}/\d{1,2}/(?:(?:19|20)\d{2}|\d{2})"
    r"|\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?|\d{1,2}:\d{2}:\d{2}"
)
_LIKE_DAY = re.compile(DAY).fullmatch
LONGEST_NUMBER = 1e15  # Excel keeps 15 digits
_BEFORE_ALL_STATEMENTS, _PAST_ALL_STATEMENTS = "2000", "2060"  # by no clock: a PC's may be wrong
_LONGEST_SHOWN = 11  # characters of a number with decimals, without a number format
_NUMBER_AND_NAME = re.compile(r"(\w[\w.]*)\s*-\s*(\S.*)").fullmatch


class Marked(str):
    """A piece with a word about it: refused (`message`), or fit to go with a `notice`."""

    message: str = ""
    notice: Notice | None = None


Convert = Callable[[object], str]


def converter(field: wire.Field, layout: Layout, today: date) -> Convert:
    """Return what makes a piece of a cell of `field`, written as `layout` says. It raises `Refusal`."""
    first = field.wire[0]
    if field.name == "order_id":
        return lambda raw: _unless_nothing(raw, _order_id)
    if field.name == "account_and_name":
        return lambda raw: _account_and_name(raw, layout)
    if field.name == "city_state_zip":
        return lambda raw: _city_state_zip(field.wire, raw)
    if field.kind == "date":
        due = field.name == "statement_date"
        latest = (today + timedelta(days=31 if due else 366)).isoformat()
        return lambda raw: _date(first, dates.iso(raw, layout.dates, layout.excel_epoch), latest, of_statement=due)
    if field.kind == "money":
        due = field.name == "amount_due"
        return lambda raw: _money(first, money.cents(raw, layout.amounts), due=due)
    if field.kind == "name":
        if field.of_line:
            first_only = layout.members == "first-name"
            return lambda raw: _pairs(field.wire, names.split_member(_name(raw), layout.names, first_only=first_only))
        return lambda raw: _whole_name(field.wire, _name(raw), layout)
    if field.kind == "phone":
        return lambda raw: _contact(first, raw, contacts.phone, PHONE_LEFT_OUT)
    if field.kind == "email":
        return lambda raw: _contact(first, raw, contacts.email, EMAIL_LEFT_OUT)
    if field.kind == "state":
        return lambda raw: _unless_nothing(raw, lambda raw: _noted_unless(first, *places.state(raw)))
    if field.kind == "zip":
        return lambda raw: _unless_nothing(raw, lambda raw: _zip(first, raw))
    if field.kind == "long-text":
        return lambda raw: _unless_nothing(raw, lambda raw: wire.pair(first, _paragraphs(raw)))
    if field.name in ACCOUNTS:
        return lambda raw: _same(field.wire, _account(raw))
    if field.name in NAMES:
        return lambda raw: _same(field.wire, _name(raw))
    read = _identifier if field.name in IDENTIFIERS else _text
    return lambda raw: _unless_nothing(raw, lambda raw: _same(field.wire, read(raw)))


def _unless_nothing(raw: object, read: Convert) -> str:
    """Return nothing, with a word, where the cell holds what a program writes for no value; else what `read` makes."""
    return _noted("", NO_VALUE) if isinstance(raw, str) and says_nothing(plain(raw)) else read(raw)


def _noted(piece: str, notice: Notice) -> str:
    marked = Marked(piece + NOTED)
    marked.notice = notice
    return marked


def _pairs(names_: Sequence[str], values: Sequence[str]) -> str:
    return "".join(map(wire.pair, names_, values))


def _whole_name(names_: Sequence[str], text: str, layout: Layout) -> str:
    first, last = names.split(text, layout.names)
    piece = _pairs(names_, (first, last))
    told = layout.names == "auto" and names.says_more(text, first, last)  # else the program's way is known
    return _noted(piece, NAME_CUT) if told else piece


def _same(names_: Sequence[str], value: str) -> str:
    return "".join(wire.pair(name, value) for name in names_)


def _text(raw: object) -> str:
    """Return the text of a cell. Raises `Refusal` where a spreadsheet has made something else of it."""
    if isinstance(raw, date | time | timedelta):
        raise Refusal("Excel has made a date of this. Format the column as text, and enter the value again.")
    if isinstance(raw, bool):
        raise Refusal("This is TRUE or FALSE. Format the column as text, and enter the value again.")
    if isinstance(raw, float) and not abs(raw) < LONGEST_NUMBER:
        raise Refusal("Excel keeps only 15 digits of a number. Format the column as text, and enter the number again.")
    value = plain(raw)
    if value.startswith("=") and len(value) > 1:
        raise Refusal("This is a formula. Enter the value itself.")
    return value


def _identifier(raw: object) -> str:
    value = _text(raw)
    if _SHORTENED(value):
        raise Refusal(_EXCEL_SHORTENED)
    if _LIKE_DAY(value):
        raise Refusal("Excel has made a date of this. Format the column as text, and enter the value again.")
    if _OF_DECIMALS(value) or _GROUPED(value) or (isinstance(raw, Decimal) and raw == raw.to_integral_value()):
        raise Refusal("This number was changed by a table of decimals. Format the column as text, and enter it again.")
    if value in ("TRUE", "FALSE"):
        raise Refusal("This is TRUE or FALSE. Format the column as text, and enter the value again.")
    if isinstance(raw, float) and not raw.is_integer() and len(value) > _LONGEST_SHOWN:
        raise Refusal("Excel does not show this number as a whole. Format the column as text, and enter it again.")
    return value


def _account(raw: object) -> str:
    value = _identifier(raw)
    if isinstance(raw, str) and "\n" in raw.strip():
        raise Refusal("There are several lines in this cell. Enter the number of one account.")
    if says_nothing(value):
        raise Refusal("This is what a program writes where there is no value. Enter the number.")
    if "," in value:
        raise Refusal("This is not the number of one account. Enter the number alone.")
    return value


def _name(raw: object) -> str:
    value = _text(raw)
    if says_nothing(value):
        raise Refusal("This is what a program writes where there is no value. Enter the name, or leave the cell blank.")
    if has_lost_letters(value):
        raise Refusal(LOST)
    if value.count('"') % 2:
        raise Refusal("There is one quotation mark too few or too many in this name. Take it out.")
    if value and not any(map(str.isalpha, value)):
        raise Refusal("There is no letter in this name. Enter the name, or leave the cell blank.")
    return value


def _date(name: str, value: str, latest: str, *, of_statement: bool) -> str:
    if value >= _PAST_ALL_STATEMENTS or (of_statement and "" < value < _BEFORE_ALL_STATEMENTS):
        raise Refusal(f"This is {value}, a day that is too far away. Look at the year.")
    piece = wire.pair(name, value)
    return _noted(piece, DATE_AHEAD if of_statement else SERVICE_AHEAD) if value > latest else piece


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


def _city_state_zip(names_: Sequence[str], raw: object) -> str:
    parts = places.city_state_zip(raw)
    piece = _pairs(names_, parts)
    if parts[2] and parts[2][:5] not in plain(raw):
        return _noted(piece, ZIP_PADDED)
    return piece if parts[2] or not parts[0] else _noted(piece, PLACE_WHOLE)


def _zip(name: str, raw: object) -> str:
    value, padded = places.zip_code(_text(raw))
    if _SHORTENED(value):
        raise Refusal(_EXCEL_SHORTENED)
    piece = wire.pair(name, value)
    if value and not places.is_known_zip(value):
        return _noted(piece, ZIP_UNKNOWN)
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
