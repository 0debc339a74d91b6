"""Delimited text: CSV, TSV and pipes, with or without quotes, escaped or not."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter

from agent.intake.statements.problems import Unreadable, unreadable
from agent.intake.statements.readers import Block, EvenBlock
from agent.intake.statements.source import Source

DELIMITERS = (",", "\t", "|", ";")

_HEAD_LINES = 80
_HEAD_CHARACTERS = 128 * 1024
_BLOCK_CHARACTERS = 48 * 1024  # few enough rows for their cells to stay near the processor
_BLOCK_ROWS = 250
_MOST_LINES = 2_000_000
_CHANCES = 3  # blocks that may turn out uneven before columns are not tried any more
_SEPARATOR = "\x1f"
_QUOTED_LINES = 500  # a cell may go over lines; a quote that does not close within these is a plain character
_QUOTED_CHARACTERS = 1 << 20
_CLOSES = {d: re.compile(rf'"(?:{re.escape(d)}(?! [^" ])|$)').search for d in DELIMITERS}
_END_OF_FILE = "\x1a"  # what DOS programs still write
_NOTHING = _END_OF_FILE + "\0 \t\r\n"
_FEWEST_OF_A_ROW = 2  # delimiters, or cells with digits: with one, it may be a sentence
_DIGIT = re.compile(r"\d").search
_FIRST: Callable[[str], str] = itemgetter(0)
_LAST: Callable[[str], str] = itemgetter(-1)


def head_lines(source: Source) -> list[str]:
    """Return the first lines, for recognition."""
    text = _opened(source)
    try:
        lines: list[str] = []
        characters = 0
        for line in islice(text, _HEAD_LINES):
            characters += len(line)
            if lines and characters > _HEAD_CHARACTERS:
                break
            lines.append(line)
        return lines
    except UnicodeDecodeError:
        raise _undecodable(source) from None
    finally:
        text.detach()


def rows_of(lines: Iterable[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the records of `lines` with their line numbers."""
    return list(_careful(iter(lines), 1, delimiter))


def blocks(source: Source, delimiter: str) -> Iterator[Block]:
    """Yield the rows of the file. A quote that does not close is part of its cell: no row swallows those after it."""
    text = _opened(source, source.newline)
    try:
        for block in _blocks(text, delimiter):
            if block.numbers[-1] > _MOST_LINES:
                raise unreadable(source.name, f"it has more than {_MOST_LINES:,} lines")
            yield block
    except UnicodeDecodeError:
        raise _undecodable(source) from None
    finally:
        text.detach()


def _blocks(text: io.TextIOWrapper, delimiter: str) -> Iterator[Block]:
    number, chances = 1, _CHANCES
    while several := text.read(_BLOCK_CHARACTERS) + text.readline():
        columns = _columns(several, delimiter) if chances else None
        if columns:
            yield EvenBlock(range(number, number := number + len(columns[0])), columns)
            continue
        chances = max(0, chances - 1)
        lines = _lines(several)
        rows = _plain(lines, delimiter)
        if rows is None:
            following = (line + "\n" for more in text for line in _lines(more))
            yield from _batched(_careful(chain((line + "\n" for line in lines), following), number, delimiter))
            return
        if lines[-1].startswith(_END_OF_FILE) and not lines[-1].strip(_NOTHING):
            rows.pop()
        yield Block(range(number, number + len(rows)), rows)
        number += len(lines)


def _lines(several: str) -> list[str]:
    text = several.replace("\r\n", "\n").replace("\r", "\n") if "\r" in several else several
    return text.removesuffix("\n").split("\n")


def _columns(several: str, delimiter: str) -> list[list[str]] | None:
    """Return the cells by column where all lines have equally many, and quotes only stand around whole cells.

    The text is split once as a whole: between two rows a line end stands as a cell of its own, and tells whether every
    row has ended where the first one did.
    """
    if _SEPARATOR in several or _END_OF_FILE in several:
        return None
    parts = several.split('"')
    outside = '"'.join(parts[::2])
    if outside.endswith("\n"):
        outside = outside.removesuffix("\n").removesuffix("\r")
    line_ends = outside.count("\n")
    if "\r" not in outside:
        outside = outside.replace("\n", f"{_SEPARATOR}\n{_SEPARATOR}")
    elif outside.count("\r") == line_ends:
        outside = outside.replace("\r", _SEPARATOR).replace("\n", "\n" + _SEPARATOR)
    else:
        return None
    outside = outside.replace(delimiter, _SEPARATOR)
    if len(parts) > 1:
        around = outside.split('"')
        inside = '"'.join(parts[1::2])
        if len(parts) % 2 == 0 or "\n" in inside or "\r" in inside or not _are_around_cells(around):
            return None
        parts[::2] = around
        outside = "".join(parts)
    cells = outside.split(_SEPARATOR)
    width = cells.index("\n") if "\n" in cells else len(cells)
    ends = cells[width :: width + 1]
    if len(cells) % (width + 1) != width or not len(ends) == ends.count("\n") == line_ends:
        return None
    return [cells[index :: width + 1] for index in range(width)]


def _are_around_cells(around: list[str]) -> bool:
    """Tell whether a separator or an end of the text stands on the outer side of every quote."""
    first, *_, last = around
    try:
        ends = {first[-1] if first else _SEPARATOR, *map(_LAST, around[1:-1])}
        starts = {last[0] if last else _SEPARATOR, *map(_FIRST, around[1:-1])}
    except IndexError:  # a quote within a cell, written as two
        return False
    return ends == starts == {_SEPARATOR}


def _plain(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """Return one row a line, or None where a quote makes it more difficult than that."""
    quoted = [line for line in lines if '"' in line]
    try:
        rows = list(csv.reader(quoted, delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    if len(rows) != len(quoted):
        return None
    parsed = iter(rows)
    return [next(parsed) if '"' in line else line.split(delimiter) for line in lines]


def _careful(lines: Iterator[str], number: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    ahead: deque[str] = deque()
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        taken = 1
        line = line.lstrip(_END_OF_FILE)  # between two files that were joined, rows follow it
        if '"' not in line:
            row = line.rstrip("\n").split(delimiter)
        else:
            used = [line]
            strict = csv.reader(_following(used, ahead, lines), delimiter=delimiter, strict=True, skipinitialspace=True)
            try:
                row = next(strict)
                taken = len(used)
                if taken > 1 and _has_swallowed_rows(used, len(row) - 1, delimiter):
                    raise csv.Error
            except (csv.Error, StopIteration):
                taken = 1
                ahead.extendleft(reversed(used[1:]))
                row = _literal(line.rstrip("\n"), delimiter)
        yield number, row
        number += taken


def _has_swallowed_rows(lines: list[str], delimiters: int, delimiter: str) -> bool:
    """Tell whether each line of a quoted cell is one that everybody would take for a row of its own.

    Each has as many delimiters as a row, and those behind the first have numbers in two places: a date and an amount.
    """
    return (
        delimiters >= _FEWEST_OF_A_ROW
        and all(line.count(delimiter) >= delimiters for line in lines)
        and all(sum(map(bool, map(_DIGIT, line.split(delimiter)))) >= _FEWEST_OF_A_ROW for line in lines[1:])
    )


def _following(used: list[str], ahead: deque[str], lines: Iterator[str]) -> Iterator[str]:
    """Yield the first line of `used`, then the next ones as they are asked for, noting them in `used`."""
    yield used[0]
    left = _QUOTED_CHARACTERS
    while len(used) < _QUOTED_LINES and left > 0:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return
        used.append(line)
        left -= len(line)
        yield line


def _literal(line: str, delimiter: str) -> list[str]:
    """Split a line whose quotes are not escaped: one closes only before a delimiter with no text a blank behind it."""
    closes = _CLOSES[delimiter]
    row: list[str] = []
    at, closing = 0, True
    while at <= len(line):
        quoted = closing and line.startswith('"', at)
        close = closes(line, at + 1) if quoted else None
        closing = closing and (close is not None or not quoted)  # where none closes, none does further on
        if close:
            row.append(line[at + 1 : close.start()].replace('""', '"'))
            at = close.start() + 2
        else:
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            row.append(line[at:end])
            at = end + 1
    return row


def _batched(rows: Iterator[tuple[int, list[str]]]) -> Iterator[Block]:
    block = Block(numbers := [], found := [])
    for number, row in rows:
        numbers.append(number)
        found.append(row)
        if len(found) >= _BLOCK_ROWS:
            yield block
            block = Block(numbers := [], found := [])
    if found:
        yield block


def _opened(source: Source, newline: str | None = None) -> io.TextIOWrapper:
    return io.TextIOWrapper(source.rewind(), source.encoding, newline=newline)


def _undecodable(source: Source) -> Unreadable:
    return unreadable(source.name, "it is not a text file, or it is damaged (some of its characters do not exist)")
