"""The rows of a table that may be its headings, for people to say what the columns are.

Nothing is decided here: which row it is, and what each column is for, a person says, and `recognition` then holds the
file against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.intake.statements.mapping import laid_over
from agent.intake.statements.problems import unreadable
from agent.intake.statements.profile import Profile, built_in, heading_keys, normal
from agent.intake.statements.readers import Row
from agent.intake.statements.recognition import Head, heads_of
from agent.intake.statements.source import Source
from agent.intake.statements.values import plain

MOST_COLUMNS = 200
_FIRST_ROWS = 15
_VALUES = 3
_FEWEST_HEADINGS = 2


@dataclass(frozen=True)
class Headings:
    """A row that may be the headings: what stands in it, and the first values below each heading.

    `fields` is what the nearest profile knows each heading as, empty where it does not.
    """

    number: int
    sheet: str
    headings: tuple[str, ...]
    values: tuple[tuple[object, ...], ...]
    nearest: Profile | None
    fields: tuple[str, ...]


def possible_headings(source: Source, own: Sequence[Profile] = ()) -> list[Headings]:
    """Return the rows that may be the headings, the likeliest first.

    Raises `Unreadable` where the file is no table, or has no row with two cells that could be headings.
    """
    if source.format in ("xml", "json"):
        raise unreadable(
            source.name,
            f"it is not a table but {source.format.upper()}, and columns can be named for tables only",
            "Export the statements as CSV or as an Excel workbook instead.",
        )
    profiles = [profile for profile in (*own, *built_in().values()) if profile.recognise.format == "table"]
    found: list[tuple[tuple[int, int, int], Headings]] = []
    heads = list(heads_of(source))
    for head in [head for head in heads if head[2] is None or not head[2].hidden] or heads:
        widest = max((_filled(row) for _, row in head[0]), default=0)
        for index, (number, row) in enumerate(head[0][:_FIRST_ROWS]):
            if _filled(row) >= _FEWEST_HEADINGS and len(row) <= MOST_COLUMNS and _could_be_headings(row):
                one = _headings(head, index, profiles)
                known = sum(map(bool, one.fields))
                found.append(((-known, widest - _filled(row), number), one))
    if not found:
        raise unreadable(
            source.name,
            "it has no row of column headings",
            "Put a row with the name of each column above the statements, and save the file into the folder again.",
        )
    return [one for _, one in sorted(found, key=lambda entry: entry[0])]


def _headings(head: Head, index: int, profiles: Sequence[Profile]) -> Headings:
    rows, _, sheet = head
    number, row = rows[index]
    below = [row for _, row in rows[index + 1 :] if _filled(row)][:_VALUES]
    values = tuple(tuple(row[column] if column < len(row) else "" for row in below) for column in range(len(row)))
    laid = [laid_over(profile, row) for profile in profiles]
    names = laid[0].headings
    keys = heading_keys(row)
    best = max(laid, key=lambda mapping: (_is_of(mapping.profile, keys), mapping.score))
    fields = [""] * len(names)
    for field, column in best.indexes.items():
        fields[column] = fields[column] or field
    nearest = best.profile if best.score else None
    return Headings(number, sheet.name if sheet else "", names, values, nearest, tuple(fields))


def _is_of(profile: Profile, keys: list[str]) -> bool:
    """Tell whether a profile was made for just these headings."""
    return profile.recognise.whole_row and heading_keys(profile.recognise.headings) == keys


def _filled(row: Row) -> int:
    return sum(1 for cell in row if plain(cell))


def _could_be_headings(row: Row) -> bool:
    """Tell whether most cells have a letter: amounts, dates and numbers of accounts have none."""
    texts = [text for cell in row if (text := plain(cell))]
    lettered = sum(1 for text in texts if any(map(str.isalpha, text)) and normal(text))
    return lettered * 2 > len(texts)
