"""What the tray asks of the ledger: the last packet that was sent, and the last control number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from agent.ledger import schema
from agent.ledger.ledger import Ledger
from agent.model import PacketState

_PACKET = schema.packet.c
_LAST_SENT = select(func.max(_PACKET.ended_at)).where(_PACKET.state == PacketState.SENT)
_LAST_NUMBER = (
    select(_PACKET.control_number)
    .where(_PACKET.state == PacketState.SENT, _PACKET.control_number != "")
    .order_by(_PACKET.ended_at.desc())
    .limit(1)
)


def last_sent(ledger: Ledger) -> datetime | None:
    """Return when a packet was sent last."""
    last: datetime | None = ledger.rows(_LAST_SENT)[0][0]
    return last


def last_control_number(ledger: Ledger) -> str:
    """Return the control number that came last; empty where there is none yet."""
    found = ledger.rows(_LAST_NUMBER)
    return str(found[0][0]) if found else ""
