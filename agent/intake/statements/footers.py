"""Which rows of a table are nobody's statement: totals, counts, page numbers, and what report writers put below.

A row is only left out where nothing in it could be a patient's; one that could be either is asked about.
"""

from __future__ import annotations

import re
from typing import Literal

from agent.intake.statements.mapping import Mapping
from agent.intake.statements.readers import Row
from agent.intake.statements.values import plain

Kind = Literal["statement", "blank", "footer", "doubt"]

_IDENTIFIERS = ("account", "external_id", "account_and_name", "pms_id")
_NAMES = ("name", "first_name", "last_name")
_NOUN = r"(?:patient|account|record|statement|row|guarantor|item|entr|line|page)(?:s|ies|y|\(s\))?"
_NOUNS = r"(?:patient|account|record|statement|row|guarantor|item|entr|line|page)(?:s|ies|\(s\))"
_SUM_OF = r"(?:for|of|due|balances?|amounts?|outstanding|receivables?|accounts?|a/?r)"
_WHOSE = r"""(?:grand|report|practice|office|provider|clinic|location|overall|final|page|account|patient|sub|group
         |department|total|ag(?:e)?ing|insurance|aged|a/?r)"""
_PHRASE = re.compile(
    rf"""(?:{_WHOSE}[\s-]*)*(?:sub-?)?(?:totals?|sum|averages?)(?:\s+(?:{_SUM_OF}|{_NOUN})\b[^,]*)?
         (?:\s*\([^)]*\))?(?:\s*[-:]\s+\D+)?
       | totals?\s*:?\s*[\d$(-][^A-Za-z]*
       | average\s+balance
       | page\s*[:\#]?\s*\d+(?:\s*(?:of|/)\s*\d+)?
       | -\s*\d+\s*-
       | (?:1\s*-\s*{_NOUN}|\d[\d,]*\s*-\s*{_NOUNS})
       | \(?\d[\d,]*\)?\s*{_NOUN}(?:\s+(?:listed|printed|total|in\ all|exported|found))?
       | {_NOUN}(?:\s+\w+)?\s*:\s*\d[\d,]*
       | (?:number\s+of|no\.?\s+of|total|count\s+of)\s+{_NOUN}
       | {_NOUN}\s+count | count | end | summary
       | (?:end\s+of\s+(?:report|file|list|data)|\*+\s*end\b).*
       | (?:continued|see)\s+(?:on|from|next|previous)\b.*
       | (?:report|list|file|data)\s+(?:was\s+)?(?:generated|printed|created|exported|produced|run)\b.*
       | (?:filters?|criteria|selection(?:\s+criteria)?|sorted\s+by|user|operator|(?:printed|created|exported|run)\s+by)
         \s*:.*
       | (?:printed|generated|exported|created|run\s+date|report\s+date|as\s+of)\b.*\d.*""",
    re.VERBOSE | re.IGNORECASE,
).fullmatch
_BEHIND = re.compile(r"(?:\s*:\s*[\d$(][^A-Za-z]*|[\s:.*=-]+)$")
_LONGEST = 120  # characters of what stands below a report


def is_phrase(text: str) -> bool:
    """Tell whether a cell says what stands below a report, and not a name."""
    return len(text) < _LONGEST and bool(_PHRASE(text) or _PHRASE(_BEHIND.sub("", text)))


_SUM = re.compile(
    r"(?:(?:sub|grand|patient|statement|account)[\s-]*)*totals?(?:\s+(?:charges?|fees?|payments?|credits?|balances?|amounts?"
    r"|due|owed))*|(?:new|ending|current|total|account)?\s*(?:balance|amount)\s+(?:due|owed)|(?:new|ending)\s+balance",
    re.IGNORECASE,
).fullmatch


def is_sum(text: str) -> bool:
    """Tell whether what a line is called may mean that it sums up the lines above it."""
    bare = text.strip(" :.*=-")
    return len(text) < _LONGEST and bool(_SUM(bare) or is_phrase(text))


class Footers:
    """Tells the rows of one table apart."""

    def __init__(self, mapping: Mapping) -> None:
        indexes = mapping.indexes
        self._accounts = [indexes[f] for f in _IDENTIFIERS if f in indexes]
        self._names = [indexes[f] for f in _NAMES if f in indexes]
        self._date = indexes.get("statement_date")
        self._has_name = bool(self._names)
        self._lines = not mapping.by_row
        money = [indexes[f] for f in ("amount_due", "charges", "credit", "balance") if f in indexes]
        self._not_money = [i for i in range(len(mapping.headings)) if i not in money]
        self._other = [i for f, i in indexes.items() if i not in money and i not in self._accounts]

    def kind(self, row: Row, above: int) -> Kind:
        """Return what a row is, of which `above` statements stand above it."""
        words = [text for cell in row if (text := plain(cell))]
        if not words:
            return "blank"
        accounts = [text for i in self._accounts if (text := plain(row[i]))]
        names = [text for i in self._names if (text := plain(row[i]))]
        day = plain(row[self._date]) if self._date is not None else ""
        dated = bool(day) and not is_phrase(day)
        account = next((text for text in accounts if not is_phrase(text)), "")
        name = any(not is_phrase(text) for text in names)
        says_so = any(map(is_phrase, (*accounts, *names, words[0])))
        if says_so:
            if account and (dated or self._date is None) and not is_phrase(words[0]):
                return "statement"  # T9, Total, 2026-11-20: someone's name
            if account and (dated or self._date is None) and names:
                return "statement"
            return "doubt" if account or dated or name else "footer"
        if self._reads_like_words(account) and not dated and not names and (self._has_name or self._date is not None):
            return "doubt"
        if (
            not self._lines
            and account.isdigit()
            and not dated
            and not names
            and (self._has_name or self._date is not None)
        ):
            alone = not any(plain(row[i]) for i in self._other)
            if alone:
                return "footer" if int(account) == above else "doubt"
        return "statement"

    def _reads_like_words(self, account: str) -> bool:
        """Tell whether what stands for an account is no number of one, with nothing of a patient beside it."""
        return not self._lines and bool(account) and (" " in account or ":" in account or account.isalpha())
