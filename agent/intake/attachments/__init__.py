"""Scans and their sidecars: from what a look saw to requests that can go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from agent.folder.filesystem import Busy, Denied, FileSystem, Missing
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.check import check_attachments, load_sidecar
from agent.intake.attachments.claims import is_sidecar
from agent.intake.attachments.pairing import pair
from agent.intake.attachments.sidecar import Sidecar
from agent.intake.problems import SIDECAR_BARRED
from agent.model import Candidate, Identity, Problem

__all__ = ["AttachmentsIntake", "check_attachments"]


class AttachmentsIntake:
    """One lane's intake. It remembers what each sidecar says for as long as the sidecar stays the same."""

    def __init__(self, index_files: Sequence[str] = ()) -> None:
        self._index_files = index_files
        self._read: dict[str, tuple[Identity, Sidecar | Problem]] = {}

    def gather(
        self,
        fs: FileSystem,
        folder: Path,
        looks: Sequence[FileLook],
        nested: Sequence[str] = (),
        returned: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Candidate]:
        """Return what the files in `folder` make: whole packets, and what still waits. Reads settled sidecars only.

        `nested` are folders inside packet subfolders, `returned` the failed packets among these
        (`agent.folder.looking.Look`). A sidecar that has gone or is in
        use since the look counts as not settled; one that may not be read is faulty, and the others go on. Raises
        `FileSystemProblem` where the folder cannot be reached.
        """
        read: dict[str, tuple[Identity, Sidecar | Problem]] = {}
        for look in looks:
            seen = look.observation
            if look.status is not FileStatus.SETTLED or not is_sidecar(seen.base):
                continue
            known = self._read.get(seen.name)
            if known is not None and known[0] == seen.identity:
                read[seen.name] = known
                continue
            try:
                read[seen.name] = (seen.identity, load_sidecar(fs, folder, seen))
            except (Missing, Busy):
                continue
            except Denied:
                read[seen.name] = (seen.identity, SIDECAR_BARRED.problem(name=seen.base))
        self._read = read
        return pair(looks, {name: said for name, (_, said) in read.items()}, nested, returned, self._index_files)
