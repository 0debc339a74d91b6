"""A profile laid over the headings of one file: which column feeds which field, and which is not sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from agent.intake.statements import wire
from agent.intake.statements.columns import Column, compiled
from agent.intake.statements.problems import COLUMN_MISSING, COLUMN_TWICE, Unreadable
from agent.intake.statements.profile import Profile, normal

_ACCOUNTS = ("account", "external_id", "pms_id", "account_and_name")
SPOKEN = {
    "account": "the account number",
    "statement_date": "the statement date",
    "amount_due": "the amount due",
}


@dataclass(frozen=True)
class Mapping:
    """What becomes of every column of a table."""

    profile: Profile
    headings: tuple[str, ...]
    indexes: dict[str, int]  # field to column
    unknown: tuple[str, ...]  # headings that the profile does not know
    unused: tuple[str, ...]  # known, but another column of the file fills their field, or it is not sent

    @property
    def has_lines(self) -> bool:
        """Whether the file has any column of a line."""
        return any(wire.FIELDS[field].of_line for field in self.indexes)

    @property
    def by_row(self) -> bool:
        """Whether one row is one statement."""
        return self.profile.layout.group == "row" or (self.profile.layout.group == "auto" and not self.has_lines)

    @property
    def score(self) -> int:
        """How many columns are sent."""
        return len(self.indexes)

    def columns(self, today: date) -> list[tuple[int, Column]]:
        """Return the compiled columns with their places, in the order of the wire."""
        fields = sorted(self.indexes, key=wire.ORDER.__getitem__)
        layout = self.profile.layout
        return [(i := self.indexes[f], compiled(wire.FIELDS[f], self.headings[i], layout, today)) for f in fields]

    def missing(self) -> list[str]:
        """Return the fields without which no statement can be made of this file."""
        return missing(self.indexes, dated=self.profile.layout.statement_date == "column")

    def require(self, name: str) -> None:
        """Raise `Unreadable` where a column is missing, or stands twice."""
        counted = [normal(h) for h in self.headings]
        for index in self.indexes.values():
            if counted.count(counted[index]) > 1:
                raise Unreadable(COLUMN_TWICE.problem(name=name, heading=self.headings[index]))
        missing = self.missing()
        if missing:
            spellings = [
                self.profile.columns.get(f, self.profile.columns.get("account_and_name", ()))[:3] for f in missing
            ]
            raise Unreadable(
                COLUMN_MISSING.problem(
                    name=name,
                    missing=_listed([SPOKEN[f] for f in missing], "and"),
                    spellings=", or ".join(s for few in spellings for s in few[:1])
                    if len(missing) > 1
                    else _listed([f"{s}" for s in spellings[0]], "or"),
                    found=", ".join(h for h in self.headings if h) or "none",
                )
            )


def missing(fields: Collection[str], *, dated: bool) -> list[str]:
    """Return what is lacking in `fields` for a statement to be made of them; `dated`: a column has to give its date."""
    need = []
    if not any(field in fields for field in _ACCOUNTS):
        need.append("account")
    if dated and "statement_date" not in fields:
        need.append("statement_date")
    if "amount_due" not in fields and not any(wire.FIELDS[field].of_line for field in fields):
        need.append("amount_due")
    return need


def laid_over(profile: Profile, row: Sequence[object]) -> Mapping:
    """Return what `profile` makes of a row of headings."""
    headings = tuple(str(cell).strip() if cell is not None else "" for cell in row)
    wanted = profile.fields_of
    best: dict[str, tuple[int, int]] = {}  # field to rank and column
    seen: set[str] = set()
    for index, heading in enumerate(headings):
        key = normal(heading)
        for field, rank in wanted.get(key, ()):
            if field not in best or rank < best[field][0]:
                best[field] = (rank, index)
        seen.add(key)
    indexes = _resolved({field: index for field, (_, index) in best.items()}, profile.recognise.any_table)
    used = set(indexes.values())
    left = [(normal(h), h) for i, h in enumerate(headings) if h and i not in used]
    unknown = tuple(dict.fromkeys(h for key, h in left if key not in wanted and key not in profile.ignored))
    unused = tuple(dict.fromkeys(h for key, h in left if key in wanted or key in profile.ignored))
    return Mapping(profile, headings, indexes, unknown, unused)


def _resolved(indexes: dict[str, int], any_table: bool) -> dict[str, int]:
    """Settle what two columns, or two fields, both lay claim to."""
    if {"external_id", "pms_id"} <= indexes.keys():
        indexes.pop("account", None)
    elif "account" in indexes and "external_id" in indexes:
        indexes["pms_id"] = indexes.pop("account")
    elif "account" in indexes and "pms_id" in indexes:
        indexes["external_id"] = indexes.pop("account")
    for only in ("external_id", "pms_id"):
        if only in indexes and not indexes.keys() & {"account", "external_id", "pms_id"} - {only}:
            indexes["account"] = indexes.pop(only)
    if any_table and indexes.get("amount_due") == indexes.get("balance", -1):
        lined = indexes.keys() & {"charges", "credit", "code"}
        indexes.pop("amount_due" if lined else "balance")
    for whole, parts in (("name", ("first_name", "last_name")), ("line_name", ("line_first_name", "line_last_name"))):
        if whole in indexes and all(part in indexes for part in parts):
            indexes.pop(whole)
        elif whole in indexes:
            for part in parts:
                indexes.pop(part, None)
    if "account_and_name" in indexes and ("account" in indexes or {"external_id", "pms_id"} <= indexes.keys()):
        indexes["name"] = indexes.pop("account_and_name")
    if "city_state_zip" in indexes:
        if "city" in indexes:
            indexes.pop("city_state_zip")
        else:
            indexes.pop("state", None)
            indexes.pop("zip", None)
    return indexes


def _listed(words: Sequence[str], joint: str) -> str:
    return f" {joint} ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
