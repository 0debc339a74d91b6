"""What a line's description holds beside words: the procedure code, the tooth, and a text that was cut into pieces."""

from __future__ import annotations

import re

from agent.intake.statements.columns import Column
from agent.intake.statements.readers import Line
from agent.intake.statements.values import plain

_CODE_TOOTH_TEXT = re.compile(r"(\S*) (\S*) (.*)", re.DOTALL).fullmatch
_PROCEDURE_CODE = re.compile(r"[A-Z]{1,2}\d{3,5}[A-Z0-9.]{0,4}").fullmatch
_MEDICAL_CODE = re.compile(r"\d{4}[0-9A-Z]").fullmatch
_TOOTH = re.compile(r"(?:\d{1,2}|[A-T])?").fullmatch

Found = dict[str, tuple[int, Column, object]]
"""Field to rank, column and raw cell."""


def with_whole_descriptions(lines: list[Line], descriptions: set[str], entry: set[str], hard_cut: int) -> list[Line]:
    """Join what Open Dental cut: a line without date, patient and amounts (`entry`) goes on with the one before it.

    The first line of an entry may be cut hard after `hard_cut` characters, in mid-word too; all other breaks fall
    between words.
    """
    whole: list[Line] = []
    pieces = 1
    for line in lines:
        heading = next((h for h in descriptions if h in line.cells), "")
        others = any(plain(line.cells.get(h, "")) for h in entry)
        if not whole or not heading or others or not plain(line.cells[heading]):
            whole.append(line)
            pieces = 1
            continue
        before = whole[-1].cells
        start, rest = str(before.get(heading, "")), str(line.cells[heading])
        cut = hard_cut and pieces == 1 and len(start) == hard_cut
        before[heading] = start + rest if cut else f"{start.rstrip()} {rest.lstrip()}"
        pieces += 1
    return whole


def split_code(found: Found, plan: dict[str, list[tuple[int, Column]]]) -> None:
    """Take the procedure code out of `code tooth text`, unless the file gives it by itself."""
    rank, column, raw = found["description"]
    text = str(raw)
    parts = _CODE_TOOTH_TEXT(text)
    if not parts:
        return
    code, tooth, rest = parts.groups()
    given = plain(found["code"][2]) if "code" in found else ""
    if code and (code == given or (not given and _is_code(code, tooth))):
        text = f"{tooth} {rest}"
        if not given:
            of_code = next(c for cs in plan.values() for _, c in cs if c.field.name == "code")
            found["code"] = (rank, of_code, code)
    found["description"] = (rank, column, " ".join(text.split()))


def _is_code(text: str, tooth: str) -> bool:
    """Tell a procedure code from the first word of a sentence (`2000 check received`)."""
    return bool(_PROCEDURE_CODE(text) or (_MEDICAL_CODE(text) and _TOOTH(tooth)))
