"""Asking the statements service, after a delivery, whether it has marked some of the statements as failed.

Only where a lane's settings say `verify = true`. The packet is delivered and stays so; its shelving waits until the
service has been asked `AFTER` seconds after the delivery, or has told of failed statements before.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from agent.delivery.documents import utc_text
from agent.destinations.verifying import Marked, not_accepted
from agent.ledger.records import PacketRecord
from agent.model import Problem, StatementUpload

AFTER = (3.0, 10.0, 30.0)  # seconds after the delivery: the service may check in its own time


class AsksAfterwards(Protocol):
    """A destination that can tell what it has marked as failed."""

    def marked_as_failed(self, cancel: Event) -> Marked:
        """Return what is marked as failed now."""
        ...


@dataclass
class Verification:
    """One packet's questions: how many were asked, and when, in steady seconds, the next is due."""

    begun: float
    asked: int = 0
    under_way: bool = False

    @property
    def due(self) -> float:
        """Return when to ask next."""
        return self.begun + AFTER[min(self.asked, len(AFTER) - 1)]


@dataclass(frozen=True)
class Answer:
    """What the service said: the problem with some statements, or that it could not be asked."""

    problem: Problem | None = None
    unanswered: Problem | None = None


def ask(destination: AsksAfterwards, upload: StatementUpload, before: frozenset[str], cancel: Event) -> Answer:
    """Ask once which of the upload's statements are marked as failed; `before` were so before it was sent."""
    found = destination.marked_as_failed(cancel)
    fresh = [entity for key, entity in found.entities.items() if key not in before]
    body = upload.spool.read_text(encoding="utf-8") if fresh else ""
    return Answer(not_accepted(upload.filename, upload.statements, body, fresh), found.problem)


def in_receipt(packet: PacketRecord, answer: Answer, now: datetime) -> dict[str, Any]:
    """Return the packet's receipt with what the service said afterwards."""
    receipt = dict(packet.receipt or {})
    receipt["verification"] = {
        "at": utc_text(now),
        "problem": asdict(answer.problem) if answer.problem else None,
        "unanswered": answer.unanswered.sentence if answer.unanswered else None,
    }
    if answer.problem is not None:
        receipt["warnings"] = [*receipt["warnings"], answer.problem.sentence]
    return receipt
