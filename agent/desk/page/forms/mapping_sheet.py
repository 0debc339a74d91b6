"""The mapping form as the page shows it: the columns of a statement file, what a person says of them, and the result.

Nothing goes that was not shown: what is saved has to be what the result on the page was made of, by the code that reads
the file when it is sent, and it has to be what the file is read with by itself from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from agent.desk.page.forms.columns import (
    AMOUNTS,
    DATED_BY,
    DATES,
    NAMES,
    ColumnRow,
    Said,
    facts,
    first_amount,
    options,
    profile_of,
    rows,
    wrong_with,
)
from agent.desk.page.forms.sums import LastTime, last_time, question
from agent.desk.page.page import Page
from agent.desk.page.words import counted
from agent.intake.attachments.fields import printable
from agent.intake.statements import wire
from agent.intake.statements.headings import Headings, possible_headings
from agent.intake.statements.own_profiles import Kept, answer_for, answers, as_toml, with_answer
from agent.intake.statements.preview import Preview, preview
from agent.intake.statements.problems import BAD_ROWS, Unreadable, listing
from agent.intake.statements.profile import Profile
from agent.intake.statements.recognition import would_choose
from agent.intake.statements.source import examine
from agent.model import Identity, LaneId, Problem
from agent.settings.locations import profiles_folder
from agent.settings.schema import StatementsSettings

MOST_HEADINGS = 12
FAULTS_SHOWN = 20


@dataclass(frozen=True)
class MappingSheet:
    """Everything that the template needs."""

    heading: str
    lead: str
    action: str
    where: str
    rows: list[ColumnRow]
    heads: list[tuple[int, str]]
    head: int
    said: Said
    sentences: tuple[str, ...]
    wrong: tuple[str, ...]
    show: tuple[tuple[str, str], ...]
    nearest: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    count: int = 0
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    saves: str = ""  # what the button says; empty while there is nothing to save
    question: str = ""  # what has to be ticked before it is saved
    shown: str = ""
    answered: str = ""  # the version of the answer that it is to replace
    back: str = "/"

    @property
    def options(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The fields that a column can be."""
        return options()

    @property
    def ways(self) -> list[tuple[str, str, str, Sequence[tuple[str, str]]]]:
        """How values are written, as far as it matters for what is chosen: name, label, choice, choices."""
        kinds = {wire.FIELDS[field].kind for field in self.said.fields if field}
        asked: list[tuple[str, str, str, Sequence[tuple[str, str]]]] = []
        if "date" in kinds:
            asked.append(("dates", "Dates are written as", self.said.dates, DATES))
        if "money" in kinds:
            asked.append(("amounts", "Amounts are in", self.said.amounts, AMOUNTS))
        if "name" in kinds or "account_and_name" in self.said.fields:
            asked.append(("names", "Names are written", self.said.names, NAMES))
        if "statement_date" not in self.said.fields:
            asked.append(("dated_by", "The statement date is", self.said.dated_by, DATED_BY))
        return asked


@dataclass(frozen=True)
class Case:
    """A statement file that stands on a shelf, and the rows that may be its headings.

    `known`: the store's own profiles. `packet`: the failed packet whose file it is; empty where only its columns are
    to be changed for the files to come.
    """

    page: Page
    lane: LaneId
    settings: StatementsSettings
    path: Path
    identity: Identity
    found: list[Headings]
    known: list[Kept]
    broken: tuple[str, ...] = ()
    packet: str = ""
    address: str = ""
    why: str = ""

    def told(self, address: str, why: str) -> Case:
        """Return it with the address of its form, and why a person is asked."""
        return replace(self, address=address, why=why)

    @property
    def store(self) -> str:
        """The store whose answer it is."""
        return self.lane.store

    @property
    def folder(self) -> Path:
        """Where the answers are kept."""
        return profiles_folder(self.page.desk.settings.agent)

    @property
    def is_used(self) -> bool:
        """Whether an answer would be looked at."""
        return self.settings.profile == "auto"


def case_of(
    page: Page, lane: LaneId, settings: StatementsSettings, path: Path, identity: Identity, packet: str = ""
) -> Case | Problem:
    """Read the rows of a file that may be its headings. Raises `FileSystemProblem`."""
    broken: tuple[str, ...] = ()
    known: list[Kept] = []
    try:
        known = answers(profiles_folder(page.desk.settings.agent), lane.store)
    except Unreadable as unreadable:
        broken = (f"{unreadable.problem.sentence} {unreadable.problem.what_to_do}",)
    try:
        with page.desk.files.open(path) as stream, examine(path.name, stream) as source:
            found = possible_headings(source, [kept.profile for kept in known])[:MOST_HEADINGS]
    except Unreadable as unreadable:
        return unreadable.problem
    return Case(page, lane, settings, path, identity, found, known, broken, packet)


def show(
    request: Request,
    case: Case,
    head: int,
    said: Said,
    sentences: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    """Show the form with what came of it."""
    page, found = case.page, case.found[head]
    today = page.desk.clock.now().astimezone().date()
    sheet = MappingSheet(
        heading="What are these columns?",
        lead=case.why,
        action=case.address,
        where=f"row {found.number}" + (f" of the sheet {printable(found.sheet)}" if found.sheet else ""),
        rows=rows(said, found, today, looked_at=request.method == "POST"),
        heads=[(number, _told(one)) for number, one in enumerate(case.found)],
        head=head,
        said=said,
        sentences=(*case.broken, *sentences, *_unused(case)),
        wrong=tuple(wrong_with(said, found, names_taken(case, found))),
        show=(("packet", case.packet),),
        nearest=found.nearest.name if found.nearest else "",
        answered=version_of(case, found),
    )
    if not sheet.wrong:
        profile = profile_of(said, found, case.store)
        sheet = _with_result(sheet, case, profile)
    return page.render(request, "forms/mapping_page.html", status=status, sheet=sheet)


def _with_result(sheet: MappingSheet, case: Case, profile: Profile) -> MappingSheet:
    result = preview_of(case, profile)
    sentences, saves = sheet.sentences, ""
    other = instead_of(case, profile) if can_save(result) else ""
    if other:
        sentences = (*sentences, other)
    elif can_save(result) and case.is_used:
        saves = "Save the mapping"
        if result.problem is None and case.packet:
            saves = f"Save and send {counted(result.count, 'statement')}"
    if result.problem is not None and not can_save(result):
        sentences = (*sentences, f"{result.problem.sentence} {result.problem.what_to_do}")
    elif result.problem is not None:
        sentences = (*sentences, f"{result.problem.sentence} The mapping can be saved; the rows have to be corrected.")
    return replace(
        sheet,
        sentences=sentences,
        facts=tuple(facts(result.first[0])) if result.first else (),
        count=result.count,
        warnings=tuple(map(printable, result.warnings)),
        faults=tuple(map(printable, listing(result.problem.details, FAULTS_SHOWN))) if result.problem else (),
        saves=saves,
        question=question_of(case, case.found[sheet.head], profile, result) if saves else "",
        shown=digest_of(case, profile),
    )


# --- What is known of a case ----------------------------------------------------------------------------------------


def preview_of(case: Case, profile: Profile) -> Preview:
    """Read the whole file as it would be read to be sent. Raises `FileSystemProblem`."""
    today = case.page.desk.clock.now().astimezone().date()
    location = case.settings.external_location_id or ""
    return preview(case.page.desk.files, case.path, profile, today, location, hidden=case.settings.hidden_rows)


def can_save(result: Preview) -> bool:
    """Tell whether the columns are understood, even where single rows have to be corrected."""
    return result.problem is None or result.problem.code == BAD_ROWS.code


def digest_of(case: Case, profile: Profile) -> str:
    """Return what tells this mapping of this file, as it is now, from any other."""
    said = f"{case.identity}\0{as_toml(profile)}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def version_of(case: Case, found: Headings) -> str:
    """Return the version of the answer that there is for these headings; empty where there is none."""
    kept = answer_for(case.known, found.headings)
    return kept.version if kept else ""


def names_taken(case: Case, found: Headings) -> frozenset[str]:
    """Return the names of the store's other answers."""
    own = answer_for(case.known, found.headings)
    return frozenset(kept.profile.name for kept in case.known if kept is not own)


def instead_of(case: Case, profile: Profile) -> str:
    """Return why this mapping would not be what the file is read with, as a sentence; empty where it would."""
    own = with_answer(case.known, profile)
    try:
        with case.page.desk.files.open(case.path) as stream, examine(case.path.name, stream) as source:
            other = would_choose(source, profile, own, case.settings.hidden_rows)
    except Unreadable as unreadable:
        return unreadable.problem.sentence
    if other is None:
        return ""
    if other == profile:
        return "The file would be read from another row of headings than the one that is shown here. Say that row."
    return (
        f"A file with these headings would be read with the mapping {printable(other.name)} and not with this one. "
        "Change or remove that one first."
    )


def question_of(case: Case, found: Headings, profile: Profile, result: Preview) -> str:
    """Return what has to be asked of the amounts; empty where they are as they were.

    `result`: what the profile makes of the file. One with a row that is wrong is judged by its first amount.
    """
    today = case.page.desk.clock.now().astimezone().date()
    first = first_amount(found, profile, today)
    before = last_time(case.page, case.lane, case.settings, case.known)
    former = answer_for(case.known, found.headings)
    by_former = first_amount(found, former.profile, today) if former is not None else 0
    replaced = LastTime(by_former, "by the answer that it replaces")
    return question(result.typical or first, before) or question(first, [replaced])


def _unused(case: Case) -> tuple[str, ...]:
    if case.is_used:
        return ()
    return (
        f"The settings of this lane name the profile {printable(case.settings.profile)}, so a mapping that is saved "
        'here would not be used. Ask IT to set profile = "auto" first.',
    )


def _told(one: Headings) -> str:
    texts = [printable(heading) for heading in one.headings if heading]
    more = f" and {len(texts) - 4} more" if len(texts) > 4 else ""
    sheet = f"{printable(one.sheet)}, " if one.sheet else ""
    return f"{sheet}row {one.number}: {', '.join(texts[:4])}{more}"
