"""Phone numbers and e-mail addresses: ordinary forms by pattern, all others by the libraries that know them."""

from __future__ import annotations

import re
from functools import lru_cache

from agent.intake.statements.values import Refusal, plain
from agent.intake.statements.values.forms import Form

_TEN_DIGITS = r"\(?+[2-9][0-9]{2}\)?+[-. /]{0,3}+[2-9][0-9]{2}[-. ]{0,3}+[0-9]{4}"
NORTH_AMERICAN = Form(rf"{_TEN_DIGITS}|\+?1[-. ]?{_TEN_DIGITS}", dropped="+()-. /", length=10)
"""The ten digits of a number of the North American plan."""

_WORD = r"[A-Za-z0-9_+-]++"
_LABEL = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*"
_TOP = r"(?:com|org|net|edu|gov|us)"
ORDINARY_EMAIL = Form(rf"{_WORD}(?:\.{_WORD})*@{_LABEL}\.(?:{_TOP}|{_LABEL}\.{_TOP})")
"""Addresses that need no further look, and no escape in JSON."""

_NOTHING = frozenset({"", "-", "--", "n/a", "na", "none", "null", "no email", "no phone", "unknown", "x"})
_WORDS_BESIDE = re.compile(r"(?:cell|mobile|home|work|office|tel|phone|text|sms|ext|x|c|m|h|w|p|t)\.?", re.I).fullmatch
_BESIDE_NUMBER = re.compile(r"(?i)(?!e?xt?\b|e?xt?\.?\s*\d)\b[a-z]+\b[.:]?")
_FLOATED = re.compile(r"(\d{10,11})\.0+", re.ASCII).fullmatch  # a number that has been through a table of decimals
_EMPTY_NUMBER = re.compile(r"[\s()0./+-]*").fullmatch


def phone(raw: object) -> str:
    """Return the number in E.164 (`+12125550123`), or an empty string where the cell says that there is none.

    Without a country it is North American. A number of that plan need only be possible (area code and exchange from
    2 to 9), since the service's own examples use area code 555; any other must exist. Raises `Refusal`.
    """
    text = plain(raw)
    floated = _FLOATED(text)
    text = floated[1] if floated else text
    ordinary = NORTH_AMERICAN.value(text)
    if ordinary:
        return f"+1{ordinary}"
    if text.lower() in _NOTHING or _EMPTY_NUMBER(text):
        return ""
    if not all(map(_WORDS_BESIDE, re.findall(r"[^\W\d_]+\.?", text))):
        raise Refusal("There are words beside this phone number. Leave them out: (212) 555-0123.")
    return _unusual_phone(_BESIDE_NUMBER.sub("", text)[:100].strip())


def email(raw: object) -> str:
    """Return the address, or an empty string where the cell says that there is none. Raises `Refusal`."""
    text = plain(raw)
    if ORDINARY_EMAIL.value(text):
        return text
    if text.lower() in _NOTHING:
        return ""
    return _unusual_email(text[:1000])


@lru_cache(maxsize=4096)
def _unusual_phone(text: str) -> str:
    import phonenumbers

    digits = "".join(c for c in re.split(r"(?i)e?xt?\.?\s*\d", text)[0] if c.isdecimal())
    if not text.startswith("+") and not digits.startswith("011") and len(digits) - digits.startswith("1") != 10:
        raise Refusal("There is no such phone number. Write it as (212) 555-0123.")
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        raise Refusal("This is not a phone number. Write it as (212) 555-0123.") from None
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    possible = NORTH_AMERICAN.value(written) if number.country_code == 1 else phonenumbers.is_valid_number(number)
    if not possible:
        raise Refusal("There is no such phone number. Write it as (212) 555-0123.")
    return written


@lru_cache(maxsize=4096)
def _unusual_email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise Refusal("This is not an e-mail address. Write one address, such as name@example.com.") from None
