"""A profile laid over the headings of one file: which column feeds which field, and which is not sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from agent.intake.statements import wire
from agent.intake.statements.columns import Column, compiled
from agent.intake.statements.problems import COLUMN_MISSING, COLUMN_TWICE, COLUMNS_RIVAL, Unreadable
from agent.intake.statements.profile import Layout, Profile, normal
from agent.intake.statements.rival_columns import Compared, compared, guarantors, mixed

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
    lost: tuple[str, ...] = ()  # of these, those that another column has won over
    rivals: tuple[tuple[str, int], ...] = ()  # field and column: what makes it a guess
    compared: tuple[Compared, ...] = ()  # what may say the same as a column that is taken

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
        layout = self.layout
        turned = layout.model_copy(update={"names": "last-first"})
        return [
            (
                i := self.indexes[f],
                compiled(wire.FIELDS[f], h := self.headings[i], turned if _turns(h) else layout, today),
            )
            for f in fields
        ]

    @property
    def layout(self) -> Layout:
        """How the values of this table are written: the profile's layout, with what the headings leave open."""
        layout = self.profile.layout
        if "amounts" in layout.model_fields_set or not _are_the_services(self.headings, self.indexes):
            return layout
        return layout.model_copy(update={"amounts": "open"})

    def missing(self) -> list[str]:
        """Return the fields without which no statement can be made of this file."""
        return missing(self.indexes, dated=self.profile.layout.statement_date == "column")

    def require(self, name: str) -> None:
        """Raise `Unreadable` where a column is missing, or stands twice."""
        counted = [normal(h) for h in self.headings]
        for index in self.indexes.values():
            if counted.count(counted[index]) > 1:
                raise Unreadable(COLUMN_TWICE.problem(name=name, heading=self.headings[index]))
        for field in dict.fromkeys(field for field, _ in self.rivals):
            columns = [self.indexes[field], *(index for other, index in self.rivals if other == field)]
            raise Unreadable(
                COLUMNS_RIVAL.problem(
                    name=name,
                    meaning=SPOKEN.get(field, wire.FIELDS[field].meaning),
                    columns=_listed([self.headings[i] for i in columns], "and"),
                )
            )
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
        key = _key(heading, wanted)
        for field, rank in wanted.get(key, ()):
            if wire.FIELDS[field].kind == "money" and _OTHER_MONEY(heading):
                continue
            if field not in best or rank < best[field][0]:
                best[field] = (rank, index)
        seen.add(key)
    indexes = _resolved({field: index for field, (_, index) in best.items()}, profile.recognise.any_table, headings)
    used = set(indexes.values())
    left = [(normal(h), h) for i, h in enumerate(headings) if h and i not in used]
    unknown = tuple(dict.fromkeys(h for key, h in left if key not in wanted and key not in profile.ignored))
    unused = tuple(dict.fromkeys(h for key, h in left if key in wanted or key in profile.ignored))
    lost = tuple(h for h in unused if normal(h) in wanted) if profile.recognise.any_table else ()
    if not profile.recognise.any_table:
        return Mapping(profile, headings, indexes, unknown, unused, lost)
    rivals, same = mixed(profile, headings, indexes), compared(profile, headings, indexes)
    return Mapping(profile, headings, indexes, unknown, unused, lost, rivals, same)


_OTHER_MONEY = re.compile("[\u00a2\u00a3\u00a5\u20a0-\u20cf%\u2030]").search  # cents, euros, shares: not dollars
_DOLLARS = re.compile(r"(?:usd?|indollars)$").search


def _key(heading: str, wanted: Collection[str]) -> str:
    """Return a heading as profiles know it: `Amount Due (USD)` says nothing but what is meant anyway."""
    key = normal(heading)
    dollars = _DOLLARS(key) if key not in wanted else None
    return key[: dollars.start()] if dollars and key[: dollars.start()] in wanted else key


_turns = re.compile(r".*\blast\b.*\bfirst\b.*", re.IGNORECASE).fullmatch
"""A heading that says in which order its names stand."""


def _are_the_services(headings: Sequence[str], indexes: dict[str, int]) -> bool:
    """Tell whether an amount may stand under the billing service's own name for it, where whole cents are meant.

    Some of its names are everybody's words (`Balance`). What tells is a name that only the service has, in whatever
    separators, or one that is written as programs write names (`patientId`, `statement_date`).
    """
    amounts = [normal(headings[i]) for f, i in indexes.items() if wire.FIELDS[f].kind == "money"]
    if _CENTS_NAMES.isdisjoint(amounts):
        return False
    return any(
        (key := normal(h)) in _OWN_NAMES or (key in _SERVICE_NAMES and bool(_AS_PROGRAMS_WRITE(h.strip())))
        for h in headings
    )


_AS_PROGRAMS_WRITE = re.compile(r"\w*[a-z]\w*[A-Z]\w*|\w+_\w+").fullmatch
_SERVICE_NAMES = frozenset(normal(name) for field in wire.FIELDS.values() for name in field.wire)
_CENTS_NAMES = frozenset(normal(n) for field in wire.FIELDS.values() if field.kind == "money" for n in field.wire)
_OWN_NAMES = frozenset(
    {"externalpatientid", "externalpmspatientid", "smsphonenumber", "posorderid", "externallocationid"}
)


def _resolved(indexes: dict[str, int], any_table: bool, headings: Sequence[str]) -> dict[str, int]:
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
        lined = indexes.keys() & {"charges", "code", "service_date", "description"}
        indexes.pop("amount_due" if lined else "balance")
    elif any_table and _is_accounts_balance(indexes, headings):
        indexes.pop("balance")
    for whole, parts in (("name", ("first_name", "last_name")), ("line_name", ("line_first_name", "line_last_name"))):
        if whole in indexes and all(part in indexes for part in parts):
            pays = guarantors(normal(headings[indexes[whole]]))
            if pays and not any(guarantors(normal(headings[indexes[part]])) for part in parts):
                for part in parts:
                    indexes.pop(part)
            else:
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


def _is_accounts_balance(indexes: dict[str, int], headings: Sequence[str]) -> bool:
    """Tell whether a `Balance` beside an amount due, with no other column of a line, is that of the whole account."""
    alone = not any(wire.FIELDS[field].of_line for field in indexes if field != "balance")
    return alone and "balance" in indexes and normal(headings[indexes["balance"]]) == "balance"


def _listed(words: Sequence[str], joint: str) -> str:
    return f" {joint} ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
