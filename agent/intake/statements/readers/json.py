"""JSON in the billing API's own shape, or the bare list of its statements, statement by statement."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from agent.intake.statements.problems import Unreadable, unreadable
from agent.intake.statements.profile import normal
from agent.intake.statements.readers import Line, Record
from agent.intake.statements.source import Source
from agent.intake.statements.wire import FILENAME, LINES, UPLOADS

_CHUNK = 64 * 1024
_LONGEST = 8 << 20  # characters of one statement
_MOST_BESIDE = 100  # names beside the list of statements
_LONGEST_BESIDE = 1 << 20  # characters of what stands there
_NAME_KEPT = 100  # characters
_BLANK = re.compile(r"[ \t\r\n]*").match


Spell = Callable[[str], str]


def records(source: Source, about: dict[str, Any], spell: Spell = str) -> Iterator[Record]:
    """Yield the statements; the names beside them, and the value of `filename`, go into `about`. Raises `Unreadable`.

    Names are taken in any case and with any separator; `spell` gives those of a statement as its profile has them.
    """
    text = _Text(source)
    if text.peek() == "[":
        yield from _uploads(text, spell)
        if text.peek():
            raise text.damaged()
        return
    text.expect("{")
    seen, beside = False, 0
    if text.peek() == "}":
        return
    while True:
        key = text.value(_LONGEST_BESIDE)
        text.expect(":")
        if normal(key) == normal(UPLOADS):
            if seen:
                raise unreadable(source.name, f"its JSON has {UPLOADS} twice")
            seen = True
            yield from _uploads(text, spell)
        else:
            named = FILENAME if normal(key) == normal(FILENAME) else str(key)[:_NAME_KEPT]
            value = text.value(_LONGEST_BESIDE)
            about[named] = value if named == FILENAME and isinstance(value, str) else ""
            beside += 1
            if beside > _MOST_BESIDE:
                raise text.damaged()
        if text.peek() != ",":
            break
        text.expect(",")
    text.expect("}")
    if not seen:
        raise unreadable(source.name, f"its JSON has no {UPLOADS}")
    if text.peek():
        raise text.damaged()


def renamed_from(about: dict[str, Any]) -> str:
    """Return the name that the file gives itself, or an empty string."""
    name = about.get(FILENAME)
    return name if isinstance(name, str) else ""


def _uploads(text: _Text, spell: Spell) -> Iterator[Record]:
    text.expect("[")
    number = 0
    while text.peek() != "]":
        number += 1
        statement = text.value()
        if not isinstance(statement, dict):
            raise text.damaged()
        yield _record(statement, number, text, spell)
        if text.peek() != ",":
            break
        text.expect(",")
    text.expect("]")


def _record(statement: dict[str, Any], number: int, text: _Text, spell: Spell) -> Record:
    place = f"statement {number}"
    named, *others = [key for key in statement if normal(key) == normal(LINES)] or [LINES]
    if others:
        raise text.twice()
    lines = statement.pop(named, None) or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise text.damaged()
    made = [
        Line(number, f"{place}, line {n}", _spelled(line, lambda key: spell(f"{LINES}/{key}"), text))
        for n, line in enumerate(lines, 1)
    ]
    return Record(number, place, _spelled(statement, spell, text), made)


def _spelled(values: dict[str, Any], spell: Spell, text: _Text) -> dict[str, Any]:
    spelled = {spell(key): value for key, value in values.items()}
    if len(spelled) < len(values):
        raise text.twice()
    return spelled


class _Text:
    """The text, of which only a window is kept."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        self._stream = source.rewind()
        self._decoder = codecs.getincrementaldecoder(source.encoding)()
        self._window = ""
        self._at = 0
        self._ended = False
        self._json = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=Decimal, parse_constant=self._no_constant
        )

    def peek(self) -> str:
        """Return the next character that is not blank, or an empty string at the end."""
        while True:
            blank = _BLANK(self._window, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._window) or not self._more():
                return self._window[self._at : self._at + 1]

    def expect(self, character: str) -> None:
        """Step over `character`."""
        if self.peek() != character:
            raise self.damaged()
        self._at += 1

    def value(self, longest: int = _LONGEST) -> Any:
        """Return the next whole value, which has at most about `longest` characters."""
        self.peek()
        wanted = _CHUNK
        while True:
            try:
                value, end = self._json.raw_decode(self._window, self._at)
            except RecursionError:
                raise unreadable(self._name, "its JSON is nested deeper than any statement") from None
            except ValueError:
                end = -1
            # A number at the very end of the window may go on in what has not been read.
            if end >= 0 and (end < len(self._window) or self._ended):
                self._at = end
                return value
            if self._ended or len(self._window) - self._at > longest:
                raise self.damaged()
            while len(self._window) - self._at < wanted and self._more():
                pass
            wanted *= 2

    def damaged(self) -> Unreadable:
        """Return what to raise where the text does not go on as it should."""
        return unreadable(self._name, "its JSON is damaged, cut off, or not in the billing service's shape")

    def _more(self) -> bool:
        """Read on; false at the end."""
        if self._ended:
            return False
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        try:
            text = self._decoder.decode(chunk, self._ended)
        except UnicodeDecodeError:
            raise unreadable(self._name, "its text is in a character encoding that cannot be read") from None
        self._window = self._window[self._at :] + text.removeprefix("\ufeff")
        self._at = 0
        return not self._ended or bool(text)

    def twice(self) -> Unreadable:
        """Return what to raise where an object has one name twice."""
        return unreadable(self._name, "a statement in its JSON has the same name twice, with two values")

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise self.twice()
        return made

    def _no_constant(self, text: str) -> Any:
        raise ValueError(text)
