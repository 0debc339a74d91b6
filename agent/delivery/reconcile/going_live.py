"""Leaving the sandbox: what changes once settings that lead to the real service are taken on, named beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy.exc import DatabaseError

from agent.delivery.problems import LEAVES_SANDBOX
from agent.delivery.reconcile.settings_changed import known_lanes
from agent.ledger.ledger import Ledger
from agent.ledger.opening import LedgerUnavailable, read_only
from agent.model import LaneId, PacketState, Problem
from agent.settings.environment import CALLED, Environment, environment_at, environment_of
from agent.settings.locations import ledger_file
from agent.settings.schema import Settings
from agent.settings.secrets import SECRET_OF

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_UNSENT = (PacketState.QUEUED, PacketState.HELD)


def leaving_the_sandbox(settings: Settings) -> list[tuple[LaneId, Problem]]:
    """Return the lanes that the ledger on the disk knows at a sandbox and these settings lead to the real service."""
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        return []
    try:
        return list(leaving_in(ledger, settings))
    except DatabaseError:
        return []
    finally:
        ledger.close()


def leaving_in(ledger: Ledger, settings: Settings) -> Iterator[tuple[LaneId, Problem]]:
    """Yield the same of a ledger that is open: each lane with what changes for it."""
    records, counts = ledger.lanes(), ledger.counts(_EVER)
    for lane, known in known_lanes(settings).items():
        record = records.get(lane)
        account = record.places.account if record is not None and record.places is not None else ""
        was = environment_at(account.partition("#")[0]) if account else Environment.PRODUCTION
        is_real = environment_of(settings.lanes[lane]) is Environment.PRODUCTION
        if is_real and was is not Environment.PRODUCTION:
            yield (
                lane,
                LEAVES_SANDBOX.problem(
                    lane=lane,
                    sandbox=CALLED[was],
                    host=urlsplit(known.account.partition("#")[0]).hostname or "the service",
                    sent=_packets(counts.get(lane, {}).get(PacketState.SENT, 0)),
                    waiting=_packets(sum(counts.get(lane, {}).get(state, 0) for state in _UNSENT)),
                    secret=f"{lane.store}/{SECRET_OF[lane.kind]}",
                ),
            )


def _packets(count: int) -> str:
    return "1 packet" if count == 1 else f"{count:,} packets"
