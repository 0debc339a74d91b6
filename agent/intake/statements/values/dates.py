"""Dates: written in an order that the profile says, ISO, or Excel's own, to `YYYY-MM-DD`."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from agent.intake.statements.values import Refusal, plain

DateOrder = Literal["MDY", "DMY", "YMD"]

_EXAMPLES: dict[DateOrder, str] = {"MDY": "07/31/2026", "DMY": "31/07/2026", "YMD": "2026-07-31"}
_MONTHS = {month.lower(): number for number, month in enumerate(calendar.month_abbr) if month}
_TIME = re.compile(r"[T\s]+(?:\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AP]\.?M\.?)?)\s*(?:Z|[+-]\d{2}:?\d{2})?$", re.I)
_PARTS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})").fullmatch
_PACKED = re.compile(r"\d{8}").fullmatch
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?").fullmatch
_DAY_FIRST_NAME = re.compile(r"(\d{1,2})[-\s]+([A-Za-z]{3,9})\.?,?[-\s]+(\d{2}|\d{4})").fullmatch
_MONTH_FIRST_NAME = re.compile(r"([A-Za-z]{3,9})\.?[-\s]+(\d{1,2}),?[-\s]+(\d{2}|\d{4})").fullmatch
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"((?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?)\.?,?\s+(?=.*\d)", re.IGNORECASE
).match
_MONTH_NAMES = {name.lower() for name in (*calendar.month_name, *calendar.month_abbr, "sept") if name}
_NO_DATE = {"01/01/0001", "1/1/0001", "0001-01-01", "00/00/0000", "0000-00-00", "01010001", "00000000"}

_EPOCHS = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
_LONGEST = 60  # what is longer is not looked at by patterns that try every place
_MONTHS_OF_A_YEAR = 12
_OTHER_ORDER = "There is no such day. Write the date as {}, and all others of the file too if it has the {} first."
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@lru_cache(maxsize=8192)
def iso(raw: object, order: DateOrder = "MDY", epoch: int = 1900) -> str:
    """Return the date as `YYYY-MM-DD`, or an empty string for `01/01/0001` (how .NET writes "no date").

    A year of two digits is read as POSIX does: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068; where the year
    stands first it has four, since nothing tells which of three pairs is the year. `epoch` tells from which year Excel
    counts its days. Raises `Refusal` for what is no date of the calendar.
    """
    if isinstance(raw, datetime):
        return _checked(raw.year, raw.month, raw.day, order)
    if isinstance(raw, date):
        return _checked(raw.year, raw.month, raw.day, order)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < 1e9:
        return _numbered(raw, order, epoch)
    text = plain(raw)
    if len(text) > _LONGEST:
        raise Refusal(f"This is not a date. Write it as {_EXAMPLES[order]}.")
    text = _TIME.sub("", text)
    if text in _NO_DATE:
        return ""
    weekday = _WEEKDAY(text)
    if weekday:
        return _on(weekday[1], iso(text[weekday.end() :], order, epoch))
    text = _ORDINAL.sub("", text)
    parts = _PARTS(text)
    if parts:
        first, _, second, third = parts.groups()
        return _ordered(first, second, third, order)
    named = _DAY_FIRST_NAME(text)
    if named:
        return _named(named[2], named[1], named[3], order)
    named = _MONTH_FIRST_NAME(text)
    if named:
        return _named(named[1], named[2], named[3], order)
    if _PACKED(text):
        return _packed(text, order)
    if _SERIAL(text):
        return _numbered(float(text), order, epoch)
    raise Refusal(f"This is not a date. Write it as {_EXAMPLES[order]}.")


def _ordered(first: str, second: str, third: str, order: DateOrder) -> str:
    if len(first) == 4:
        return _checked(int(first), int(second), int(third), order)
    if len(first) > 2 or len(third) not in (2, 4):
        raise Refusal(f"This is not a date. Write it as {_EXAMPLES[order]}.")
    if order == "YMD":
        if len(third) == 4 or int(first) <= 31:
            raise Refusal(f"This date can be read in more than one way. Write it as {_EXAMPLES[order]}.")
        return _checked(_full_year(first), int(second), int(third), order)
    month, day = (first, second) if order == "MDY" else (second, first)
    if int(month) > _MONTHS_OF_A_YEAR >= int(day) > 0:
        raise Refusal(_OTHER_ORDER.format(_EXAMPLES[order], "day" if order == "MDY" else "month"))
    return _checked(_full_year(third), int(month), int(day), order)


def _named(month: str, day: str, year: str, order: DateOrder) -> str:
    known = month.lower() in _MONTH_NAMES
    return _checked(_full_year(year), _MONTHS[month[:3].lower()] if known else 0, int(day), order)


def _on(weekday: str, day: str) -> str:
    """Return the day. Raises `Refusal` where it is another day of the week than is written before it."""
    if day and not calendar.day_name[date.fromisoformat(day).weekday()].lower().startswith(weekday[:3].lower()):
        raise Refusal(f"{day} is not a {weekday}. Correct the date.")
    return day


def _packed(text: str, order: DateOrder) -> str:
    """Eight digits: in the order of the profile, else as `YYYYMMDD`. The range of years leaves one reading only."""
    year_first = (text[:4], text[4:6], text[6:])
    year_last = (text[4:], text[:2], text[2:4]) if order != "DMY" else (text[4:], text[2:4], text[:2])
    readings = (year_first, year_last) if order == "YMD" else (year_last, year_first)
    for year, month, day in readings:
        try:
            return _checked(int(year), int(month), int(day), order)
        except Refusal:
            continue
    raise Refusal(f"There is no such day. Write the date as {_EXAMPLES[order]}.")


def _numbered(number: float, order: DateOrder, epoch: int) -> str:
    """Excel's count of days; whole numbers of eight digits are dates that lost their text."""
    if number == int(number) and 10_000_000 > number >= 1_000_000:
        return _packed(f"{int(number):08d}", order)  # 7312026: the month's leading zero is gone
    if number == int(number) and 100_000_000 > number >= 10_000_000:
        return _packed(str(int(number)), order)
    if not 15_000 <= number <= 75_000:
        raise Refusal(f"This number is not a date. Write it as {_EXAMPLES[order]}.")
    if number == int(number) and order == "MDY" and _is_month_day_year(f"{int(number):06}"):
        raise Refusal(f"This can be a count of days, or a date without its first zero. Write it as {_EXAMPLES[order]}.")
    return (_EPOCHS[epoch] + timedelta(days=int(number))).isoformat()


def _is_month_day_year(text: str) -> bool:
    try:
        date(2000 + int(text[4:]), int(text[:2]), int(text[2:4]))
    except ValueError:
        return False
    return True


def _full_year(year: str) -> int:
    number = int(year)
    if len(year) > 2:
        return number
    return number + (1900 if number >= 69 else 2000)


def _checked(year: int, month: int, day: int, order: DateOrder) -> str:
    if (year, month, day) == (1, 1, 1):
        return ""
    try:
        result = date(year, month, day)
    except ValueError:
        raise Refusal(f"There is no such day. Write the date as {_EXAMPLES[order]}.") from None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Refusal(f"The year {year} is not possible here. Write the date as {_EXAMPLES[order]}.")
    return result.isoformat()
