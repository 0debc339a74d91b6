"""The date of a report that has no column for it, from the lines above its headings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from agent.intake.statements.values import Refusal, dates

_DATE = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}")
_AS_OF = re.compile(r"\bas (?:of|at)\W*$", re.IGNORECASE).search
_OTHER_DAY = re.compile(
    r"\b(?:print(?:ed)?|run|generated|created|exported|next|since|from|after|before|born|dob|due|until|prior|last)\b\D*$",
    re.IGNORECASE,
).search


def of_titles(titles: Iterable[str], order: dates.DateOrder, today: date) -> str:
    """Return the date as `YYYY-MM-DD`; an empty string where there is none, or several that nothing tells apart.

    The first that `as of` names counts most. A day of printing, of the next billing, or at the beginning of a span, and
    one of another year, are other days.
    """
    earliest, latest = (today - timedelta(days=366)).isoformat(), (today + timedelta(days=31)).isoformat()
    named: list[str] = []
    others: set[str] = set()
    for title in titles:
        for written in _DATE.finditer(title):
            before = title[: written.start()]
            try:
                day = dates.iso(written[0], order)
            except Refusal:
                continue
            if not earliest <= day <= latest:
                continue
            if _AS_OF(before):
                named.append(day)
            elif not _OTHER_DAY(before):
                others.add(day)
    if named:
        return named[0]
    return others.pop() if len(others) == 1 else ""
