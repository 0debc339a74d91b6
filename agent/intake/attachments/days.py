"""Dates as people write them in sidecars: YYYY-MM-DD, and what to say of any other."""

from __future__ import annotations

import calendar
import re
from datetime import date

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_AMERICAN = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_LOOSE = re.compile(r"(\d{4})([/.\-]?)(\d{1,2})\2(\d{1,2})(?:[T ].*)?", re.ASCII)
_LONGEST = 40


class DateFault(ValueError):
    """What is wrong with a date, and how to write it."""


def day(text: str) -> date:
    """Return the day that `text` names as YYYY-MM-DD. Raise `DateFault`, in words, for anything else."""
    if len(text) > _LONGEST:
        raise DateFault(f"{text[:_LONGEST]}… is not a date. Write it as YYYY-MM-DD, such as 2026-01-31.")
    written = _ISO.fullmatch(text)
    if written:
        return _existing(*map(int, written.groups()))
    if american := _AMERICAN.fullmatch(text):
        month, of_month, year = map(int, american.groups())
        if 1 <= month <= 12 and 1 <= of_month <= 31:
            raise DateFault(f"{text} has to begin with the year. Write it as {year:04}-{month:02}-{of_month:02}.")
    loose = _LOOSE.fullmatch(text)
    if loose and (loose[2] or len(text) == 8):
        year, month, of_month = int(loose[1]), int(loose[3]), int(loose[4])
        if 1 <= month <= 12 and 1 <= of_month <= 31:
            raise DateFault(f"{text} is not written as a plain date. Write it as {year:04}-{month:02}-{of_month:02}.")
    raise DateFault(f"{text} is not a date. Write it as YYYY-MM-DD, such as 2026-01-31.")


def _existing(year: int, month: int, of_month: int) -> date:
    if year == 0:
        raise DateFault("There is no year 0000. Write the year with its four digits.")
    if not 1 <= month <= 12:
        raise DateFault(f"There is no month {month:02}. Write it as YYYY-MM-DD: year, month, day.")
    days = calendar.monthrange(year, month)[1]
    if not 1 <= of_month <= days:
        name = calendar.month_name[month]
        raise DateFault(f"There is no {of_month} {name} {year}: {name} has {days} days in that year.")
    return date(year, month, of_month)
