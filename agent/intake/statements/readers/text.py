"""Delimited text: CSV, TSV and pipes, with or without quotes, escaped or not."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from agent.intake.statements.problems import Unreadable, unreadable
from agent.intake.statements.readers import Block
from agent.intake.statements.source import Source

DELIMITERS = (",", "\t", "|", ";")

_HEAD_LINES = 80
_HEAD_CHARACTERS = 128 * 1024
_BLOCK_CHARACTERS = 48 * 1024  # few enough rows for their cells to stay near the processor
_BLOCK_ROWS = 250
_MOST_LINES = 2_000_000
_QUOTED_LINES = 30  # a cell may go over lines; a quote that does not close within these is a plain character
_CLOSES = {d: re.compile(rf'"(?:{re.escape(d)}(?! [^" ])|$)').search for d in DELIMITERS}
_END_OF_FILE = "\x1a"  # what DOS programs still write


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
    text = _opened(source)
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
    number = 1
    while several := text.read(_BLOCK_CHARACTERS) + text.readline():
        lines = several.removesuffix("\n").split("\n")
        rows = _plain(lines, delimiter)
        if rows is None:
            yield from _batched(_careful(chain(io.StringIO(several), text), number, delimiter))
            return
        if lines[-1].startswith(_END_OF_FILE):
            rows.pop()
        yield Block(range(number, number + len(rows)), rows)
        number += len(lines)


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
        if line.startswith(_END_OF_FILE):
            return
        if '"' not in line:
            row = line.rstrip("\n").split(delimiter)
        else:
            used = [line]
            strict = csv.reader(_following(used, ahead, lines), delimiter=delimiter, strict=True, skipinitialspace=True)
            try:
                row = next(strict)
                taken = len(used)
            except (csv.Error, StopIteration):
                ahead.extendleft(reversed(used[1:]))
                row = _literal(line.rstrip("\n"), delimiter)
        yield number, row
        number += taken


def _following(used: list[str], ahead: deque[str], lines: Iterator[str]) -> Iterator[str]:
    """Yield the first line of `used`, then the next ones as they are asked for, noting them in `used`."""
    yield used[0]
    while len(used) < _QUOTED_LINES:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return
        used.append(line)
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


def _opened(source: Source) -> io.TextIOWrapper:
    return io.TextIOWrapper(source.rewind(), source.encoding, newline=None)


def _undecodable(source: Source) -> Unreadable:
    return unreadable(source.name, "it is not a text file, or it is damaged (some of its characters do not exist)")
