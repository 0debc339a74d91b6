"""Learns the services' own clocks: from the Date of whatever they answer, and by asking where something waits for it.

The filename rule is the service's, and goes by its clock. After a boot nothing here proves how long the PC was off; one
reply of the service's own does, in both directions, before a body goes out under a name that was used before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from agent.delivery.jobs import Jobs
from agent.delivery.lane import Lane
from agent.delivery.state import State
from agent.destinations.protocol import Health
from agent.ledger.times import NEARLY_RIGHT
from agent.log import log, where
from agent.model import LaneId
from agent.settings.account import names_of

PATIENCE = (5.0, 15.0, 60.0, 300.0)  # seconds until a service is asked again that could not be reached
SAME = timedelta(seconds=30)  # two replies tell the same of a clock if they are not further apart
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """A service's Date, and when, in steady seconds, it came. `asked`: it is the answer to a question of ours."""

    lane: LaneId
    date: datetime | None
    steady: float
    asked: bool = False
    cannot_tell: bool = False  # it has answered and did not say, or cannot be asked at all


@dataclass
class _Question:
    due: float = 0.0
    asked: int = 0
    under_way: bool = False


class ServiceTimes:
    """The services' clocks as far as they are known. Belongs to the control thread."""

    def __init__(self, state: State, jobs: Jobs, post: Callable[[Heard], None]) -> None:
        self._state = state
        self._jobs = jobs
        self._post = post
        self._heard: deque[Heard] = deque()
        self._ahead: dict[str, timedelta] = {}
        self._in_doubt: frozenset[str] = frozenset()
        self._wanted: set[LaneId] = set()
        self._questions: dict[LaneId, _Question] = {}

    def read_again(self) -> None:
        """Believe nothing that is remembered of the ledger."""
        self._ahead = self._state.ledger.service_clocks()
        self._in_doubt = self._state.ledger.accounts_in_doubt()

    def now(self, lane: LaneId, wall: datetime) -> datetime | None:
        """Return what the clock of a lane's service shows; None where it has told nothing in this boot."""
        ahead = self._ahead.get(self._state.lanes[lane].terms.account)
        return None if ahead is None else wall - ahead

    def truly(self, lane: LaneId, wall: datetime) -> datetime:
        """Return a moment of this boot as the lane's service has it, where the PC's clock is far from that."""
        theirs = self.now(lane, wall)
        return wall if theirs is None or abs(wall - theirs) <= NEARLY_RIGHT else theirs

    def ago(self, lane: LaneId, wall: datetime, days: timedelta) -> datetime:
        """Return a moment that was no less than so long ago, whatever the wall clock says: the service's time tells it,
        or the steady clock of this boot; where neither does, anything may be younger."""
        theirs = self.now(lane, wall)
        if theirs is not None:
            return min(theirs, wall) - days
        return wall - days if wall - self._state.boot.since >= days else LONG_AGO

    def want(self, lane: LaneId) -> None:
        """Ask the lane's service for its time, where it has not told it."""
        self._wanted.add(lane)

    def waits(self, lane: LaneId) -> bool:
        """Tell whether something of a lane waits for its service's time."""
        return lane in self._wanted or self._is_in_doubt(self._state.lanes[lane])

    def is_asking(self, lane: LaneId) -> bool:
        """Tell whether a question for it is under way, or about to be put for the first time."""
        question = self._questions.get(lane, _Question())
        return self.waits(lane) and (question.under_way or question.asked == 0)

    def due(self) -> Iterator[float]:
        """Yield when, in steady seconds, something is to be asked."""
        for lane, question in self._questions.items():
            if self.waits(lane) and not question.under_way:
                yield question.due

    def ask(self) -> None:
        """Ask whatever is due."""
        steady = self._state.clock.steady()
        for lane in self._state.lanes.values():
            question = self._questions.setdefault(lane.id, _Question())
            if not self.waits(lane.id) or question.under_way or question.due > steady:
                continue
            question.under_way = True
            try:
                self._jobs.verify(
                    lane.id, lane.destination.health, partial(self._back, lane.id), partial(self._broken, lane.id)
                )
            except Exception as trouble:  # noqa: BLE001 - no thread could be had: as if the service had not answered
                self._broken(lane.id, trouble)

    def heard(self, heard: Heard) -> None:
        """Keep what a service said until the ledger has it."""
        if heard.date is not None or heard.asked:
            self._heard.append(heard)

    def take_in(self, wall: datetime, steady: float) -> bool:
        """Take in what was heard; return whether what is remembered of claims has changed."""
        changed = False
        while self._heard:
            heard = self._heard[0]
            lane = self._state.lanes.get(heard.lane)
            if lane is not None:
                changed = self._take(lane, heard, wall, steady) or changed
            self._heard.popleft()
        return changed

    def _take(self, lane: Lane, heard: Heard, wall: datetime, steady: float) -> bool:
        if heard.asked:
            question = self._questions.setdefault(lane.id, _Question())
            question.under_way = False
            question.due = self._state.clock.steady() + PATIENCE[min(question.asked, len(PATIENCE) - 1)]
            question.asked += 1
        account = lane.terms.account
        if heard.date is None:
            return heard.cannot_tell and self._do_without(lane)
        ahead = wall - (heard.date + timedelta(seconds=steady - heard.steady))
        self._wanted.discard(lane.id)
        known = self._ahead.get(account)
        if known is not None and abs(known - ahead) <= SAME and not self._is_in_doubt(lane):
            return False
        with self._state.ledger.transaction(synced=False) as tx:
            tx.learn_clock(names_of(account), ahead, self._state.boot.since)
        self._state.timetable.tidy_soon(lane.id)  # what waited for it is done with the next look
        self.read_again()
        return True

    def _do_without(self, lane: Lane) -> bool:
        """The service does not tell its time: what the wall clock says is all that there is."""
        self._wanted.discard(lane.id)
        if not self._is_in_doubt(lane):
            return False
        with self._state.ledger.transaction(synced=False) as tx:
            tx.believe_claims(names_of(lane.terms.account))
        self.read_again()
        return True

    def _is_in_doubt(self, lane: Lane) -> bool:
        return not self._in_doubt.isdisjoint(names_of(lane.terms.account))

    def _back(self, lane: LaneId, health: Health) -> None:
        cannot_tell = health.cannot_be_asked or (health.problem is None and health.service_date is None)
        steady = self._state.clock.steady()
        self._post(Heard(lane, health.service_date, steady, asked=True, cannot_tell=cannot_tell))

    def _broken(self, lane: LaneId, trouble: Exception) -> None:
        log.warning("a service could not be asked for its time", extra={"lane": str(lane), "trouble": where(trouble)})
        self._post(Heard(lane, None, self._state.clock.steady(), asked=True))
