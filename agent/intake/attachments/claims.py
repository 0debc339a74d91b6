"""What one sidecar speaks for, by its name or by the files that it lists. Never by likeness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.folder.names import name_key
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.sidecar import ENDING, Sidecar
from agent.intake.filetypes import type_by_name
from agent.intake.problems import NAMES_ALIKE, SIDECAR_AMBIGUOUS
from agent.model import Problem

Said = Sidecar | Problem | None  # what a sidecar says; None: not read yet


@dataclass(frozen=True)
class Claim:
    """What one sidecar speaks for, as far as that can be known."""

    sidecar: FileLook
    said: Said
    files: tuple[FileLook, ...]
    missing: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def looks(self) -> tuple[FileLook, ...]:
        """Return all of its files, the sidecar last."""
        return (*self.files, self.sidecar)

    @property
    def unsettled(self) -> bool:
        """Tell whether one of its files, or what the sidecar says, is still to come."""
        return self.said is None or not settled(self.looks)


def is_sidecar(name: str) -> bool:
    """Tell whether a file of this name is a sidecar."""
    return name.casefold().endswith(ENDING)


def settled(looks: Iterable[FileLook]) -> bool:
    """Tell whether all of these files are done. A scan that looks incomplete after all its time is read as it is."""
    return all(
        look.status is FileStatus.SETTLED or (look.can_be_judged and not is_sidecar(look.observation.base))
        for look in looks
    )


def said_by(look: FileLook, sidecars: Mapping[str, Sidecar | Problem]) -> Said:
    """Return what a sidecar says, once it is settled."""
    return sidecars.get(look.observation.name) if settled([look]) else None


class Names:
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


def claim_of(look: FileLook, said: Said, names: Names) -> Claim:
    """Return what a sidecar speaks for among the files of `names`: those that it lists, else those of its stem."""
    if isinstance(said, Sidecar) and said.lists_files:
        return _claim_by_list(look, said, names)
    stem = look.observation.base[: -len(ENDING)]
    exact, others = names.called(stem), names.with_stem(stem)
    files = (*exact, *others)
    missing = () if files else (stem if type_by_name(stem) else f"{stem}.*",)
    problem = said if isinstance(said, Problem) else _alike(look, files)
    if problem is None and exact and others:
        problem = SIDECAR_AMBIGUOUS.problem(sidecar=look.observation.base, exact=listed(exact), others=listed(others))
    return Claim(look, said, files, missing, problem)


def _claim_by_list(look: FileLook, said: Sidecar, names: Names) -> Claim:
    found = {name: names.called(name) for name in said.files}
    files = tuple(file for matches in found.values() for file in matches)
    missing = () if said.has_unusable_names else tuple(name for name, matches in found.items() if not matches)
    return Claim(look, said, files, missing, _alike(look, files))


def _alike(look: FileLook, files: Iterable[FileLook]) -> Problem | None:
    """Refuse to choose between files whose names differ only by case or accents."""
    same: defaultdict[str, list[FileLook]] = defaultdict(list)
    for file in files:
        same[name_key(file.observation.base)].append(file)
    alike = [file for group in same.values() if len(group) > 1 for file in group]
    return NAMES_ALIKE.problem(files=listed(alike), sidecar=look.observation.base) if alike else None


def listed(looks: Iterable[FileLook]) -> str:
    """Return these files' names as a person lists them."""
    return in_words(look.observation.base for look in looks)


def in_words(names: Iterable[str]) -> str:
    """Return names as a person lists them: `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
