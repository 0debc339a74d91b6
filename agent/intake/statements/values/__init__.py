"""One cell to one value: each module knows the forms in which one kind of value is written."""

from __future__ import annotations


class Refusal(ValueError):
    """This cell cannot be sent as it stands. `message` is a sentence that says how to write it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def plain(raw: object) -> str:
    """Return what a person sees in the cell: no `.0` behind a whole number, no time behind a date, no outer blanks."""
    if isinstance(raw, str):
        return raw.strip() if raw.isprintable() else tidy(raw)
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return "" if raw is None else str(raw)


def tidy(text: str) -> str:
    """Return the text on one line: every run of blanks and control characters is one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
