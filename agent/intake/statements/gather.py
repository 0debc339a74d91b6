"""Which files of a statements lane are candidates: each by itself, if its name is one that the settings include."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from types import MappingProxyType

from agent.folder.settling import FileLook
from agent.model import Candidate, Readiness


def gather_statements(
    looks: Iterable[FileLook], include: Iterable[str], returned: Mapping[str, str] = MappingProxyType({})
) -> list[Candidate]:
    """Return a candidate for every file whose name matches one of the patterns, whatever its case. The others stay.

    `returned`: the failed packets that subfolders are known to be; a file in such a folder is a retry.

    A file that never became complete by its look (`OVERDUE`) is read all the same: its reader decides.
    """
    patterns = [pattern.lower() for pattern in include]
    found = []
    for look in looks:
        name = look.observation.base.lower()
        if any(fnmatch(name, pattern) for pattern in patterns):
            ready = Readiness.READY if look.can_be_judged else Readiness.SETTLING
            stem = look.observation.base.rpartition(".")[0] or look.observation.base
            folder = look.observation.folder
            retry_of = returned.get(folder, "")
            found.append(Candidate(stem, (look.observation,), folder=folder, readiness=ready, retry_of=retry_of))
    return found
