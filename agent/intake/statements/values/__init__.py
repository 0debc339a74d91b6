"""One cell to one value: each module knows the forms in which one kind of value is written."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

from agent.intake.statements.values.spoiled import spoiled


class Refusal(ValueError):
    """This cell cannot be sent as it stands. `message` is a sentence that says how to write it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(str):
    """A cell of which is known already that it cannot be sent, and why. It reads as what a person sees in it.

    Its content is no text that any rule takes for one, so that no short way past the rules lets it through.
    """

    message: str
    seen: str

    def __new__(cls, seen: str, message: str) -> Self:
        """Return the cell that shows `seen`; `message` is a sentence that says what to do."""
        made = super().__new__(cls, f"\0{message}\0{seen}")
        made.message, made.seen = message, seen
        return made

    def __str__(self) -> str:
        return self.seen


_GUARDED = re.compile(r'=\s*"((?:[^"]|"")*)"').fullmatch
# A quote that holds Excel back from a number or formula; not the one of 't Hooft, nor one of a pair.
_APOSTROPHE = re.compile(r"'(?=[^'\s])(?!(?:[a-z]{1,2}[\s-]|em\b))(?!.*'(?:\s|$))").match
_QUOTED = re.compile('"([^"]+)"|\u201c([^\u201c\u201d]+)\u201d').fullmatch
_BEFORE_DIGIT = re.compile("[`\u2018\u2019\u00b4](?=[0-9])").match
_SPREADSHEET_FAULTS = re.compile(
    r"#(?:n/a|name\?|value!|ref!|div/0!|null!|num!|spill!|calc!|field!|blocked!|unknown!|busy!|connect!|external!|python!"
    r"|error!|getting_data)",
    re.IGNORECASE,
).fullmatch


def plain(raw: object) -> str:
    """Return what a person sees in the cell: no `.0` behind a whole number, no time behind a date, no outer blanks.

    The guards that keep a spreadsheet from making a number of a text (`="00123"`, `'00123`) are no part of it.
    """
    if isinstance(raw, str):
        text = raw.strip() if raw.isprintable() else tidy(raw)
        return unguarded(text) if text[:1] in _GUARDS else text
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return "" if raw is None else str(raw)


_GUARDS = frozenset("='\"`\u2018\u2019\u00b4\u201c")
_MOST_GUARDS = 3  # one within the other: '="00123"


def unguarded(text: str) -> str:
    """Return the text without its guards against spreadsheets, or as it is where it has none."""
    for _ in range(_MOST_GUARDS):
        bare = _without_guard(text)
        if bare == text:
            break
        text = bare
    return text


def _without_guard(text: str) -> str:
    if text.startswith("="):
        guarded = _GUARDED(text)
        return guarded[1].replace('""', '"').strip() if guarded else text
    quoted = _QUOTED(text)
    if quoted:
        return (quoted[1] or quoted[2]).strip()
    return text[1:].strip() if _APOSTROPHE(text) or _BEFORE_DIGIT(text) else text


def tidy(text: str) -> str:
    """Return the text on one line: every run of blanks and control characters is one blank."""
    if type(text) is Refused:
        return text.seen
    return " ".join("".join(map(_seen, text)).split())


def _seen(character: str) -> str:
    """Return a character, a blank for one that is not shown, and nothing for one without any room (a soft hyphen)."""
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def require_value(raw: object) -> None:
    """Raise `Refusal` where the cell holds what a program writes in place of a value that it could not keep."""
    if not isinstance(raw, str):
        return
    if type(raw) is Refused:
        raise Refusal(raw.message)
    if "#" in raw and _SPREADSHEET_FAULTS(plain(raw)):
        raise Refusal("This is what Excel shows where a formula has no result. Mend the formula, or enter the value.")
    if said := spoiled(raw):
        raise Refusal(said)
