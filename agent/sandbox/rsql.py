"""RSQL, the filter language of the statements search: `status==pending;amountDue=ge=600`. Pure.

`;` is and, `,` is or; and binds closer; parentheses group; values with blanks or reserved characters are quoted.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

MAX_DEPTH = 50  # parentheses within each other
Value = str | int | None
Predicate = Callable[[Mapping[str, Value]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[();,])|(?P<compare>==|!=|=[a-z]+=)"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s\"'();,=!~<>]+))\s*"
)
_ORDER: dict[str, Callable[[int | str, int | str], bool]] = {
    "=ge=": operator.ge,
    "=le=": operator.le,
    "=gt=": operator.gt,
    "=lt=": operator.lt,
}


class BadFilter(ValueError):
    """A filter that is not understood; the message says where."""


def parse_filter(text: str, keys: Mapping[str, type]) -> Predicate:
    """Return the test that `text` describes, over rows with `keys` and their types (`str` or `int`).

    Raises `BadFilter` for anything else than a whole filter over these keys.
    """
    return _Parser(text, keys).parse()


class _Parser:
    def __init__(self, text: str, keys: Mapping[str, type]) -> None:
        self._keys = keys
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Predicate:
        predicate = self._any()
        if self._next < len(self._tokens):
            raise BadFilter(f"Unexpected '{self._tokens[self._next][1]}' in the filter")
        return predicate

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self, *kinds: str) -> str:
        if self._next == len(self._tokens):
            raise BadFilter("The filter ends too early")
        kind, text = self._tokens[self._next]
        if kind not in kinds:
            raise BadFilter(f"Unexpected '{text}' in the filter")
        self._next += 1
        return text

    def _any(self) -> Predicate:
        parts = [self._all()]
        while self._peek() == ",":
            self._next += 1
            parts.append(self._all())
        return lambda row: any(part(row) for part in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._peek() == ";":
            self._next += 1
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if self._peek() == "(":
            self._next += 1
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise BadFilter("The filter has too many parentheses within each other")
            inner = self._any()
            self._close()
            self._depth -= 1
            return inner
        key = self._take("word")
        if key not in self._keys:
            raise BadFilter(f"Unknown key '{key}' in the filter")
        compare = self._take("compare")
        if compare == "=in=":
            wanted = self._values(key)
            return lambda row: row[key] in wanted
        value = self._value(key)
        if compare == "==":
            return lambda row: row[key] == value
        if compare == "!=":
            return lambda row: row[key] != value
        if compare not in _ORDER:
            raise BadFilter(f"Unknown comparison '{compare}' in the filter")
        return _ordered(key, _ORDER[compare], value)

    def _values(self, key: str) -> frozenset[str | int]:
        if self._take("mark") != "(":
            raise BadFilter("=in= takes a list in parentheses")
        values = [self._value(key)]
        while self._peek() == ",":
            self._next += 1
            values.append(self._value(key))
        self._close()
        return frozenset(values)

    def _value(self, key: str) -> str | int:
        text = self._take("word", "quoted")
        if text[0] in "\"'":
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        if self._keys[key] is str:
            return text
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise BadFilter(f"'{key}' takes a whole number, not '{text}'")
        return int(text)

    def _close(self) -> None:
        if self._take("mark") != ")":
            raise BadFilter("A parenthesis of the filter is not closed")


def _ordered(key: str, compare: Callable[[int | str, int | str], bool], value: str | int) -> Predicate:
    def holds(row: Mapping[str, Value]) -> bool:
        mine = row[key]
        return mine is not None and compare(mine, value)

    return holds


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadFilter(f"The filter is not understood from '{text[at:]}'")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens
