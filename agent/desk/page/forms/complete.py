"""Completing the metadata of a scan that came without a sidecar: the form writes the sidecar beside it.

What it writes is a file like any other: the lane meets it at its next look. Nothing is written over, and nothing is
believed that has changed since the form was shown.
"""

from __future__ import annotations

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.delivery.requests import Request as Wish
from agent.desk.page.forms.fields import Entered, Placed, defaults, entered_in, placed, sidecar_text
from agent.desk.page.forms.metadata import (
    Gone,
    Sheet,
    Tick,
    answer,
    ask,
    back_to_now,
    fields_of,
    form_id,
    in_words,
    shown_scans,
)
from agent.desk.page.forms.scans import Scan, Waiting, candidate_with, sidecar_name, waiting, would_make
from agent.desk.page.page import Page
from agent.desk.page.tokens import file_token
from agent.desk.page.words import Almanac, files_name, listed
from agent.folder.carrying import stands
from agent.folder.digest import digest_of
from agent.folder.filesystem import Exists, FileSystemProblem
from agent.intake.attachments.check import check_packet
from agent.intake.attachments.fields import printable
from agent.intake.attachments.sidecar import Sidecar, read_sidecar
from agent.model import Fault, Readiness

NOTE = "metadata-completed"
_IN_THE_WAY = "something else is called {name} there. Give that another name or take it out of the folder, then save."
_GONE = Gone(
    "This scan does not wait any more",
    "It was taken out of the folder, or its sidecar has come. Nothing was written.",
)


class Refused(Exception):
    """What was entered cannot be saved: `faults` for the fields, `sentences` for what has changed meanwhile."""

    def __init__(self, faults: tuple[Fault, ...] = (), sentences: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.faults = faults
        self.sentences = sentences


def routes(page: Page) -> list[Route]:
    """Return the form's route."""

    def form(request: Request) -> Response:
        lane = f"{request.path_params['store']}/{request.path_params['kind']}"
        found = waiting(page.desk, lane, request.path_params["file"])
        if found is None:
            return answer(page, request, _GONE, 404)
        if request.method != "POST":
            return answer(page, request, _sheet(page, found, Entered(defaults(found.settings))))
        return _save(page, request, found)

    return [Route("/scan/{store}/{kind}/{file}/form", form, methods=["GET", "POST"])]


def _save(page: Page, request: Request, found: Waiting) -> Response:
    form = page.form(request)
    entered = entered_in(form)
    try:
        chosen = _chosen(found, form)
        save_beside(page, found, chosen, entered)
    except Refused as refused:
        wrong = placed(refused.faults, entered)
        sheet = _sheet(page, found, entered, wrong, refused.sentences, frozenset(form.getlist("with")))
        return answer(page, request, sheet, 422)
    except FileSystemProblem as trouble:
        sheet = _sheet(page, found, entered, Placed(), (in_words(trouble),), frozenset(form.getlist("with")))
        return answer(page, request, sheet, 422)
    wish = Wish("look", lanes=(str(found.lane),), actor=page.actor, note=NOTE)
    return back_to_now(page, request, NOTE, ask(page, wish))


def _chosen(found: Waiting, form: ImmutableMultiDict[str, str]) -> tuple[Scan, ...]:
    """Return the scans that the sidecar is for: those of the form, and those that were ticked, none of them changed."""
    seen, ticked = set(form.getlist("seen")), set(form.getlist("with"))
    if {scan.token for scan in found.scans} != seen:
        what = f"{files_name([scan.name for scan in found.scans])} has changed since this form was shown."
        raise Refused(sentences=(f"{printable(what)} Look at it again, then save.",))
    others = tuple(scan for scan in found.others if scan.token in ticked)
    if len(others) != len(ticked):
        raise Refused(
            sentences=("One of the other scans that were ticked has changed, or does not wait any more. Tick anew.",)
        )
    return (*found.scans, *others)


def save_beside(page: Page, found: Waiting, scans: tuple[Scan, ...], entered: Entered) -> None:
    """Write a sidecar for scans of the lane's folder, if it is one with which they can go. Raises `Refused`."""
    fs, settings = page.desk.files, found.settings
    name, has_list = sidecar_name(scans, found.folder)
    base = name.rpartition("/")[2]
    digests = {scan.base: digest_of(fs, settings.folder / scan.name) for scan in scans}
    if any(fs.identify(settings.folder / scan.name) != scan.identity for scan in scans):
        raise Refused(sentences=(_changed(scans),))
    data = sidecar_text(entered, [scan.base for scan in scans] if has_list else (), digests)
    sidecar = read_sidecar(data, base)
    assert isinstance(sidecar, Sidecar)  # noqa: S101 - it was written as one just now
    _expect_no_sidecar(page, found, scans)
    candidate = candidate_with(would_make(fs, settings, name, sidecar), name)
    if candidate is None or candidate.problem is not None or candidate.readiness is not Readiness.READY:
        problem = candidate.problem if candidate is not None else None
        raise Refused(sentences=(problem.sentence if problem is not None else _changed(scans),))
    if {file.name for file in candidate.files} != {scan.name for scan in scans}:
        raise Refused(sentences=(_changed(scans),))
    today = page.desk.clock.now().astimezone().date()
    problem = check_packet(fs, settings.folder, candidate, sidecar, settings, today).problem
    if problem is not None:
        raise Refused(problem.details or (Fault("", "", problem.sentence),))
    try:
        fs.write(settings.folder / name, data)
    except Exists:
        if stands(fs, settings.folder / name):
            raise Refused(sentences=(_has_come(scans),)) from None
        raise Refused(
            sentences=(f"The sidecar cannot be written: {_IN_THE_WAY.format(name=printable(base))}",)
        ) from None


def _expect_no_sidecar(page: Page, found: Waiting, scans: tuple[Scan, ...]) -> None:
    """Raise `Refused` where a sidecar has come meanwhile that speaks for one of the scans."""
    as_it_is = would_make(page.desk.files, found.settings, "", None)
    for scan in scans:
        candidate = candidate_with(as_it_is, scan.name)
        if candidate is not None and candidate.sidecar is not None:
            raise Refused(sentences=(_has_come([scan]),))


def _has_come(scans: tuple[Scan, ...] | list[Scan]) -> str:
    name = printable(files_name([scan.name for scan in scans]))
    return f"A sidecar for {name} has come meanwhile. Nothing was written over; the scan goes by what that one says."


def _changed(scans: tuple[Scan, ...]) -> str:
    name = printable(files_name([scan.name for scan in scans]))
    return f"The files beside {name} have changed. Look at them, then save."


def _sheet(
    page: Page,
    found: Waiting,
    entered: Entered,
    wrong: Placed | None = None,
    sentences: tuple[str, ...] = (),
    ticked: frozenset[str] = frozenset(),
) -> Sheet:
    wrong = wrong or Placed()
    names = [scan.name for scan in found.scans]
    prefix = form_id(str(found.lane), *names)
    first = file_token(str(found.lane), names[0])
    almanac = Almanac(page.desk.clock.now())
    title = listed([printable(scan.base) for scan in found.scans]) if len(names) < 4 else printable(files_name(names))
    return Sheet(
        id=prefix,
        heading=f"Whose scan is {title}?" if len(names) == 1 else f"Whose scans are {title}?",
        action=f"/scan/{found.lane}/{first}/form",
        groups=fields_of(entered, wrong, prefix),
        wrong=wrong,
        shown=shown_scans(
            page,
            found.lane,
            [(scan.name, found.settings.folder / scan.name, scan.identity, scan.since) for scan in found.scans],
        ),
        show=(("lane", str(found.lane)), ("file", first)),
        lane=str(found.lane),
        hidden=tuple(("seen", scan.token) for scan in found.scans),
        sentences=sentences,
        ticks=tuple(
            Tick(
                scan.token,
                f"{printable(scan.base)} belongs to the same claim",
                ticked=scan.token in ticked,
                since=almanac.since(scan.since) if scan.since else None,
            )
            for scan in found.others
        ),
        ticks_legend="Other scans here without a sidecar",
    )
