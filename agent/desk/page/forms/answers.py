"""What people have said of the columns of statement files: to be seen, changed and removed.

An answer is changed while a file of its kind is looked at, so that nothing is saved whose result was not shown. Where
no such file stands on a shelf any more it can only be removed: the next one is then asked about again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.delivery.places import past_of
from agent.delivery.requests import Request as Wish
from agent.desk.page.forms.columns import AMOUNTS, DATED_BY, DATES, NAMES, label
from agent.desk.page.forms.mapping import answered
from agent.desk.page.forms.mapping_sheet import Case, case_of
from agent.desk.page.forms.metadata import Gone, answer, ask
from agent.desk.page.page import Page
from agent.desk.page.words import lane_name
from agent.desk.standing import standing_files
from agent.folder.filesystem import FileSystemProblem
from agent.intake.attachments.fields import printable
from agent.intake.statements.own_profiles import Answered, Kept, answers, forget
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import Profile, heading_keys
from agent.ledger import lookups
from agent.model import LaneId, PacketState, Problem
from agent.settings.locations import profiles_folder
from agent.settings.schema import StatementsSettings

CHANGED, REMOVED = "mapping-changed", "mapping-removed"
_FILES_TRIED = 10
_GONE = Gone(
    "This answer does not stand here any more",
    "Somebody has changed or removed it meanwhile. Nothing was changed now; the list shows what stands.",
)
_NO_FILE = Gone(
    "There is no file to look at",
    "No file with these columns stands on a shelf any more, so the result cannot be shown, and nothing is changed "
    "unseen. Remove the answer instead: the next file with these columns is asked about again.",
)


@dataclass(frozen=True)
class Told:
    """One answer as the list shows it: its columns as (heading, field), and how its values are written."""

    address: str
    name: str
    lane: str
    columns: tuple[tuple[str, str], ...]
    ways: tuple[str, ...]


def routes(page: Page) -> list[Route]:
    """Return the list's routes."""

    def listed(request: Request) -> Response:
        found, broken = _every(page)
        return page.render(request, "forms/mappings.html", answers=found, broken=broken)

    def change(request: Request) -> Response:
        found = _meant(page, request)
        if found is None:
            return answer(page, request, _GONE, 404)
        lane, settings, kept = found
        case = _with_file(page, lane, settings, kept)
        if case is None:
            return answer(page, request, _NO_FILE)
        why = f"{lane_name(lane)}. This is what was said of them; {printable(case.path.name)} shows what it makes."
        case = replace(case, address=_address(lane, kept), why=why)
        return answered(request, case, lambda: _done(page, lane, CHANGED))

    def remove(request: Request) -> Response:
        found = _meant(page, request)
        if found is None:
            return answer(page, request, _GONE, 404)
        try:
            forget(profiles_folder(page.desk.settings.agent), found[0].store, found[2].version)
        except Answered:
            return answer(page, request, _GONE, 404)
        return _done(page, found[0], REMOVED)

    return [
        Route("/mappings", listed),
        Route("/mappings/{store}/{version}", change, methods=["GET", "POST"]),
        Route("/mappings/{store}/{version}/remove", remove, methods=["POST"]),
    ]


def _done(page: Page, lane: LaneId, done: str) -> Response:
    ask(page, Wish("note", lanes=(str(lane),), actor=page.actor, note=done))
    return RedirectResponse(f"/mappings?done={done}", 303)


def _lanes(page: Page) -> Iterator[tuple[LaneId, StatementsSettings]]:
    for lane, settings in page.desk.settings.lanes.items():
        if isinstance(settings, StatementsSettings):
            yield lane, settings


def _every(page: Page) -> tuple[list[Told], list[str]]:
    found, broken = [], []
    for lane, _ in _lanes(page):
        try:
            kept = answers(profiles_folder(page.desk.settings.agent), lane.store)
        except Unreadable as unreadable:
            broken.append(f"{unreadable.problem.sentence} {unreadable.problem.what_to_do}")
            continue
        found += [_told(lane, one) for one in kept]
    return found, broken


def _told(lane: LaneId, kept: Kept) -> Told:
    profile, layout = kept.profile, kept.profile.layout
    columns = [(printable(", ".join(headings)), label(field)) for field, headings in profile.columns.items()]
    columns += [(printable(heading), "left out") for heading in profile.ignore]
    ways: list[tuple[str, Sequence[tuple[str, str]], str]] = [
        ("Dates", DATES, layout.dates),
        ("Amounts", AMOUNTS, layout.amounts),
        ("Names", NAMES, layout.names),
    ]
    if "statement_date" not in profile.columns:
        ways.append(("Statement date", DATED_BY, layout.statement_date))
    said = tuple(f"{name}: {dict(choices).get(value, value)}" for name, choices, value in ways)
    return Told(_address(lane, kept), printable(profile.name), lane_name(lane), tuple(columns), said)


def _address(lane: LaneId, kept: Kept) -> str:
    return f"/mappings/{lane.store}/{kept.version}"


def _meant(page: Page, request: Request) -> tuple[LaneId, StatementsSettings, Kept] | None:
    for lane, settings in _lanes(page):
        if lane.store == request.path_params["store"]:
            try:
                kept = answers(profiles_folder(page.desk.settings.agent), lane.store)
            except Unreadable:
                return None
            same = [one for one in kept if one.version == request.path_params["version"]]
            return (lane, settings, same[0]) if same else None
    return None


def _with_file(page: Page, lane: LaneId, settings: StatementsSettings, kept: Kept) -> Case | None:
    """Return the newest file on a shelf with the headings of this answer, to be looked at."""
    for path in _files(page, lane, settings):
        try:
            case = case_of(page, lane, settings, path, page.desk.files.identify(path))
        except FileSystemProblem:
            continue
        if not isinstance(case, Problem):
            of_answer = [one for one in case.found if heading_keys(one.headings) == _keys(kept.profile)]
            if of_answer:
                return replace(case, found=of_answer)
    return None


def _keys(profile: Profile) -> list[str]:
    headings = profile.recognise.headings
    return heading_keys(headings if profile.recognise.whole_row else (*headings, *profile.ignore))


def _files(page: Page, lane: LaneId, settings: StatementsSettings) -> Iterator[Path]:
    ended = lookups.Search(states=(PacketState.SENT, PacketState.FAILED), store=lane.store)
    records = [one for one in lookups.search(page.desk.ledger, ended, limit=100) if one.lane == lane]
    for record in records[:_FILES_TRIED]:
        try:
            yield from standing_files(page.desk.files, record, settings, past_of(page.desk.ledger, lane))
        except FileSystemProblem:
            continue
