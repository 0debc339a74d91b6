"""What a person says of a statement file's columns, as a profile; and what becomes of each column by it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.intake.attachments.fields import printable
from agent.intake.statements import wire
from agent.intake.statements.columns import compiled
from agent.intake.statements.converters import NOTED, Marked
from agent.intake.statements.headings import Headings
from agent.intake.statements.mapping import SPOKEN, missing
from agent.intake.statements.profile import Layout, Profile, Recognition, built_in, normal
from agent.intake.statements.values import plain

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}").fullmatch
_LONGEST_SHOWN = 60

LABELS = {
    "statement_date": "Statement date",
    "account": "Account number",
    "account_and_name": "Account number and name in one",
    "amount_due": "Amount due",
    "name": "Name",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Phone for text messages",
    "zip": "ZIP code",
    "city_state_zip": "City, state and ZIP code in one",
}
"""What a select says for a field; the others say what the field means."""

_OF_PERSON = ("name", "first_name", "last_name", "email", "phone", "address_1", "address_2", "city", "state", "zip",
              "city_state_zip", "account_and_name")  # fmt: skip

DATES = (
    ("MDY", "Month, day, year: 07/31/2026"),
    ("DMY", "Day, month, year: 31/07/2026"),
    ("YMD", "Year, month, day: 2026-07-31"),
)
AMOUNTS = (("dollars", "Dollars: 12.34"), ("cents", "Whole cents: 1234"))
NAMES = (
    ("auto", "As each one shows"),
    ("first-last", "First name first: Jordan T Avery"),
    ("last-first", "Last name first: Avery, Jordan T"),
)
DATED_BY = (
    ("column", "A column has it"),
    ("title-or-today", "The date above the columns; where there is none, today"),
    ("today", "Today"),
)


@dataclass(frozen=True)
class Said:
    """What a person says: a field for each column (empty: it is left out), and how values are written."""

    fields: tuple[str, ...]
    dates: str = "MDY"
    amounts: str = "dollars"
    names: str = "auto"
    dated_by: str = "column"
    name: str = ""


@dataclass(frozen=True)
class ColumnRow:
    """One column in the form. `reads`: what its first value is read as; `wrong`: why it cannot be."""

    number: int
    heading: str
    values: tuple[str, ...]
    field: str
    reads: str = ""
    wrong: str = ""
    known: bool = False


def options() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the fields that a column can be, in groups, as (value, label)."""
    every = wire.FIELDS.values()
    groups = {
        "The statement": [one for one in every if not one.of_line and one.name not in _OF_PERSON],
        "The person": [one for one in every if one.name in _OF_PERSON],
        "A line of the statement": [one for one in every if one.of_line],
    }
    return [(name, [(one.name, label(one.name)) for one in fields]) for name, fields in groups.items()]


def label(field: str) -> str:
    """Return what a field is called in the form."""
    meaning = wire.FIELDS[field].meaning
    return LABELS.get(field, meaning[:1].upper() + meaning[1:])


def first_said(found: Headings, name: str) -> Said:
    """Return what the nearest profile knows, for a person to look at."""
    layout = found.nearest.layout if found.nearest else Layout()
    dated_by = "column" if "statement_date" in found.fields else layout.statement_date
    return Said(found.fields, layout.dates, layout.amounts, layout.names, dated_by, name)


def said_by(profile: Profile, found: Headings) -> Said:
    """Return what a profile that was made here says of these headings."""
    fields = {normal(heading): field for field, headings in profile.columns.items() for heading in headings}
    layout = profile.layout
    of_each = tuple(fields.get(normal(heading), "") if heading else "" for heading in found.headings)
    return Said(of_each, layout.dates, layout.amounts, layout.names, layout.statement_date, profile.name)


def differences(one: Said, other: Said, found: Headings) -> list[str]:
    """Return what `one` says otherwise than `other`, as people say it."""
    told = [
        f"{printable(heading)} is {label(field).lower() if field else 'left out'}"
        for heading, field, its in zip(found.headings, one.fields, other.fields, strict=True)
        if field != its
    ]
    ways = (
        ("dates are written as", one.dates, other.dates, DATES),
        ("amounts are in", one.amounts, other.amounts, AMOUNTS),
        ("names are written", one.names, other.names, NAMES),
        ("the statement date is", one.dated_by, other.dated_by, DATED_BY),
    )
    told += [f"{lead} {_lower(dict(choices)[its])}" for lead, its, own, choices in ways if its != own]
    return told


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def said_in(form: Mapping[str, str], columns: int) -> Said:
    """Return what a posted form says; whatever it does not offer counts as not said."""
    posted = (form.get(f"column-{number}", "") for number in range(columns))
    fields = tuple(field if field in wire.FIELDS else "" for field in posted)
    return Said(
        fields,
        _one_of(form.get("dates", ""), DATES),
        _one_of(form.get("amounts", ""), AMOUNTS),
        _one_of(form.get("names", ""), NAMES),
        "column" if "statement_date" in fields else _one_of(form.get("dated_by", ""), DATED_BY),
        form.get("profile", "").strip()[:80],
    )


def _one_of(value: str, offered: Sequence[tuple[str, str]]) -> str:
    return value if value in {known for known, _ in offered} else offered[0][0]


def wrong_with(said: Said, found: Headings, taken: Container[str] = ()) -> list[str]:
    """Return why this cannot be a profile yet, in sentences; nothing where it can.

    `taken`: the names of the store's other profiles.
    """
    chosen = [field for field in said.fields if field]
    told = [
        f"{label(field)} is chosen for {chosen.count(field)} columns. Choose it for one."
        for field in dict.fromkeys(chosen)
        if chosen.count(field) > 1
    ]
    keys = [normal(heading) for heading in found.headings]
    for heading, key, field in zip(found.headings, keys, said.fields, strict=True):
        if field and not key:
            told.append(f"The heading {printable(heading)!r} has no letter or digit by which it could be known again.")
        elif field and keys.count(key) > 1:
            told.append(f"Two columns are called {printable(heading)}. Rename one of them, and export the file again.")
    needed = missing(chosen, dated=said.dated_by == "column")
    told += [f"No column is chosen for {SPOKEN[field]} yet." for field in needed]
    if not NAME(said.name):
        told.append("The name of this mapping is made of small letters, digits and hyphens, such as main-street-aging.")
    elif said.name in built_in():
        told.append(f"A profile that comes with OutTray is called {said.name}. Give this one another name.")
    elif said.name in taken:
        told.append(f"Another mapping of this store is called {said.name}. Give this one another name.")
    return list(dict.fromkeys(told))


def profile_of(said: Said, found: Headings, store: str) -> Profile:
    """Return the profile that says the same; there must be nothing wrong with it (`wrong_with`)."""
    mapped = [(field, heading) for field, heading in zip(said.fields, found.headings, strict=True) if field]
    left_out = [heading for field, heading in zip(said.fields, found.headings, strict=True) if heading and not field]
    return Profile(
        name=said.name,
        title=f"What {store} said of its columns",
        recognise=Recognition(headings=tuple(filter(None, found.headings)), whole_row=True),
        layout=layout_of(said),
        columns={field: (heading,) for field, heading in mapped},
        ignore=tuple(left_out),
    )


def layout_of(said: Said) -> Layout:
    """Return how the values are written."""
    return Layout.model_validate(
        {"dates": said.dates, "amounts": said.amounts, "names": said.names, "statement_date": said.dated_by}
    )


def rows(said: Said, found: Headings, today: date, *, looked_at: bool) -> list[ColumnRow]:
    """Return each column with its first values, and what the first of them is read as.

    `looked_at`: a person has seen the columns already, so that none of them is new any more.
    """
    made = []
    layout = layout_of(said)
    ignored = found.nearest.ignored if found.nearest else frozenset()
    for number, (heading, values, field) in enumerate(zip(found.headings, found.values, said.fields, strict=True)):
        if not heading and not any(map(plain, values)):
            continue
        shown = tuple(_short(value) for value in values)
        reads, wrong = read_as(field, heading, values, layout, today) if field else ("", "")
        known = looked_at or bool(found.fields[number]) or normal(heading) in ignored
        made.append(ColumnRow(number, printable(heading), shown, field, reads, wrong, known))
    return made


def read_as(field: str, heading: str, values: Sequence[object], layout: Layout, today: date) -> tuple[str, str]:
    """Return what the first value that says anything is read as, by the code that reads the whole file; or why not."""
    first = next((value for value in values if plain(value)), "")
    piece = compiled(wire.FIELDS[field], heading, layout, today)[first]
    if isinstance(piece, Marked) and piece.message:
        return "", piece.message
    text = str(piece).rstrip(NOTED).removeprefix(",")
    if not text:
        notice = piece.notice.one if isinstance(piece, Marked) and piece.notice else ""
        return "", f"{notice}." if notice else ""
    said: dict[str, Any] = json.loads(f"{{{text}}}")
    if wire.FIELDS[field].kind == "money":
        return dollars(next(iter(said.values()))), ""
    joint = " " if wire.FIELDS[field].kind == "name" else " · "
    return joint.join(dict.fromkeys(str(value) for value in said.values())), ""


def first_amount(found: Headings, profile: Profile, today: date) -> int:
    """Return what the first amount due is read as, in cents and without its sign; 0 where none can be read."""
    due = wire.FIELDS["amount_due"]
    spelled = set(map(normal, profile.columns.get(due.name, ())))
    for heading, values in zip(found.headings, found.values, strict=True):
        if normal(heading) in spelled:
            pieces = map(compiled(due, heading, profile.layout, today).__getitem__, filter(plain, values))
            amounts = (re.search(r":(-?[0-9]{1,17})\b", str(piece)) for piece in pieces)
            return next((abs(int(one[1])) for one in amounts if one), 0)
    return 0


def dollars(cents: int) -> str:
    """$1,234.56"""
    return f"{'-' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def _short(value: object) -> str:
    text = plain(value)
    return printable(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…") or "(empty)"


# --- A statement as people read it ----------------------------------------------------------------------------------


def facts(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a statement as it would go, in words: to whom, what for, how they are reached."""

    def values(*fields: str, joint: str = " ") -> str:
        names = [name for field in fields for name in wire.FIELDS[field].wire]
        return joint.join(
            dict.fromkeys(str(statement[name]) for name in names if statement.get(name) not in (None, ""))
        )

    due = statement.get(wire.FIELDS["amount_due"].wire[0])
    town = ", ".join(filter(None, (values("city"), values("state", "zip"))))
    address = ", ".join(filter(None, (values("address_1", "address_2", joint=", "), town)))
    phone, email = values("phone"), values("email")
    reached = [f"text message {phone}" if phone else "", f"email {email}" if email else ""]
    lines = len(statement.get(wire.LINES, ()))
    told = [
        ("To", ", ".join(filter(None, (values("first_name", "last_name"), address)))),
        ("Account number", values("account", joint=" and ")),
        ("Amount due", dollars(due) if isinstance(due, int) else ""),
        ("Statement date", values("statement_date")),
        ("Reached by", ", ".join(filter(None, reached)) or ("post only" if address else "")),
        ("Note", values("note")),
        ("Lines", str(lines) if lines else ""),
    ]
    return [(name, printable(value)) for name, value in told if value]
