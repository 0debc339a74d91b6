"""Which files belong together. Never by likeness: a wrong pairing sends one patient's X-ray under another's name.

Pure: what the looks saw, and what the settled sidecars say, in; candidates out. Names are the same to a sidecar where
they are the same to Windows or a Mac (upper and lower case, composed and decomposed accents); where that makes two
files out of one name, nothing is chosen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from agent.folder.names import is_mark, name_key
from agent.folder.settling import FileLook
from agent.intake.attachments.claims import Claim, Names, claim_of, in_words, is_sidecar, listed, said_by, settled
from agent.intake.attachments.in_folders import pair_folder
from agent.intake.attachments.sidecar import ENDING, Sidecar
from agent.intake.problems import TWO_SIDECARS
from agent.model import Candidate, Fault, Problem, Readiness


def pair(
    looks: Sequence[FileLook],
    sidecars: Mapping[str, Sidecar | Problem],
    nested: Sequence[str] = (),
    returned: Mapping[str, str] = MappingProxyType({}),
    index_files: Sequence[str] = (),
) -> list[Candidate]:
    """Put together what belongs together, in the order of names; no file is in two candidates.

    In none are what other programs put beside a scan (marks, and names that match `index_files`), and what stands in a
    subfolder that is not certain to be a packet. `sidecars`: what the settled sidecars say, by their names as observed.
    A sidecar that is not settled counts by its name alone, and what it may speak for waits for it. `nested`: folders
    that stand inside packet subfolders. `returned`: the failed packets that subfolders are known to be.
    """
    index = [name_key(pattern) for pattern in index_files]
    folders: defaultdict[str, list[FileLook]] = defaultdict(list)
    for look in sorted(looks, key=lambda look: _in_order(look.observation.name)):
        if not _left_aside(look.observation.base, index):
            folders[look.observation.folder].append(look)
    beside = _pair_beside(folders.pop("", []), sidecars)
    packets = (
        pair_folder(folder, inside, sidecars, nested, returned.get(folder, "")) for folder, inside in folders.items()
    )
    return [*beside, *(packet for packet in packets if packet is not None)]


def _left_aside(name: str, index: Sequence[str]) -> bool:
    if is_mark(name):
        return True
    return not is_sidecar(name) and any(fnmatchcase(name_key(name), pattern) for pattern in index)


def _in_order(name: str) -> list[tuple[int, str]]:
    """Order names as people do: page 2 before page 10, whatever their case; the name itself decides a tie."""
    parts = re.split(r"([0-9]+)", name_key(name))
    order = [(int(part), "") if index % 2 and len(part) < 20 else (-1, part) for index, part in enumerate(parts)]
    return [*order, (-2, name)]


# --- Files side by side in the lane's folder -------------------------------------------------------------------------


def _pair_beside(looks: Sequence[FileLook], sidecars: Mapping[str, Sidecar | Problem]) -> list[Candidate]:
    files = [look for look in looks if not is_sidecar(look.observation.base)]
    names = Names(files)
    claims = [claim_of(look, said_by(look, sidecars), names) for look in looks if is_sidecar(look.observation.base)]
    claimed = {look.observation.name for claim in claims for look in claim.files}
    alone = [look for look in files if look.observation.name not in claimed]
    return [*(_candidate(group) for group in _contested(claims)), *(_without_sidecar(look) for look in alone)]


def _contested(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
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


def _candidate(group: Sequence[Claim]) -> Candidate:
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


def _title(claim: Claim) -> str:
    """Return NAME: the sidecar's stem, and for `NAME.EXT.json` beside `NAME.EXT` the stem of that."""
    stem = claim.sidecar.observation.base[: -len(ENDING)]
    if any(name_key(file.observation.base) == name_key(stem) for file in claim.files):
        return stem.rpartition(".")[0] or stem
    return stem


def _two_sidecars(group: Sequence[Claim]) -> Problem:
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
        sidecars=listed(claim.sidecar for claim in group),
        files=in_words(contested),
    )


def _without_sidecar(look: FileLook) -> Candidate:
    base = look.observation.base
    return Candidate(
        name=base.rpartition(".")[0] or base,
        files=(look.observation,),
        readiness=Readiness.WAITING if settled([look]) else Readiness.SETTLING,
    )
