"""Procedure codes (CDT, CPT) and tooth numbers (Universal Numbering System), as the service wants them.

Both are lists with commas; a tooth has two characters, so that primary teeth are written 0A to 0T.

The service publishes patterns for both that reject its own examples; these rules are by meaning instead.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"[Dd]\d{4}|\d{4}[\dFTUftu]", re.ASCII)
_CODES = "Write a CDT code, D and four digits such as D0120, or a CPT code, five digits such as 70355."
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
WITHOUT = 'A picture without teeth goes without image intelligence: leave "fileMetadata" out.'
_PRIMARY = frozenset("ABCDEFGHIJKLMNOPQRST")


_BETWEEN = re.compile(r"[,;\s]+")


def _entries(text: str) -> list[str]:
    return [entry for entry in _BETWEEN.split(text) if entry]


def procedure_codes(text: str) -> str:
    """Return CDT and CPT codes as `D0120,70355`. Raise ValueError, in words, for anything else."""
    codes = _entries(text)
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code} is not a procedure code. {_CODES}")
    if not codes:
        raise ValueError(f"No code stands here. {_CODES}")
    return ",".join(code.upper() for code in codes)


def tooth_numbers(text: str) -> str:
    """Return teeth with two characters each, as `08,14,0A`. Raise ValueError, in words.

    Permanent teeth 1-32 and their supernumerary teeth 51-82; primary teeth A-T, also as 0A-0T, and theirs, AS-TS.
    """
    teeth = [_tooth(entry.removeprefix("#")) for entry in _entries(text)]
    if not teeth:
        raise ValueError(f"No tooth stands here. Write 1 to 32, or A to T, such as 3, 14. {WITHOUT}")
    return ",".join(teeth)


def _tooth(entry: str) -> str:
    if _NUMBER.fullmatch(entry):
        number = int(entry)
        if 1 <= number <= 32 or 51 <= number <= 82:
            return f"{number:02}"
    letters = entry.upper()
    if letters.removeprefix("0") in _PRIMARY:
        return f"0{letters[-1]}"
    if len(letters) == 2 and letters[0] in _PRIMARY and letters[1] == "S":
        return letters
    raise ValueError(f"{entry} is not a tooth. Write 1 to 32 for permanent teeth or A to T for primary ones.")
