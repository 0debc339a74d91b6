"""How other programs of the same user ask something of the agent: through the request box, or, when none runs,
by doing it themselves."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.delivery.requests import Request, RequestBox, Verb
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable, open_ledger, read_only
from agent.ledger.records import LaneRecord, PacketRecord
from agent.model import PacketState
from agent.settings.locations import data_folder, ledger_file
from agent.settings.schema import Settings


class Unwilling(Exception):
    """What was asked cannot be done; the text says why."""


def ask_retry(settings: Settings, packets: Sequence[str] | None) -> list[str]:
    """Ask for failed packets to be tried again; None for every one that still needs someone. Return which.

    Raises Unwilling for a packet that is not known or has not failed.
    """
    from agent.delivery.alone import is_running

    chosen = _failed(settings, packets)
    if not chosen:
        return []
    ids = tuple(packet.id for packet in chosen)
    if is_running(settings):
        RequestBox(data_folder(settings.agent)).post(Request("retry", packets=ids, actor=getpass.getuser()))
        return list(ids)
    from agent.delivery.retrying import put_back
    from agent.folder.real import RealFileSystem

    now = datetime.now(UTC)
    ledger = Ledger(open_ledger(ledger_file(settings.agent), now).engine)
    lanes = settings.lanes
    done = [
        packet.id
        for packet in chosen
        if put_back(ledger, RealFileSystem(), lanes[packet.lane], packet, now, getpass.getuser())
    ]
    ledger.close()
    return done


def _failed(settings: Settings, packets: Sequence[str] | None) -> list[PacketRecord]:
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        if packets:
            raise Unwilling("There are no packets yet.") from None
        return []
    try:
        unresolved = [packet for packet in ledger.unresolved() if packet.lane in settings.lanes]
        if packets is None:
            return unresolved
        for packet_id in packets:
            known = ledger.packet(packet_id)
            if known is None:
                raise Unwilling(f"There is no packet {packet_id}. `outtray history` shows them all.")
            if known.state is not PacketState.FAILED:
                raise Unwilling(f"Packet {packet_id} has not failed: it is {known.state}.")
            if packet_id not in {packet.id for packet in unresolved}:
                raise Unwilling(f"Packet {packet_id} was dealt with already: its files no longer stand in failed.")
        return [packet for packet in unresolved if packet.id in packets]
    finally:
        ledger.close()


def ask_lanes(settings: Settings, verb: Verb, lanes: Sequence[str]) -> None:
    """Pause lanes, or let them go on; none named: all."""
    from agent.delivery.alone import is_running
    from agent.delivery.control import asked

    if is_running(settings):
        RequestBox(data_folder(settings.agent)).post(Request(verb, lanes=tuple(lanes), actor=getpass.getuser()))
        return
    now = datetime.now(UTC)
    ledger = Ledger(open_ledger(ledger_file(settings.agent), now).engine)
    known = ledger.lanes()
    with ledger.transaction() as tx:
        for lane in settings.lanes:
            if not lanes or str(lane) in lanes:
                tx.lane(asked(known.get(lane, LaneRecord(lane)), verb, now))
                tx.note(now, verb, lane=lane, actor=getpass.getuser())
    ledger.close()
