"""A packet subfolder: one sidecar and its files, where that is certain. What was put aside in a folder is no packet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agent.folder.names import name_key, stem_of_own_folder
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.claims import Names, claim_of, in_words, is_sidecar, listed, said_by, settled
from agent.intake.attachments.sidecar import ENDING, Sidecar
from agent.intake.problems import FOLDER_INSIDE_FOLDER, FOLDER_SEVERAL_SIDECARS, FOLDER_UNLISTED_FILES
from agent.model import Candidate, Problem, Readiness

_USUAL_NAMES = frozenset({"claim", "metadata", "sidecar"})
"""What a sidecar that speaks for its whole folder is called, if not as the folder."""


def pair_folder(
    folder: str,
    looks: Sequence[FileLook],
    sidecars: Mapping[str, Sidecar | Problem],
    nested: Iterable[str],
    retry_of: str,
) -> Candidate | None:
    """Make one candidate of a packet subfolder: one sidecar, and its files beside it; None where that is not certain.

    Certain is what lists its files, bears the folder's name or a sidecar's usual one, or speaks for all that stands
    there by its stem. A folder without any sidecar waits for one; one with several of which none has a file of its own
    was meant as a packet, and fails.
    """
    cards = [look for look in looks if is_sidecar(look.observation.base)]
    meant = [card for card in cards if _means_the_folder(card, folder, sidecars, retry_of)]
    card = next(iter(meant or cards), None)
    files = tuple(look for look in looks if look is not card)
    said = said_by(card, sidecars) if card else None
    claim = claim_of(card, said, Names(files)) if card else None
    whole = claim is not None and bool(claim.files) and len(claim.files) == len(files)
    certain = bool(retry_of or meant or card is None or whole or _is_one_that_went_wrong(cards, files, sidecars))
    if not certain:
        undecided = [look.status for look in cards if said_by(look, sidecars) is None]
        if not undecided or FileStatus.OVERDUE in undecided:
            return None
    missing: tuple[str, ...] = ()
    problem = _wrong_with_folder(folder, cards, nested)
    if problem is None and card is not None and claim is not None:
        if isinstance(said, Problem):
            problem = said
        elif isinstance(said, Sidecar) and said.lists_files:
            missing = claim.missing
            problem = claim.problem or _unlisted(folder, card, said, files, claim.files)
            files = claim.files if problem is None and not said.has_unusable_names else files
        elif meant:
            missing = () if files else ("*",)
        elif isinstance(said, Sidecar):
            missing = claim.missing
            problem = claim.problem or _unlisted(folder, card, said, files, claim.files)
    if not certain or not settled(looks) or (card is not None and said is None):
        readiness, problem, missing = Readiness.SETTLING, None, ()
    elif problem is not None:
        readiness, missing = Readiness.FAULTY, ()
    else:
        readiness = Readiness.WAITING if missing or card is None else Readiness.READY
    by_itself = whole or len(looks) == 1
    return Candidate(
        name=stem_of_own_folder(folder) if retry_of and by_itself else folder,
        files=tuple(look.observation for look in files),
        sidecar=card.observation if card else None,
        folder=folder,
        readiness=readiness,
        missing=missing,
        problem=problem,
        keep_names=isinstance(said, Sidecar) and said.names_files,
        retry_of=retry_of,
    )


def _means_the_folder(card: FileLook, folder: str, sidecars: Mapping[str, Sidecar | Problem], retry_of: str) -> bool:
    """Tell whether a sidecar speaks for its whole folder, and not only for the files of its own stem."""
    said = said_by(card, sidecars)
    if isinstance(said, Sidecar) and said.lists_files:
        return True
    stem = name_key(card.observation.base[: -len(ENDING)])
    names = {name_key(folder), *_USUAL_NAMES}
    if retry_of:  # a shelf may have put a number behind it
        names.add(name_key(stem_of_own_folder(folder)))
    return stem in names


def _is_one_that_went_wrong(
    cards: Sequence[FileLook], files: Iterable[FileLook], sidecars: Mapping[str, Sidecar | Problem]
) -> bool:
    names = Names(look for look in files if look not in cards)
    return (
        len(cards) > 1
        and settled(cards)
        and not any(claim_of(card, said_by(card, sidecars), names).files for card in cards)
    )


def _wrong_with_folder(folder: str, cards: Sequence[FileLook], nested: Iterable[str]) -> Problem | None:
    inner = [name for name in nested if name.startswith(f"{folder}/")]
    if inner:
        return FOLDER_INSIDE_FOLDER.problem(folder=folder, inner=in_words(inner))
    if len(cards) > 1:
        return FOLDER_SEVERAL_SIDECARS.problem(folder=folder, count=len(cards), sidecars=listed(cards))
    return None


def _unlisted(
    folder: str, card: FileLook, said: Sidecar, files: Iterable[FileLook], spoken_for: Iterable[FileLook]
) -> Problem | None:
    known = {look.observation.name for look in spoken_for}
    unlisted = [look for look in files if look.observation.name not in known]
    if not unlisted or said.has_unusable_names:
        return None
    return FOLDER_UNLISTED_FILES.problem(folder=folder, sidecar=card.observation.base, unlisted=listed(unlisted))
