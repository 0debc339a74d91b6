"""When something is due, in steady seconds: each lane's looks, and the tidying of its shelves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.model import LaneId

LOOKS_SHARE = 10  # a program that writes slowly gives a hint with every write: looks take this part of the time
LOOKS_APART = 2.0  # seconds at most, however long a look takes
_NEVER = float("-inf")


class Timetable:
    """The due times of the lanes. Belongs to the control thread. `steady` tells the steady seconds."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._looks: dict[LaneId, float] = {}
        self._earliest_looks: dict[LaneId, float] = {}  # however many hints come
        self._tidied: dict[LaneId, float] = {}
        self._signed: dict[LaneId, float] = {}

    def look_is_due(self, lane: LaneId) -> bool:
        """Tell whether a lane is to be looked at now. At first every lane is."""
        return self._steady() >= self._looks.get(lane, 0.0)

    def looked(self, lane: LaneId, begun: float, again: float) -> None:
        """Set a lane's next look down: `again`, or, where it is heard of, some time after this one."""
        ended = self._steady()
        self._looks[lane] = again
        self._earliest_looks[lane] = ended + min((ended - begun) * LOOKS_SHARE, LOOKS_APART)

    def look_at(self, lane: LaneId, moment: float) -> None:
        """Look at a lane then, and not before."""
        self._looks[lane] = moment

    def look_within(self, lane: LaneId, seconds: float) -> None:
        """Look at a lane before its time."""
        self._looks[lane] = min(self._looks.get(lane, 0.0), self._steady() + seconds)

    def look_soon(self, lane: LaneId) -> None:
        """Look at a lane as soon as its looks may come: something was heard of it."""
        self._looks[lane] = self._earliest_looks.get(lane, 0.0)

    def look_everywhere(self) -> None:
        """Look at every lane now."""
        self._looks.clear()

    def tidying_is_due(self, lane: LaneId) -> bool:
        """Tell whether a lane's shelves are to be tidied with its next look."""
        return self._steady() >= self._tidied.get(lane, 0.0)

    def tidied(self, lane: LaneId, every: float) -> None:
        """Set the next tidying down."""
        self._tidied[lane] = self._steady() + every

    def tidy_with_the_next_look(self, lane: LaneId) -> None:
        """Tidy a lane's shelves with its next look, whenever that comes."""
        self._tidied[lane] = 0.0

    def tidy_soon(self, lane: LaneId) -> None:
        """Notice at once what people have done on a lane's shelves, not only with the next timed rescan."""
        self.tidy_with_the_next_look(lane)
        self.look_within(lane, 0.0)

    def sign_is_due(self, lane: LaneId, every: float) -> bool:
        """Tell whether another sign of life is to be left in a lane's folder."""
        return self._steady() - self._signed.get(lane, _NEVER) >= every

    def signed(self, lane: LaneId) -> None:
        """Remember that a sign of life was left."""
        self._signed[lane] = self._steady()

    def due(self) -> Iterator[float]:
        """Yield when something is due."""
        yield from self._looks.values()
