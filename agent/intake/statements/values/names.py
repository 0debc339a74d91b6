"""People's names: one cell to first and last name."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Any, Literal

from agent.intake.statements.values import Refusal, plain

NameOrder = Literal["auto", "first-last", "last-first"]

_TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "rev", "reverend", "hon", "capt", "captain", "col"}
    | {"gen", "lt", "sgt", "maj", "sir"}
)
"""What is no part of a name. Others that libraries know (King, Judge, Lady, Md.) are people's given names, too."""

_BEGIN_NAMES = frozenset({"md", "ma", "mo", "st"})
"""Md. Abdul and Ma. Teresa: short for Mohammed and Maria, where libraries see a doctor or a master."""

_OTHER_WORDS = re.compile(
    r"\s[-\u2013/]\s|[&;]|\bc/o\b|\b(?:and|or|y|attn|deceased|decd|do not|bill to|estate|care of|minor|inactive|dup)\b",
    re.IGNORECASE,
).search
_TORN = re.compile(  # O'Brien and D'Angelo, as programs without apostrophes write them
    r"\bO (?:Brien|Bryan|Neill?|Neal|Connor|Conner|Connell|Donnell|Donoghue|Hara|Reilly|Riley|Malley|Leary|Rourke|Keefe"
    r"|Sullivan|Shea|Toole|Dell|Grady|Day|Dea|Mara|Meara|Callaghan|Dwyer|Hearn|Farrell|Flaherty|Loughlin)\b"
    r"|\bD (?:Angelo|Amico|Agostino|Ambrosio|Andrea|Arcy|Alessandro|Elia|Souza|Silva|Amato|Antonio|Orazio)\b",
    re.IGNORECASE,
).search
_IN_BRACKETS = re.compile(r"[(\[{]([^)\]}]*)[)\]}]?")
_NICKNAME = re.compile(r"[A-Z][a-z]+").fullmatch
_TWO_WAYS = "This name can be read in more than one way. Write one name here, as Last, First."
_SUFFIXES = {"2nd": "2nd", "3rd": "3rd", "jr": "Jr.", "sr": "Sr.", "ii": "II", "iii": "III", "iv": "IV", "v": "V"}
_TWO_WORDS = re.compile(r"([A-Za-z'’-]{2,}) (?:(?!y )[A-Za-z]\.? )?([A-Za-z'’-]{2,})").fullmatch
_COMMA = re.compile(r"([A-Za-z'’-]{2,}), ?([A-Za-z'’-]{2,})(?: [A-Za-z]\.?)?").fullmatch
_COMPANY = re.compile(
    r"(?:the )?.* family|.*\b(?:LLC|L\.L\.C\.|Inc|Corp|Ltd|LLP|PLLC|Company|Trust|Estate of .*)\b\.?", re.IGNORECASE
).fullmatch
_IS_SUFFIX = re.compile(
    r"(?:jr|sr|i{1,3}|iv|v|2nd|3rd|4th|esq|ph\.?d|m\.?d|d\.?d\.?s|d\.?m\.?d|rn|cpa)\.?", re.IGNORECASE
).fullmatch
_ENDS_IN_SUFFIX = re.compile(r"(\S+(?: \S+)+?),? (2nd|3rd|4th)", re.IGNORECASE).fullmatch
_NUMBERED = re.compile(r"(?<![^\W_])\d{3}").search  # an account's, a phone's: Sample12 and 2nd are words of a name
_NO_NAME = re.compile(
    r"mrs?|ms|miss|mx|dr|prof|rev|fr|sir|dame|hon|capt|col|gen|lt|sgt|maj|master|sister"
    r"|van|von|der|den|del?|della|d[iau]|l[ae]|ste?|santa?|bin|ibn|[ae]l|ma?c|d[oa]s|te[rn]|jr|sr|i{2,3}|iv",
    re.IGNORECASE,
).fullmatch


@lru_cache(maxsize=16384)
def split(raw: object, order: NameOrder = "auto") -> tuple[str, str]:
    """Return first and last name. Titles and middle initials are left out; a suffix (`Jr.`, `III`) stays with the last.

    A middle name stays with the first, since nothing tells it from the second half of `Mary Ann`. A company is a last
    name.
    `Last, First M` and `Title First M Last, Jr.` are told apart by the comma; without one, `order` decides. A single
    word is a last name.
    """
    text = plain(raw)
    if order != "last-first":
        simple = None if _TORN(text) else _TWO_WORDS(text)
        if simple and _ordinary(simple[1], simple[2]):
            return simple[1], simple[2]
    simple = _COMMA(text)
    if simple and _ordinary(simple[2], simple[1]):
        return simple[2], simple[1]
    if not _COMPANY(text):
        _require_one_reading(text)
    if order == "last-first" and "," not in text and " " in text:
        last, first = text.split(" ", 1)
        if _NO_NAME(last):
            raise Refusal(_TWO_WAYS)
        text = f"{last}, {first}"
    return _unusual(text)


@lru_cache(maxsize=4096)
def split_member(raw: object, order: NameOrder = "auto", *, first_only: bool = False) -> tuple[str, str]:
    """Return first and last name of a family member on a line, where a single word is a first name.

    `first_only`: so is everything without a comma, as in `Mary Ann`.
    """
    text = plain(raw)
    return (text, "") if "," not in text and (first_only or " " not in text) else split(text, order)


def says_more(raw: object, first: str, last: str) -> bool:
    """Tell whether a cell has words that are in neither name: a middle initial, or another name. Titles are none."""
    left = Counter(_words(plain(raw))) - Counter(_words(f"{first} {last}"))
    return any(word not in _TITLES for word in left)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _require_one_reading(text: str) -> None:
    """Raise `Refusal` for what may be several people, or a name with something else behind it."""
    if _OTHER_WORDS(text) or _TORN(text):
        raise Refusal(_TWO_WAYS)
    for found in _IN_BRACKETS.finditer(text):
        between = bool(text[found.end() :].strip(" ,")) or "," in text[: found.start()]
        if not between or not _NICKNAME(found[1]):
            raise Refusal(_TWO_WAYS)
    _, *rest = (part.strip() for part in text.split(","))
    given = [part for part in rest if part and not _IS_SUFFIX(part)]
    if ";" in text or len(given) > 1 or _NUMBERED(text):
        raise Refusal(_TWO_WAYS)


def _ordinary(first: str, last: str) -> bool:
    """Tell whether neither word is a title, a suffix or a particle (van, de), which the library knows better."""
    return not _NO_NAME(first) and not _NO_NAME(last)


def _unusual(text: str) -> tuple[str, str]:
    from nameparser import HumanName

    text = text[:200]
    if _COMPANY(text):
        return "", text
    last, comma, rest = (part.strip() for part in text.rstrip(" ,").partition(","))
    moved, _, first = (part.strip() for part in rest.partition(","))
    if comma and first and _IS_SUFFIX(moved):  # Smith, Jr., John
        return _unusual(f"{last} {moved}, {first}")
    if comma and rest and " " not in rest and not _IS_SUFFIX(rest):
        return rest, _with_suffix(last)
    ending = _ENDS_IN_SUFFIX(text)
    if ending and not comma:
        first, last = _unusual(ending[1])
        return (first, f"{last} {_SUFFIXES.get(ending[2].strip('.').lower(), ending[2])}")
    if text.endswith(" Vi") and not comma:  # a surname; the sixth is written VI
        return text.removesuffix(" Vi"), "Vi"
    whole = _behind_comma(rest) if comma and not first else ""
    if whole:
        return whole, _with_suffix(last)
    begun, _, after = text.partition(" ")
    if begun.strip(".").lower() in _BEGIN_NAMES and " " in after and not comma:
        first, last = _unusual(after)
        return f"{begun} {first}", last
    name = HumanName(text, constants=_constants())
    first, last, middle = str(name.first), str(name.last), str(name.middle)
    if len(middle.strip(".")) > 1 and first:
        first = f"{first} {middle}"  # Mary Ann: nothing tells a second name from half of a first one
    suffix = ", ".join(
        _SUFFIXES.get(s.strip(" .").lower(), s.strip()) for s in str(name.suffix).split(",") if s.strip()
    )
    if not last:
        first, last = "", first or text
    return first, f"{last} {suffix}".strip()


def _behind_comma(text: str) -> str:
    """Return the first names behind a comma, or nothing where they need a closer look: suffixes, brackets, titles."""
    *words, end = text.split() or [""]
    if len(end.strip(".")) != 1:
        words = [*words, end]
    plain_words = all(word.replace("'", "").replace("-", "").replace(".", "").isalpha() for word in words)
    odd = not words or bool(_IS_SUFFIX(words[-1])) or words[0].strip(".").lower() in _TITLES
    return " ".join(words) if plain_words and not odd else ""


@cache
def _constants() -> Any:
    from nameparser.config import Constants

    acronyms = {"md", "dds", "dmd", "phd", "esq", "rn", "cpa", "do", "dvm", "od"}
    ends = {"jr", "sr", "ii", "iii", "iv", "v", "2nd", "3rd", "4th", "esq"}
    return Constants(
        titles=_TITLES, first_name_titles={"sir"}, suffix_acronyms=acronyms, suffix_not_acronyms=ends, conjunctions=()
    )


def _with_suffix(last: str) -> str:
    *words, end = last.split() or [""]
    return " ".join([*words, _SUFFIXES.get(end.strip(".").lower(), end)]) if words else last
