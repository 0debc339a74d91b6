"""JSON as people write it, and where it breaks in words that help to mend it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

_MOST_DEPTH = 20  # a sidecar needs four
_QUOTES = "“”„‟«»‘’`'"


@dataclass(frozen=True)
class Pairs:
    """A JSON object as it was written: names can come twice."""

    items: tuple[tuple[str, Json], ...]


@dataclass(frozen=True)
class Number:
    """A number as it was written, digit by digit."""

    text: str


Json = Pairs | list["Json"] | str | Number | bool | None


class NotJson(ValueError):
    """Why a text is not JSON: line, column, and the likely cause in plain words."""


class _Constant(Exception):
    """NaN or Infinity, which Python's reader would let pass."""


def parse(text: str) -> Json:
    """Return what the text says, keeping repeated names and the digits of numbers. Raise `NotJson`."""
    if not text.strip():
        raise NotJson("it is empty.")
    try:
        found: Json = json.loads(
            text, object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_constant
        )
    except json.JSONDecodeError as fault:
        raise NotJson(f"line {fault.lineno}, column {fault.colno}: {_cause(text, fault)}") from fault
    except _Constant as fault:
        raise NotJson(f"{_line_of(text, str(fault))}{fault} is not a value. Put the text in double quotes.") from fault
    except RecursionError as fault:
        raise NotJson("it has brackets within brackets, far deeper than a sidecar needs.") from fault
    if _depth(found) > _MOST_DEPTH:
        raise NotJson("it has brackets within brackets, far deeper than a sidecar needs.")
    return found


def _pairs(items: list[tuple[str, Json]]) -> Pairs:
    return Pairs(tuple(items))


def _constant(name: str) -> NoReturn:
    raise _Constant(name)


def _line_of(text: str, word: str) -> str:
    before, found, _ = text.partition(word)
    return f"line {before.count(chr(10)) + 1}: " if found else ""


def _depth(found: Json) -> int:
    """Measure without recursion: what comes is as deep as the reader's own limit."""
    deepest, rest = 0, [(found, 1)]
    while rest:
        value, depth = rest.pop()
        deepest = max(deepest, depth)
        if isinstance(value, Pairs):
            rest.extend((inner, depth + 1) for _, inner in value.items)
        elif isinstance(value, list):
            rest.extend((inner, depth + 1) for inner in value)
    return deepest


def _cause(text: str, fault: json.JSONDecodeError) -> str:
    """Tell the likely cause from what stands at the place and just before it."""
    here = text[fault.pos : fault.pos + 1]
    before = text[: fault.pos].rstrip()[-1:]
    if not here and not fault.msg.startswith("Unterminated"):
        return "the text ends here, and a closing bracket or a value is missing."
    if here in tuple(_QUOTES):
        return f'{here} stands here. Names and texts need straight double quotes, like this: "claimId".'
    if text.startswith(("//", "/*"), fault.pos) or here == "#":
        return "a remark stands here. A sidecar has no room for remarks: take it out."
    if (here in ("}", "]") and before == ",") or fault.msg.startswith("Illegal trailing comma"):
        return "there is a comma before the closing bracket. Take out that last comma."
    return _by_message(text, fault, here, before)


def _by_message(text: str, fault: json.JSONDecodeError, here: str, before: str) -> str:
    message = fault.msg
    if message.startswith("Invalid \\"):
        return "a backslash stands alone. Write it twice (\\\\), also in C:\\\\Scans."
    if message.startswith("Unterminated"):
        return "the text that begins here has no closing quote."
    if message.startswith("Invalid control character"):
        return "a line break or a tab stands inside a text. A closing quote is missing, or the text has to be one line."
    if message.startswith("Expecting ':'"):
        return "a colon is missing between the name and its value."
    if message.startswith("Extra data"):
        return "something follows after the closing bracket. Take it out; one sidecar is one { ... }."
    if message.startswith("Expecting property name"):
        if here == ",":
            return "there is one comma too many. Take it out."
        return 'a name in double quotes is expected here, such as "claimId".'
    if here.isdigit() and before in ("0", "-0"):
        return "a number cannot begin with 0. Put it in double quotes."
    if message.startswith("Expecting ','"):
        if before == '"' and re.match(r"[^\s\"]", text[fault.pos :]):
            return 'a comma is missing here, or a text has a double quote inside: write that one as \\".'
        return "a comma is missing before this, maybe at the end of the line above."
    if here in (",", "}", "]"):
        return "a value is missing here."
    if here in ("+", "."):
        return "a number cannot begin like this. Put it in double quotes."
    return "the value that begins here has to stand in double quotes."
