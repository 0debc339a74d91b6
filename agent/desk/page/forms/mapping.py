"""Fixing the mapping: a person says what the columns of a statement file are, sees the result, and it is remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.desk.page.forms.columns import Said, differences, first_said, profile_of, said_by, said_in, wrong_with
from agent.desk.page.forms.correct import GONE, ask_again
from agent.desk.page.forms.mapping_sheet import (
    Case,
    can_save,
    case_of,
    digest_of,
    instead_of,
    names_taken,
    preview_of,
    question_of,
    show,
    version_of,
)
from agent.desk.page.forms.metadata import Gone, answer, back_to_now, in_words
from agent.desk.page.forms.shelf import OnShelf, on_shelf
from agent.desk.page.page import Page
from agent.desk.page.words import lane_name
from agent.folder.filesystem import FileSystemProblem
from agent.intake.attachments.fields import printable
from agent.intake.statements.headings import Headings
from agent.intake.statements.own_profiles import Answered, Kept, answer_for, keep
from agent.intake.statements.problems import Unreadable
from agent.model import Problem
from agent.settings.schema import StatementsSettings

NOTE = "mapping-saved"


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
            packet_id = packet.record.id
            return answered(request, case, lambda: back_to_now(page, request, NOTE, ask_again(page, packet_id, NOTE)))
        except FileSystemProblem as trouble:
            return answer(page, request, Gone("The file cannot be read just now", in_words(trouble)), 503)

    return [Route("/packet/{packet}/mapping", mapping, methods=["GET", "POST"])]


def _case(page: Page, packet: OnShelf, settings: StatementsSettings) -> Case | Problem:
    record, first = packet.record, packet.scans[0]
    case = case_of(page, record.lane, settings, packet.places[first], packet.standing[first], record.id)
    if isinstance(case, Problem):
        return case
    name = printable(record.documents[0].name.rpartition("/")[2])
    why = record.problem.sentence if record.problem else f"{name} was not sent."
    return case.told(f"/packet/{record.id}/mapping", f"{lane_name(record.lane)}. {why}")


def answered(request: Request, case: Case, saved: Callable[[], Response]) -> Response:
    """Show the form, or take what it says; `saved` is what follows once it is remembered.

    Raises `FileSystemProblem` where the file cannot be read.
    """
    if request.method != "POST":
        return _first(request, case)
    form = case.page.form(request)
    before, head = (_number(form.get(name, ""), len(case.found)) for name in ("head_was", "head"))
    found = case.found[head]
    if head != before or f"column-{len(found.headings) - 1}" not in form:
        # Another row was said to be the headings: what was said of the columns does not hold for these.
        return show(request, case, head, first_said(found, form.get("profile", "")))
    said = said_in(form, len(found.headings))
    if form.get("answered", "") != version_of(case, found):
        return show(request, case, head, said, (_meanwhile(answer_for(case.known, found.headings), said, found),), 422)
    if form.get("act") != "save":
        return show(request, case, head, said)
    return _save(request, case, head, said, form, saved)


def _first(request: Request, case: Case) -> Response:
    found = case.found[0]
    slug = re.sub(r"[^a-z0-9]+", "-", case.store.lower()).strip("-") or "own"
    own = answer_for(case.known, found.headings)
    return show(request, case, 0, first_said(found, own.profile.name if own else _free(slug, names_taken(case, found))))


def _free(name: str, taken: frozenset[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free


def _number(text: str, count: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < count else 0


def _save(
    request: Request, case: Case, head: int, said: Said, form: Mapping[str, str], saved: Callable[[], Response]
) -> Response:
    def refused(*sentences: str) -> Response:
        return show(request, case, head, said, sentences, 422)

    found = case.found[head]
    if wrong_with(said, found, names_taken(case, found)) or not case.is_used:
        return refused()
    profile = profile_of(said, found, case.store)
    shown = digest_of(case, profile)
    if form.get("shown", "") != shown:
        return refused("The result below is the one of what you have chosen now. Look at it, then save.")
    result = preview_of(case, profile)
    if not can_save(result) or instead_of(case, profile):
        return refused()
    if form.get("sums", "") != shown and question_of(case, found, profile, result):
        return refused("The amounts are not as they were. Look at them; if they are right, say so below, then save.")
    try:
        keep(case.folder, case.store, profile, form.get("answered", ""))
    except OSError:
        return refused("The mapping could not be saved: OutTray’s data folder cannot be written. Tell IT.")
    except Unreadable as unreadable:
        return refused(unreadable.problem.sentence)
    except Answered as other:
        return refused(_meanwhile(other.now, said, found))
    return saved()


def _meanwhile(now: Kept | None, said: Said, found: Headings) -> str:
    if now is None:
        return (
            "The answer for these columns was removed meanwhile. What you chose still stands here: look at the result, "
            "then save."
        )
    told = "; ".join(differences(said_by(now.profile, found), said, found)) or "the same as what is chosen here"
    return (
        f"Somebody has answered for these columns meanwhile: {told}. What you chose still stands here: look at the "
        "result, and save only if it is to take the place of that answer."
    )
