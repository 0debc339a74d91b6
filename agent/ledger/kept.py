"""What the ledger keeps of a packet that has come to rest: where something was wrong and of what kind, and no value.

Cells, names, birth dates and member IDs stand in the problem document beside the files and nowhere else, so that they
go where the files go. Until a packet has come to its shelf the ledger holds its whole problem: the document is written
from it, also after a crash.
"""

from __future__ import annotations

from dataclasses import replace

from agent.model import Fault, Problem

GONE = "(removed)"
"""What stands in the place of a name once the files are gone."""

WITHOUT_VALUES = frozenset(
    (
        *("answers-lost", "changed", "changed-after-sending", "changed-before-sending", "connection-lost"),
        *("duplicate", "ends-outtray", "file-changed", "file-unreadable", "files-missing", "folder-inside-folder"),
        *("folder-several-sidecars", "folder-unlisted-files", "gave-up", "gave-up-unsure", "hidden-rows", "incomplete"),
        *("longer-came", "lost-too-long-ago", "name-taken", "name-taken-unsure", "name-used", "names-alike"),
        *("no-header", "no-profile", "no-sidecar", "no-statements", "not-verified", "reply-lost", "sidecar-ambiguous"),
        *("sidecar-barred", "statement-name", "statement-rows", "statements-not-accepted", "store-taken"),
        *("two-profiles", "two-sidecars", "unexpected", "unreadable", "vanished", "withdrawn"),
    )
)
"""The problems whose sentences hold nothing but names of files, counts and times; those of all others may quote what
stands in a file, or what a service says of it."""


def without_values(problem: Problem | None, name: str) -> Problem | None:
    """Return what the ledger keeps of a problem whose document stands beside the packet called `name`."""
    if problem is None:
        return None
    places = tuple(Fault(fault.where, "", "") for fault in problem.details)
    if problem.code in WITHOUT_VALUES:
        return replace(problem, details=places)
    return Problem(
        problem.code,
        f"{name} was not sent.",
        "What is wrong with it stands in the note beside it on the failed shelf.",
        places,
    )


def without_names(problem: Problem | None) -> Problem | None:
    """Return what the ledger keeps of a problem whose files, and its document with them, are gone."""
    if problem is None:
        return None
    return Problem(problem.code, f"{GONE} was not sent.", "Its files are gone, and the note that stood beside them.")
