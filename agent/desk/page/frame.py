"""What stands around every view: how many things need someone, when OutTray last looked, and the bands."""

from __future__ import annotations

from dataclasses import dataclass

from agent.delivery.glance import glance
from agent.desk.desk import Desk
from agent.desk.page.views.attention import moment_of
from agent.desk.page.views.moving import Band, bands
from agent.desk.page.words import Almanac, Moment, kind_of
from agent.ledger import lookups
from agent.ledger.opening import UNUSABLE
from agent.model import LaneId, LaneState


@dataclass(frozen=True)
class Frame:
    """The head of a page."""

    needs: int
    looked: Moment
    running: bool
    all_paused: bool
    bands: tuple[Band, ...]


def frame_of(desk: Desk) -> Frame:
    """Return the frame as it is now."""
    snapshot, almanac = desk.snapshot(), Almanac(desk.clock.now())
    paused = [lane.lane for lane in snapshot.lanes if lane.state is LaneState.PAUSED]
    try:
        by_whom = {lane: lookups.who(desk.ledger, "pause", lane_id(lane)) for lane in paused}
    except UNUSABLE:  # the page says so itself
        by_whom = {}
    return Frame(
        needs=glance(snapshot).needs,
        looked=almanac.clock(moment_of(snapshot.at) or almanac.now),
        running=snapshot.running,
        all_paused=bool(paused) and len(paused) == len(snapshot.lanes),
        bands=tuple(bands(snapshot, by_whom, almanac)),
    )


def lane_id(lane: str) -> LaneId:
    """Read a lane's name: `main-street/attachments`."""
    return LaneId(lane.rpartition("/")[0], kind_of(lane))
