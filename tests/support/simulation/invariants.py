"""What must hold, whatever happened: nothing lost, nothing doubled, nothing untold, and all come to rest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.delivery.status import snapshot_of
from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.ledger.records import Shelf
from agent.model import LaneId, LaneKind, LaneState, PacketState
from tests.support.simulation.network import TOKEN
from tests.support.simulation.promises import at_any_moment, at_rest, note_what_people_mended
from tests.support.simulation.setup import LANES
from tests.support.simulation.world import World

DAY = 24 * 3600.0
MOST_DAYS = 40


class Broken(Exception):
    """A promise that was not kept."""


def _hold(promise: bool, otherwise: str) -> None:
    if not promise:
        raise Broken(otherwise)


def so_far(world: World) -> None:
    """Check what holds at every moment: the services were never asked for what may not be, and nothing is lost."""
    _hold(not world.network.wrong, "; ".join(world.network.wrong))
    note_what_people_mended(world)
    broken = next(at_any_moment(world), "")
    _hold(not broken, broken)
    for packet in world.practice.control.state.packets.values():
        timeless = packet.state is PacketState.HELD and packet.next_at is None
        _hold(not timeless, f"{packet.name} is held, and nobody knows until when")
    if not world.unmounted:
        lost = world.wanted - world.standing()
        _hold(not lost, f"lost: {_told(lost)}")


def comes_to_rest(world: World) -> None:
    """Let all be well again, and time pass until every packet has ended."""
    world.all_is_well()
    world.live(world.clock.seconds + 4 * 3600)
    if world.was_replaced:  # what the other PC has left is told of, and someone has it taken over
        world.live(world.clock.seconds + 26 * 3600)
        world.ask("adopt")
        world.live(world.clock.seconds + 60)
    for _ in range(MOST_DAYS):
        if not world.practice.control.state.packets and not _unmet(world):
            break
        world.live(world.clock.seconds + DAY)
        so_far(world)
    broken = next(at_rest(world), "")
    _hold(not broken, broken)
    packets = world.practice.control.state.packets.values()
    left = [f"{packet.name} is {packet.state}, next {packet.next_at}" for packet in packets]
    _hold(not left, f"has not come to rest: {left}")
    _hold(not _unmet(world), f"left in the folder: {_unmet(world)}")
    world.live(world.clock.seconds + DAY)


def _unmet(world: World) -> list[str]:
    """Return what is left in the folders, and is neither passed over nor shown as needing someone."""
    control = world.practice.control
    shown = {
        lane.settings.folder / fault.where
        for lane in control.state.lanes.values()
        for fault in (lane.left_alone.details if lane.left_alone else ())
    }
    folders = {str(lane): control.state.lanes[lane].settings.folder for lane in control.state.lanes}
    for packet in snapshot_of(control.state, ()).packets:
        if packet.needs_someone and not packet.id:
            shown.update(folders[packet.lane] / name for name in packet.files)
    left = [path for lane in LANES for path in world.waiting(lane)]
    left = [path for path in left if path not in shown and path.parent not in shown]
    return [path.name for path in left if path.name not in world.ignored]


def check(world: World) -> None:
    """Check everything, at rest."""
    so_far(world)
    standing = world.standing()
    doubled = standing - world.wanted
    _hold(not doubled, f"doubled, or not what was dropped: {_told(doubled)}")
    for lane in LANES:
        for shelf in () if world.is_upset else ("sending", "held"):  # else what is left there is in a list
            left = [path.as_posix() for path in world.documents(lane, shelf)]
            _hold(not left, f"left on {shelf}: {left}")
        _shelves_and_ledger(world, lane)
        _services_and_receipts(world, lane)
    broken = next(at_rest(world), "")
    _hold(not broken, broken)
    _snapshot(world)
    _journal(world)
    spooled = [path.name for path in world.spool.iterdir()]
    _hold(not spooled, f"left in the spool: {spooled}")


def _documents(world: World, lane: LaneId, shelf: str, ending: str) -> dict[Path, dict[str, Any]]:
    found = world.documents(lane, shelf)
    return {path: json.loads(data) for path, data in found.items() if path.name.endswith(ending)}


def _shelves_and_ledger(world: World, lane: LaneId) -> None:
    """Every sent packet has its receipt and its files, every failed one its problem, and nothing else stands there."""
    packets = [packet for packet in world.practice.ledger.history() if packet.lane.kind == lane.kind]
    receipts = {document["packet"]: path for path, document in _documents(world, lane, "sent", RECEIPT).items()}
    problems = {document["packet"]: path for path, document in _documents(world, lane, "failed", PROBLEM_JSON).items()}
    failed = world.documents(lane, "failed")
    sent = world.on(lane, "sent")
    files_of_sent = 0
    for packet in packets:
        if packet.state is PacketState.SENT:
            _hold(packet.id in receipts, f"{packet.name} is sent and has no receipt")
            files_of_sent += len(packet.files)
        else:
            _hold(packet.state is PacketState.FAILED, f"{packet.name} is {packet.state}")
            _hold(packet.shelf is Shelf.FAILED, f"{packet.name} has failed and stands on {packet.shelf}")
            if packet.resolved_at is None:
                _hold(packet.id in problems, f"{packet.name} has failed and nobody is told why")
                text = problems[packet.id].name.removesuffix(PROBLEM_JSON) + PROBLEM_TEXT
                _hold(problems[packet.id].with_name(text) in failed, f"{packet.name} has no {text}")
            else:
                _hold(packet.id not in problems, f"{packet.name} was dealt with, and its problem still stands")
    known = {packet.id: packet for packet in packets}
    strays = [path.name for packet, path in (receipts | problems).items() if packet not in known]
    _hold(not strays, f"documents of packets that the ledger does not know: {strays}")
    wrong = [packet for packet in receipts if known[packet].state is not PacketState.SENT]
    _hold(not wrong, f"receipts of packets that are not sent: {wrong}")
    # Of what was read back from the shelves only the documents are known, not the sidecars.
    _hold(world.forgot or len(sent) == files_of_sent, f"{len(sent)} files on sent, {files_of_sent} in the ledger")
    if lane.kind is LaneKind.ATTACHMENTS:
        digests = {hashlib.sha256(data).hexdigest() for data in sent.values()}
        for packet in receipts:
            receipt = known[packet].receipt or {}
            for file in receipt["files"]:
                if file["sha256"] in world.destroyed:  # by people: then the receipt has to say so
                    told = receipt["warnings"] or known[packet].problem is not None
                    _hold(bool(told), f"{known[packet].name} is not what went, and its receipt does not say so")
                    continue
                _hold(file["sha256"] in digests, f"the receipt of {known[packet].name} tells of other bytes")


def _services_and_receipts(world: World, lane: LaneId) -> None:
    """What a service has taken is sent here, and what is sent here a service has taken."""
    accepted = [taken for taken in world.network.accepted if taken.lane in world.setup.services[lane]]
    sent = world.on(lane, "sent")
    tokens = {token.decode() for data in sent.values() for token in TOKEN.findall(data)}
    for taken in accepted:
        _hold(taken.unsure or taken.token in tokens, f"{taken.token} was taken, and is not called sent")
    for path, receipt in _documents(world, lane, "sent", RECEIPT).items():
        token = _token_of(world, lane, receipt, path)
        at = urlsplit(receipt["destination"]).path.split("/")[1]  # a test service's is no second time at the real one
        times = sum((taken.lane, taken.token) == (at, token) for taken in accepted)
        if times > max(1, world.drops[token]) and receipt["confirmed_by"] != "refusal":
            _hold(receipt["possibly_sent_twice"], f"{token} was taken {times} times, and its receipt does not say so")


def _token_of(world: World, lane: LaneId, receipt: dict[str, Any], path: Path) -> str:
    if lane.kind is LaneKind.ATTACHMENTS:
        packet = world.practice.ledger.packet(receipt["packet"])
        return packet.claim if packet else ""
    title = path.name.removesuffix(RECEIPT)
    data = next(
        (data for each, data in world.on(lane, "sent").items() if each.parent == path.parent and each.stem == title),
        b"",
    )
    return next(iter(TOKEN.findall(data)), b"").decode()


def _snapshot(world: World) -> None:
    """What people are shown is what there is."""
    shown = snapshot_of(world.practice.control.state, ())
    unresolved = [
        packet
        for packet in world.practice.ledger.history()
        if packet.resolved_at is None
        and (packet.state is PacketState.FAILED or (packet.state is PacketState.SENT and packet.problem is not None))
    ]
    need = len(unresolved) + sum(packet.needs_someone for packet in shown.packets)
    _hold(shown.needs_attention == need, f"{shown.needs_attention} need someone, of {need} who do")
    under_way = [packet for packet in shown.packets if packet.id]
    _hold(not under_way, f"shown as under way: {under_way}")
    for lane in shown.lanes:
        _hold(lane.state is LaneState.RUNNING, f"{lane.lane} is {lane.state}: {lane.problem}")
        elsewhere = lane.problem is not None and lane.problem.code == "waits-elsewhere" and world.waits_elsewhere
        _hold(elsewhere or lane.problem in (None, lane.left_alone), f"{lane.lane} is shown with {lane.problem}")


def _journal(world: World) -> None:
    """The journal tells each packet's life: it is admitted first, and shelved at the end; each try has its outcome."""
    ledger = world.practice.ledger
    for packet in () if world.forgot else ledger.history():
        events = [line.event for line in ledger.journal(packet.id)]
        _hold(events[0] in ("admitted", "adopted"), f"{packet.name} begins with {events}")
        _hold(events.count("shelved") == 1, f"{packet.name} was shelved {events.count('shelved')} times: {events}")
        _hold(events.count("attempt") == packet.attempts, f"{packet.name}: {packet.attempts} attempts, {events}")
        _hold(events.count("attempt") == events.count("outcome"), f"{packet.name}: a try without an outcome: {events}")


def _told(contents: Any) -> list[str]:
    return sorted(data[:60].decode(errors="replace") for data in contents.elements())
