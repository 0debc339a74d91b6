"""Mapping profiles: TOML files that say how one kind of export is recognised, and which column is which field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent import own_files
from agent.intake.statements.problems import BAD_PROFILE, NO_PROFILE, Unreadable
from agent.intake.statements.values.dates import DateOrder
from agent.intake.statements.values.money import AmountUnit
from agent.intake.statements.values.names import NameOrder
from agent.intake.statements.wire import FIELDS

MOST_BYTES = 1_000_000
"""In a profile's file."""

_NOT_HEADING = re.compile(r"[^a-z0-9%/]+")


def normal(heading: object) -> str:
    """Return a heading as it is compared: case, blanks and punctuation do not count; `#` is read as `number`."""
    text = str(heading).lower().replace("#", "number")
    return _NOT_HEADING.sub("", text)


def heading_keys(row: Iterable[object]) -> list[str]:
    """Return what a row of headings is known by, in whatever order they stand: each heading as it is compared."""
    texts = (" ".join(str(cell).split()) for cell in row if cell is not None)
    return sorted(normal(text) or text.casefold() for text in texts if text)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognition(_Section):
    """`[recognise]`: what a file of this kind shows. Every heading named has to stand in one row."""

    format: Literal["table", "xml", "json"] = "table"
    headings: tuple[str, ...] = ()
    exact: bool = Field(False, description="headings have to stand as they are spelled, capitals and all")
    whole_row: bool = Field(False, description="the headings named are all that stand in the row, in any order")
    root: str = Field("", description="XML: the name of the outermost element")
    record_id: str = Field("", description="headerless text: what the first cell of every row says")
    any_table: bool = Field(False, description="take any table whose headings suffice, when no other profile fits")


class Layout(_Section):
    """`[layout]`: how rows, elements and values are written."""

    delimiter: Literal["", ",", "\t", "|", ";"] = ""
    positions: tuple[str, ...] = Field((), description="headerless text: the headings, in order")
    sections: bool = Field(False, description="a head row of the statement, then a table of its lines")
    group: Literal["auto", "row", "account"] = "auto"
    overflow: str = Field("", description="the heading whose cell takes the surplus of a row with unquoted delimiters")
    record: str = Field("", description="XML: the element of one statement")
    line: str = Field("", description="XML: the element of one line")
    note: str = Field("", description="XML: the element of one note; several are joined")
    dates: DateOrder = "MDY"
    excel_epoch: Literal[1900, 1904] = 1900
    amounts: AmountUnit = "dollars"
    names: NameOrder = "auto"
    members: Literal["any", "first-name"] = Field(
        "any", description="whether the name of a line's patient is a first name alone, as in Mary Ann"
    )
    balance: Literal["line", "running"] = Field("line", description="what the balance of a line in the file is")
    hard_cut: int = Field(0, ge=0, description="characters after which a first line is cut in mid-word")
    code_in_description: bool = Field(False, description='the description is "code tooth text"')
    statement_date: Literal["column", "title-or-today", "today"] = "column"


class Profile(_Section):
    """One kind of statement file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    note: str = ""
    source: str = Field("", description="where the layout is described, or which program's code writes it")
    recognise: Recognition = Recognition()
    layout: Layout = Layout()
    columns: dict[str, tuple[str, ...]]
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _make_sense(self) -> Profile:
        for field in self.columns:
            if field not in FIELDS:
                raise ValueError(f"columns.{field} is not a field{_nearest(field, FIELDS)}")
        if not self.columns.keys() & {"account", "external_id", "pms_id", "account_and_name"}:
            raise ValueError("columns has to say which column is the account (account, external_id or pms_id)")
        if self.layout.statement_date == "column" and "statement_date" not in self.columns:
            raise ValueError("columns has to say which column is the statement_date, or layout.statement_date is today")
        rule = self.recognise
        if rule.format == "xml" and not (rule.root and self.layout.record):
            raise ValueError("an XML profile names recognise.root and layout.record")
        if rule.record_id and not self.layout.positions:
            raise ValueError("a profile with recognise.record_id lists layout.positions")
        return self

    @cached_property
    def fields_of(self) -> dict[str, list[tuple[str, int]]]:
        """Normal heading to the fields that it can fill, with its rank among their spellings (0 is the best)."""
        found: dict[str, list[tuple[str, int]]] = {}
        for field, spellings in self.columns.items():
            for rank, spelling in enumerate(spellings):
                found.setdefault(normal(spelling), []).append((field, rank))
        return found

    def spelling(self, heading: str) -> str:
        """Return a heading as the profile spells it, or as it stands where the profile does not know it."""
        return self._spellings.get(normal(heading), heading)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {normal(s): s for spellings in (self.ignore, *self.columns.values()) for s in spellings}

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Normal headings that are known and not sent."""
        return frozenset(map(normal, self.ignore))

    @cached_property
    def has_lines(self) -> bool:
        """Whether any column belongs to a line."""
        return any(FIELDS[field].of_line for field in self.columns)


@lru_cache(maxsize=1)
def built_in() -> dict[str, Profile]:
    """Return the profiles that come with OutTray, by name."""
    folder = resources.files("agent.intake.statements") / "profiles"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    profiles = [parse(f.read_text("utf-8"), f.name) for f in files]
    return {profile.name: profile for profile in profiles}


def find(name_or_path: str) -> Profile:
    """Return a built-in profile, or the one in a file. Raises `Unreadable` with a problem that says what is wrong."""
    known = built_in().get(name_or_path)
    if known:
        return known
    path = Path(name_or_path)
    if path.suffix.lower() != ".toml":
        raise Unreadable(NO_PROFILE.problem(profile=name_or_path))
    try:
        text = own_files.read_whole(path, MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise Unreadable(NO_PROFILE.problem(profile=path.name)) from None
    except (OSError, UnicodeDecodeError):
        raise Unreadable(
            BAD_PROFILE.problem(profile=path.name, reason="the file cannot be read as UTF-8 text.")
        ) from None
    return parse(text, path.name)


def parse(text: str, source: str) -> Profile:
    """Return the profile in a TOML text. Raises `Unreadable`; every fault is one sentence."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise Unreadable(BAD_PROFILE.problem(profile=source, reason=f"it is not TOML: {wrong}.")) from None
    except RecursionError:
        raise Unreadable(BAD_PROFILE.problem(profile=source, reason="it is not TOML: too many brackets.")) from None
    return made_of(table, source)


def made_of(table: Mapping[str, object], source: str) -> Profile:
    """Return the profile that a table says. Raises `Unreadable` as `parse` does."""
    try:
        return Profile.model_validate(table)
    except ValidationError as wrong:
        reason = " ".join(f"{sentence}." for sentence in _sentences(wrong))
        raise Unreadable(BAD_PROFILE.problem(profile=source, reason=reason)) from None


def _sentences(wrong: ValidationError) -> Iterator[str]:
    sections: dict[str, type[BaseModel]] = {"recognise": Recognition, "layout": Layout}
    for fault in wrong.errors(include_url=False):
        where = [str(part) for part in fault["loc"]]
        key = ".".join(where)
        if fault["type"] == "extra_forbidden":
            model = sections.get(where[0], Profile) if len(where) > 1 else Profile
            yield f"{key} is not a setting of a profile{_nearest(where[-1], model.model_fields)}"
        elif fault["type"] == "missing":
            yield f"{key} is missing"
        elif fault["type"] == "value_error":
            yield str(fault["ctx"]["error"])
        elif fault["type"] == "string_pattern_mismatch":
            yield f"{key} is {fault['input']!r}, and can only have small letters, digits and hyphens"
        elif fault["type"] == "literal_error":
            yield f"{key} is {fault['input']!r}, and can only be {fault['ctx']['expected']}"
        else:
            yield f"{key}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _nearest(word: str, known: object) -> str:
    near = get_close_matches(word, list(known), n=1)  # type: ignore[call-overload]
    return f"; the nearest is {near[0]}" if near else ""
