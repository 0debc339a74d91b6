"""Columns that are not sent, and yet say how those that are sent are meant: a sign, a currency, cents, a number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.profile import normal
from agent.intake.statements.readers import Column as Cells
from agent.intake.statements.values import places, plain

_SIGN = frozenset(
    {"drcr", "crdr", "dr/cr", "cr/dr", "d/c", "c/d", "dc", "cd", "sign", "balancetype", "debitcredit", "creditdebit"}
    | {"debit/credit", "credit/debit", "amountsign", "balancesign", "cr", "crindicator", "creditindicator"}
)
_CURRENCY = frozenset({"currency", "curr", "ccy", "currencycode"})
_CENTS = frozenset({"cents", "cts"})
_HOUSE = frozenset({"housenumber", "houseno", "streetnumber", "streetno", "buildingnumber"})

_DEBIT = re.compile(r"\+|d|dr|db|debit|owed|due|n|no|0|false", re.I).fullmatch
_DOLLARS = re.compile(r"(?:us\s*)?\$|usd?|u\.?s\.?\s*dollars?|dollars?", re.I).fullmatch
_NOTHING = re.compile(r"0*\.?0*").fullmatch
_CREDIT = re.compile(r"cr|credit|\(cr\)", re.I).fullmatch

_AS_SIGN = "The column {heading} says {said}. Write amounts that are a credit with a minus, and remove that column."
_AS_CURRENCY = "The column {heading} says {said}. Only amounts in US dollars can be sent."
_AS_CENTS = "The column {heading} says {said}. Write the amounts with their cents in one column, such as 12.34."
_AS_HOUSE = "The column {heading} says {said}. Put it into the same column as the street."

Rule = tuple[str, Callable[[str], object], str]
"""What is looked at (`amount_due`, `address_1`), which values say nothing more, and what is said of the others."""


def _never(_: str) -> bool:
    return False


class Beside:
    """The columns of one table that stand beside what is sent. A value that changes its meaning is a fault."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._headings = mapping.headings
        used = set(mapping.indexes.values())
        known = mapping.profile.recognise.any_table
        self._zip, self._state = mapping.indexes.get("zip"), mapping.indexes.get("state")
        self._looked_at = [
            (index, mapping.indexes[rule[0]], rule)
            for index, heading in enumerate(mapping.headings)
            if known and index not in used and (rule := _rule(heading)) and rule[0] in mapping.indexes
        ]

    def look(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Note a fault for every row in which such a column says something."""
        self._look_at_zips(numbers, columns)
        for index, meant, (_, says_nothing, message) in self._looked_at if numbers else ():
            if not any(columns[index]):
                continue
            heading = self._headings[index] or "without a heading"
            for number, cell, value in zip(numbers, columns[index], columns[meant], strict=True):
                said = plain(cell)
                if said and not says_nothing(said):
                    where = f"row {number}, column {self._headings[meant]}"
                    self._findings.fault(number, where, value, message.format(heading=heading, said=said[:40]))

    def _look_at_zips(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Note a fault for every ZIP code whose lost zero the state beside it does not bear out."""
        if self._zip is None or not numbers:
            return
        zips = columns[self._zip]
        short = {cell for cell in set(zips) if cell and places.zip_code(cell)[1]}
        states = columns[self._state] if self._state is not None else [""] * len(zips)
        for number, cell, beside in zip(numbers, zips, states, strict=True) if short else ():
            if cell in short and places.zero_is_a_guess(cell, beside):
                where = f"row {number}, column {self._headings[self._zip]}"
                self._findings.fault(number, where, cell, places.ZIP_CUT)


def _rule(heading: str) -> Rule | None:
    key = normal(heading)
    if not key:
        return "amount_due", lambda said: not _CREDIT(said), _AS_SIGN
    if key in _SIGN:
        return "amount_due", _DEBIT, _AS_SIGN
    if key in _CURRENCY:
        return "amount_due", _DOLLARS, _AS_CURRENCY
    if key in _CENTS:
        return "amount_due", _NOTHING, _AS_CENTS
    return ("address_1", _never, _AS_HOUSE) if key in _HOUSE else None
