"""What goes by itself, as the rows of *Now*: sending, later, just delivered, and each lane in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.delivery.glance import LANE_TROUBLES, is_hampered
from agent.delivery.problems import LANE_GONE
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.page.views.attention import Button, anchor_of, files_button, lane_anchor, moment_of, packet_anchor
from agent.desk.page.views.guides import Verb
from agent.desk.page.words import (
    Almanac,
    Moment,
    Said,
    counted,
    files_name,
    kind_of,
    lane_name,
    megabytes,
    size,
)
from agent.desk.rehearsal import NOTHING_COUNTS, places, sandbox_sentences
from agent.ledger.records import PacketRecord
from agent.model import LaneKind, LaneState, PacketState

LATER_SHOWN = 20
_STILL = {LaneState.PAUSED: "paused", LaneState.BLOCKED: "blocked", LaneState.OFFLINE: "offline"}


@dataclass(frozen=True)
class Sending:
    """A packet on its way. `done` and `whole` in bytes; `done` is None while only the answer is awaited.

    `amount` is the part of the sentence that changes while it goes.
    """

    id: str
    name: str
    share: str
    amount: str
    said: str
    done: int | None
    whole: int


@dataclass(frozen=True)
class Later:
    """What goes by itself, and when. `lead` is the word and the time that matter."""

    id: str
    name: str
    lead: Said
    said: Said
    buttons: tuple[Button, ...] = ()
    withdraws: str = ""  # the packet that can be withdrawn


@dataclass(frozen=True)
class Delivered:
    """A delivered packet with its control number."""

    id: str
    packet: str
    name: str
    at: Moment
    said: str
    control_number: str
    about: str


@dataclass(frozen=True)
class LaneRow:
    """A lane in a sentence. `glyph` and `tone`: how it is; `anchor`: its item, where it needs someone."""

    id: str
    lane: str
    name: str
    glyph: str
    tone: str
    lead: str
    said: Said
    anchor: str = ""
    can: str = ""  # pause | resume


@dataclass(frozen=True)
class Band:
    """What stands at the top of every page, such as a pause. `resumes`: the lane, or `*` for all."""

    id: str
    tone: str
    glyph: str
    lead: Said
    said: str
    resumes: str = ""


def sending(snapshot: Snapshot, progress: Mapping[str, tuple[int, int]], claims: Mapping[str, str]) -> list[Sending]:
    """Return what is being sent. `progress` is fresher than the snapshot; `claims` by packet."""
    states = (str(PacketState.SENDING), str(PacketState.DELIVERED))
    return [
        _sending(packet, progress.get(packet.id, (packet.sent_bytes, packet.total_bytes)), claims.get(packet.id, ""))
        for packet in snapshot.packets
        if packet.state in states
    ]


def _sending(packet: PacketSnapshot, progress: tuple[int, int], claim: str) -> Sending:
    done, whole = progress
    name = files_name(packet.files, packet.name)
    of_claim = f"Claim {claim}." if claim else ""
    anchor = packet_anchor(packet.id)
    if packet.state == str(PacketState.DELIVERED):
        return Sending(anchor, name, "delivered", "Its files are being put away.", of_claim, None, 0)
    if whole and done >= whole:
        return Sending(anchor, name, "all sent", "The receipt is on its way.", of_claim, None, whole)
    share = f"{done * 100 // whole} %" if whole else "0 %"
    amount = f"{megabytes(done)} of {megabytes(whole)} MB." if whole >= 100_000 else f"{size(whole)}."
    return Sending(anchor, name, share, amount, of_claim, done, whole)


def later(snapshot: Snapshot, almanac: Almanac) -> tuple[list[Later], int]:
    """Return what waits for a time, for other files or for its lane, and how many more there are than are shown."""
    still = {lane.lane: _STILL[lane.state] for lane in snapshot.lanes if lane.state in _STILL}
    still |= {lane.lane: "hampered" for lane in snapshot.lanes if is_hampered(lane)}
    rows: list[Later] = []
    waiting: dict[str, int] = {}
    for packet in snapshot.packets:
        next_at = moment_of(packet.next_at)
        waits_for_lane = packet.lane in still and (
            still[packet.lane] != "hampered" or next_at is None or next_at <= almanac.now
        )
        if packet.state == str(PacketState.QUEUED) and waits_for_lane:
            waiting[packet.lane] = waiting.get(packet.lane, 0) + 1
            continue
        row = _later(packet, almanac)
        if row is not None:
            rows.append(row)
    of_lanes = [_behind(lane, count, still[lane]) for lane, count in waiting.items()]
    shown = rows[: max(0, LATER_SHOWN - len(of_lanes))]
    return [*of_lanes, *shown], len(rows) - len(shown)


def _behind(lane: str, count: int, state: str) -> Later:
    one, many = ("scan", "scans") if kind_of(lane) is LaneKind.ATTACHMENTS else ("statement file", "statement files")
    name = f"{counted(count, one, many)} of {lane_name(lane)}"
    goes = "It goes" if count == 1 else "They go"
    if state == "hampered":
        tries = (f"The lane does not get through just now. {goes} as soon as it does.",)
        return Later(f"behind-{lane_anchor(lane)}", name, (), tries)
    return Later(f"behind-{lane_anchor(lane)}", name, (), (f"The lane is {state}. {goes} as soon as it runs again.",))


def _later(packet: PacketSnapshot, almanac: Almanac) -> Later | None:
    if packet.needs_someone:
        return None
    next_at, since = moment_of(packet.next_at), moment_of(packet.since)
    name, anchor = files_name(packet.files, packet.name), anchor_of(packet)
    show = (
        Button(Verb.SHOW, "/show", (("packet", packet.id),), about=name)
        if packet.id
        else files_button(Verb.SHOW, packet)
    )
    if packet.state == str(PacketState.HELD):
        lead: Said = ("Held: goes ", almanac.when(next_at), ".") if next_at else ("Held.",)
        safe = "This one is safe, even if the PMS writes the name again."
        why = packet.why.removesuffix(".")
        said = f"{why}. {safe}" if why else f"The statements service takes a file name once in 24 hours. {safe}"
        return Later(anchor, name, lead, (said,), (show,), withdraws=packet.id)
    if packet.state == str(PacketState.QUEUED) and next_at is not None and next_at > almanac.now:
        return Later(anchor, name, (), (_ended(packet.why), "Goes again ", almanac.when(next_at), "."))
    if packet.state == str(PacketState.WAITING) and packet.sidecar:
        waits = _ended(packet.why) or "Waits for the files that it names. "
        return Later(anchor, packet.sidecar.rpartition("/")[2], (), (waits.strip(),))
    if packet.state == str(PacketState.WAITING):
        said_since: Said = (" since ", almanac.since(since)) if since else ()
        complete = files_button(Verb.COMPLETE, packet)
        return Later(anchor, name, (), ("Waits for its sidecar", *said_since, "."), (complete,))
    if packet.state == str(PacketState.SETTLING):
        return Later(anchor, name, (), (packet.why or "Has just come. It goes once it is written to its end.",))
    return None


def _ended(why: str) -> str:
    return f"{why} " if why else ""


def delivered(records: Iterable[PacketRecord], almanac: Almanac) -> list[Delivered]:
    """Return delivered packets as they are shown."""
    return [
        Delivered(
            id=f"sent-{record.id}",
            packet=record.id,
            name=files_name([file.name for file in record.documents], record.name),
            at=almanac.since(record.ended_at or record.arrived_at),
            said=f"Claim {record.claim}" if record.claim else lane_name(record.lane),
            control_number=record.control_number,
            about=f"claim {record.claim}" if record.claim else record.name,
        )
        for record in records
    ]


def lane_rows(snapshot: Snapshot, last: Mapping[str, datetime], almanac: Almanac) -> list[LaneRow]:
    """Return each lane in a sentence. `last`: when each has sent last, if lately."""
    return [_lane_row(lane, snapshot, last.get(lane.lane), almanac) for lane in snapshot.lanes]


def _lane_row(lane: LaneSnapshot, snapshot: Snapshot, last: datetime | None, almanac: Almanac) -> LaneRow:
    anchor, name = lane_anchor(lane.lane), lane_name(lane.lane)
    since = moment_of(lane.since)

    def row(glyph: str, tone: str, lead: str, said: Said, *, anchor: str = "", can: str = "") -> LaneRow:
        return LaneRow(f"row-{lane_anchor(lane.lane)}", lane.lane, name, glyph, tone, lead, said, anchor, can)

    if not snapshot.running:
        return row("quiet", "quiet", "Not running", (".",))
    if lane.state is LaneState.PAUSED:
        said: Said = (" since ", almanac.since(since), ".") if since else (".",)
        return row("paused", "wait", "Paused", said, can="resume")
    if lane.state is LaneState.OFFLINE:
        return row("offline", "stop", "Offline", (": the folder cannot be reached.",), anchor=anchor)
    if lane.problem is not None and lane.problem.code == LANE_GONE.code:
        return row("blocked", "stop", "Left behind", (": the settings do not name it any more.",), anchor=anchor)
    if lane.state is LaneState.BLOCKED:
        return row("blocked", "stop", "Blocked", (": the service does not let it send.",), anchor=anchor)
    if lane.problem is not None and lane.problem.code in LANE_TROUBLES:
        return row("fix", "fix", "Running", (", but something needs you.",), anchor=anchor, can="pause")
    if lane.problem is not None:
        return row("wait", "wait", "Running", (f". {lane.problem.sentence} It tries again by itself.",), can="pause")
    held = [packet for packet in snapshot.packets if packet.lane == lane.lane and packet.state == str(PacketState.HELD)]
    if held:
        return row("wait", "wait", "Running", _of_held(held, almanac), can="pause")
    if last is None:
        return row("ok", "ok", "Running", (". Nothing sent lately.",), can="pause")
    return row("ok", "ok", "Running", (". Last sent ", almanac.since(last), "."), can="pause")


def _of_held(held: Sequence[PacketSnapshot], almanac: Almanac) -> Said:
    if len(held) > 1:
        return (f". {len(held)} files go by themselves, later.",)
    at = moment_of(held[0].next_at)
    return (". One file goes by itself ", almanac.when(at), ".") if at else (". One file goes by itself, later.",)


def bands(snapshot: Snapshot, by_whom: Mapping[str, str], almanac: Almanac) -> list[Band]:
    """Return what has to be known on every page. `by_whom`: who has paused each lane that is paused."""
    test = [
        Band(f"sandbox-{number}", "fix", "fix", (f"This is a test: {said}",), NOTHING_COUNTS)
        for number, said in enumerate(sandbox_sentences(places(snapshot)))
    ]
    if not snapshot.running:
        lead: Said = ("OutTray has stopped. Nothing is being sent.",)
        what = "Files stay where they are; none is lost. Start it from the tray or the Start menu."
        return [Band("stopped", "stop", "blocked", lead, what), *test]
    found = [*test, *_notes(snapshot)]
    paused = [lane for lane in snapshot.lanes if lane.state is LaneState.PAUSED]
    if paused and len(paused) == len(snapshot.lanes):
        return [*found, _paused("Paused", paused, "*", by_whom, almanac)]
    return [
        *found,
        *(_paused(f"{lane_name(lane.lane)} is paused", [lane], lane.lane, by_whom, almanac) for lane in paused),
    ]


def _notes(snapshot: Snapshot) -> list[Band]:
    return [Band(f"note-{number}", "wait", "wait", (note,), "") for number, note in enumerate(snapshot.notes)]


def _paused(
    what: str, lanes: Sequence[LaneSnapshot], resumes: str, by_whom: Mapping[str, str], almanac: Almanac
) -> Band:
    since = min((at for lane in lanes if (at := moment_of(lane.since))), default=None)
    names = {by_whom.get(lane.lane, "") for lane in lanes} - {""}
    by = f" by {next(iter(names))}" if len(names) == 1 else ""
    lead: Said = (f"{what}{by} since ", almanac.since(since), ".") if since else (f"{what}{by}.",)
    waits = sum(lane.counts.get(str(PacketState.QUEUED), 0) for lane in lanes)
    said = "Nothing waits." if not waits else f"{counted(waits, 'packet waits', 'packets wait')}. Nothing is lost."
    goes = "It goes" if waits == 1 else "They go"
    told = f"{said} {goes} when you resume." if waits else f"{said} What comes now goes when you resume."
    return Band(f"paused-{'all' if resumes == '*' else lane_anchor(resumes)}", "wait", "paused", lead, told, resumes)
