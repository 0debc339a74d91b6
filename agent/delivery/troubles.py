"""What is in trouble, each thing for itself: why, and when it is tried again.

One fault stays one fault. Whatever is raised while one packet, lane, watcher, verification or snapshot is worked on
becomes that thing's trouble: it is told, tried again with patience, and everything else goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import (
    TimeoutError as NoConnection,
)

from agent.delivery.problems import INNER_TROUBLE
from agent.folder.errors import problem_of
from agent.folder.filesystem import FileSystemProblem
from agent.folder.problems import folder_problem
from agent.ledger.opening import LedgerUnavailable
from agent.log import log, where
from agent.model import Fault, LaneId, Problem

FIRST_PATIENCE = 1.0
LONGEST_PATIENCE = 60.0


@dataclass(frozen=True)
class Thing:
    """What can be in trouble. `kind`: "packet", "files", "shelves", "old files", "watcher", "verification", ..."""

    kind: str
    lane: LaneId | None = None
    name: str = ""


@dataclass(frozen=True)
class _Trouble:
    at: float  # steady seconds: tried again then
    patience: float
    problem: Problem


class Troubles:
    """The things that are in trouble. Belongs to the control thread. `steady` tells the steady seconds."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._known: dict[Thing, _Trouble] = {}

    @contextmanager
    def guard(self, thing: Thing, place: object = "", *, first: float = FIRST_PATIENCE) -> Iterator[None]:
        """Make whatever is raised inside the block the thing's trouble; the ledger's own trouble is let through.

        `place`: the folder, or what else the sentence for people is to name.
        """
        try:
            yield
        except Exception as error:
            if is_ledgers(error):
                raise
            self.meet(thing, error, place, first=first)
        else:
            self.over(thing)

    def meet(self, thing: Thing, error: Exception, place: object = "", *, first: float = FIRST_PATIENCE) -> None:
        """Remember that a thing is in trouble; each time in a row it waits for longer."""
        before = self._known.get(thing)
        patience = min(LONGEST_PATIENCE, before.patience * 2) if before else first
        problem = as_problem(error, place or thing.name)
        self._known[thing] = _Trouble(self._steady() + patience, patience, problem)
        packet = {"packet": thing.name} if thing.kind == "packet" else {}
        log.warning(
            "something has to wait",
            extra={
                "what": thing.kind,
                "lane": str(thing.lane or ""),
                **packet,
                "trouble": where(error),
                "for": patience,
            },
        )

    def over(self, thing: Thing) -> None:
        """Forget a thing's trouble: it has been done."""
        self._known.pop(thing, None)

    def may(self, thing: Thing) -> bool:
        """Tell whether a thing is to be tried now."""
        trouble = self._known.get(thing)
        return trouble is None or trouble.at <= self._steady()

    def waiting(self, kind: str) -> frozenset[str]:
        """Return the names of the things of this kind that are not to be tried just now."""
        steady = self._steady()
        return frozenset(thing.name for thing, known in self._known.items() if thing.kind == kind and known.at > steady)

    def due(self) -> Iterator[float]:
        """Yield when, in steady seconds, something is to be tried again."""
        longest_ago = self._steady() - LONGEST_PATIENCE  # what was not tried again when it was due is no more
        self._known = {thing: trouble for thing, trouble in self._known.items() if trouble.at >= longest_ago}
        for trouble in self._known.values():
            yield trouble.at

    def of(self, thing: Thing) -> Problem | None:
        """Return a thing's trouble."""
        trouble = self._known.get(thing)
        return trouble.problem if trouble else None

    def of_lane(self, lane: LaneId, kinds: Collection[str] = ()) -> Problem | None:
        """Return what is in trouble in a lane, as far as it is one problem: the first; None where nothing is.

        `kinds`: only things of these.
        """
        return next(
            (
                trouble.problem
                for thing, trouble in self._known.items()
                if thing.lane == lane and (not kinds or thing.kind in kinds)
            ),
            None,
        )


def is_ledgers(error: Exception) -> bool:
    """Tell whether an error says of the ledger as a whole that it cannot be used, and not of what was to be written."""
    if isinstance(error, IntegrityError | DataError | ProgrammingError | NotSupportedError):
        return False
    return isinstance(error, DBAPIError | NoConnection | sqlite3.OperationalError | LedgerUnavailable)


def as_problem(error: Exception, place: object) -> Problem:
    """Return what people are told of an error that came up while `place` was worked on."""
    if isinstance(error, OSError):
        error = problem_of(error, Path(str(error.filename or "")))
    if isinstance(error, FileSystemProblem):
        return folder_problem(error, place or error.path.parent)
    return INNER_TROUBLE.problem((Fault("", "", where(error)),), what=str(place) or "something")
