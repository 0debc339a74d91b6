"""Which files of a statements lane are candidates: each by itself, if its name is one that the settings include."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

from agent.folder.settling import FileLook, FileStatus
from agent.model import Candidate, Readiness


def gather_statements(looks: Iterable[FileLook], include: Iterable[str]) -> list[Candidate]:
    """Return a candidate for every file whose name matches one of the patterns, whatever its case. The others stay.

    A file that can never become complete (`OVERDUE`) is a candidate that is still settling: what becomes of it is
    decided where the time is known.
    """
    patterns = [pattern.lower() for pattern in include]
    found = []
    for look in looks:
        name = look.observation.base.lower()
        if any(fnmatch(name, pattern) for pattern in patterns):
            ready = Readiness.READY if look.status is FileStatus.SETTLED else Readiness.SETTLING
            stem = look.observation.base.rpartition(".")[0] or look.observation.base
            found.append(Candidate(stem, (look.observation,), readiness=ready))
    return found
