"""What only a person can end, as the items of *Needs you*: lanes first, for they stop everything behind them, then
packets, the oldest first. Pure: a snapshot and the packets from the ledger in, items out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from agent.delivery.glance import lanes_in_need
from agent.delivery.problems import LANE_GONE, OTHER_PC
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.delivery.told import CHECK_ANEW, is_untold
from agent.desk.page.tokens import file_token, token
from agent.desk.page.views.guides import NO_SIDECAR, OTHERWISE, PACKETS, Verb
from agent.desk.page.words import Almanac, Said, counted, files_name, kind_of, lane_name, plain, sentence
from agent.intake.attachments.fields import claim_fields, file_fields
from agent.ledger.records import PacketRecord
from agent.model import Fault, LaneKind, LaneState, PacketState, Problem

UNFOLDED = 4
ROWS_SHOWN = 50
_ROW = re.compile(r"(row|statement) (\d+)(?:, (?:column )?(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Button:
    """`address` with `fields` is posted to; without `fields` it is a link. `copies`: text for the clipboard."""

    label: str
    address: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    is_main: bool = False
    copies: str = ""
    prints: bool = False
    embeds: bool = False  # the form behind the link can stand in the item itself
    about: str = ""  # for those who hear the button by itself


@dataclass(frozen=True)
class Row:
    """One line of what is wrong: where in the file or the sidecar, what stands there, what to do."""

    number: str
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class Table:
    """What is wrong, line by line. `unit`: row, statement, or empty for fields; `more`: lines that are left out."""

    label: str
    unit: str
    rows: tuple[Row, ...]
    more: int = 0

    @property
    def has_values(self) -> bool:
        """Whether anything stands in any of these places."""
        return any(row.value for row in self.rows)


@dataclass(frozen=True)
class Item:
    """One thing that needs someone, in three sentences: `heading`, `means`, `do`. `id` is where notices lead."""

    id: str
    tone: str  # stop: a lane does not move; fix: one packet
    glyph: str
    where: Said
    heading: str
    means: str
    do: str
    buttons: tuple[Button, ...]
    table: Table | None = None
    for_it: tuple[str, ...] = ()


# --- Where things are -----------------------------------------------------------------------------------------------


def lane_anchor(lane: object) -> str:
    """Return the id of a lane's item."""
    return f"lane-{re.sub(r'[^A-Za-z0-9_-]', '-', str(lane))}"


def packet_anchor(packet: str) -> str:
    """Return the id of a packet's item or row."""
    return f"packet-{packet}"


def files_anchor(lane: str, files: Sequence[str]) -> str:
    """Return the id of files that are no packet yet; it tells no name."""
    return f"files-{token(lane, *files)}"


def anchor_of(packet: PacketSnapshot) -> str:
    """Return the id under which the page shows a packet, or files on their way to being one."""
    return packet_anchor(packet.id) if packet.id else files_anchor(packet.lane, packet.files or (packet.name,))


# --- The items ------------------------------------------------------------------------------------------------------


def items(snapshot: Snapshot, records: Iterable[PacketRecord], almanac: Almanac) -> list[Item]:
    """Return everything that needs someone. `records`: the ledger's packets that do."""
    waiting = [packet for packet in snapshot.packets if packet.needs_someone]
    dated: list[tuple[datetime, Item]] = [
        *((record.ended_at or record.arrived_at, of_packet(record, almanac)) for record in records),
        *((moment_of(packet.since) or almanac.now, of_files(packet, almanac)) for packet in waiting),
    ]
    lanes = [of_lane(lane, almanac) for lane in lanes_in_need(snapshot)]
    return [*lanes, *(item for _, item in sorted(dated, key=lambda pair: pair[0]))]


def of_lane(lane: LaneSnapshot, almanac: Almanac) -> Item:
    """Return the item of a lane that is blocked, offline or hampered."""
    assert lane.problem is not None  # noqa: S101 - `lanes_in_need` yields no others
    problem, waiting = lane.problem, lane.counts.get(str(PacketState.QUEUED), 0)
    state = str(lane.state) if lane.state is not LaneState.RUNNING else "needs someone"
    since = moment_of(lane.since)
    where: Said = (f"{lane_name(lane.lane)} · {state}",)
    if since is not None:
        where = (f"{where[0]} since ", almanac.since(since))
    name = "scan" if kind_of(lane.lane) is LaneKind.ATTACHMENTS else "statement file"
    if lane.state is LaneState.OFFLINE:
        glyph, tone = "offline", "stop"
        means = "Files in it are safe where they are. OutTray keeps looking and carries on by itself."
        verbs: tuple[Verb, ...] = (Verb.LOOK, Verb.COPY)
    elif problem.code == LANE_GONE.code:
        glyph, tone = "blocked", "stop"
        means = "None is lost. They stand where they are, and nothing is sent of them."
        verbs = (Verb.COPY,)
    elif lane.state is LaneState.BLOCKED:
        glyph, tone = "blocked", "stop"
        waits = "Nothing waits" if not waiting else counted(waiting, f"{name} waits", f"{name}s wait")
        means = f"{waits}. None is lost, none has failed, and they go by themselves once this is put right."
        if not waiting:
            means = "Nothing waits at the moment, and nothing is lost."
        verbs = (Verb.COPY, Verb.RETRY)
    else:
        glyph, tone = "fix", "fix"
        means = "Nothing is lost. OutTray goes on by itself once this is put right."
        verbs = (Verb.OPEN, Verb.LOOK, Verb.COPY)
        if problem.code == OTHER_PC.code:
            means, verbs = "Nothing is lost, and nothing is sent of them until you say so.", (Verb.TAKE_OVER, Verb.COPY)
    what_to_do = problem.what_to_do
    if lane.state is LaneState.BLOCKED:
        what_to_do = what_to_do.replace("Then resume the lane: everything that waits will go.", "Then press Retry.")
    text = f"OutTray, {lane.lane}: {plain(where)}. {problem.sentence} {what_to_do} ({problem.code})"
    for_it = _for_it(problem)
    buttons = tuple(
        _lane_button(verb, lane, " ".join((text, *for_it)), is_main=verb is Verb.COPY and tone == "stop" and not n)
        for n, verb in enumerate(verbs)
    )
    return Item(lane_anchor(lane.lane), tone, glyph, where, problem.sentence, means, what_to_do, buttons, for_it=for_it)


def of_packet(record: PacketRecord, almanac: Almanac) -> Item:
    """Return the item of a packet that has failed, or of one that the service took amiss afterwards."""
    problem = record.problem or Problem("unknown", f"{record.name} was not sent.", "Press Retry.")
    guide = PACKETS.get(problem.code, OTHERWISE)
    if problem.code == "refused" and record.lane.kind is LaneKind.STATEMENTS:
        guide = replace(OTHERWISE, verbs=(Verb.SHOW, Verb.RETRY), do="Correct what is named, then press Retry.")
    happened = "failed" if record.state is PacketState.FAILED else "sent"
    where: Said = (f"{lane_name(record.lane)} · {happened} ", almanac.happened(record.ended_at or record.arrived_at))
    for_it = () if guide.has_table else _for_it(problem)
    text = " ".join((f"OutTray, {record.lane}, packet {record.id}: {problem.sentence} ({problem.code})", *for_it))
    return Item(
        id=packet_anchor(record.id),
        tone="fix",
        glyph="fix",
        where=where,
        heading=_heading(problem, record),
        means=guide.means or _usual_meaning(record),
        do=CHECK_ANEW if is_untold(problem) and Verb.RETRY in guide.verbs else guide.do or problem.what_to_do,
        buttons=tuple(
            _packet_button(verb, record, text, is_main=guide.has_main and not number)
            for number, verb in enumerate(guide.verbs)
        ),
        table=_table(problem, record) if guide.has_table and problem.details else None,
        for_it=for_it,
    )


def of_files(packet: PacketSnapshot, almanac: Almanac) -> Item:
    """Return the item of scans that have waited for their sidecar until nobody can be expected to bring it."""
    since = moment_of(packet.since) or almanac.now
    many = len(packet.files) > 1
    name = files_name(packet.files, packet.name)
    heading = f"The scans {name} came without a sidecar." if many else f"The scan {name} came without a sidecar."
    guide = NO_SIDECAR
    means = guide.means.replace("it is", "they are") if many else guide.means
    if " is not complete: " in packet.why:
        means = f"{packet.why} {means}"
    return Item(
        id=anchor_of(packet),
        tone="fix",
        glyph="fix",
        where=(f"{lane_name(packet.lane)} · waiting since ", almanac.since(since)),
        heading=heading,
        means=means,
        do=guide.do.replace("the scan then goes", "the scans then go") if many else guide.do,
        buttons=tuple(files_button(verb, packet, is_main=not number) for number, verb in enumerate(guide.verbs)),
    )


# --- Their parts ----------------------------------------------------------------------------------------------------


def _lane_button(verb: Verb, lane: LaneSnapshot, text: str, *, is_main: bool) -> Button:
    fields = (("lane", lane.lane),)
    about = lane_name(lane.lane)
    match verb:
        case Verb.COPY:
            return Button(verb, copies=text, is_main=is_main, about=about)
        case Verb.RETRY:
            return Button(verb, "/resume", fields, is_main, about=about)
        case Verb.LOOK:
            return Button(verb, "/look", fields, is_main, about=about)
        case Verb.TAKE_OVER:
            return Button(verb, "/adopt", fields, is_main, about=about)
        case _:
            return Button(verb, "/open", fields, is_main, about=about)


def _packet_button(verb: Verb, record: PacketRecord, text: str, *, is_main: bool) -> Button:
    fields, about = (("packet", record.id),), files_name([file.name for file in record.files], record.name)
    match verb:
        case Verb.COMPLETE | Verb.CORRECT:
            return Button(verb, f"/packet/{quote(record.id)}/metadata", (), is_main, embeds=True, about=about)
        case Verb.WHOSE:
            return Button(verb, f"/packet/{quote(record.id)}/whose", (), is_main, about=about)
        case Verb.MAPPING:
            return Button(verb, f"/packet/{quote(record.id)}/mapping", (), is_main, about=about)
        case Verb.COPY:
            return Button(verb, copies=text, is_main=is_main, about=about)
        case Verb.PRINT:
            return Button(verb, prints=True, is_main=is_main)
        case Verb.SHOW:
            return Button(verb, "/show", fields, is_main, about=about)
        case Verb.OPEN:
            return Button(verb, "/open", (("lane", str(record.lane)),), is_main, about=about)
        case Verb.DISMISS:
            return Button(verb, "/dismiss", fields, is_main, about=about)
        case _:
            return Button(verb, "/retry", fields, is_main, about=about)


def files_button(verb: Verb, packet: PacketSnapshot, *, is_main: bool = False) -> Button:
    """Return a button for files that are no packet yet."""
    file = packet.files[0] if packet.files else packet.sidecar
    about = files_name(packet.files, packet.name)
    match verb:
        case Verb.COMPLETE:
            address = f"/scan/{quote(packet.lane)}/{file_token(packet.lane, file)}/form"
            return Button(verb, address, (), is_main, embeds=True, about=about)
        case Verb.SHOW:
            return Button(
                verb, "/show", (("lane", packet.lane), ("file", file_token(packet.lane, file))), is_main, about=about
            )
        case _:
            return Button(verb, "/open", (("lane", packet.lane),), is_main, about=about)


def _heading(problem: Problem, record: PacketRecord) -> str:
    """Return what happened, with the file's name in it: several items may be there for the same reason."""
    name = files_name([file.name for file in record.documents or record.files], record.name)
    bases = {file.name.rpartition("/")[2] for file in record.files} | {name}
    named = problem.sentence.startswith(f"{record.name} ") or any(base in problem.sentence for base in bases if base)
    return problem.sentence if named else f"{name}: {problem.sentence}"


def _usual_meaning(record: PacketRecord) -> str:
    if record.possibly_sent:
        return "An earlier try may have arrived."
    if record.lane.kind is LaneKind.STATEMENTS:
        return "Statements go all or nothing, so none of them went."
    name = files_name([file.name for file in record.documents], record.name)
    if record.claim:
        return f"{name} was not sent, so claim {record.claim} has no control number yet."
    return f"{name} was not sent."


def _table(problem: Problem, record: PacketRecord) -> Table:
    rows = tuple(_row(fault) for fault in problem.details[:ROWS_SHOWN])
    numbered = _ROW.fullmatch(problem.details[0].where)
    label = f"What is wrong in {files_name([file.name for file in record.files], record.name)}"
    return Table(label, numbered[1] if numbered else "", rows, len(problem.details) - len(rows))


def _row(fault: Fault) -> Row:
    match = _ROW.fullmatch(fault.where)
    if match is None:
        return Row("", _as_the_form_calls_it(fault.where), fault.value, fault.message)
    return Row(match[2], match[3] or "", fault.value, fault.message)


def _as_the_form_calls_it(where: str) -> str:
    """Return a field's label in place of its key: "fileMetadata a.pdf: toothNumbers" is "Tooth numbers of a.pdf"."""
    place, _, key = where.rpartition(": ")
    of_file = place.removeprefix("fileMetadata ") if place.startswith("fileMetadata ") else ""
    fields = claim_fields() if not place else file_fields() if of_file else ()
    label = next((info.label for info in fields if info.name == key), "")
    return sentence(f"{label} of {of_file}" if of_file else label) if label else where


def _for_it(problem: Problem) -> tuple[str, ...]:
    told = (": ".join(filter(None, (fault.where, fault.value, fault.message))) for fault in problem.details[:20])
    return tuple(line for line in told if line)


def moment_of(text: str | None) -> datetime | None:
    """Read a moment of a snapshot."""
    return None if text is None else datetime.fromisoformat(text)
