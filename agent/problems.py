"""Every reason for which OutTray asks for someone: its code, and its words for the front desk.

One table, so that the words are written once, read together and sound alike: the subject is the thing and not the
person; no bare codes; what to do is something that the reader can do. Templates may name files and fields: a problem
stands beside the file or on the page, never in a log or a notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.model import Fault, Problem


class Code(StrEnum):
    """The problem codes, as they stand in `NAME.problem.json`."""

    # The folder
    INCOMPLETE = "incomplete"
    NO_SIDECAR = "no-sidecar"
    FILES_MISSING = "files-missing"
    # The way to the service
    GAVE_UP = "gave-up"
    DUPLICATE = "duplicate"
    VANISHED = "vanished"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Words:
    """What is said of a code: `{...}` are filled in by `problem`."""

    sentence: str
    what_to_do: str


WORDS: dict[Code, Words] = {
    Code.INCOMPLETE: Words(
        "{name} is not complete: {reason}.",
        "Scan or export it again and drop the new file. If the scanner was still writing, drag the file back.",
    ),
    Code.NO_SIDECAR: Words(
        "{name} waited {hours:g} hours for its sidecar, and none came.",
        "Save the sidecar as {sidecar} and drag both files back into the folder.",
    ),
    Code.FILES_MISSING: Words(
        "{name} names files that did not come: {missing}.",
        "Drag the sidecar back into the folder together with the files that it names.",
    ),
    Code.GAVE_UP: Words(
        "{name} could not be delivered within {hours:g} hours. The last answer: {last}",
        "Drag it back into the folder to try again. If it fails again, tell IT.",
    ),
    Code.DUPLICATE: Words(
        "{name} has been sent already: {when}.",
        "Nothing more is needed. {reference}",
    ),
    Code.VANISHED: Words(
        "{name} was removed from OutTray's own folder before it was sent.",
        "If it still has to go, drop it into the folder again.",
    ),
    Code.WITHDRAWN: Words(
        "{name} was withdrawn before it was sent.",
        "If it still has to go, drag it back into the folder.",
    ),
}


def problem(code: Code, details: Iterable[Fault] = (), **facts: object) -> Problem:
    """Return the problem for `code`, its words filled in with `facts`."""
    words = WORDS[code]
    return Problem(
        code=str(code),
        sentence=words.sentence.format(**facts),
        what_to_do=words.what_to_do.format(**facts),
        details=tuple(details),
    )
