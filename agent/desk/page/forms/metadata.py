"""The metadata form as the page shows it, for a scan without a sidecar and for a packet whose sidecar was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agent.delivery.requests import Answer
from agent.delivery.requests import Request as Wish
from agent.desk.page.forms.fields import Entered, Group, Input, Placed, faulty, groups
from agent.desk.page.forms.pictures import can_be_drawn, image_address
from agent.desk.page.page import Page
from agent.desk.page.tokens import token
from agent.desk.page.words import Almanac, Moment, size
from agent.folder.filesystem import FileSystemProblem
from agent.folder.problems import folder_problem
from agent.intake.attachments.fields import printable
from agent.model import Identity, LaneId

PATIENCE = 10.0
"""Seconds to wait for the control thread: it answers at its next step, unless its disk is very slow."""

MOST_PICTURES = 10


@dataclass(frozen=True)
class Shown:
    """A scan beside the form. `picture` is the address of a small picture, empty where none is drawn."""

    name: str
    size: str
    since: Moment | None
    picture: str


@dataclass(frozen=True)
class Tick:
    """A file that can be ticked. `note` says more of it."""

    value: str
    name: str
    note: str = ""
    ticked: bool = False
    since: Moment | None = None


@dataclass(frozen=True)
class Sheet:
    """Everything that the template needs. `sentences`: what has to be known first, such as that a file has changed."""

    id: str
    heading: str
    action: str
    groups: tuple[Group, ...]
    wrong: Placed
    shown: tuple[Shown, ...]
    show: tuple[tuple[str, str], ...]
    lane: str
    hidden: tuple[tuple[str, str], ...] = ()
    sentences: tuple[str, ...] = ()
    ticks: tuple[Tick, ...] = ()
    ticks_legend: str = ""
    ticks_name: str = "with"
    text: str = ""
    submit: str = "Save and send"
    back: str = "/"

    @property
    def faulty(self) -> list[Input]:
        """The fields with something wrong, for the summary."""
        return faulty(self.groups)


@dataclass(frozen=True)
class Gone:
    """Why there is no form: a heading and a sentence."""

    heading: str
    sentence: str


def form_id(*names: str) -> str:
    """Return an id that tells no name, for a form that stands among others."""
    return f"m{token(*names)[:10]}"


def shown_scans(
    page: Page, lane: LaneId, scans: Sequence[tuple[str, Path, Identity, datetime | None]], packet: str = ""
) -> tuple[Shown, ...]:
    """Return scans with their pictures: (name that tells them apart, place, identity, since)."""
    almanac = Almanac(page.desk.clock.now())
    found = []
    for number, (name, path, identity, since) in enumerate(scans):
        drawn = number < MOST_PICTURES and can_be_drawn(page.desk.files, path)
        address = image_address(lane, name, packet) if drawn else ""
        at = almanac.since(since) if since else None
        found.append(Shown(printable(name.rpartition("/")[2]), size(identity.size), at, address))
    return tuple(found)


def is_part(request: Request) -> bool:
    """Tell whether the form is asked for by itself, to stand in the item."""
    return request.query_params.get("part") == "1"


def fields_of(entered: Entered, wrong: Placed, prefix: str) -> tuple[Group, ...]:
    """Return the form's groups."""
    return tuple(groups(entered, wrong, prefix))


def answer(page: Page, request: Request, sheet: Sheet | Gone, status: int = 200) -> Response:
    """Return the form, or why there is none: by itself where a part was asked for, else as a page."""
    name = "metadata" if isinstance(sheet, Sheet) else "gone"
    template = f"forms/{name}.html" if is_part(request) else f"forms/{name}_page.html"
    return page.render(request, template, status=status, sheet=sheet)


def ask(page: Page, wish: Wish) -> tuple[str, ...]:
    """Ask the control thread, and wait for its answer; return why it could not be done, nothing where it could."""
    if not page.desk.is_alive():
        return ("OutTray has stopped, so nothing is sent now. What you said is saved. Start it from the tray.",)
    try:
        found: Answer = page.desk.ask(wish).result(PATIENCE)
    except TimeoutError:
        return ()  # it is asked, and will be done
    except CancelledError:
        return ("OutTray is stopping, so nothing is sent now. What you said is saved.",)
    return () if found.done else found.sentences


def back_to_now(page: Page, request: Request, done: str, sentences: tuple[str, ...] = ()) -> Response:
    """Go back to Now, which tells what was done; or tell what of it could not be done."""
    if sentences:
        return page.render(request, "not_done.html", status=409, sentences=sentences, back="/")
    return RedirectResponse(f"/?{urlencode({'done': done})}", 303)


def in_words(trouble: FileSystemProblem) -> str:
    """Return a file system's problem as a sentence with what to do."""
    problem = folder_problem(trouble, trouble.path.parent)
    return f"{problem.sentence} {problem.what_to_do}"
