"""Scans that come once more, and longer, after the first was taken: perhaps its further pages. A person sees."""

from __future__ import annotations

from collections.abc import Iterable

from agent.folder.names import name_key
from agent.folder.settling import NEXT_STEP
from agent.model import Candidate, Observation, Readiness

LONGER_WITHIN = 600.0  # seconds after it was taken within which a longer file of its name is told of


class Grown:
    """Which scans were taken lately, and which longer ones stand in the folder without a sidecar since."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[float, int]] = {}  # when, in steady seconds, and how large
        self._told: set[str] = set()

    def taken(self, files: Iterable[Observation], steady: float) -> None:
        """Remember files that were taken with their sidecar."""
        for file in files:
            self._taken[name_key(file.name)] = (steady, file.identity.size)
            self._told.discard(name_key(file.name))

    def among(self, candidates: Iterable[Candidate], steady: float) -> tuple[str | None, bool]:
        """Return the name of a longer scan that waits, and whether it came as a next step of whoever writes here.

        It may be the same scan with its further pages, or the next one under a name that began anew. What was told
        once stays told until it is gone, or goes.
        """
        self._taken = {name: taken for name, taken in self._taken.items() if steady - taken[0] <= LONGER_WITHIN}
        if not self._taken and not self._told:
            return None, False
        alone = {name_key(file.name): file for file in _alone(candidates)}
        steps = False
        for key, file in alone.items():
            taken = self._taken.get(key)
            if taken is not None and file.identity.size > taken[1]:
                self._told.add(key)
                steps = steps or steady - taken[0] <= NEXT_STEP
        self._told &= alone.keys()
        return next((alone[key].base for key in sorted(self._told)), None), steps


def _alone(candidates: Iterable[Candidate]) -> Iterable[Observation]:
    for candidate in candidates:
        if candidate.sidecar is None and candidate.readiness is Readiness.WAITING:
            yield from candidate.files
