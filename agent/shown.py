"""Text from elsewhere as people can be shown it: a file's name, what a sidecar says, a service's words.

Some characters are not seen but act. An escape sequence colours a terminal or moves its cursor, a line break makes two
lines of one, an override of the reading direction lets `exe.pdf` be read as `fdp.exe`; half a character cannot be
written at all. They are spelled out.

A name with such a half (a byte of some old code page on Linux, half a surrogate pair on Windows) stays what it is
wherever a file is meant by it, and is spelled out where it leaves: every output goes through `shown` or `in_unicode`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

ACTING = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Characters that act beside the control characters below the blank: DEL and C1, reading directions, lines, halves."""

_SPELLED_OUT = re.compile(f"[\x00-\x1f{ACTING}]")
_HALVES = re.compile("[\ud800-\udfff]")


def shown(text: str) -> str:
    """Return the text in one line, what acts in it spelled out as `\\u001b`."""
    return spelled_out(_SPELLED_OUT, text)


def spelled_out(which: re.Pattern[str], text: str) -> str:
    """Return the text with every character that is found written as `\\u001b`."""
    return which.sub(_escape, text)


def in_unicode(value: Any) -> Any:
    """Return a text, or whatever JSON can hold, with half characters spelled out: it can be written anywhere."""
    match value:
        case str():
            return _HALVES.sub(_escape, value)
        case dict():
            return {in_unicode(key): in_unicode(one) for key, one in value.items()}
        case list() | tuple():
            return [in_unicode(one) for one in value]
        case _:
            return value


def called(text: str, names: Collection[str]) -> str | None:
    """Return which of these names was written as `text` by `in_unicode`; None where none was, or several."""
    if text in names:
        return text
    meant = [name for name in names if in_unicode(name) == text]
    return meant[0] if len(meant) == 1 else None


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
