"""What the commands ask of the agent: over its interface where one runs, else done by themselves in its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.delivery.glance import status_json
from agent.delivery.requests import Answer, Request, Verb
from agent.desk.interface.remote import Unreachable, other_agent
from agent.desk.users import user_name
from agent.settings.locations import ledger_file, named_folders

if TYPE_CHECKING:
    from agent.ledger.ledger import Ledger
    from agent.ledger.records import PacketRecord
    from agent.model import LaneId
    from agent.settings.schema import Settings


_NOT_NOW = (
    "Packet {packet} cannot be put back just now: the folder of {lane} cannot be reached, or a program has its files "
    "open. It still stands on the failed shelf. Ask again once that is put right."
)
_LEFT_OUT = (
    "What has failed was withdrawn, or may have arrived at the service, and does not go with all. To send one of them "
    "all the same, name it: `outtray history --state failed` shows them."
)


class Unwilling(Exception):
    """What was asked cannot be done; the text says why."""


def current_status(settings: Settings) -> dict[str, Any]:
    """Return the running agent's snapshot, or one put together from the ledger when none runs.

    Of another user's agent that is the counts alone. Raises Unreachable.
    """
    agent = other_agent(settings)
    if agent is not None and agent.is_own:
        return agent.status()
    if agent is not None and (counts := agent.snapshot()) is not None:
        return status_json(counts)
    from agent.delivery.status import status_without_agent

    return status_json(status_without_agent(settings))


def ask_retry(settings: Settings, packets: Sequence[str] | None) -> Answer:
    """Ask for failed packets to be tried again; None for every one that goes with "all" (`goes_with_all`).

    Raises Unwilling for a packet that is not known or has not failed, and Unreachable.
    """
    agent = other_agent(settings)
    chosen = _failed(settings, packets)
    if not chosen:
        return Answer()
    if agent is not None:
        return agent.ask(Request("retry", packets=tuple(packet.id for packet in chosen), actor=user_name()))
    from agent.delivery.places import Places, past_of
    from agent.delivery.reconcile.putting_back import put_back
    from agent.folder.real import RealFileSystem

    now, lanes, fs = datetime.now(UTC), settings.lanes, RealFileSystem(named_folders(settings))
    ledger = _opened(settings, now)

    def places(lane: LaneId) -> Places:
        found = Places(lane, lanes[lane], fs, "")
        found.past = past_of(ledger, lane)
        return found

    try:
        done = [
            packet.id
            for packet in chosen
            if put_back(ledger, fs, lanes[packet.lane], packet, now, user_name(), places(packet.lane))
        ]
    finally:
        ledger.close()
    left = (packet for packet in chosen if packet.id not in done)
    return Answer(tuple(done), tuple(_NOT_NOW.format(packet=packet.id, lane=packet.lane) for packet in left))


def ask_lanes(settings: Settings, verb: Verb, lanes: Sequence[str]) -> Answer:
    """Pause lanes, or let them go on; none named: all. Raises Unreachable."""
    agent = other_agent(settings)
    if agent is not None:
        return agent.ask(Request(verb, lanes=tuple(lanes), actor=user_name()))
    from agent.delivery.request_handler import asked
    from agent.delivery.verdicts import hastened
    from agent.ledger.records import LaneRecord
    from agent.model import PacketState

    now = datetime.now(UTC)
    chosen = [lane for lane in settings.lanes if not lanes or str(lane) in lanes]
    ledger = _opened(settings, now)
    try:
        known = ledger.lanes()
        waiting = [packet for packet in ledger.unfinished() if packet.state is PacketState.QUEUED]
        with ledger.transaction() as tx:
            for lane in chosen:
                tx.lane(asked(known.get(lane, LaneRecord(lane)), verb, now))
                tx.note(now, verb, lane=lane, actor=user_name())
            for packet in waiting if verb == "resume" else ():
                if packet.lane in chosen:
                    tx.reschedule(hastened(packet, now), now)
    finally:
        ledger.close()
    return Answer(tuple(map(str, chosen)))


def ask_note(settings: Settings, note: str) -> None:
    """Have it written down that this user has seen something (`requests.SEEN`). Raises Unreachable."""
    agent = other_agent(settings)
    if agent is not None:
        agent.ask(Request("note", actor=user_name(), note=note))
        return
    now = datetime.now(UTC)
    ledger = _opened(settings, now)
    try:
        with ledger.transaction() as tx:
            tx.note(now, note, actor=user_name())
    finally:
        ledger.close()


def ask_adopt(settings: Settings, lanes: Sequence[str]) -> Answer:
    """Take over what other PCs have left in these lanes; none named: in all. Raises Unwilling, and Unreachable."""
    agent = other_agent(settings)
    if agent is None:
        raise Unwilling("OutTray is not running here. Start it, and ask again: it then takes them over.")
    return agent.ask(Request("adopt", lanes=tuple(lanes), actor=user_name()))


def ask_stop(settings: Settings, seconds: float, pause: Callable[[float], None] = time.sleep) -> bool | None:
    """Ask the running agent to end, and wait until it has; tell whether it has within `seconds`, None where none ran.

    Raises Unreachable.
    """
    from agent.delivery.alone import is_running

    agent = other_agent(settings)
    if agent is None:
        return None
    try:
        agent.ask(Request("stop", actor=user_name()))
    except Unreachable:
        if is_running(settings):  # else it was gone before its answer came
            raise
    deadline = time.monotonic() + seconds
    while is_running(settings):
        if time.monotonic() >= deadline:
            return False
        pause(0.05)
    return True


def _opened(settings: Settings, now: datetime) -> Ledger:
    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import open_ledger

    return Ledger(open_ledger(ledger_file(settings.agent), now).engine)


def _failed(settings: Settings, packets: Sequence[str] | None) -> list[PacketRecord]:
    from agent.delivery.all_failed import goes_with_all
    from agent.delivery.request_handler import why_not_retried
    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import LedgerUnavailable, read_only

    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        if packets:
            raise Unwilling("There are no packets yet.") from None
        return []
    try:
        every = ledger.unresolved()
        unresolved = [packet for packet in every if packet.lane in settings.lanes]
        if packets is None and every and not unresolved:
            raise Unwilling(why_not_retried(every[0].id, every[0], settings.lanes))
        if packets is None:
            chosen = [packet for packet in unresolved if goes_with_all(packet)]
            if unresolved and not chosen:
                raise Unwilling(_LEFT_OUT)
            return chosen
        for packet_id in packets:
            if reason := why_not_retried(packet_id, ledger.packet(packet_id), settings.lanes):
                raise Unwilling(reason)
        return [packet for packet in unresolved if packet.id in packets]
    finally:
        ledger.close()
