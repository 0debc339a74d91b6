"""What Excel shows of a number: its number format, as far as identifiers and amounts are written with one.

Source of the rules: ECMA-376 part 1, 18.8.30 and 18.8.31 (numFmts). Dates, fractions, exponents and elapsed times are
not drawn here: `shown` says None for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)', 6: '"$"#,##0_);[Red]("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);[Red]("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)", 41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)', 48: "##0.0E+0",
}  # fmt: skip
"""Formats that a workbook names by number alone; those left out (General, text, dates) change no number."""

_MOST = 255  # characters of a format: Excel's own limit
_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"?|\\.|_.|\*.)
      | \[(?P<bracket>[^\]]*)\]
      | (?P<general>general|@)
      | (?P<digits>[0#?])
      | (?P<sign>[.,%])
      | (?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
).finditer
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)").fullmatch
_COLOUR = re.compile(r"(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)", re.IGNORECASE).fullmatch
_HOLDS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
}  # fmt: skip
_NOT_DRAWN = frozenset("eEyYmMdDhHsS/")


@dataclass(frozen=True)
class Shown:
    """A number as its cell shows it. `whole`: every digit of it is shown, and none more."""

    text: str
    whole: bool
    coloured: bool = False  # the format gives it a colour, which may stand for its sign


@dataclass(frozen=True)
class _Section:
    condition: tuple[str, float] | None
    colour: bool
    general: bool
    parts: tuple[str, ...]  # literals, and 0 # ? . for what a digit goes into
    drawn: tuple[bool, ...]  # which parts are such places
    grouped: bool
    thousands: int
    percents: int


def shown(number: float, code: str) -> Shown | None:
    """Return what the cell shows, or None where this cannot be told (dates, fractions, exponents, odd formats)."""
    if number >= 0 and number % 1 == 0 and not code.strip("0") and 0 < len(code) <= _MOST:
        return Shown(f"{int(number):0{len(code)}}", True)
    sections = _sections(code)
    if sections is None:
        return None
    section, negative = _chosen(sections, number)
    if section is None:
        return None
    value = abs(Decimal(repr(number)))
    if section.general:
        return Shown(("-" if negative else "") + _around_general(section, value), True, section.colour)
    if not any(section.drawn):
        return Shown("".join(section.parts).strip(), False, section.colour)
    scaled = value * (100**section.percents) / (1000**section.thousands)
    text, exact = _drawn(section, scaled)
    whole = exact and not section.percents and not section.thousands
    return Shown(("-" if negative else "") + text.strip(), whole, section.colour)


def _chosen(sections: tuple[_Section, ...], number: float) -> tuple[_Section | None, bool]:
    """Return the section for a number, and whether a minus has to be put before it."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _HOLDS[section.condition[0]](number, section.condition[1]):
                return section, number < 0
        return None, False
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], number < 0


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section, ...] | None:
    if len(code) > _MOST:
        return None
    sections: list[_Section] = []
    for text in _split(code)[:3]:  # the fourth is for texts
        section = _section(text)
        if section is None:
            return None
        sections.append(section)
    return tuple(sections)


def _split(code: str) -> list[str]:
    parts, start = [], 0
    for token in _TOKEN(code):
        if token["other"] == ";":
            parts.append(code[start : token.start()])
            start = token.end()
    return [*parts, code[start:]]


def _section(code: str) -> _Section | None:
    parts: list[str] = []
    drawn: list[bool] = []
    condition, colour, general, percents, commas = None, False, False, 0, []
    for token in _TOKEN(code):
        text, bracket = token["text"], token["bracket"]
        if bracket is not None:
            found = _CONDITION(bracket)
            if found:
                condition = (found[1], float(found[2]))
            elif _COLOUR(bracket):
                colour = True
            elif bracket.startswith("$"):
                parts.append(bracket[1:].split("-")[0])
                drawn.append(False)
            else:
                return None
        elif text is not None:
            literal = text.strip('"') if text[0] == '"' else text[1:] if text[0] == "\\" else " " * (text[0] == "_")
            parts.append(literal)
            drawn.append(False)
        elif token["general"]:
            general = True
            parts.append("")
            drawn.append(True)
        elif token["digits"] or token["sign"] == ".":
            parts.append(token[0])
            drawn.append(True)
        elif token["sign"] == ",":
            commas.append(len(parts))
        elif token["sign"] == "%":
            percents += 1
            parts.append("%")
            drawn.append(False)
        elif token[0] in _NOT_DRAWN:
            return None
        else:
            parts.append(token[0])
            drawn.append(False)
    if parts.count(".") - sum(p == "." and not d for p, d in zip(parts, drawn, strict=True)) > 1:
        return None
    places = [i for i, is_place in enumerate(drawn) if is_place]
    point = next((i for i in places if parts[i] == "."), len(parts))
    digits = [i for i in places if i < point]
    grouped = any(digits and digits[0] < at <= digits[-1] for at in commas)
    thousands = sum(1 for at in commas if digits and at > digits[-1])
    return _Section(condition, colour, general, tuple(parts), tuple(drawn), grouped, thousands, percents)


def _around_general(section: _Section, value: Decimal) -> str:
    number = f"{value.normalize():f}"
    return "".join(number if place else part for part, place in zip(section.parts, section.drawn, strict=True)).strip()


def _drawn(section: _Section, value: Decimal) -> tuple[str, bool]:
    """Return the digits in their places, from the right, and whether no digit is lost and none is made up."""
    places = [i for i, place in enumerate(section.drawn) if place]
    point = next((i for i in places if section.parts[i] == "."), len(section.parts))
    whole, behind = [i for i in places if i < point], [i for i in places if i > point]
    rounded = value.quantize(Decimal(1).scaleb(-len(behind)), ROUND_HALF_UP)
    digits, _, part = f"{rounded:f}".partition(".")
    digits = digits.lstrip("0")
    out = list(section.parts)
    left = digits
    for at in reversed(whole):
        digit, left = left[-1:], left[:-1]
        out[at] = digit or {"0": "0", "?": " "}.get(section.parts[at], "")
    if left and whole:
        out[whole[0]] = left + out[whole[0]]
    if section.grouped:
        _group(out, whole)
    for at, digit in zip(behind, part, strict=False):
        out[at] = digit
    for at in reversed(behind):
        if out[at] != "0" or section.parts[at] == "0":
            break
        out[at] = " " if section.parts[at] == "?" else ""
    added = point < len(out) or (section.grouped and len(digits) > 3)
    return "".join(out), rounded == value and not added


def _group(out: list[str], whole: list[int]) -> None:
    count = 0
    for at in reversed(whole):
        grouped = ""
        for digit in reversed(out[at]):
            if digit.isdigit():
                if count and count % 3 == 0:
                    grouped = "," + grouped
                count += 1
            grouped = digit + grouped
        out[at] = grouped
