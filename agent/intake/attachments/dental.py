"""CDT procedure codes and tooth numbers (Universal Numbering System), as the service wants them: with commas between.

The service publishes patterns for both that reject its own examples; these rules are by meaning instead.
"""

from __future__ import annotations

import re

_CDT = re.compile(r"[Dd]\d{4}", re.ASCII)
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
_PRIMARY = frozenset("ABCDEFGHIJKLMNOPQRST")


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def procedure_codes(text: str) -> str:
    """Return CDT codes as `D0120,D0150`. Raise ValueError, in words, for anything that is no CDT code."""
    codes = _entries(text)
    for code in codes:
        if not _CDT.fullmatch(code):
            raise ValueError(f"{code} is not a procedure code. Write D and four digits, such as D0120.")
    if not codes:
        raise ValueError("No code stands here. Write D and four digits, such as D0120.")
    return ",".join(code.upper() for code in codes)


def tooth_numbers(text: str) -> str:
    """Return tooth numbers with two digits each, as `08,14`; letters stay letters. Raise ValueError, in words.

    Permanent teeth 1-32 and their supernumerary teeth 51-82; primary teeth A-T and theirs, AS-TS.
    """
    teeth = [_tooth(entry) for entry in _entries(text)]
    if not teeth:
        raise ValueError("No tooth stands here. Write 1 to 32, or A to T, such as 3, 14.")
    return ",".join(teeth)


def _tooth(entry: str) -> str:
    if _NUMBER.fullmatch(entry):
        number = int(entry)
        if 1 <= number <= 32 or 51 <= number <= 82:
            return f"{number:02}"
    letters = entry.upper()
    if letters in _PRIMARY or (len(letters) == 2 and letters[0] in _PRIMARY and letters[1] == "S"):
        return letters
    raise ValueError(f"{entry} is not a tooth. Write 1 to 32 for permanent teeth or A to T for primary ones.")
