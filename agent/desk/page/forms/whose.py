"""Whose scan is it: several sidecars speak for the same scan, and a person says which of them is right.

The chosen one goes with its scans. The others stay on `failed` under names that are never picked up, each with a note;
scans for which only they spoke go back into the folder, where they wait for a sidecar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.desk.page.forms.correct import GONE, ask_again, paired, printable_text
from agent.desk.page.forms.metadata import Gone, Shown, answer, back_to_now, form_id, in_words, is_part, shown_scans
from agent.desk.page.forms.scans import candidate_with
from agent.desk.page.forms.shelf import (
    SET_ASIDE,
    Card,
    OnShelf,
    back_into_folder,
    keep_beside,
    note_beside,
    on_shelf,
    read_card,
    replace_sidecar,
    seen_now,
)
from agent.desk.page.page import Page
from agent.desk.page.words import Almanac, files_name, listed
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.intake.attachments.claims import is_sidecar
from agent.intake.attachments.fields import claim_fields, printable
from agent.intake.attachments.sidecar import Sidecar
from agent.model import Problem
from agent.settings.schema import AttachmentsSettings

NOTE = "whose-said"
_CHANGED = "The sidecars or the scan have changed since they were shown. Look at them again, then say whose it is."
_NAMES = ("patientFirstName", "patientLastName")


@dataclass(frozen=True)
class Claimant:
    """One of the sidecars: what it says, for whom, and for which files it speaks."""

    token: str
    first_name: str  # in the watched folder
    card: Card
    scans: tuple[str, ...]

    @property
    def name(self) -> str:
        """The sidecar's own name."""
        return printable(self.card.name)

    @property
    def patient(self) -> str:
        """The patient's name, as far as it is told."""
        return " ".join(filter(None, (self._value(name) for name in _NAMES)))

    @property
    def values(self) -> dict[str, str]:
        """What it says of the patient and the claim, by what people call it; not what is the same for every scan."""
        told = (
            (info.label[:1].upper() + info.label[1:], self._value(info.name))
            for info in claim_fields()
            if not info.setting
        )
        return {label: value for label, value in told if value}

    @property
    def files(self) -> str:
        """The files that go with it."""
        return listed([printable(name.rpartition("/")[2]) for name in self.scans]) or "no file that stands here"

    @property
    def trouble(self) -> str:
        """Why it cannot be read, where that is so."""
        return self.card.said.sentence if isinstance(self.card.said, Problem) else ""

    @property
    def text(self) -> str:
        """The text of one that cannot be read."""
        return printable_text(self.card.text) if self.trouble else ""

    def _value(self, name: str) -> str:
        values: Mapping[str, str] = self.card.said.values if isinstance(self.card.said, Sidecar) else {}
        return printable(values.get(name, "").strip())


@dataclass(frozen=True)
class Question:
    """What the template needs."""

    id: str
    heading: str
    action: str
    shown: tuple[Shown, ...]
    claimants: tuple[Claimant, ...]
    show: tuple[tuple[str, str], ...]
    seen: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    back: str = "/"

    def facts(self, claimant: Claimant) -> list[tuple[str, str, bool]]:
        """Return what a sidecar says, and of each whether the others say the same."""
        others = [one.values for one in self.claimants if one is not claimant]
        return [
            (label, value, any(other.get(label, "") != value for other in others))
            for label, value in claimant.values.items()
        ]

    def label(self, claimant: Claimant) -> str:
        """Return what the button of a sidecar says, so that no two say the same."""
        patients = [one.patient for one in self.claimants]
        if claimant.patient and patients.count(claimant.patient) == 1:
            return f"It is {claimant.patient}’s"
        return f"It is as {claimant.name} says"


def routes(page: Page) -> list[Route]:
    """Return the question's route."""

    def whose(request: Request) -> Response:
        try:
            packet = on_shelf(page.desk, request.path_params["packet"])
            if packet is None or not isinstance(packet.settings, AttachmentsSettings):
                return answer(page, request, GONE, 404)
            claimants = _claimants(page.desk.files, packet)
            if not claimants:
                return answer(page, request, GONE, 404)
            if request.method != "POST":
                return _ask(page, request, packet, claimants)
            form = page.form(request)
            tokens = {*(claimant.token for claimant in claimants), *seen_now(page.desk.files, packet).values()}
            chosen = next((one for one in claimants if one.token == form.get("sidecar", "")), None)
            if chosen is None or tokens != set(form.getlist("seen")):
                said = (_CHANGED,)
                return _ask(page, request, packet, claimants, said, 422)
            sentences = _settle(page, packet, claimants, chosen)
        except FileSystemProblem as trouble:
            return answer(page, request, Gone("This could not be done just now", in_words(trouble)), 503)
        return back_to_now(page, request, NOTE, sentences)

    return [Route("/packet/{packet}/whose", whose, methods=["GET", "POST"])]


def _claimants(fs: FileSystem, packet: OnShelf) -> tuple[Claimant, ...]:
    names = [name for name in packet.standing if is_sidecar(name)]
    scans = [name for name in packet.standing if not is_sidecar(name)]
    found = []
    for name in names:
        card = read_card(fs, packet, name)
        said = card.said if isinstance(card.said, Sidecar) else Sidecar()
        candidate = candidate_with(paired(packet, {name: said}, scans), name)
        own = tuple(file.name for file in candidate.files) if candidate is not None else ()
        found.append(Claimant(form_id(packet.record.id, name, card.digest), name, card, own))
    return tuple(found)


def _ask(
    page: Page,
    request: Request,
    packet: OnShelf,
    claimants: tuple[Claimant, ...],
    sentences: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    record = packet.record
    scans = [name for name in packet.standing if not is_sidecar(name)]
    question = Question(
        id=form_id(record.id),
        heading=f"Whose is {printable(files_name(scans, record.name))}?",
        action=f"/packet/{record.id}/whose",
        shown=shown_scans(
            page, record.lane, [(name, packet.places[name], packet.standing[name], None) for name in scans], record.id
        ),
        claimants=claimants,
        seen=tuple(seen_now(page.desk.files, packet).values()),
        show=(("packet", record.id),),
        sentences=sentences,
    )
    template = "forms/whose.html" if is_part(request) else "forms/whose_page.html"
    return page.render(request, template, status=status, sheet=question)


def _settle(page: Page, packet: OnShelf, claimants: tuple[Claimant, ...], chosen: Claimant) -> tuple[str, ...]:
    """Set the other sidecars aside, and let the chosen one go with its scans; return why it does not go, if so.

    Raises `FileSystemProblem`.
    """
    fs, record = page.desk.files, packet.record
    at = Almanac(page.desk.clock.now()).exact(page.desk.clock.now()).text
    for other in claimants:
        if other is not chosen:
            kept = keep_beside(fs, packet, packet.places[other.first_name], SET_ASIDE)
            note = (
                f"{other.card.name} and {chosen.card.name} spoke for the same scan.\r\n"
                f"On {at}, {page.actor} said on the page that {chosen.card.name} is right: this one was not sent.\r\n"
                f"It stands beside this note as {kept.name}. If it is the right one after all, rename it to "
                f"{other.card.name} and drag it into the folder with its scan.\r\n"
            )
            note_beside(fs, kept, note)
    if record.folder:
        _list_what_it_speaks_for(fs, packet, chosen)
    elsewhere = [name for name in packet.standing if not is_sidecar(name) and name not in chosen.scans]
    if elsewhere and not record.folder:
        back_into_folder(fs, packet, elsewhere)
    return ask_again(page, record.id, NOTE)


def _list_what_it_speaks_for(fs: FileSystem, packet: OnShelf, chosen: Claimant) -> None:
    """Write into a folder's sidecar what a person has said: that it speaks for the scans there.

    A sidecar of any name speaks for its own stem alone, and its folder would be none of a packet's.
    """
    if not isinstance(chosen.card.said, Sidecar) or chosen.card.said.lists_files:
        return
    try:
        said = json.loads(chosen.card.text)
    except ValueError:
        return
    if isinstance(said, dict):
        said["files"] = [name.rpartition("/")[2] for name in chosen.scans]
        replace_sidecar(fs, packet, chosen.first_name, json.dumps(said, ensure_ascii=False, indent=2).encode())
