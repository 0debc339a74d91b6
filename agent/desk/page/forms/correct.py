"""Correcting the metadata of a packet on `failed`: the sidecar is replaced there, and the packet goes again.

The sidecar that was wrong stays on the shelf under another name. What goes is put into a packet subfolder of its own,
in which no name can mean another file, whatever else is dropped meanwhile; scans that are left out go back into the
folder, where they wait for a sidecar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.delivery.requests import Request as Wish
from agent.desk.page.forms.complete import Refused
from agent.desk.page.forms.fields import Entered, Placed, defaults, entered_by, entered_in, placed, sidecar_text
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
    is_part,
    shown_scans,
)
from agent.desk.page.forms.scans import candidate_with, sidecar_base
from agent.desk.page.forms.shelf import (
    REPLACED,
    Card,
    OnShelf,
    back_into_folder,
    into_own_folder,
    keep_beside,
    on_shelf,
    read_card,
    seen_now,
)
from agent.desk.page.page import Page
from agent.desk.page.words import files_name, listed
from agent.folder.filesystem import FileSystemProblem
from agent.folder.names import name_key
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.check import check_packet
from agent.intake.attachments.fields import printable
from agent.intake.attachments.pairing import pair
from agent.intake.attachments.sidecar import ENDING, Sidecar, read_sidecar
from agent.intake.problems import (
    FOLDER_SEVERAL_SIDECARS,
    FOLDER_UNLISTED_FILES,
    SIDECAR_AMBIGUOUS,
    TWO_SIDECARS,
)
from agent.ledger.records import PacketRecord
from agent.model import Candidate, Fault, Identity, Observation, Problem, Readiness
from agent.settings.schema import AttachmentsSettings

NOTE = "metadata-corrected"
LONGEST_TEXT = 4000
_CONTESTED = (TWO_SIDECARS.code, FOLDER_SEVERAL_SIDECARS.code)
_FILES_UNCLEAR = (SIDECAR_AMBIGUOUS.code, FOLDER_UNLISTED_FILES.code)
GONE = Gone(
    "This packet needs nobody any more",
    "It was sent again, or its files were taken away from the failed shelf. Nothing was changed.",
)


@dataclass(frozen=True)
class _Case:
    """A packet to correct: its sidecar, if it has one, and which of its files can be chosen."""

    packet: OnShelf
    settings: AttachmentsSettings
    card: Card | None

    @property
    def id(self) -> str:
        return self.packet.record.id

    @property
    def said(self) -> Sidecar:
        """What the sidecar says, as far as it can be read."""
        return self.card.said if self.card is not None and isinstance(self.card.said, Sidecar) else Sidecar()

    @property
    def bases(self) -> dict[str, str]:
        """The scans' own names by their first names."""
        return {name: name.rpartition("/")[2] for name in self.packet.scans}

    @property
    def is_unclear(self) -> bool:
        """Whether it has to be said which files the sidecar speaks for."""
        problem = self.packet.record.problem
        return problem is not None and problem.code in _FILES_UNCLEAR

    @property
    def lists(self) -> bool:
        """Whether the files are named in the sidecar, or are to be."""
        return self.card is not None and (self.said.lists_files or self.is_unclear)

    @property
    def missing(self) -> tuple[str, ...]:
        """What the sidecar names and is not there."""
        there = set(map(name_key, self.bases.values()))
        return tuple(name for name in self.said.files if name_key(name) not in there)

    def token(self, base: str) -> str:
        """Return what names a file in the form."""
        return form_id(self.id, base)


def routes(page: Page) -> list[Route]:
    """Return the form's route."""

    def form(request: Request) -> Response:
        packet = request.path_params["packet"]
        try:
            found = on_shelf(page.desk, packet)
            if found is None or not isinstance(found.settings, AttachmentsSettings):
                return answer(page, request, GONE, 404)
            problem = found.record.problem
            if problem is not None and problem.code in _CONTESTED:
                return RedirectResponse(f"/packet/{found.record.id}/whose{'?part=1' * is_part(request)}", 303)
            card = read_card(page.desk.files, found, found.sidecar) if found.sidecar else None
            case = _Case(found, found.settings, card)
            return _save(page, request, case) if request.method == "POST" else _first(page, request, case)
        except FileSystemProblem as trouble:
            return answer(page, request, Gone("The failed shelf cannot be read just now", in_words(trouble)), 503)

    return [Route("/packet/{packet}/metadata", form, methods=["GET", "POST"])]


# --- The form -------------------------------------------------------------------------------------------------------


def _first(page: Page, request: Request, case: _Case) -> Response:
    """Show the sidecar as it stands, with what the check finds now and what the service has said."""
    entered = entered_by(case.said, case.settings, list(case.bases.values()))
    ticked = frozenset(case.token(name) for name in case.said.files)
    faults: list[Fault] = []
    sentences: list[str] = []
    problem = case.packet.record.problem
    if case.card is None:
        entered = Entered(defaults(case.settings))
    elif isinstance(case.card.said, Problem):
        sentences += [
            case.card.said.sentence,
            "Its fields could not be taken over. Its text is below, and stays on the failed shelf.",
        ]
    else:
        faults += _faults(page, case, case.card.said, case.packet.scans)
        if problem is not None and problem.code == "refused":
            faults += problem.details
    if case.is_unclear and problem is not None:
        sentences.append(problem.sentence)
    return answer(page, request, _sheet(page, case, entered, placed(faults, entered), tuple(sentences), ticked))


def _sheet(
    page: Page, case: _Case, entered: Entered, wrong: Placed, sentences: tuple[str, ...], ticked: frozenset[str]
) -> Sheet:
    packet, record = case.packet, case.packet.record
    prefix = form_id(record.id)
    ticks = [Tick(case.token(base), printable(base), ticked=case.token(base) in ticked) for base in case.bases.values()]
    ticks += [
        Tick(case.token(name), printable(name), "is not there", ticked=case.token(name) in ticked)
        for name in case.missing
    ]
    unreadable = case.card is not None and isinstance(case.card.said, Problem)
    return Sheet(
        id=prefix,
        heading=f"Correct the metadata of {printable(files_name(list(packet.scans), record.name))}"
        if case.card
        else f"Whose is {printable(files_name(list(packet.scans), record.name))}?",
        action=f"/packet/{record.id}/metadata",
        groups=fields_of(entered, wrong, prefix),
        wrong=wrong,
        shown=shown_scans(
            page,
            record.lane,
            [(name, packet.places[name], packet.standing[name], None) for name in packet.scans],
            record.id,
        ),
        show=(("packet", record.id),),
        lane=str(record.lane),
        hidden=(
            ("was", case.card.digest if case.card else ""),
            *(("seen", token) for token in seen_now(page.desk.files, packet).values()),
        ),
        sentences=sentences,
        ticks=tuple(ticks) if case.lists else _without(case),
        ticks_legend="Files of this packet" if case.lists else "Files that do not stand there any more",
        ticks_name="file" if case.lists else "without",
        text=printable_text(case.card.text) if case.card and unreadable else "",
    )


def _without(case: _Case) -> tuple[Tick, ...]:
    names = [name.rpartition("/")[2] for name in case.packet.gone]
    return tuple(Tick(case.token(name), f"Send it without {printable(name)}") for name in names)


def printable_text(text: str) -> str:
    """Return a broken sidecar's text as a page can show it."""
    shown = "".join(char if char in "\n\t" or char.isprintable() else "\ufffd" for char in text[:LONGEST_TEXT])
    return shown + ("…" if len(text) > LONGEST_TEXT else "")


# --- Saving ---------------------------------------------------------------------------------------------------------


def _save(page: Page, request: Request, case: _Case) -> Response:
    form = page.form(request)
    bases = list(case.bases.values())
    of_files = bases if case.said.file_metadata else []
    entered = entered_in(form, of_files)
    ticked = frozenset(form.getlist("file"))
    sentences: tuple[str, ...] = ()
    try:
        _expect_unchanged(page, case, form)
        if case.card is None:
            sentences = _complete(page, case, entered)
        else:
            sentences = _correct(page, case, case.card, entered, ticked)
    except Refused as refused:
        wrong = placed(refused.faults, entered)
        return answer(page, request, _sheet(page, case, entered, wrong, refused.sentences, ticked), 422)
    except FileSystemProblem as trouble:
        return answer(page, request, _sheet(page, case, entered, Placed(), (in_words(trouble),), ticked), 422)
    return back_to_now(page, request, NOTE, sentences)


def _expect_unchanged(page: Page, case: _Case, form: ImmutableMultiDict[str, str]) -> None:
    """Raise `Refused` where a file is not the one that was shown: what was typed may be about another picture."""
    if form.get("was", "") != (case.card.digest if case.card else ""):
        raise Refused(
            sentences=(
                "The sidecar on the failed shelf was changed meanwhile. What you entered still stands here: save once "
                "more to go with it. The changed one is kept on the shelf.",
            )
        )
    seen, now = set(form.getlist("seen")), seen_now(page.desk.files, case.packet)
    changed = [name.rpartition("/")[2] for name, token in now.items() if token not in seen]
    gone = [name.rpartition("/")[2] for name in case.packet.gone]
    if changed or len(seen) != len(now):
        raise Refused(sentences=(_not_as_shown(changed, gone),))
    if not case.lists and not {case.token(name) for name in gone} <= set(form.getlist("without")):
        raise Refused(sentences=(_not_as_shown((), gone),))


def _not_as_shown(changed: Sequence[str], gone: Sequence[str]) -> str:
    told = []
    if changed:
        told.append(f"{_names(changed)} on the failed shelf was changed since this form was shown. Look at it again.")
    if gone:
        told.append(f"{_names(gone)} does not stand on the failed shelf any more. Put it back, or say it goes without.")
    return f"{' '.join(told) or 'The files on the failed shelf have changed.'} What you entered still stands here."


def _names(names: Sequence[str]) -> str:
    return listed([printable(name) for name in names])


def _correct(page: Page, case: _Case, card: Card, entered: Entered, ticked: frozenset[str]) -> tuple[str, ...]:
    """Put the new sidecar in the place of the old one, and let the packet go again; return why it does not, if so."""
    packet, record = case.packet, case.packet.record
    chosen = [name for name, base in case.bases.items() if not case.lists or case.token(base) in ticked]
    named = [case.bases[name] for name in chosen] + [name for name in case.missing if case.token(name) in ticked]
    if case.lists and not named:
        raise Refused(sentences=("No file is ticked. Tick those that this sidecar speaks for.",))
    keeps_names = bool(record.keep_names or record.folder or not case.lists)
    is_whole = len(chosen) == len(case.bases)
    data = sidecar_text(entered, named if case.lists else ())
    sidecar = read_sidecar(data, card.name)
    if isinstance(sidecar, Problem):
        raise Refused(sentences=(sidecar.sentence,))
    faults = _faults(page, case, sidecar, chosen)
    if faults:
        raise Refused(tuple(faults))
    if is_whole and keeps_names:
        _expect_pairing(case, sidecar)
    fs = page.desk.files
    kept = keep_beside(fs, packet, packet.places[packet.sidecar], REPLACED)
    try:
        into_own_folder(fs, packet, chosen, card.name, sidecar_text(entered, named or list(case.bases.values())))
    except FileSystemProblem:
        fs.move(kept, packet.places[packet.sidecar])
        raise
    rest = [name for name in packet.scans if name not in chosen]
    with suppress(FileSystemProblem):  # else they are put back by the retry, which tells it where that cannot be done
        back_into_folder(fs, packet, rest)
    return _settled(page, record, NOTE)


def _settled(page: Page, record: PacketRecord, note: str) -> tuple[str, ...]:
    """Let it be noted that a packet's files have left the shelf, and the folder be looked into; return why they do not
    go now, if so."""
    ask_again(page, record.id, note)
    return ask(page, Wish("look", lanes=(str(record.lane),), actor=page.actor))


def _complete(page: Page, case: _Case, entered: Entered) -> tuple[str, ...]:
    """Let scans that have waited too long, or have lost their sidecar, go with a new one from a folder of their own."""
    packet, record = case.packet, case.packet.record
    data = sidecar_text(entered, list(case.bases.values()))
    name = sidecar_base(record.folder or record.name)
    sidecar = read_sidecar(data, name)
    assert isinstance(sidecar, Sidecar)  # noqa: S101 - it was written as one just now
    faults = _faults(page, case, sidecar, packet.scans)
    if faults:
        raise Refused(tuple(faults))
    into_own_folder(page.desk.files, packet, packet.scans, name, data)
    return _settled(page, record, "metadata-completed")


def ask_again(page: Page, packet: str, note: str) -> tuple[str, ...]:
    """Let a packet go again, with what was changed on the shelf; return why it does not, if so.

    One whose files have left the shelf is dealt with.
    """
    return ask(page, Wish("retry", packets=(packet,), actor=page.actor, note=note))


def _faults(page: Page, case: _Case, sidecar: Sidecar, names: Sequence[str]) -> tuple[Fault, ...]:
    """Return what the lane's own check finds in the files on the shelf with what `sidecar` says of them."""
    packet = case.packet
    name = packet.sidecar or f"{packet.record.name}{ENDING}"
    candidate = Candidate(
        name=packet.record.name,
        files=tuple(packet.seen(name) for name in names),
        sidecar=Observation(name.rpartition("/")[2], Identity(0, 0, "")),
    )
    today = page.desk.clock.now().astimezone().date()
    problem = check_packet(page.desk.files, packet.shelf, candidate, sidecar, case.settings, today).problem
    if problem is None:
        return ()
    return problem.details or (Fault("", "", problem.sentence),)


def _expect_pairing(case: _Case, sidecar: Sidecar) -> None:
    """Raise `Refused` where the files, once they are back in the folder, would not be what this sidecar speaks for."""
    packet = case.packet
    candidate = candidate_with(paired(packet, {packet.sidecar: sidecar}, packet.scans), packet.sidecar)
    if candidate is None or candidate.problem is not None:
        raise Refused(sentences=(candidate.problem.sentence,) if candidate and candidate.problem else ())
    if candidate.readiness is not Readiness.READY:
        names = ", ".join(map(printable, candidate.missing))
        raise Refused(
            sentences=(f"{names} is not there. Put it into the folder and press Retry, or leave it out here.",)
        )


def paired(packet: OnShelf, cards: dict[str, Sidecar], scans: Iterable[str]) -> list[Candidate]:
    """Return what these files would make in the lane's folder, by the names that they had there."""
    names = [*scans, *cards]
    looks = [FileLook(Observation(name, packet.standing[name]), FileStatus.SETTLED) for name in names]
    returned = {name.partition("/")[0]: packet.record.id for name in names if "/" in name}
    return pair(looks, cards, returned=returned)
