"""Settling: when a file that is being written is done.

`Settling` is pure: it keeps since when each file has been as it is. `Probe` then asks, once a file has been still for
the settle time, whether somebody has it open and whether its structure is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from agent.folder import problems
from agent.folder.errors import problem_of
from agent.folder.filesystem import Busy, Damaged, Denied, FileSystem, FileSystemProblem, Missing, NoRoom, Offline
from agent.model import Identity, Observation

Complete = Callable[[BinaryIO, str, int], str | None]
"""Called with an open file, its own name and its size; returns why it cannot be all there yet, None for complete.

The reason is a phrase, to follow "is not complete: ". May raise what reading raises (`OSError`).
"""

COARSEST_TIMES = 2.0
"""Seconds by which the coarsest file system (FAT) tells times. Two writes within them can look alike."""

_LONGER, _LONG_SETTLE = 8.0, 20.0  # times the settle time, and at most so many seconds: a flatbed needs 5 to 15 a page
_PAGED = (".pdf", ".tif", ".tiff")  # scanners write a page at a time into these, each time a whole file
_ASK_AGAIN = 5.0  # seconds: someone who has a file open, or forgot its rights, does not change what a look sees


NEXT_STEP = 60.0
"""Seconds within which a change belongs to what was written before: a scanner's next page, and not the next scan."""


class FileStatus(StrEnum):
    """How far a file is."""

    SETTLING = "settling"  # it changed within the settle time
    IN_USE = "in use"  # someone has it open
    INCOMPLETE = "incomplete"  # still, but not all there
    OVERDUE = "overdue"  # incomplete for so long that it will not become complete any more
    SETTLED = "settled"


@dataclass(frozen=True)
class FileLook:
    """What is known of one file. `since` and `again` are steady seconds."""

    observation: Observation
    status: FileStatus
    reason: str = ""  # of INCOMPLETE and OVERDUE: a phrase, to follow "is not complete: "
    since: float = 0.0  # unchanged since then
    again: float | None = None  # when to look again, even if nothing is heard

    @property
    def can_be_judged(self) -> bool:
        """Tell whether it is as whole as it will get: a look may make a file wait, and its reader decides then."""
        lacks_rights = self.reason in (problems.NOT_READABLE, problems.NOT_READ)
        return self.status is FileStatus.SETTLED or (self.status is FileStatus.OVERDUE and not lacks_rights)


class Settling:
    """Since when each file has been as it is, by our own steady clock.

    `writes_in_steps`: a file here has grown shortly after it had stood still and was complete (a flatbed scanner that
    adds page after page). Whoever does so once does it again: from then on every file is given longer.

    A file's times say nothing of that: a copy keeps the time of what it copies, and looks old while it grows.

    `paged_seconds`: the settle time of files that can have further pages, where it is longer.
    """

    def __init__(
        self, settle_seconds: float, *, writes_in_steps: bool = False, paged_seconds: float | None = None
    ) -> None:
        self._settle_seconds = settle_seconds
        self._paged_seconds = max(settle_seconds, paged_seconds or 0.0)
        self.writes_in_steps = writes_in_steps
        self._since: dict[str, tuple[Identity, float]] = {}
        self._steady = 0.0

    def update(self, observations: Iterable[Observation], steady: float) -> None:
        """Take in a whole look, made at `steady`. A file with another identity, or gone and back, starts anew."""
        before = self._since
        self._steady = steady
        self._since = {}
        for seen in observations:
            identity, since = before.get(seen.name, (seen.identity, steady))
            self._since[seen.name] = (seen.identity, since if identity == seen.identity else steady)

    def since(self, name: str) -> float:
        """Return since when a file of the last look has been as it is."""
        return self._since[name][1]

    def unchanged(self, *names: str) -> bool:
        """Tell whether the last look saw all these files, and each unchanged for the settle time."""
        return all(name in self._since and self._steady >= self.settles(name) for name in names)

    def settles(self, name: str) -> float:
        """Return when a file will have been still for the settle time, if it stays as it is."""
        settle = self._settle_seconds
        least = self._paged_seconds if name.lower().endswith(_PAGED) else settle
        return self.since(name) + (max(least, min(_LONG_SETTLE, settle * _LONGER)) if self.writes_in_steps else least)

    def due(self) -> float | None:
        """Return the next moment when a file will have been still for the settle time; None if all have."""
        coming = (self.settles(name) for name in self._since if not self.unchanged(name))
        return min(coming, default=None)


@dataclass(frozen=True)
class _Verdict:
    identity: Identity
    since: float
    reason: str | None


class Probe:
    """What can be said of each file of a lane's folder: the still ones are asked for, and opened once.

    The structural verdict is kept for as long as the observation stays the same, but only if it was made
    `COARSEST_TIMES` after that was first seen. A write before then can leave size and time as they were (a scanner that
    patches the header it wrote a second ago, on a FAT stick); a later one shows. What is incomplete is read once more
    before it is overdue: a file fails on what is there, not on what was.
    """

    def __init__(
        self,
        fs: FileSystem,
        folder: Path,
        complete: Complete,
        *,
        settle_seconds: float,
        incomplete_minutes: float,
        writes_in_steps: bool = False,
        paged_seconds: float | None = None,
    ) -> None:
        self._fs = fs
        self._folder = folder
        self._complete = complete
        self._patience = incomplete_minutes * 60
        self._settle_seconds = settle_seconds
        self._settling = Settling(settle_seconds, writes_in_steps=writes_in_steps, paged_seconds=paged_seconds)
        self._verdicts: dict[str, _Verdict] = {}
        self._settled: dict[str, tuple[int, float]] = {}  # files that were done at the last look: size, and since when

    @property
    def writes_in_steps(self) -> bool:
        """Whether whoever writes here goes on after a file has stood still."""
        return self._settling.writes_in_steps

    def forget(self, names: Iterable[str]) -> None:
        """Expect other files under these names from now on: those that had them were taken away."""
        for name in names:
            self._settled.pop(name, None)

    def learn(self) -> None:
        """Give files longer from now on: a longer one came for one that had been taken."""
        self._settling.writes_in_steps = True

    def look(self, observations: Iterable[Observation], steady: float) -> tuple[FileLook, ...]:
        """Return how far each file of a look is that was made at `steady`. Raises `Offline`, never for one file."""
        seen = tuple(observations)
        if any(self._has_grown(observation, steady) for observation in seen):
            self.learn()
        self._settling.update(seen, steady)
        names = {observation.name for observation in seen}
        self._verdicts = {name: verdict for name, verdict in self._verdicts.items() if name in names}
        looks = tuple(self._status(observation, steady) for observation in seen)
        before = self._settled
        self._settled = {}
        for one in looks:
            if one.status is FileStatus.SETTLED:
                done = one.observation
                _, since = before.get(done.name, (0, steady))
                self._settled[done.name] = (done.identity.size, since)
        return looks

    def _has_grown(self, seen: Observation, steady: float) -> bool:
        """Tell whether a file that was done at the last look, and not for long, has more in it now."""
        size, since = self._settled.get(seen.name, (seen.identity.size, steady))
        return seen.identity.size > size and steady <= since + NEXT_STEP

    def _status(self, seen: Observation, steady: float) -> FileLook:
        since = self._settling.since(seen.name)
        if not self._settling.unchanged(seen.name):
            return FileLook(seen, FileStatus.SETTLING, since=since, again=self._settling.settles(seen.name))
        overdue = steady >= since + self._patience
        known = self._verdicts.get(seen.name)
        if known is not None and (known.identity, known.since) == (seen.identity, since):
            if known.reason is None:
                return FileLook(seen, FileStatus.SETTLED, since=since)
            if not overdue:
                return FileLook(seen, FileStatus.INCOMPLETE, known.reason, since, again=since + self._patience)
        return self._ask(seen, since, steady, overdue)

    def _ask(self, seen: Observation, since: float, steady: float, overdue: bool) -> FileLook:
        lasting = steady - since >= COARSEST_TIMES
        try:
            reason = self._incomplete(seen)
        except Busy:
            return FileLook(seen, FileStatus.IN_USE, since=since, again=steady + max(self._settle_seconds, 1.0))
        except Missing:
            return FileLook(seen, FileStatus.SETTLING, since=since, again=steady + 1.0)
        except (Offline, NoRoom):
            raise
        except FileSystemProblem as problem:
            lasting = False  # rights can change, and nothing that a look sees changes with them
            reason = problems.NOT_READABLE if isinstance(problem, Denied) else problems.NOT_READ
        if lasting:
            self._verdicts[seen.name] = _Verdict(seen.identity, since, reason)
        if reason is None:
            return FileLook(seen, FileStatus.SETTLED, since=since)
        if overdue:
            ever_longer = (steady - since - self._patience) / 10
            return FileLook(seen, FileStatus.OVERDUE, reason, since, again=steady + max(_ASK_AGAIN, ever_longer))
        deadline = since + self._patience
        again = deadline if lasting else min(deadline, steady + _ASK_AGAIN)
        return FileLook(seen, FileStatus.INCOMPLETE, reason, since, again)

    def _incomplete(self, seen: Observation) -> str | None:
        """Return why the file is not all there, None if it is. Raise `Busy` while someone has it open for writing."""
        path = self._folder / seen.name
        if seen.identity.size == 0:  # a scanner's first step; not opened, so that it is not in the scanner's way
            return problems.EMPTY
        if self._fs.in_use(path):
            raise Busy(path)
        with self._fs.open(path) as file:
            try:
                return self._complete(file, seen.base, seen.identity.size)
            except OSError as error:
                problem = problem_of(error, path)
                # Reading failed, but the file did open: the defect is in the file's place on the disk.
                raise problem if isinstance(problem, (Busy, Offline)) else Damaged(path, problem.reason) from error


def due(looks: Iterable[FileLook]) -> float | None:
    """Return when to look again, in steady seconds, even if nothing is heard; None if no file asks for it."""
    return min((look.again for look in looks if look.again is not None), default=None)
