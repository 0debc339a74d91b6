"""What goes again when someone says "all that failed", by whichever door: the page, the tray, a command."""

from __future__ import annotations

from collections.abc import Iterable

from agent.delivery.problems import GAVE_UP_UNSURE, LOST_TOO_LONG_AGO, TAKEN_BY_WHOM, WITHDRAWN
from agent.ledger.records import PacketRecord
from agent.model import PacketState

_ONE_BY_ONE = frozenset(words.code for words in (WITHDRAWN, GAVE_UP_UNSURE, LOST_TOO_LONG_AGO, TAKEN_BY_WHOM))


def goes_with_all(packet: PacketRecord) -> bool:
    """Tell whether a failed packet is one of "all". What a person withdrew, and what may have arrived, is not: somebody
    has decided, or has to look first, and both are about this packet and no other."""
    if packet.state is not PacketState.FAILED or packet.resolved_at is not None or packet.possibly_sent:
        return False
    return packet.problem is None or packet.problem.code not in _ONE_BY_ONE


def of_all(packets: Iterable[PacketRecord]) -> tuple[str, ...]:
    """Return the ids of those that go with "all"."""
    return tuple(packet.id for packet in packets if goes_with_all(packet))
