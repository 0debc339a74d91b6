"""What was found wrong or worth a word while a file was read: faults, which fail it, and warnings, which do not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from agent.intake.statements.problems import (
    BAD_ROW,
    BAD_ROWS,
    BAD_STATEMENTS,
    COLUMNS_DIFFER,
    HIDDEN_ROW,
    HIDDEN_ROWS,
    Notice,
)
from agent.model import Fault, Problem

MOST_FAULTS = 10_000
_PLACES_SHOWN = 10
_VALUE_SHOWN = 100
_IN_NO_TABLE = (
    ("Format the column as text, and enter", "Enter"),
    ("Excel ", "A spreadsheet "),
    ("in the same column", "in the same place"),
)
"""What faults say of a table, and how it is said of a file that has no columns."""


class TooManyFaults(Exception):
    """There is no use in reading on: `MOST_FAULTS` have been found."""


class Findings:
    """Collects faults and warnings of one file. `unit` is what its places are called: row or statement."""

    def __init__(self, unit: str = "row") -> None:
        self.unit = unit
        self.faults: list[Fault] = []
        self._bad: set[int] = set()
        self._numbers: list[int] = []
        self._notices: dict[Notice, list[int]] = {}
        self._counts: dict[Notice, int] = {}
        self._sentences: dict[str, None] = {}
        self._left_out: list[int] = []
        self._differing: dict[tuple[str, str], str] = {}

    def fault(self, number: int, where: str, value: object, message: str) -> None:
        """Note what fails the file. `number` is its row or statement. Raises `TooManyFaults` when it is enough."""
        if self.unit != "row":
            for in_tables, elsewhere in _IN_NO_TABLE:
                message = message.replace(in_tables, elsewhere)
        self._bad.add(number)
        self._numbers.append(number)
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e20
        shown = f"{value:.0f}" if whole else str(value) if value is not None else ""
        self.faults.append(Fault(where, shown[:_VALUE_SHOWN] + "..." * (len(shown) > _VALUE_SHOWN), message))
        if len(self.faults) >= MOST_FAULTS:
            raise TooManyFaults

    def differ(self, taken: str, other: str, meaning: str) -> None:
        """Note that two columns say different things of what could stand in either: which is meant is asked once."""
        self._differing[taken, other] = meaning

    def notice(self, notice: Notice, number: int) -> None:
        """Note a warning that holds for one row or statement."""
        self._counts[notice] = self._counts.get(notice, 0) + 1
        places = self._notices.setdefault(notice, [])
        if len(places) < _PLACES_SHOWN and number not in places:
            places.append(number)

    def leave_out(self, number: int) -> None:
        """Note that a row does not go, whatever is told of it; what follows may have belonged to it."""
        insort(self._left_out, number)

    def has_left_out(self, after: int, before: int) -> bool:
        """Tell whether a row between these two was left out."""
        return bisect_left(self._left_out, before) > bisect_right(self._left_out, after)

    def warn(self, sentence: str) -> None:
        """Note a warning that holds for the whole file."""
        self._sentences[sentence] = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning once, with how often and where."""
        told = [self._told(notice, count) for notice, count in self._counts.items()]
        return (*self._sentences, *told)

    def problem(self, name: str) -> Problem | None:
        """Return the problem that fails the file, or None where nothing does."""
        if not self.faults:
            return None
        count = len(self._bad)
        more = "at least " if len(self.faults) >= MOST_FAULTS else ""
        rows = f"{more}{count:,} {self.unit}{'s' * (count != 1)}"
        words = BAD_STATEMENTS if self.unit != "row" else BAD_ROW if count == 1 and not more else BAD_ROWS
        if all(fault.message == HIDDEN_ROW for fault in self.faults):
            words = HIDDEN_ROWS
        if self._differing:
            (taken, other), meaning = next(iter(self._differing.items()))
            return COLUMNS_DIFFER.problem(self._in_order(), name=name, meaning=meaning, columns=f"{taken} and {other}")
        return words.problem(self._in_order(), name=name, rows=rows)

    def _in_order(self) -> list[Fault]:
        if self.unit != "row":
            return self.faults
        order = sorted(range(len(self.faults)), key=self._numbers.__getitem__)
        return [self.faults[at] for at in order]

    def _told(self, notice: Notice, count: int) -> str:
        places = self._notices[notice]
        said = notice.one if count == 1 else notice.many.format(count=f"{count:,}")
        return f"{said}: {self._listed(places, count)}."

    def _listed(self, places: Sequence[int], count: int) -> str:
        rest = f" and {count - len(places):,} more" if count > len(places) and len(places) == _PLACES_SHOWN else ""
        return f"{self.unit}{'s' * (len(places) != 1)} {', '.join(map(str, places))}{rest}"
