"""The one way in which shelves and ledger are brought in line.

At the start: tries that a crash cut off, lanes that have another name, a ledger that is older than the shelves. Once a
lane's folder can be reached, and again after every trouble: packets that stand between two places. Regularly: what
people did, other PCs' packets, files in folders of before. Each part can be done again at any time: then it changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime

from agent.delivery.lane import Lane
from agent.delivery.reconcile.old_folders import left_waiting
from agent.delivery.reconcile.other_pcs import (
    SIGNED_EVERY,
    Foreign,
    foreign,
    guard_names,
    problem_of_silent,
    sign,
    still_there,
    take_over,
)
from agent.delivery.reconcile.people import notice_what_people_did
from agent.delivery.reconcile.putting_back import retry
from agent.delivery.reconcile.reading_back import read_back
from agent.delivery.reconcile.recovery import readdress, recover_lane, recover_ledger
from agent.delivery.reconcile.settings_changed import adopt_renamed, places_of
from agent.delivery.state import State
from agent.delivery.troubles import Thing
from agent.folder.filesystem import FileSystemProblem
from agent.ledger.ledger import Ledger
from agent.ledger.records import LanePlaces, LaneRecord
from agent.model import LaneId, LaneKind, Problem


class Reconciliation:
    """Belongs to the control thread. `before_all`: what is to be done with the ledger before anything else."""

    def __init__(self, state: State, before_all: Callable[[Ledger, datetime], None]) -> None:
        self._state = state
        self._before_all = before_all
        self._known_until = 0  # how far the journal had come when this agent was started
        self._doubted: set[LaneId] = set()  # lanes whose shelves are still to be looked through for an old ledger
        self._unfinished: set[LaneId] = set()  # lanes of which something could not be put in order

    # --- At the start -----------------------------------------------------------------------------------------------

    def begin(self, now: datetime) -> None:
        """Settle what the ledger alone tells. Its state has to be read anew afterwards."""
        state = self._state
        self._known_until = state.ledger.read_last_line()
        with state.ledger.transaction() as tx:  # so that what is done from now on is told from what a backup knows
            tx.note(now, "started")
        self._before_all(state.ledger, now)
        adopt_renamed(state.ledger, state.known_lanes, now)
        recover_ledger(state.ledger, state.lanes, now, state.boot.since)
        readdress(state.ledger, {lane.id: lane.terms.account for lane in state.lanes.values()}, now)

    def notice_old_ledger(self, now: datetime) -> bool:
        """Tell, before anything is done about any lane, whether the shelves know more than the ledger, which is old.

        Then every lane is put in order as such a ledger needs it, and the state has to be read anew.
        """
        lanes = self._state.lanes.values()
        is_old = any(self._knows_more(lane, now) for lane in lanes)
        if is_old:
            self._doubt(set(self._state.lanes))
        return is_old

    def _knows_more(self, lane: Lane, now: datetime) -> bool:
        record = self._state.lane_records[lane.id]
        try:
            later = lane.places.latest_ledger() > self._known_until
            return not record.is_new and (read_back(self._state.ledger, lane, now).own or later)
        except FileSystemProblem:
            return False

    def _doubt(self, lanes: set[LaneId]) -> None:
        """Put these lanes in order as an old ledger needs it: all of them have the same."""
        self._state.outdated, self._doubted = True, lanes
        for lane in lanes:
            self._state.lanes[lane].recovered = False

    # --- A lane whose shelves are not in order ----------------------------------------------------------------------

    def recover(self, lane: Lane, now: datetime) -> None:
        """Put a lane's shelves in order. Its state has to be read anew afterwards. Raises FileSystemProblem."""
        state, record = self._state, self._state.lane_records[lane.id]
        # A ledger that has never met this lane is a new one: a first start, or the one before was lost.
        is_new = record.is_new
        places = places_of(lane.id, lane.settings, lane.terms.account)
        if not is_new:
            expected = record.expects_marker(lane.settings.folder)
            record = self._stand_at(replace(record, marker_expected=expected), places)
        is_doubted = lane.id in self._doubted
        found = recover_lane(state.ledger, lane, now, fresh_ledger=is_new, outdated_ledger=is_doubted)
        self._doubted.discard(lane.id)
        state.adopted = state.adopted or found.adopted
        if found.outdated and not state.outdated:  # a share that was not there as the agent started
            self._doubt({other for other in state.lanes if other != lane.id})
        self._unfinished.discard(lane.id)
        if not found.complete:
            self._unfinished.add(lane.id)
        lane.recovered = True
        if found.complete and not record.marker_expected:
            self._stand_at(replace(record, marker_expected=True), places)

    def recover_again(self, lane: LaneId) -> None:
        """Put a lane's shelves in order once more: something of it could not be moved."""
        self._unfinished.add(lane)
        self._state.timetable.tidy_with_the_next_look(lane)

    def _stand_at(self, record: LaneRecord, places: LanePlaces) -> LaneRecord:
        """Write down where a lane stands now; the marker of a folder of before is not expected in another one."""
        kept = record.places.followed_by(places) if record.places else places
        standing = replace(record, places=kept)
        if standing != self._state.lane_records[record.id]:
            self._state.record_lane(standing)
        self._state.lanes[record.id].places.past = kept
        return standing

    # --- Regularly --------------------------------------------------------------------------------------------------

    def look(self, lane: Lane, now: datetime) -> None:
        """Look at what others than the agent did on a lane's shelves. Raises nothing of one shelf's: that is told."""
        troubles = self._state.troubles
        lane.recovered = lane.id not in self._unfinished  # a file that was in use then may be free now
        self._unfinished.discard(lane.id)
        lane.tidy_spool(self._needing_the_spool())
        with troubles.guard(Thing("shelves", lane.id)):
            notice_what_people_did(self._state, lane)
        with troubles.guard(Thing("shelves", lane.id, "of other PCs")):
            self.meet_other_pcs(lane, now)
        with troubles.guard(Thing("shelves", lane.id, "in folders of before")):
            lane.left_elsewhere = self._left_elsewhere(lane)

    def _needing_the_spool(self) -> frozenset[str] | None:
        """Return the packets that are on their way; None until every statements lane has told which are."""
        lanes = self._state.lanes.values()
        if not all(lane.recovered for lane in lanes if lane.id.kind is LaneKind.STATEMENTS):
            return None
        return frozenset(self._state.packets).union(*(lane.found for lane in lanes))

    def meet_other_pcs(self, lane: Lane, now: datetime) -> list[Foreign]:
        """Leave a sign of life, and look after packets of PCs that leave none any more. Raises FileSystemProblem."""
        if self._state.timetable.sign_is_due(lane.id, SIGNED_EVERY):
            sign(lane.fs, lane)
            self._state.timetable.signed(lane.id)
        found = still_there(lane, foreign(lane, self._state.packets, now))
        guard_names(self._state.ledger, lane, found, now)
        lane.left_behind = problem_of_silent(lane.id, found)
        return found

    def _left_elsewhere(self, lane: Lane) -> Problem | None:
        """Return what is told of files in the folders that this lane, or one that is gone, has watched before."""
        lanes, places = self._state.lanes, self._state.lane_records[lane.id].places
        watched = {other.settings.folder for other in lanes.values()}
        found = left_waiting(lane.fs, lane.id, places, lane.settings.folder, watched) if places else None
        gone = (
            left_waiting(lane.fs, record.id, record.places, None, watched)
            for record in self._state.other_records.values()
            if record.places is not None and lane.id == min(lanes)  # one of them says it
        )
        return found or next(filter(None, gone), None)

    # --- When asked -------------------------------------------------------------------------------------------------

    def put_back(self, packets: Collection[str], now: datetime, actor: str) -> Iterator[LaneId]:
        """Put failed packets back into their folders; yield the lanes in which there is something new to look at."""
        yield from retry(self._state.ledger, self._state.lanes, packets, now, actor)

    def take_over(self, lane: Lane, now: datetime) -> tuple[list[str], list[Foreign]]:
        """Take over what PCs that are not heard of any more have left in a lane; return the packets' new ids, and what
        had been left there. Raises FileSystemProblem.
        """
        left = self.meet_other_pcs(lane, now)
        read_back(self._state.ledger, lane, now)  # their receipts: the names that those PCs have used
        taken = list(take_over(self._state.ledger, lane, left, lane.new_id(now), now))
        self.meet_other_pcs(lane, now)
        return taken, left
