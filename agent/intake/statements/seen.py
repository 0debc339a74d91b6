"""The cells of a sheet as a person sees them: ids and texts by their number formats, amounts only as they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from agent.intake.statements import wire
from agent.intake.statements.converters import IDENTIFIERS, LONGEST_NUMBER
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.problems import NO_RESULT_KEPT
from agent.intake.statements.readers import Block, Column, EvenBlock
from agent.intake.statements.readers.sheet_looks import NO_RESULT, PLAIN, SheetLooks
from agent.intake.statements.values import Refusal, Refused, money, plain
from agent.intake.statements.values.number_formats import Shown, shown

See = Callable[[float, str], object]

_AS_TEXT = "Excel shows {shown} here, and the cell holds {held}. Format the column as text, and enter what is right."
_NOT_SHOWN = "Excel shows {held} in a way that is no number of anything. Format the column as text, and enter it again."
_AMOUNT = (
    "Excel shows {shown} here, and the cell holds {held}. Format the column with two decimals, and look at it again."
)
_CURRENCY = "This amount is not in US dollars by its number format. Enter dollars, and format the column as 0.00."
_FOREIGN = frozenset("€£¥₩₹₽₪₫₴₱₦₡₲₵₸₺₼₾฿")
_CURRENCIES = _FOREIGN | {"$", "\u00a2"}
_ROUGH = re.compile(r"E[+-]|[?#]/|/[?#]").search  # exponents and fractions
_FOREIGN_CODE = re.compile(
    r"(?<![A-Z])(?:EUR|GBP|CAD|AUD|NZD|MXN|CHF|JPY|CNY|INR|BRL|C\$|A\$|kr|zł)(?![A-Za-z])"
).search
_SAYS_NOTHING_ELSE = re.compile(r"\b(?:(?:amount|balance|total) ?(?:due|owed)?|due|owed|dollars)\b:?", re.IGNORECASE)
_SHOWN_LENGTH = 40
_FOUR_YEARS = 1462  # days between the two counts of Excel
_NO_DAY = 1_000_000  # what is larger is no count of days


def as_seen(blocks: Iterator[Block], looks: SheetLooks, mapping: Mapping, header_number: int) -> Iterator[Block]:
    """Yield the rows with what a person sees in their cells, and `Refused` where nobody can tell what is meant.

    Rows that hold formulas without a result and nothing else, behind the last row with a value, are yielded too.
    """
    width = len(mapping.headings)
    ways = _ways(looks, mapping)
    days = [i for field, i in mapping.indexes.items() if wire.FIELDS[field].kind == "date"] if looks.from_1904 else []
    last = header_number
    for block in blocks:
        last = block.numbers[-1]
        yield _counted_from_1904(_seen(block, looks, ways), days)
    behind = sorted({row for rows in looks.faults.values() for row in rows if row > last})
    if behind:
        columns: list[list[object]] = [[""] * len(behind) for _ in range(width)]
        yield _seen(EvenBlock(behind, columns), looks, {})


def _counted_from_1904(block: Block, days: Sequence[int]) -> Block:
    """Return the block with those days that are mere numbers counted from 1900, as other workbooks count them."""
    columns = block.columns if days else None
    if columns is None:
        return block
    moved = [
        [cell + _FOUR_YEARS if type(cell) in (int, float) and 0 < cell < _NO_DAY else cell for cell in column]  # type: ignore[operator]
        if index in days
        else column
        for index, column in enumerate(columns)
    ]
    return EvenBlock(block.numbers, moved)


def _ways(looks: SheetLooks, mapping: Mapping) -> dict[int, See]:
    fields = {index: wire.FIELDS[field] for field, index in mapping.indexes.items()}
    ways: dict[int, See] = {}
    for column in looks.formats:
        field = fields.get(column)
        if field is None or field.kind == "date":
            continue
        if field.kind == "money":
            if mapping.layout.amounts != "cents":
                ways[column] = amount
        elif field.kind == "zip":
            ways[column] = postal
        elif field.kind == "phone":
            ways[column] = phone
        elif field.name in IDENTIFIERS:
            ways[column] = identifier
        else:
            ways[column] = text
    return ways


def _seen(block: Block, looks: SheetLooks, ways: dict[int, See]) -> Block:
    first, last = block.numbers[0], block.numbers[-1]
    changed: dict[int, list[object]] = {}
    columns: Sequence[Column] | None = None
    for index, see in ways.items():
        for start, end, code in looks.formats[index].within(first, last):
            if code in PLAIN or (see is amount and _is_plain_money(code)):
                continue
            columns = columns or block.columns
            if columns is None or index >= len(columns):
                break
            cells = changed.setdefault(index, list(columns[index]))
            for at in range(start - first, min(end - first + 1, len(cells))):
                cell = cells[at]
                if isinstance(cell, float | int) and not isinstance(cell, bool):
                    cells[at] = see(cell, code)
    for index, rows in looks.faults.items():
        here = [row for row in rows if first <= row <= last]
        columns = (columns or block.columns) if here else columns
        if here and columns is not None and index < len(columns):
            cells = changed.setdefault(index, list(columns[index]))
            place = {number: at for at, number in enumerate(block.numbers)}
            for row in here:
                if row in place:
                    cells[place[row]] = Refused("a formula", NO_RESULT_KEPT) if rows[row] == NO_RESULT else rows[row]
    if not changed or columns is None:
        return block
    return EvenBlock(block.numbers, [changed.get(i, column) for i, column in enumerate(columns)])


@lru_cache(maxsize=4096)
def identifier(number: float, code: str) -> object:
    """Return an identifier as it is shown: 00123 for 123 under 00000."""
    if abs(number) >= LONGEST_NUMBER:
        return float(number)  # refused where identifiers are read
    found = shown(number, code)
    if found is None:
        return Refused(plain(number), _NOT_SHOWN.format(held=plain(number)))
    if found.text == plain(number):
        return number
    if not found.whole or number < 0 or not _CURRENCIES.isdisjoint(found.text):
        return Refused(found.text, _told(_AS_TEXT, found, number))
    return found.text


@lru_cache(maxsize=4096)
def text(number: float, code: str) -> object:
    """Return a number among texts as it is shown."""
    found = shown(number, code)
    return number if found is None or not found.text else found.text


@lru_cache(maxsize=4096)
def postal(number: float, code: str) -> object:
    """Return a ZIP code as it is shown, where that is one."""
    found = shown(number, code)
    return found.text if found is not None and found.whole else number


@lru_cache(maxsize=4096)
def phone(number: float, code: str) -> object:
    """Return a phone number, where it is not shown as 2.13E+09: its last digits may be lost."""
    return Refused(plain(number), _NOT_SHOWN.format(held=plain(number))) if _ROUGH(code) else number


@lru_cache(maxsize=4096)
def amount(number: float, code: str) -> object:
    """Return the amount, where the cell shows the same one."""
    if number == 0:
        return number
    found = shown(number, code)
    if not _FOREIGN.isdisjoint(code) or (found is not None and _FOREIGN_CODE(found.text)):
        return Refused(plain(number), _CURRENCY)
    if found is None and _ROUGH(code):
        return Refused(plain(number), _NOT_SHOWN.format(held=plain(number)))
    if found is None:
        return number
    try:
        held = money.cents(number)
    except Refusal:
        return number  # told better where the amount is read
    try:
        seen: int | None = money.cents(_SAYS_NOTHING_ELSE.sub("", found.text))
    except Refusal:  # `12¢`, `12K`, `12.00 credit`: words that make another amount of it, or may
        seen = None
    if seen == held or (found.coloured and seen == abs(held)):
        return number
    return Refused(found.text, _told(_AMOUNT, found, number))


@lru_cache(maxsize=512)
def _is_plain_money(code: str) -> bool:
    """Tell whether the format shows every amount of whole cents as it is."""
    samples = (1234.56, -1234.56, 0.05, -0.05)
    return all(amount(number, code) is number for number in samples)


def _told(words: str, found: Shown, number: float) -> str:
    return words.format(shown=found.text[:_SHOWN_LENGTH] or "nothing", held=plain(number))
