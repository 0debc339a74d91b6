"""States and ZIP codes."""

from __future__ import annotations

import re

from agent.intake.statements.values import Refusal, plain

_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "american samoa": "AS", "guam": "GU", "northern mariana islands": "MP", "puerto rico": "PR",
    "virgin islands": "VI", "us virgin islands": "VI", "washington dc": "DC",
}  # fmt: skip
_CODES = frozenset(_STATES.values()) | {"AA", "AE", "AP", "FM", "MH", "PW"}
ZIP_CUT = "This is not a ZIP code of the state beside it, or a part of it is missing. Enter the whole ZIP code."
_LONGEST = 200  # characters
_ZIP = re.compile(r"(\d{5})(?:[- ]?(\d{4}))?", re.ASCII).fullmatch
_FLOATED = re.compile(r"(\d{3,9})(?:\.0+|-)", re.ASCII).fullmatch  # been through a table of decimals, or an empty +4
_SHORT_ZIP = re.compile(r"(\d{3,4})(?:-?(\d{4}))?", re.ASCII).fullmatch
_BEHIND_CITY = re.compile(r"(.+?)[\s,]+(\d{3,5}(?:-?\d{4})?)").fullmatch
_WITH_ZERO = frozenset(("CT", "MA", "ME", "NH", "NJ", "NY", "PR", "RI", "VI", "VT", "AE"))
"""Where ZIP codes begin with a zero, by the Postal Service's list of three-digit prefixes."""
_MAY_BE_CUT = re.compile(r"\d{7,8}", re.ASCII).fullmatch
_WEST = re.compile(r"\bw(?:est)?$", re.IGNORECASE).search
_MOST_WORDS = 4  # Northern Mariana Islands, and one for D.C.


def state(raw: object) -> tuple[str, bool]:
    """Return the state as two letters, and whether it is one that the postal service knows; else as it stands."""
    text = plain(raw)
    code = text.upper().replace(".", "")
    if code in _CODES:
        return code, True
    named = _STATES.get(text.lower().replace(".", ""))
    return (named, True) if named else (text, False)


def zip_code(raw: object) -> tuple[str, bool]:
    """Return the ZIP code, and whether its leading zeros had to be put back (Excel drops them from numbers)."""
    text = plain(raw)
    text = _FLOATED(text)[1] if _FLOATED(text) else text  # type: ignore[index]  # it was just looked at
    known = _ZIP(text)
    if known:
        return (f"{known[1]}-{known[2]}" if known[2] else known[1]), False
    short = _SHORT_ZIP(text)
    if short:
        return short[1].zfill(5) + (f"-{short[2]}" if short[2] else ""), True
    return text, False


def zero_is_a_guess(raw: object, beside: object) -> bool:
    """Tell whether the zero that `zip_code` puts back does not fit the state `beside` it, or only might be meant.

    Eight digits are a ZIP+4 without its zero as well as one that was cut; the state tells which.
    """
    text = plain(raw)
    if not zip_code(raw)[1]:
        return False
    code, known = state(beside)
    return code not in _WITH_ZERO if known else bool(_MAY_BE_CUT(text))


def is_known_zip(text: str) -> bool:
    """Tell whether a text is in the form of a ZIP code."""
    return bool(_ZIP(text)) and text[:5] != "00000"


def city_state_zip(raw: object) -> tuple[str, str, str]:
    """Return the three parts of `Springfield, IL 62701`; the whole text is the city where it is not in that form.

    The state is the longest one that the words before the ZIP code end in, if it leaves words for the city. Raises
    `Refusal` where the state may be another one, or the ZIP code was cut.
    """
    text = plain(raw)
    parts = _BEHIND_CITY(text) if len(text) <= _LONGEST else None
    words = parts[1].replace(",", ", ").split() if parts else []
    whole, alone = state(" ".join(words))
    if (alone and whole != "DC") or any(map(_ZIP, words)):  # no city, or two places
        return text, "", ""
    for count in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        code, known = state(" ".join(words[-count:]).replace(",", ""))
        city = " ".join(words[:-count]).rstrip(" ,")
        if known and city and parts:
            if code == "VA" and _WEST(city.rstrip(".")):
                raise Refusal("This may be Virginia or West Virginia. Write the state as two letters, VA or WV.")
            if zero_is_a_guess(parts[2], code):
                raise Refusal(ZIP_CUT)
            return city, code, zip_code(parts[2])[0]
    return text, "", ""
