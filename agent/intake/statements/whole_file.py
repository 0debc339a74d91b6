"""What only the whole file tells: whether its statements agree on locations, and whether each has its own account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from agent.intake.statements.findings import MOST_FAULTS, Findings
from agent.intake.statements.problems import SAME_ACCOUNT, SPELLED_TWICE, TWICE

ASKED_BY = ("statement_date", "amount_due", "order_id", "location")
"""By what two statements of one account differ."""


def _loosely(account: str) -> str:
    """Return an account without what two programs write in two ways: its leading zeros, and capitals."""
    return _LEADING_ZEROS("", account.lower()) if account[:1] in _MAY_BEGIN_SO else account.lower()


_LEADING_ZEROS = re.compile(r'(?:(?<=^)|(?<="))0+(?=[0-9])').sub
_MAY_BEGIN_SO = frozenset('0,"')  # a number, or the JSON that is made of it


class Locations:
    """The service takes a file in which every statement names its location, or none does (its refusal: 412)."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._any = False
        self._without: list[tuple[int, str]] = []

    def note(self, number: int, where: str, *, present: bool) -> None:
        """Note one statement."""
        self._any = self._any or present
        if not present and len(self._without) < MOST_FAULTS:
            self._without.append((number, where))

    def settle(self) -> None:
        """Note a fault for every statement that lacks what others have. Raises `TooManyFaults`."""
        if self._any:
            for number, where in self._without:
                self._findings.fault(number, where, "", "The location is missing, and other statements name one.")


class Accounts:
    """Two statements for one account are told: it may be right, and it may be a file that was exported twice."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._numbers: list[Sequence[int]] = []
        self._accounts: list[str] = []
        self._asked: list[int] = []
        self._loosely: list[int] = []

    def note(self, numbers: Sequence[int], accounts: Sequence[str], asked: Sequence[Sequence[str]] = ()) -> None:
        """Note the accounts of some statements, and what they are asked for (`ASKED_BY`), by column."""
        self._numbers.append(numbers)
        self._accounts += accounts
        self._asked += map(hash, zip(accounts, *asked, strict=True))
        self._loosely += map(hash, zip(map(_loosely, accounts), *asked, strict=True))

    def settle(self) -> None:
        """Tell of every account that was there before; one that is asked for the same once more is a fault."""
        if len(set(map(_loosely, self._accounts))) == len(self._accounts):
            return
        self._find_spelled_twice()
        seen: set[str] = set()
        asked: dict[int, int] = {}
        numbers = chain.from_iterable(self._numbers)
        for number, account, whole in zip(numbers, self._accounts, self._asked, strict=True):
            before = asked.setdefault(whole, number)
            if before != number and account:
                unit = self._findings.unit
                self._findings.fault(number, f"{unit} {number}", "", TWICE.format(unit=unit, number=before))
            elif account in seen:
                self._findings.notice(SAME_ACCOUNT, number)
            seen.add(account)

    def _find_spelled_twice(self) -> None:
        """Note a fault where two accounts that differ in zeros or capitals alone are asked for the same."""
        unit = self._findings.unit
        first: dict[int, tuple[int, str]] = {}
        for number, account, whole in zip(
            chain.from_iterable(self._numbers), self._accounts, self._loosely, strict=True
        ):
            before, spelled = first.setdefault(whole, (number, account))
            if account != spelled and account:
                self._findings.fault(number, f"{unit} {number}", "", SPELLED_TWICE.format(unit=unit, number=before))
