"""Which columns of a table could fill a field as well as the one that does, as far as their headings tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.intake.statements.profile import Profile, normal

guarantors = re.compile(r"^(?:guar|resp|billto|recipient)").match
"""A heading, as `normal` writes it, that speaks of the one who pays."""

_PATIENTS = re.compile(r"^pat").match
_ASKS = re.compile(r"due|owed|portion|resp|^statement(?:amount|balance)$|^pat(?:ient)?bal").search
_NAMES = ("name", "first_name", "last_name")
_PLACE = ("address_1", "address_2", "city", "state", "zip", "city_state_zip")
_PARTS = {"name": ("first_name", "last_name"), "city_state_zip": ("city", "state", "zip")}
_WHOLE = {part: whole for whole, parts in _PARTS.items() for part in parts}
_OF_PEOPLE = frozenset({*_NAMES, "line_name", "line_first_name", "line_last_name", "service_date", "line_date"})
_COMPARED = _OF_PEOPLE | {*_PLACE, "account", "external_id", "pms_id", "statement_date", "amount_due", "email", "phone"}
_IDS = frozenset({"location", "provider_id", "order_id", "code"})
_TEXTED = re.compile("sms|text|cell|mobile|wireless").search
_NO_NUMBERS = frozenset(
    {"location", "office", "clinic", "site", "practicelocation", "provider", "prov", "doctor", "dr", "procedure"}
    | {"reference", "ref"}
)
"""Headings under which a name stands as often as a number."""

_UNMISTAKABLE = frozenset({"externallocationid", "posorderid", "smsphonenumber", "smsphone", "sms", "textnumber"})
_DATED = re.compile("^(?:statement|stmt|dateofstatement)").match
_OF_EXPORT = frozenset({"datecreated", "asof", "asofdate"})


@dataclass(frozen=True)
class Compared:
    """A column that may say what `field` is as well as those taken: equal values are fine, others are asked about."""

    field: str
    taken: tuple[int, ...]
    other: int
    by_words: bool  # one of the sides is a whole, such as a name, and the other is its parts


def mixed(profile: Profile, headings: Sequence[str], indexes: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Return fields with a column that makes their value a guess, whatever stands in it.

    Amounts of lines in several columns; and what is of the one who pays beside what is of the patient.
    """
    used = set(indexes.values())
    found = [
        (field, index)
        for index, heading in enumerate(headings)
        for field, _ in (profile.fields_of.get(normal(heading), ()) if index not in used else ())
        if field in ("credit", "charges") and field in indexes
    ]
    for group in (_NAMES, _PLACE):
        taken = {field: normal(headings[indexes[field]]) for field in group if field in indexes}
        paying = [field for field in taken if guarantors(taken[field])]
        if paying:
            found += [(paying[0], indexes[field]) for field in taken if _PATIENTS(taken[field])]
    return tuple(found)


def compared(profile: Profile, headings: Sequence[str], indexes: dict[str, int]) -> tuple[Compared, ...]:
    """Return the columns left over that are to be compared with those that are taken, row by row."""
    used = set(indexes.values())
    left = [(i, heading) for i, heading in enumerate(headings) if i not in used]
    found: dict[tuple[tuple[int, ...], int], Compared] = {}
    for index, heading in left:
        for field, _ in profile.fields_of.get(normal(heading), ()):
            taken = tuple(_taken(field, profile, headings, indexes))
            if taken and all(_mean_one(field, normal(headings[i]), normal(heading)) for i in taken):
                found.setdefault(
                    (taken, index), Compared(field, taken, index, field not in indexes and field != "account")
                )
    return tuple(found.values())


def _taken(field: str, profile: Profile, headings: Sequence[str], indexes: dict[str, int]) -> Iterator[int]:
    if field in indexes:
        yield indexes[field]
    elif field == "account":  # its column may go as one of the two identifiers
        for of_account in ("external_id", "pms_id"):
            index = indexes.get(of_account)
            known = profile.fields_of.get(normal(headings[index]), ()) if index is not None else ()
            if index is not None and any(other == "account" for other, _ in known):
                yield index
    elif field in _PARTS:
        yield from (indexes[part] for part in _PARTS[field] if part in indexes)
    elif _WHOLE.get(field) in indexes:
        yield indexes[_WHOLE[field]]


def _mean_one(field: str, taken: str, other: str) -> bool:
    """Tell whether two headings can mean the same thing of the same person.

    What is asked for in so many words (`Amount Due`) has no rival in a mere balance, a number for text messages none in
    that of a home, a statement's date none in that of an export. The name of the patient beside that of the one who
    pays is another person's.
    """
    if field == "amount_due":
        return bool(_ASKS(taken)) == bool(_ASKS(other))
    if taken in _UNMISTAKABLE:
        return False
    if field == "phone":
        return bool(_TEXTED(taken)) == bool(_TEXTED(other)) and ("home" in taken) == ("home" in other)
    if field == "statement_date":
        return not (_DATED(taken) and other in _OF_EXPORT)
    if field in _IDS:
        return _NO_NUMBERS.isdisjoint((taken, other))
    return field in _COMPARED and (field not in _OF_PEOPLE or bool(guarantors(taken)) == bool(guarantors(other)))
