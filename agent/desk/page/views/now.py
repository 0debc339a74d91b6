"""*Now*: what needs someone, what goes by itself, and how each lane is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.delivery.all_failed import of_all
from agent.delivery.glance import Glance, Icon, glance
from agent.delivery.snapshot import Snapshot
from agent.delivery.told import as_told
from agent.desk.desk import Desk
from agent.desk.page.page import Page
from agent.desk.page.views import moving
from agent.desk.page.views.attention import UNFOLDED, Button, Item, items
from agent.desk.page.words import Almanac, Said, counted, kind_of
from agent.ledger import lookups
from agent.model import LaneKind, LaneState, PacketState

DELIVERED_SHOWN = 3
MOST_ITEMS = 50
LATELY = timedelta(days=31)
_ON_THE_WAY = (str(PacketState.SENDING), str(PacketState.DELIVERED))


@dataclass(frozen=True)
class Part:
    """A piece of the headline's second sentence that leads to its panel."""

    before: str
    text: str
    to: str
    after: str = ""


@dataclass(frozen=True)
class Now:
    """The whole view. `calm`: nothing needs anyone and nothing moves, so that only this has to be said."""

    title: str
    picture: str
    headline: str
    lead: Said
    parts: tuple[Part, ...]
    calm: bool
    first_day: bool
    items: list[Item]
    items_more: int  # that are not shown: the list is a window, and moves on as they are dealt with
    failed: int
    sending: list[moving.Sending]
    next: int
    later: list[moving.Later]
    later_more: int
    delivered: list[moving.Delivered]
    today: int
    lanes: list[moving.LaneRow]
    folders: tuple[Button, ...]
    unfolded: int = UNFOLDED


def now_of(desk: Desk) -> Now:
    """Return the view as it is now."""
    snapshot, almanac, ledger = desk.snapshot(), Almanac(desk.clock.now()), desk.ledger
    records = lookups.needing_someone(ledger, MOST_ITEMS + 1)
    shown = records[:MOST_ITEMS]
    whole = len(records) if len(records) <= MOST_ITEMS else sum(ledger.unresolved_counts().values())
    needs = items(snapshot, [as_told(desk.files, record) for record in shown], almanac)
    in_all = len(needs) + whole - len(shown)
    on_the_way = [packet.id for packet in snapshot.packets if packet.state in _ON_THE_WAY]
    claims = {record.id: record.claim for record in ledger.packets(on_the_way)}
    sending = moving.sending(snapshot, desk.progress(), claims)
    later, later_more = moving.later(snapshot, almanac)
    at_a_glance = glance(snapshot)
    delivered = moving.delivered(lookups.lately_sent(ledger, DELIVERED_SHOWN), almanac)
    last = lookups.last_sent(ledger, almanac.now - LATELY)
    lanes = moving.lane_rows(snapshot, last, almanac)
    today = sum(lane.counts.get(str(PacketState.SENT), 0) for lane in snapshot.lanes)
    first_day = not delivered and lookups.count(ledger, lookups.Search()) == 0
    all_run = snapshot.running and all(lane.state is LaneState.RUNNING for lane in snapshot.lanes)
    calm = all_run and not needs and not (at_a_glance.sending or at_a_glance.later or at_a_glance.next)
    headline, lead = _headline(snapshot, at_a_glance, in_all, today, delivered, first_day)
    return Now(
        title=f"{in_all:,} need{'s' if in_all == 1 else ''} you" if needs else headline.rstrip("."),
        picture=str(at_a_glance.icon),
        headline=headline,
        lead=lead,
        parts=_parts(at_a_glance, today) if needs else (),
        calm=calm,
        first_day=first_day,
        items=needs[:MOST_ITEMS],
        items_more=max(0, in_all - MOST_ITEMS),
        failed=len(of_all(records)),
        sending=sending,
        next=at_a_glance.next,
        later=later,
        later_more=later_more,
        delivered=delivered,
        today=today,
        lanes=lanes,
        folders=_folders(snapshot),
    )


def _headline(
    snapshot: Snapshot,
    at_a_glance: Glance,
    needs: int,
    today: int,
    delivered: list[moving.Delivered],
    first_day: bool,
) -> tuple[str, Said]:
    sending, later = at_a_glance.sending, at_a_glance.later
    if not snapshot.running:
        return "OutTray has stopped", ("Nothing is being sent. What waits stays where it is.",)
    if needs:
        thing = "1 thing needs you" if needs == 1 else f"{needs:,} things need you"
        return thing, ()
    if at_a_glance.icon is Icon.BLOCKED:
        return "Not everything gets through just now", (
            "OutTray tries again by itself; what waits is safe. There is nothing that you need to do.",
        )
    if sending:
        headline = f"{sending} {'is' if sending == 1 else 'are'} sending"
        rest = "Some go later by themselves." if later else "Everything else is delivered."
        return headline, (f"{rest} There is nothing that you need to do.",)
    paused = sum(lane.state is LaneState.PAUSED for lane in snapshot.lanes)
    if paused and paused == len(snapshot.lanes):
        return "Paused", ("Nothing is sent until someone resumes.",)
    if paused:
        headline = f"{counted(paused, 'lane is paused', 'lanes are paused')}"
        return headline, ("Nothing is sent there until someone resumes. The rest goes on.",)
    if at_a_glance.next:
        headline = counted(at_a_glance.next, "goes next", "go next")
        return headline, ("There is nothing that you need to do.",)
    if later:
        goes = "1 goes" if later == 1 else f"{later} go"
        return (
            f"{goes} by {'itself' if later == 1 else 'themselves'}, later",
            ("There is nothing that you need to do.",),
        )
    if first_day:
        return "Ready", (_FIRST_DAY[_kinds(snapshot)],)
    rest = "There is nothing that you need to do: OutTray keeps looking and will tell you if it needs someone."
    if not today or not delivered:
        return "All delivered.", (f"Nothing went out today yet. {rest}",)
    went = f"{today:,} went out today, the last at "
    return "All delivered.", (went, delivered[0].at, f". {rest}")


_FIRST_DAY = {
    frozenset({LaneKind.ATTACHMENTS, LaneKind.STATEMENTS}): (
        "Nothing was dropped yet. Put a scan and its sidecar into the scans folder, or a statement file into the "
        "statements folder; it goes by itself, and its receipt appears here."
    ),
    frozenset({LaneKind.ATTACHMENTS}): (
        "Nothing was dropped yet. Put a scan and its sidecar into the scans folder; it goes by itself, and its receipt "
        "appears here."
    ),
    frozenset({LaneKind.STATEMENTS}): (
        "Nothing was dropped yet. Put a statement file into the statements folder; it goes by itself, and its receipt "
        "appears here."
    ),
    frozenset(): "OutTray is starting.",
}


def _kinds(snapshot: Snapshot) -> frozenset[LaneKind]:
    return frozenset(kind_of(lane.lane) for lane in snapshot.lanes)


def _parts(at_a_glance: Glance, today: int) -> tuple[Part, ...]:
    sending, upcoming, later = at_a_glance.sending, at_a_glance.next, at_a_glance.later
    told = [
        (sending, f"{sending} {'is' if sending == 1 else 'are'} sending", "sending"),
        (upcoming, counted(upcoming, "goes next", "go next"), "sending"),
        (later, f"{later} {'goes' if later == 1 else 'go'} later", "later"),
        (today, f"{today:,} {'was' if today == 1 else 'were'} delivered today", "delivered"),
    ]
    there = [(text, to) for count, text, to in told if count]
    ends = [", "] * (len(there) - 1) + ["."]
    begins = ["The rest takes care of itself: "] + [""] * len(there)
    return tuple(Part(before, text, to, after) for (text, to), before, after in zip(there, begins, ends, strict=False))


def _folders(snapshot: Snapshot) -> tuple[Button, ...]:
    """Return a button for each lane's folder, where a kind names it; else each lane has its own beside it."""
    kinds = [kind_of(lane.lane) for lane in snapshot.lanes]
    if len(set(kinds)) < len(kinds):
        return ()
    names = {LaneKind.ATTACHMENTS: "scans", LaneKind.STATEMENTS: "statements"}
    return tuple(
        Button(f"Open the {names[kind]} folder", "/open", (("lane", lane.lane),))
        for lane, kind in zip(snapshot.lanes, kinds, strict=True)
    )


def routes(page: Page) -> list[Route]:
    """Return the view's address."""

    def now(request: Request) -> Response:
        return page.render(request, "now.html", now=now_of(page.desk))

    return [Route("/", now)]
