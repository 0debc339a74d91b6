"""What is promised of the world outside: evidence, identity, waits, and that each packet is where someone sees it.

Judged by content: by the tokens in the bytes, never by what a file is called on a shelf.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from agent.delivery.glance import status_json
from agent.delivery.status import snapshot_of
from agent.folder.names import RECEIPT
from agent.ledger.records import PacketRecord
from agent.model import LaneId, LaneKind, PacketState
from tests.support.simulation.network import TOKEN
from tests.support.simulation.setup import LANES, SCANS
from tests.support.simulation.world import World

LONGEST_WAIT = timedelta(hours=25)
MOST_ACCEPTANCES = 40  # of one scan: a few unknown tries, as often as people let the lane go on
REFUSALS = ("refused", "name-taken", "store-taken", "too-large")


def at_any_moment(world: World) -> Iterator[str]:
    """Yield what is broken already."""
    now = world.clock.now()
    if not world.is_down:
        for packet in world.practice.control.state.packets.values():
            if packet.next_at is not None and packet.next_at - now > LONGEST_WAIT and packet.problem is None:
                yield f"{packet.state} for {packet.next_at - now}, as if that went by itself"
    if not world.practice.control.state.lane_records:
        return  # the agent has not come to its ledger yet
    shown = json.dumps(status_json(snapshot_of(world.practice.control.state, ())), default=str, ensure_ascii=False)
    try:
        shown.encode()
    except UnicodeEncodeError:
        yield "the snapshot cannot be shown for a name in it"


def note_what_people_mended(world: World) -> None:
    """A file that someone has put on `failed` or in the folder is that person's: it may go with that sidecar."""
    places = {**world.on(SCANS, "failed"), **world.waiting(SCANS)}
    standing = b"".join(places.values()) if world.swapped else b""
    for stranger, token in world.swapped.items():
        if stranger.encode() in standing:
            world.network.mended.setdefault(token, set()).add(stranger)


def at_rest(world: World) -> Iterator[str]:
    """Yield what is broken when all has come to rest."""
    for lane in LANES:
        yield from _evidence(world, lane)
    yield from _refusals(world)
    yield from _tries(world)
    yield from _go_live(world)
    yield from _lists(world)


def _evidence(world: World, lane: LaneId) -> Iterator[str]:
    """A receipt stands for something that the service has in its books, with the bytes that it tells of."""
    taken = {each.token for each in world.network.accepted if each.lane in world.setup.services[lane]}
    by_digest = {hashlib.sha256(data).hexdigest(): data for data in world.on(lane, "sent").values()}
    for path, data in world.documents(lane, "sent").items():
        if not path.name.endswith(RECEIPT):
            continue
        receipt = json.loads(data)
        bytes_told_of = [by_digest[file["sha256"]] for file in receipt["files"] if file["sha256"] in by_digest]
        tokens = {token.decode() for told in bytes_told_of for token in TOKEN.findall(told)}
        if lane.kind is LaneKind.ATTACHMENTS:
            claim = str(receipt["claim_id"]) if receipt.get("claim_id") else ""
            strange = tokens - {claim} - world.network.mended.get(claim, set())
            if claim and strange:
                yield f"the receipt of {claim} stands over the files of {sorted(strange)}"
            tokens = {claim} if claim else tokens
        unsure = world.network.unanswered if receipt["confirmed_by"] == "refusal" else set[str]()
        if tokens - taken - unsure:
            yield f"called sent ({receipt['confirmed_by']}), and no service has it: {sorted(tokens - taken)}"


def _refusals(world: World) -> Iterator[str]:
    """A packet fails as refused only if the service itself has refused it."""
    for packet in world.practice.ledger.unresolved():
        token = _token(world, packet)
        if packet.problem is None or packet.problem.code not in REFUSALS or not token:
            continue
        if token not in world.network.refused:
            yield f"{token} failed as {packet.problem.code}, and the service never said so"


def _tries(world: World) -> Iterator[str]:
    """A service whose replies are lost is not given the same scans for days."""
    scans = Counter(each.token for each in world.network.accepted if each.lane in world.setup.services[SCANS])
    for token, times in scans.items():
        if times > MOST_ACCEPTANCES * max(1, world.drops[token]):
            yield f"{token} was taken {times} times"


def _go_live(world: World) -> Iterator[str]:
    """What a service of before has taken is no duplicate at this one."""
    for lane, known in world.known_before.items():
        taken = {each.token for each in world.network.accepted if each.lane == world.service(lane)}
        for packet in world.practice.ledger.unresolved():
            is_new = packet.lane.kind == lane.kind and packet.id not in known
            if not is_new or packet.problem is None or packet.problem.code != "duplicate":
                continue
            token = _token(world, packet)
            waits = any(token.encode() in data for data in world.on(lane, "held").values())
            if token and token not in taken and not waits:
                yield f"{token} failed as a duplicate, and {world.service(lane)} has never had it"


def _lists(world: World) -> Iterator[str]:
    """Every packet of the ledger is in a list, and so is every one that stands on a shelf on its way."""
    control, ledger = world.practice.control, world.practice.ledger
    snapshot = snapshot_of(control.state, ())
    shown = {packet.id for packet in snapshot.packets} | {packet.id for packet in ledger.unresolved()}
    lanes = {lane.lane for lane in snapshot.lanes}
    for packet in ledger.history():
        at_rest = packet.state is PacketState.SENT or packet.resolved_at is not None
        if not at_rest and packet.id not in shown:
            yield f"{packet.state} in the ledger, and in no list"
        if packet.state is PacketState.FAILED and packet.resolved_at is None and str(packet.lane) not in lanes:
            yield f"failed in {packet.lane}, which nobody is shown"
    for lane in LANES:
        of_lane = next(one for one in snapshot.lanes if one.lane == str(world.id_of(lane)))
        for folder in world.setup.folders[lane][:-1]:
            left = [path for path in world.waiting_in(folder, lane) if path.name not in world.ignored]
            if left and of_lane.problem is None:
                yield f"in a folder of before, and in no list: {len(left)} files"
    told = bool(snapshot.notes) or any(lane.problem is not None for lane in snapshot.lanes)
    for lane in LANES:
        for shelf in ("sending", "held"):
            left = {
                path.relative_to(place).parts[0]
                for place in world.shelves(lane, shelf)
                for path in world.everything(place)
            }
            if left - shown and not told:
                yield f"on {shelf}, and in no list: {len(left - shown)} packets"


def _token(world: World, packet: PacketRecord) -> str:
    if packet.claim.startswith("TOK"):
        return packet.claim
    data = next((world.known[file.sha256] for file in packet.files if file.sha256 in world.known), b"")
    return next(iter(TOKEN.findall(data)), b"").decode()
