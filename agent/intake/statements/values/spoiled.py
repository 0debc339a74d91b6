"""Cells that a program has spoiled on the way: what stands in them is not what a person entered."""

from __future__ import annotations

import re

_FROM_NARROW_COLUMN = re.compile(r"#{2,}").fullmatch
_ENTITY = re.compile(
    r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|amp|lt|gt|quot|apos|nbsp|[a-z]{1,6}(?:acute|grave|uml|tilde|cedil|ring));", re.I
)
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}|%[cC][2-5]%[89abAB][0-9a-fA-F]")
_READ_TWICE = re.compile("[\u00c2-\u00c5\u00e2][^\x00-\x7f]")
_LOST_LETTER = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])|^\?+(?=[^\W\d_]|$)").search
_NOTHING = frozenset(
    {
        "NULL",
        "null",
        "(null)",
        "<null>",
        "[NULL]",
        "nan",
        "NaN",
        "None",
        "none",
        "nil",
        "undefined",
        "N/A",
        "n/a",
        "\\N",
        "-",
        "--",
    }
)
NO_VALUE = re.compile("\n(?:" + "|".join(sorted(map(re.escape, _NOTHING), key=len, reverse=True)) + ")(?=\n)").search
"""Finds such a line in many cells at once, each behind a line end."""

NARROW = (
    "The column was too narrow for this value when the file was saved. Make it wider in Excel, and save the file again."
)
CODED = "This is written in the code of a web page. Enter it in plain letters."
GARBLED = "The letters with accents were garbled before the file came here. Enter the value again."
LOST = "A letter of this value was lost before the file came here. Enter the value again."


def spoiled(text: str) -> str:
    """Return a sentence that says what has become of the cell and what to do, or an empty string where nothing has."""
    if "#" in text and _FROM_NARROW_COLUMN(text.strip()):
        return NARROW
    if ("&" in text and _ENTITY.search(text)) or (("\\" in text or "%" in text) and _ESCAPED.search(text)):
        return CODED
    if "\ufffd" in text:
        return LOST
    return GARBLED if not text.isascii() and _is_read_twice(text) else ""


def may_be_spoiled(text: str) -> bool:
    """Tell whether any of many cells in one text, which is of ASCII letters, needs a closer look."""
    return ("&" in text and bool(_ENTITY.search(text))) or ("%" in text and bool(_ESCAPED.search(text)))


def has_lost_letters(name: str) -> bool:
    """Tell whether a question mark stands where a name has a letter."""
    return "?" in name and bool(_LOST_LETTER(name))


def says_nothing(text: str) -> bool:
    """Tell whether the cell holds what programs write where there is no value."""
    return text in _NOTHING


def _is_read_twice(text: str) -> bool:
    """Tell UTF-8 that was once read as Windows text, and written so: `Mu\u00c3\u00b1oz`."""
    if not _READ_TWICE.search(text):
        return False
    for page in ("cp1252", "mac_roman"):
        try:
            text.encode(page).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        return True
    return False
