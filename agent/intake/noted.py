"""Which file is being looked at, noted while it is: what ends the whole agent must not do so at every start.

Readers that can abort run in a child, so this is for what nobody thought of. A note is a small file in the agent's own
folder, named by a digest, and gone when the look is over. One that is left says that the agent ended meanwhile; by
itself that means nothing, since people pull plugs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent import own_files
from agent.intake.problems import ENDS_THE_AGENT
from agent.log import log, where
from agent.model import Candidate, LaneId, Problem

MOST_ENDS = 2
"""How often the agent may end over the same files; at the next start they are put aside."""


class Notes:
    """The notes in a folder of ours. For any thread; a folder that takes no notes stops no look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def looking_at(self, lane: LaneId, candidate: Candidate) -> Iterator[bool]:
        """Note the look. Yields whether it must not be: the agent has ended over these files, unchanged, too often."""
        note = self._folder / _digest(lane, candidate)
        ends = _count(note)
        if ends >= MOST_ENDS:
            with suppress(OSError):
                note.unlink(missing_ok=True)  # who drags them back tries again
            log.error("files are put aside: the agent has ended over them", extra={"times": ends})
            yield True
            return
        try:
            own_files.make_folder(self._folder)
            with own_files.open_new(note) as file:
                file.write(str(ends + 1).encode())
        except OSError as trouble:
            log.warning("a look cannot be noted", extra={"trouble": where(trouble)})
        try:
            yield False
        finally:
            with suppress(OSError):
                note.unlink(missing_ok=True)


@contextmanager
def looking_at(notes: Notes | None, lane: LaneId, candidate: Candidate) -> Iterator[Problem | None]:
    """Note the look, where there are `notes`. Yields what to say instead of looking, if that must not be."""
    if notes is None:
        yield None
        return
    with notes.looking_at(lane, candidate) as harmful:
        name = candidate.files[0].base if candidate.files else candidate.name
        yield ENDS_THE_AGENT.problem(name=name) if harmful else None


def _count(note: Path) -> int:
    try:
        return int(note.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _digest(lane: LaneId, candidate: Candidate) -> str:
    seen = [*candidate.files, *([candidate.sidecar] if candidate.sidecar else [])]
    said = [str(lane), *(f"{one.name}\0{one.identity.size}\0{one.identity.mtime_ns}" for one in seen)]
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:32]
