"""Amounts: dollars as practices and Excel write them, to whole cents."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from agent.intake.statements.values import Refusal, plain
from agent.intake.statements.values.forms import Form

AmountUnit = Literal["dollars", "cents", "open"]
"""`open`: nothing says whether whole numbers are dollars or cents; only what has decimals can be read."""

_ORDINARY = re.compile(r"(-?)\$?(\d{1,3},\d{3}|\d{1,2}(?:,\d{3}){2}|\d{1,8})\.(\d\d)", re.ASCII).fullmatch
ASKED = Form(r"\$?+[1-9](?:[0-9]{0,7}+|[0-9]{0,2}+,[0-9]{3}|[0-9]?+(?:,[0-9]{3}){2})\.[0-9]{2}", dropped="$,.")
"""The cents of an ordinary amount of dollars above zero."""

_WRITTEN = re.compile(
    r"(?P<before>[^\d.,]*) (?P<number>(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<part>\d*))?) (?P<after>[^\d.,]*)",
    re.VERBOSE | re.ASCII,
).fullmatch
_MARKS = re.compile(r"US\$|USD|US(?=\s*\$)|\$|CR|DR|[-+()]|\s+", re.IGNORECASE)
_CURRENCY = frozenset({"US$", "USD", "$"})
_SAME = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-") | {"\uff04": "$", "\uff0b": "+"})
_LIKE_NUMBER = re.compile(r"[\d.,\s$()+-]*\d[\d.,\s$()+-]*").fullmatch

_ACCOUNTING_ZERO = re.compile(r"\$? ?--?").fullmatch  # Excel's accounting format writes nothing as $ -

_GROUP = 3
_MAY_BE_GROUPED = re.compile(r"[1-9]\d{0,2}").fullmatch  # 1.000 is a thousand where commas are decimal
_LONGEST = 60  # characters
_NOISE = 1e-4  # cents: what binary arithmetic may leave of a sum of exact ones
_LARGEST = 9_999_999_999  # cents: $99,999,999.99
_NOT_AN_AMOUNT = "This is not an amount. Write it as 1,234.56."
_TWO_WAYS = "This amount can be read in two ways. Write it as {}."
_PART_OF_A_CENT = "This amount has a part of a cent. Round it to two decimals, such as {}."
_TOO_LARGE = "This amount is larger than $99,999,999.99. Check the decimal point."
_DOLLARS_OR_CENTS = (
    "The heading is the billing service's own name, and there it means whole cents. Write dollars with their decimals, "
    "such as 12.00, and call the column Amount Due, Charge, Credit Amount or Line Balance."
)
_NOT_CENTS = "This amount is in whole cents here. Write $12.34 as 1234."


def cents(raw: object, unit: AmountUnit = "dollars") -> int:
    """Return the amount in cents.

    Read are `1234.5`, `$1,234.56`, `US$12`, one sign in any place (`-$12.00`, `$-12.00`, `12.00-`, `($12.00)`,
    `$(12.00)`, `12.00 CR`), `$ -` for nothing, and Excel's numbers, whose binary noise (99.89999999999999) is less than
    a ten-thousandth of a cent. Raises `Refusal`, also for two ways to read it and for two signs.
    """
    if isinstance(raw, str) and unit == "dollars":
        ordinary = _ORDINARY(raw)
        if ordinary:
            sign, whole, part = ordinary.groups()
            amount = int(whole.replace(",", "") + part)
            return _bounded(-amount if sign else amount)
    if isinstance(raw, bool):
        raise Refusal(_NOT_AN_AMOUNT)
    if unit == "cents":
        return _bounded(_whole_cents(raw))
    if unit == "open" and _is_whole(raw):
        raise Refusal(_DOLLARS_OR_CENTS)
    if isinstance(raw, float):
        return _bounded(_from_float(raw))
    if isinstance(raw, int):
        return _bounded(raw * 100)
    return _bounded(_from_text(plain(raw)))


def _is_whole(raw: object) -> bool:
    """Tell whether an amount other than nothing has no decimals, so that it may be of dollars or of cents."""
    if isinstance(raw, int | float | Decimal):
        return raw != 0 and raw == raw // 1
    text = plain(raw)
    return "." not in text and any(c in "123456789" for c in text)


def asked(number: float) -> int:
    """Return the cents of an ordinary amount above zero, or 0 for `cents` to have a closer look at it."""
    scaled = number * 100
    if not 0 < scaled <= _LARGEST:
        return 0
    nearest = round(scaled)
    return nearest if abs(scaled - nearest) <= _NOISE else 0


def _from_float(number: float) -> int:
    scaled = number * 100
    if not abs(scaled) <= _LARGEST:
        raise Refusal(_TOO_LARGE)
    nearest = round(scaled)
    if abs(scaled - nearest) > _NOISE:
        raise Refusal(_PART_OF_A_CENT.format(_rounded(Decimal(repr(number)))))
    return nearest


def _from_text(text: str) -> int:
    if len(text) > _LONGEST:
        raise Refusal(_NOT_AN_AMOUNT)
    text = " ".join(text.translate(_SAME).split())
    if _ACCOUNTING_ZERO(text):
        return 0
    written = _WRITTEN(text)
    if not written or not (written["whole"] or written["part"]):
        if "," in text and _LIKE_NUMBER(text):
            raise Refusal(_TWO_WAYS.format(_suggestion(text)))
        raise Refusal(_NOT_AN_AMOUNT)
    negative = _is_negative(written["before"], written["after"])
    part = written["part"] or ""
    if len(part) == _GROUP and part.endswith("0") and _MAY_BE_GROUPED(written["whole"]):
        raise Refusal(_TWO_WAYS.format(f"{int(written['whole'] + part):,}.00, or as {written['whole']}.{part[:2]}"))
    if len(part.rstrip("0")) > 2:
        amount = Decimal(f"{(written['whole'] or '0').replace(',', '')}.{part}")
        raise Refusal(_PART_OF_A_CENT.format(_rounded(amount)))
    digits = (written["whole"] or "0").replace(",", "")
    if len(digits) > 12:
        raise Refusal(_TOO_LARGE)
    amount_cents = int(digits) * 100 + int((part + "00")[:2])
    return -amount_cents if negative else amount_cents


def _is_negative(before: str, after: str) -> bool:
    """Tell what stands around the number: one currency and one sign at most, in any order. Raises `Refusal`."""
    ahead, behind = _marks(before), _marks(after)
    signs = [mark for mark in (*ahead, *behind) if mark not in _CURRENCY]
    enclosed = "(" in ahead and ")" in behind
    if enclosed:
        signs.remove("(")
        signs.remove(")")
    if len(signs) + enclosed > 1 or sum(mark in _CURRENCY for mark in (*ahead, *behind)) > 1 or {"(", ")"} & {*signs}:
        raise Refusal(_NOT_AN_AMOUNT)
    return enclosed or signs in (["-"], ["CR"])


def _marks(text: str) -> list[str]:
    if _MARKS.sub("", text):
        raise Refusal(_NOT_AN_AMOUNT)
    marks = [mark.upper() for mark in _MARKS.findall(text) if not mark.isspace()]
    return [mark for mark in marks if mark != "US"]


def _rounded(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _suggestion(text: str) -> str:
    """Return the likeliest reading in the form that can be read in one way only."""
    digits = re.sub(r"[^\d.,]", "", text)
    whole, _, part = digits.rpartition(",") if digits.rfind(",") > digits.rfind(".") else digits.rpartition(".")
    if len(part) > 2:
        whole, part = whole + part, ""
    number = re.sub(r"\D", "", whole)[:12]
    return f"{int(number or '0'):,}.{(part + '00')[:2]}"


def _whole_cents(raw: object) -> int:
    if isinstance(raw, int):
        return raw
    if isinstance(raw, Decimal) and "." in str(raw):
        raise Refusal(_NOT_CENTS)  # 6.0 may be six dollars
    if isinstance(raw, float | Decimal):
        if not abs(float(raw)) <= _LARGEST or int(raw) != raw:
            raise Refusal(_NOT_CENTS)
        return int(raw)
    text = plain(raw)
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise Refusal(_NOT_CENTS)
    return int(text)


def _bounded(amount: int) -> int:
    if abs(amount) > _LARGEST:
        raise Refusal(_TOO_LARGE)
    return amount
