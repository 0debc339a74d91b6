"""One question to the statements service after a delivery: has it marked some of the statements as failed?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from agent.destinations.verifying import Marked, not_accepted
from agent.folder.receipts import utc_text
from agent.ledger.records import PacketRecord
from agent.model import Problem, StatementUpload, Words

NOT_COMPARABLE = Words(
    "not-verified",
    "The service could not be asked before {name} was sent, so what it has marked as failed may be another file's.",
    "Look at the service's own review page.",
)
NOT_ASKED = Words(
    "not-verified",
    "Whether the service marked some of {name} as failed could not be found out.",
    "Look at the service's own review page.",
)


class AsksAfterwards(Protocol):
    """A destination that can tell what it has marked as failed."""

    def marked_as_failed(self, cancel: Event) -> Marked:
        """Return what is marked as failed now."""
        ...


@dataclass(frozen=True)
class Answer:
    """What the service said: the problem with some statements, or that it could not be asked."""

    problem: Problem | None = None
    unanswered: Problem | None = None


def could_not_be_asked(name: str) -> Answer:
    """Return what is known where there was nothing to compare: not that all is well."""
    return Answer(unanswered=NOT_ASKED.problem(name=name))


def ask(destination: AsksAfterwards, upload: StatementUpload, before: frozenset[str] | None, cancel: Event) -> Answer:
    """Ask once which of the upload's statements are marked as failed.

    `before` were so before it was sent; None: that is not known, so what is marked now can be another file's.
    """
    if before is None:
        return Answer(unanswered=NOT_COMPARABLE.problem(name=upload.filename))
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
