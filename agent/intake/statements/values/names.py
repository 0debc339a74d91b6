"""People's names: one cell to first and last name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from agent.intake.statements.values import plain

NameOrder = Literal["auto", "first-last", "last-first"]

_SUFFIXES = {"jr": "Jr.", "sr": "Sr.", "ii": "II", "iii": "III", "iv": "IV", "v": "V"}
_TWO_WORDS = re.compile(r"([A-Za-z'’-]{2,}) (?:[A-Za-z]\.? )?([A-Za-z'’-]{2,})").fullmatch
_COMMA = re.compile(r"([A-Za-z'’-]{2,}), ?([A-Za-z'’-]{2,})(?: [A-Za-z]\.?)?").fullmatch
_NO_NAME = re.compile(
    r"mrs?|ms|miss|mx|dr|prof|rev|fr|sir|dame|hon|capt|col|gen|lt|sgt|maj|master|sister"
    r"|van|von|der|den|del?|della|d[iau]|l[ae]|ste?|santa?|bin|ibn|[ae]l|ma?c|d[oa]s|te[rn]|jr|sr|i{2,3}|iv",
    re.IGNORECASE,
).fullmatch


@lru_cache(maxsize=16384)
def split(raw: object, order: NameOrder = "auto") -> tuple[str, str]:
    """Return first and last name. Titles and middle names are left out; a suffix (`Jr.`, `III`) stays with the last.

    `Last, First M` and `Title First M Last, Jr.` are told apart by the comma; without one, `order` decides. A single
    word is a last name.
    """
    text = plain(raw)
    if order != "last-first":
        simple = _TWO_WORDS(text)
        if simple and _ordinary(simple[1], simple[2]):
            return simple[1], simple[2]
    simple = _COMMA(text)
    if simple and _ordinary(simple[2], simple[1]):
        return simple[2], simple[1]
    if order == "last-first" and "," not in text and " " in text:
        last, first = text.split(" ", 1)
        text = f"{last}, {first}"
    return _unusual(text)


@lru_cache(maxsize=4096)
def split_member(raw: object, order: NameOrder = "auto") -> tuple[str, str]:
    """Return first and last name of a family member on a line, where a single word is a first name."""
    text = plain(raw)
    return (text, "") if " " not in text and "," not in text else split(text, order)


def _ordinary(first: str, last: str) -> bool:
    """Tell whether neither word is a title, a suffix or a particle (van, de), which the library knows better."""
    return not _NO_NAME(first) and not _NO_NAME(last)


def _unusual(text: str) -> tuple[str, str]:
    from nameparser import HumanName

    name = HumanName(text[:200])
    first, last = str(name.first), str(name.last)
    suffix = ", ".join(
        _SUFFIXES.get(s.strip(" .").lower(), s.strip()) for s in str(name.suffix).split(",") if s.strip()
    )
    if not last:
        first, last = "", first or text
    return first, f"{last} {suffix}".strip()
