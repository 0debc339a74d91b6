"""One packet in full: its receipt or its problem, its files, its tries, and its journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.delivery.requests import SEEN, VIEWED
from agent.delivery.told import as_told
from agent.desk.page.page import Page
from agent.desk.page.views.attention import Item, moment_of, of_packet
from agent.desk.page.views.history import state_of
from agent.desk.page.words import Almanac, Moment, Said, counted, files_name, lane_name, lasting, sentence, size
from agent.ledger import lookups
from agent.ledger.lookups import Attempt
from agent.ledger.records import JournalLine, PacketRecord
from agent.model import LaneKind, PacketState
from agent.settings.environment import CALLED, environment_at

MOST_OF_A_REPLY = 20_000  # characters
MOST_LINES = 500
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_OUTCOMES = {
    "delivered": "delivered",
    "refused": "refused",
    "retry": "not accepted, to be tried again",
    "blocked": "stopped the lane",
    "unknown": "sent, and the answer was lost",
}
_EVENTS = {
    "admitted": "Taken from the folder",
    "attempt": "Sending began",
    "outcome": "The try ended",
    "held": "Held",
    "failed": "Failed",
    "shelved": "Its files were put onto their shelf",
    "resolved": "Dealt with",
    "verified": "The service was asked again",
    "clock-set": "The PC's clock was set",
}
_HOW = {"retry": "sent again", "files-gone": "its files were taken away", "dismissed": "seen to"}


@dataclass(frozen=True)
class FileLine:
    """One file of a packet, for IT."""

    name: str
    size: str
    attachment_id: str
    sha256: str


@dataclass(frozen=True)
class Told:
    """One line of the journal, or one try."""

    at: Moment
    said: str


@dataclass(frozen=True)
class Receipt:
    """Everything that is known of a packet. `facts`: a heading and a sentence each."""

    packet: str
    name: str
    title: str
    state: str
    glyph: str
    tone: str
    facts: tuple[tuple[str, Said], ...]
    control_number: str
    transaction: str  # of image intelligence
    about: str
    warnings: tuple[str, ...]
    files: tuple[FileLine, ...]
    attempts: tuple[Told, ...]
    journal: tuple[Told, ...]
    reply: str
    item: Item | None


def receipt_of(record: PacketRecord, tries: list[Attempt], journal: list[JournalLine], almanac: Almanac) -> Receipt:
    """Return everything that the ledger knows of a packet."""
    state, glyph, tone = state_of(record)
    document = record.receipt or {}
    arrived = record.state in (PacketState.SENT, PacketState.DELIVERED)
    amiss = arrived and record.problem is not None
    in_need = (record.state is PacketState.FAILED or amiss) and record.resolved_at is None
    name = files_name([file.name for file in record.documents], record.name)
    return Receipt(
        packet=record.id,
        name=name,
        title="Receipt" if arrived else "Packet",
        state=state,
        glyph=glyph,
        tone=tone,
        facts=tuple(_facts(record, document, almanac)),
        control_number=record.control_number,
        transaction=str(document.get("image_intelligence_transaction_id") or ""),
        about=f"claim {record.claim}" if record.claim else name,
        warnings=tuple(dict.fromkeys([*record.warnings, *_texts(document.get("warnings"))])),
        files=tuple(_files(record, _texts(document.get("attachment_ids")))),
        attempts=tuple(_try(one, almanac) for one in tries),
        journal=tuple(_told(line, almanac) for line in journal[:MOST_LINES]),
        reply=_reply(document.get("response")),
        item=of_packet(record, almanac) if in_need else None,
    )


def _facts(record: PacketRecord, document: dict[str, Any], almanac: Almanac) -> list[tuple[str, Said]]:
    arrived = record.state in (PacketState.SENT, PacketState.DELIVERED)
    facts: list[tuple[str, Said]] = []
    if record.ended_at is not None:
        took = lasting((record.ended_at - record.arrived_at).total_seconds())
        at = almanac.exact(record.ended_at)
        told: Said = (at, f", at the {ordinal(record.attempts)} attempt, {took} after it was dropped")
        facts.append(("Delivered", told) if arrived else ("Failed", (at,)))
    else:
        facts.append(("Dropped", (almanac.exact(record.arrived_at),)))
        if record.next_at is not None:
            facts.append(("Goes", (sentence(almanac.when(record.next_at).text),)))
    service = "the attachments service" if record.lane.kind is LaneKind.ATTACHMENTS else "the statements service"
    test = CALLED.get(environment_at(str(document.get("destination") or "")), "")
    service = f"{test}, not {service} itself" if test else service
    facts.append(("To" if arrived else "For", (f"{service}, {lane_name(record.lane)}",)))
    if record.upload_name:
        facts.append(("Sent as", (record.upload_name,)))
    if record.claim:
        facts.append(("Claim", (record.claim,)))
    if record.problem is not None and not arrived:
        facts.append(("Why", (record.problem.sentence,)))
    if record.resolved_at is not None:
        facts.append(("Dealt with", (almanac.exact(record.resolved_at),)))
    whole = sum(file.identity.size for file in record.documents)
    names = [file.name for file in record.documents]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    facts.append(("Files", (f"{counted(len(names), 'file')}, {size(whole)}: {listed}",)))
    if record.possibly_sent:
        use = " Use this control number." if record.control_number else ""
        facts.append(("Perhaps sent twice", (f"The reply to an earlier try was lost, so it went again.{use}",)))
    if document.get("confirmed_by") == "refusal":
        facts.append(("Known by", ("the service refused it as already there after an earlier try",)))
    return facts


def ordinal(number: int) -> str:
    """first; fifth; 12th"""
    if 0 < number < len(_ORDINALS):
        return _ORDINALS[number]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _files(record: PacketRecord, ids: list[str]) -> list[FileLine]:
    documents = {file.name: place for place, file in enumerate(record.documents)}
    return [
        FileLine(
            file.name,
            size(file.identity.size),
            ids[documents[file.name]] if documents.get(file.name, len(ids)) < len(ids) else "",
            file.sha256,
        )
        for file in record.files
    ]


def _try(one: Attempt, almanac: Almanac) -> Told:
    outcome = _OUTCOMES.get(one.outcome, "under way, or cut off" if one.ended_at is None else one.outcome)
    status = f", HTTP status {one.status}" if one.status else ""
    code = f" ({one.code})" if one.code else ""
    took = f", after {lasting((one.ended_at - one.started_at).total_seconds())}" if one.ended_at else ""
    return Told(almanac.exact(one.started_at), f"{sentence(ordinal(one.number))} try: {outcome}{status}{code}{took}.")


def _told(line: JournalLine, almanac: Almanac) -> Told:
    said = _EVENTS.get(line.event, sentence(line.event.replace("-", " ")))
    match line.event:
        case "outcome":
            said += f": {_OUTCOMES.get(str(line.detail.get('outcome')), str(line.detail.get('outcome', '')))}"
        case "resolved":
            how = str(line.detail.get("how", ""))
            said += f": {_HOW.get(how, how)}"
        case "held" if "until" in line.detail:
            until = moment_of(str(line.detail["until"]))
            said += f" until {almanac.dated(until).text}" if until else ""
        case _ if line.detail.get("code"):
            said += f" ({line.detail['code']})"
    by = f", asked for by {line.actor}" if line.actor else ""
    return Told(almanac.exact(line.at), f"{said}{by}.")


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _reply(response: Any) -> str:
    if response is None:
        return ""
    text = response if isinstance(response, str) else json.dumps(response, indent=2, ensure_ascii=False)
    more = len(text) - MOST_OF_A_REPLY
    return f"{text[:MOST_OF_A_REPLY]}\n… and {more:,} characters more" if more > 0 else text


def routes(page: Page) -> list[Route]:
    """Return the view's address."""

    def receipt(request: Request) -> Response:
        ledger, packet = page.desk.ledger, request.path_params["packet"]
        record = ledger.packet(packet)
        record = None if record is None else as_told(page.desk.files, record)
        if record is None:
            return page.render(request, "not_found.html", status=404)
        almanac = Almanac(page.desk.clock.now())
        happened = [line for line in ledger.journal(packet) if line.event not in SEEN]
        told = receipt_of(record, lookups.attempts(ledger, packet), happened, almanac)
        page.note(request, VIEWED, packet)
        return page.render(request, "receipt.html", receipt=told)

    return [Route("/history/{packet}", receipt)]
