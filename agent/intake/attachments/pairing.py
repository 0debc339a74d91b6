"""Which files belong together. Never by likeness: a wrong pairing sends one patient's X-ray under another's name.

Pure: what the looks saw, and what the settled sidecars say, in; candidates out. Names are the same to a sidecar where
they are the same to Windows or a Mac (upper and lower case, composed and decomposed accents); where that makes two
files out of one name, nothing is chosen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.folder.names import name_key
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.sidecar import ENDING, Sidecar
from agent.intake.filetypes import type_by_name
from agent.intake.problems import (
    FOLDER_INSIDE_FOLDER,
    FOLDER_SEVERAL_SIDECARS,
    FOLDER_UNLISTED_FILES,
    NAMES_ALIKE,
    SIDECAR_AMBIGUOUS,
    TWO_SIDECARS,
)
from agent.model import Candidate, Fault, Problem, Readiness

Said = Sidecar | Problem | None  # what a sidecar says; None: not read yet


@dataclass(frozen=True)
class _Claim:
    """What one sidecar speaks for, as far as that can be known."""

    sidecar: FileLook
    said: Said
    files: tuple[FileLook, ...]
    missing: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def looks(self) -> tuple[FileLook, ...]:
        return (*self.files, self.sidecar)

    @property
    def unsettled(self) -> bool:
        return self.said is None or not _settled(self.looks)


def is_sidecar(name: str) -> bool:
    """Tell whether a file of this name is a sidecar."""
    return name.casefold().endswith(ENDING)


def pair(
    looks: Sequence[FileLook], sidecars: Mapping[str, Sidecar | Problem], nested: Sequence[str] = ()
) -> list[Candidate]:
    """Put together what belongs together, in the order of names; every file is in exactly one candidate.

    `sidecars`: what the settled sidecars say, by their names as observed. A sidecar that is not settled counts by its
    name alone, and what it may speak for waits for it. `nested`: folders that stand inside packet subfolders.
    """
    folders: defaultdict[str, list[FileLook]] = defaultdict(list)
    for look in sorted(looks, key=lambda look: _in_order(look.observation.name)):
        folders[look.observation.name.partition("/")[0] if look.observation.folder else ""].append(look)
    beside = _pair_beside(folders.pop("", []), sidecars)
    return [*beside, *(_pair_folder(folder, inside, sidecars, nested) for folder, inside in folders.items())]


def _in_order(name: str) -> list[tuple[int, str]]:
    """Order names as people do: page 2 before page 10, whatever their case; the name itself decides a tie."""
    parts = re.split(r"([0-9]+)", name_key(name))
    order = [(int(part), "") if index % 2 and len(part) < 20 else (-1, part) for index, part in enumerate(parts)]
    return [*order, (-2, name)]


def _settled(looks: Iterable[FileLook]) -> bool:
    return all(look.status is FileStatus.SETTLED for look in looks)


def _said(look: FileLook, sidecars: Mapping[str, Sidecar | Problem]) -> Said:
    return sidecars.get(look.observation.name) if _settled([look]) else None


# --- Files side by side in the lane's folder -------------------------------------------------------------------------


def _pair_beside(looks: Sequence[FileLook], sidecars: Mapping[str, Sidecar | Problem]) -> list[Candidate]:
    files = [look for look in looks if not is_sidecar(look.observation.base)]
    names = _Names(files)
    claims = [_claim(look, _said(look, sidecars), names) for look in looks if is_sidecar(look.observation.base)]
    claimed = {look.observation.name for claim in claims for look in claim.files}
    alone = [look for look in files if look.observation.name not in claimed]
    return [*(_candidate(group) for group in _contested(claims)), *(_without_sidecar(look) for look in alone)]


class _Names:
    """Files by what their names have in common with a sidecar's."""

    def __init__(self, files: Iterable[FileLook]) -> None:
        self._whole: defaultdict[str, list[FileLook]] = defaultdict(list)
        self._stems: defaultdict[str, list[FileLook]] = defaultdict(list)
        for look in files:
            base = look.observation.base
            self._whole[name_key(base)].append(look)
            stem, dot, _ = base.rpartition(".")
            if dot:
                self._stems[name_key(stem)].append(look)

    def called(self, name: str) -> list[FileLook]:
        """Return the files of this name: more than one where names differ only by case or accents."""
        return self._whole.get(name_key(name), [])

    def with_stem(self, stem: str) -> list[FileLook]:
        """Return the files of this name before its last dot."""
        return self._stems.get(name_key(stem), [])


def _claim(look: FileLook, said: Said, names: _Names) -> _Claim:
    if isinstance(said, Sidecar) and said.lists_files:
        return _claim_by_list(look, said, names)
    stem = look.observation.base[: -len(ENDING)]
    exact, others = names.called(stem), names.with_stem(stem)
    files = (*exact, *others)
    missing = () if files else (stem if type_by_name(stem) else f"{stem}.*",)
    problem = said if isinstance(said, Problem) else _alike(look, files)
    if problem is None and exact and others:
        problem = SIDECAR_AMBIGUOUS.problem(sidecar=look.observation.base, exact=_listed(exact), others=_listed(others))
    return _Claim(look, said, files, missing, problem)


def _claim_by_list(look: FileLook, said: Sidecar, names: _Names) -> _Claim:
    found = {name: names.called(name) for name in said.files}
    files = tuple(file for matches in found.values() for file in matches)
    missing = () if said.has_unusable_names else tuple(name for name, matches in found.items() if not matches)
    return _Claim(look, said, files, missing, _alike(look, files))


def _alike(look: FileLook, files: Iterable[FileLook]) -> Problem | None:
    """Refuse to choose between files whose names differ only by case or accents."""
    same: defaultdict[str, list[FileLook]] = defaultdict(list)
    for file in files:
        same[name_key(file.observation.base)].append(file)
    alike = [file for group in same.values() if len(group) > 1 for file in group]
    return NAMES_ALIKE.problem(files=_listed(alike), sidecar=look.observation.base) if alike else None


def _contested(claims: Sequence[_Claim]) -> Iterator[list[_Claim]]:
    """Group claims that, directly or through others, speak for the same file; most stand alone."""
    by_file: defaultdict[str, list[int]] = defaultdict(list)
    for index, claim in enumerate(claims):
        for file in claim.files:
            by_file[file.observation.name].append(index)
    done: set[int] = set()
    for index in range(len(claims)):
        group, rest = set[int](), [index]
        while rest:
            current = rest.pop()
            if current not in done:
                done.add(current)
                group.add(current)
                rest.extend(other for file in claims[current].files for other in by_file[file.observation.name])
        if group:
            yield [claims[member] for member in sorted(group)]


def _candidate(group: Sequence[_Claim]) -> Candidate:
    first, *others = group
    files = {look.observation.name: look.observation for claim in group for look in claim.files}
    files |= {claim.sidecar.observation.name: claim.sidecar.observation for claim in others}
    problem = _two_sidecars(group) if others else first.problem
    missing: tuple[str, ...] = ()
    if any(claim.unsettled for claim in group):
        readiness, problem = Readiness.SETTLING, None
    elif problem is not None:
        readiness = Readiness.FAULTY
    elif first.missing:
        readiness, missing = Readiness.WAITING, first.missing
    else:
        readiness = Readiness.READY
    return Candidate(
        name=_title(first),
        files=tuple(files.values()),
        sidecar=first.sidecar.observation,
        readiness=readiness,
        missing=missing,
        problem=problem,
        keep_names=any(isinstance(claim.said, Sidecar) and claim.said.names_files for claim in group),
    )


def _title(claim: _Claim) -> str:
    """Return NAME: the sidecar's stem, and for `NAME.EXT.json` beside `NAME.EXT` the stem of that."""
    stem = claim.sidecar.observation.base[: -len(ENDING)]
    if any(name_key(file.observation.base) == name_key(stem) for file in claim.files):
        return stem.rpartition(".")[0] or stem
    return stem


def _two_sidecars(group: Sequence[_Claim]) -> Problem:
    spoken_for: defaultdict[str, list[str]] = defaultdict(list)
    for claim in group:
        for file in claim.files:
            spoken_for[file.observation.base].append(claim.sidecar.observation.base)
    contested = {file: cards for file, cards in spoken_for.items() if len(cards) > 1}
    return TWO_SIDECARS.problem(
        [
            Fault(file, ", ".join(cards), "More than one sidecar speaks for this file.")
            for file, cards in contested.items()
        ],
        sidecars=_listed(claim.sidecar for claim in group),
        files=_and(contested),
    )


def _without_sidecar(look: FileLook) -> Candidate:
    base = look.observation.base
    return Candidate(
        name=base.rpartition(".")[0] or base,
        files=(look.observation,),
        readiness=Readiness.WAITING if _settled([look]) else Readiness.SETTLING,
    )


# --- A packet subfolder ----------------------------------------------------------------------------------------------


def _pair_folder(
    folder: str, looks: Sequence[FileLook], sidecars: Mapping[str, Sidecar | Problem], nested: Iterable[str]
) -> Candidate:
    """Make one candidate of a packet subfolder: one sidecar, and its files beside it."""
    cards = [look for look in looks if is_sidecar(look.observation.base)]
    card = cards[0] if cards else None
    files = tuple(look for look in looks if look is not card)
    said = _said(card, sidecars) if card else None
    missing: tuple[str, ...] = ()
    problem = _wrong_with_folder(folder, cards, nested)
    if problem is None and card is not None:
        if isinstance(said, Problem):
            problem = said
        elif isinstance(said, Sidecar) and said.lists_files:
            claim = _claim_by_list(card, said, _Names(files))
            missing = claim.missing
            problem = claim.problem or _unlisted(folder, card, said, files, claim.files)
            files = claim.files if problem is None and not said.has_unusable_names else files
        elif not files:
            missing = ("*",)
    if not _settled(looks) or (card is not None and said is None):
        readiness, problem, missing = Readiness.SETTLING, None, ()
    elif problem is not None:
        readiness, missing = Readiness.FAULTY, ()
    else:
        readiness = Readiness.WAITING if missing or card is None else Readiness.READY
    return Candidate(
        name=folder,
        files=tuple(look.observation for look in files),
        sidecar=card.observation if card else None,
        folder=folder,
        readiness=readiness,
        missing=missing,
        problem=problem,
        keep_names=isinstance(said, Sidecar) and said.names_files,
    )


def _wrong_with_folder(folder: str, cards: Sequence[FileLook], nested: Iterable[str]) -> Problem | None:
    inner = [name for name in nested if name.startswith(f"{folder}/")]
    if inner:
        return FOLDER_INSIDE_FOLDER.problem(folder=folder, inner=_and(inner))
    if len(cards) > 1:
        return FOLDER_SEVERAL_SIDECARS.problem(folder=folder, count=len(cards), sidecars=_listed(cards))
    return None


def _unlisted(
    folder: str, card: FileLook, said: Sidecar, files: Iterable[FileLook], listed: Iterable[FileLook]
) -> Problem | None:
    known = {look.observation.name for look in listed}
    unlisted = [look for look in files if look.observation.name not in known]
    if not unlisted or said.has_unusable_names:
        return None
    return FOLDER_UNLISTED_FILES.problem(folder=folder, sidecar=card.observation.base, unlisted=_listed(unlisted))


def _listed(looks: Iterable[FileLook]) -> str:
    return _and(look.observation.base for look in looks)


def _and(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
