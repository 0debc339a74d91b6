"""Fixing the mapping: a person says what the columns of a statement file are, sees the result, and it is remembered.

Nothing goes that was not shown: what is saved has to be what the result on the page was made of, by the code that reads
the file when it is sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.desk.page.forms.columns import (
    AMOUNTS,
    DATED_BY,
    DATES,
    NAMES,
    ColumnRow,
    Said,
    facts,
    first_said,
    options,
    profile_of,
    rows,
    said_in,
    wrong_with,
)
from agent.desk.page.forms.correct import GONE, ask_again
from agent.desk.page.forms.metadata import Gone, answer, back_to_now, in_words
from agent.desk.page.forms.shelf import OnShelf, on_shelf
from agent.desk.page.page import Page
from agent.desk.page.words import counted, lane_name
from agent.folder.filesystem import FileSystemProblem
from agent.intake.attachments.fields import printable
from agent.intake.statements import wire
from agent.intake.statements.headings import Headings, possible_headings
from agent.intake.statements.own_profiles import as_toml, keep, own_profiles
from agent.intake.statements.preview import Preview, preview
from agent.intake.statements.problems import BAD_ROWS, Unreadable, listing
from agent.intake.statements.profile import Profile
from agent.intake.statements.source import examine
from agent.model import Problem
from agent.settings.locations import profiles_folder
from agent.settings.schema import StatementsSettings

NOTE = "mapping-saved"
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
    shown: str = ""
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
class _Case:
    """A statement file on `failed`, and the rows that may be its headings."""

    page: Page
    packet: OnShelf
    settings: StatementsSettings
    path: Path
    found: list[Headings]
    broken: tuple[str, ...] = ()

    @property
    def store(self) -> str:
        return self.packet.record.lane.store


def routes(page: Page) -> list[Route]:
    """Return the form's route."""

    def mapping(request: Request) -> Response:
        try:
            packet = on_shelf(page.desk, request.path_params["packet"])
            if packet is None or not isinstance(packet.settings, StatementsSettings) or not packet.scans:
                return answer(page, request, GONE, 404)
            case = _case(page, packet, packet.settings)
            if isinstance(case, Problem):
                return answer(page, request, Gone(case.sentence, case.what_to_do))
            return _save_or_show(request, case) if request.method == "POST" else _first(request, case)
        except FileSystemProblem as trouble:
            return answer(page, request, Gone("The file cannot be read just now", in_words(trouble)), 503)

    return [Route("/packet/{packet}/mapping", mapping, methods=["GET", "POST"])]


def _case(page: Page, packet: OnShelf, settings: StatementsSettings) -> _Case | Problem:
    path = packet.places[packet.scans[0]]
    broken: tuple[str, ...] = ()
    own: tuple[Profile, ...] = ()
    try:
        own = own_profiles(profiles_folder(page.desk.settings.agent), packet.record.lane.store)
    except Unreadable as unreadable:
        broken = (f"{unreadable.problem.sentence} {unreadable.problem.what_to_do}",)
    try:
        with page.desk.files.open(path) as stream, examine(path.name, stream) as source:
            found = possible_headings(source, own)[:MOST_HEADINGS]
    except Unreadable as unreadable:
        return unreadable.problem
    return _Case(page, packet, settings, path, found, broken)


# --- The form -------------------------------------------------------------------------------------------------------


def _first(request: Request, case: _Case) -> Response:
    found = case.found[0]
    name = re.sub(r"[^a-z0-9]+", "-", case.store.lower()).strip("-") or "own"
    said = first_said(found, name)
    return _show(request, case, 0, said)


def _save_or_show(request: Request, case: _Case) -> Response:
    form = case.page.form(request)
    before, head = (_number(form.get(name, ""), len(case.found)) for name in ("head_was", "head"))
    if head != before or f"column-{len(case.found[head].headings) - 1}" not in form:
        # Another row was said to be the headings: what was said of the columns does not hold for these.
        return _show(request, case, head, first_said(case.found[head], form.get("profile", "")))
    said = said_in(form, len(case.found[head].headings))
    if form.get("act") != "save":
        return _show(request, case, head, said)
    return _save(request, case, head, said, form.get("shown", ""))


def _number(text: str, count: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < count else 0


def _save(request: Request, case: _Case, head: int, said: Said, shown: str) -> Response:
    page, found = case.page, case.found[head]
    if wrong_with(said, found) or not _is_used(case):
        return _show(request, case, head, said, status=422)
    profile = profile_of(said, found, case.store)
    if shown != _digest(case, profile):
        told = ("The result below is the one of what you have chosen now. Look at it, then save.",)
        return _show(request, case, head, said, told, status=422)
    if not _can_save(_preview(case, profile)):
        return _show(request, case, head, said, status=422)
    try:
        keep(profiles_folder(page.desk.settings.agent), case.store, profile)
    except OSError:
        told = ("The mapping could not be saved: OutTray’s data folder cannot be written. Tell IT.",)
        return _show(request, case, head, said, told, status=422)
    except Unreadable as unreadable:
        return _show(request, case, head, said, (unreadable.problem.sentence,), status=422)
    return back_to_now(page, request, NOTE, ask_again(page, case.packet.record.id, NOTE))


def _show(
    request: Request, case: _Case, head: int, said: Said, sentences: tuple[str, ...] = (), status: int = 200
) -> Response:
    page, found, record = case.page, case.found[head], case.packet.record
    today = page.desk.clock.now().astimezone().date()
    name = printable(record.documents[0].name.rpartition("/")[2])
    why = record.problem.sentence if record.problem else f"{name} was not sent."
    sheet = MappingSheet(
        heading="What are these columns?",
        lead=f"{lane_name(record.lane)}. {why}",
        action=f"/packet/{record.id}/mapping",
        where=f"row {found.number}" + (f" of the sheet {printable(found.sheet)}" if found.sheet else ""),
        rows=rows(said, found, today, looked_at=request.method == "POST"),
        heads=[(number, _told(one)) for number, one in enumerate(case.found)],
        head=head,
        said=said,
        sentences=(*case.broken, *sentences, *_unused(case)),
        wrong=tuple(wrong_with(said, found)),
        show=(("packet", record.id),),
        nearest=found.nearest.name if found.nearest else "",
    )
    if not sheet.wrong:
        profile = profile_of(said, found, case.store)
        sheet = _with_result(sheet, case, _preview(case, profile), _digest(case, profile))
    return page.render(request, "forms/mapping_page.html", status=status, sheet=sheet)


def _with_result(sheet: MappingSheet, case: _Case, result: Preview, digest: str) -> MappingSheet:
    statements = counted(result.count, "statement")
    saves = ""
    if _can_save(result) and _is_used(case):
        saves = f"Save and send {statements}" if result.problem is None else "Save the mapping"
    sentences = sheet.sentences
    if result.problem is not None and not _can_save(result):
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
        shown=digest,
    )


def _preview(case: _Case, profile: Profile) -> Preview:
    """Read the whole file as it would be read to be sent. Raises `FileSystemProblem`."""
    today = case.page.desk.clock.now().astimezone().date()
    location = case.settings.external_location_id or ""
    return preview(case.page.desk.files, case.path, profile, today, location, hidden=case.settings.hidden_rows)


def _can_save(result: Preview) -> bool:
    """Tell whether the columns are understood, even where single rows have to be corrected."""
    return result.problem is None or result.problem.code == BAD_ROWS.code


def _digest(case: _Case, profile: Profile) -> str:
    """Return what tells this mapping of this file, as it is now, from any other."""
    identity = case.packet.standing[case.packet.scans[0]]
    said = f"{identity}\0{as_toml(profile)}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _is_used(case: _Case) -> bool:
    return case.settings.profile == "auto"


def _unused(case: _Case) -> tuple[str, ...]:
    if _is_used(case):
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
