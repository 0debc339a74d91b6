"""Which statements of an upload the service has marked as failed, as far as its search can tell.

A 200 means received, not accepted: the service marks statements `failed` that did not pass its own checks after the
upload. Its search knows no file name, so a statement is recognised by its `posOrderId`, or else by name and amount due.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.model import Blocked, Fault, Problem, Refused, Retry, Words

FAILED = "failed"
MOST_PAGES = 20

NOT_ACCEPTED = Words(
    "statements-not-accepted",
    "{name} arrived, but the statements service marked {count} of its {total} statements as failed.",
    "Look at these statements in the service's own review page, mend them there, or bill these patients another way. "
    "The others are in order.",
)


@dataclass(frozen=True)
class Marked:
    """The statements that the service has marked as failed, by id; `problem` where it could not be asked."""

    entities: Mapping[str, Mapping[str, Any]]
    problem: Problem | None = None


def marked(pages: Iterable[Iterable[Mapping[str, Any]] | Refused | Retry | Blocked]) -> Marked:
    """Put the pages of a search for failed statements together."""
    found: dict[str, Mapping[str, Any]] = {}
    for page in pages:
        if isinstance(page, Refused | Retry | Blocked):
            return Marked(found, page.problem)
        for entity in page:
            found[str(entity.get("id", len(found)))] = entity
    return Marked(found)


def statements_in(body: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a request's body one by one, so that never more than one is unpacked."""
    decoder = json.JSONDecoder()
    at = body.find("[") + 1
    while at and at < len(body) and body[at] != "]":
        try:
            statement, at = decoder.raw_decode(body, at)
        except ValueError:  # a body that was read in part ends in mid-statement
            return
        yield statement
        at += body[at : at + 1] == ","


def not_accepted(name: str, total: int, body: str, failed: Iterable[Mapping[str, Any]]) -> Problem | None:
    """Return the problem that names each statement of `body` which is among `failed`; None where none is."""
    keys = {key for entity in failed for key in _keys(entity)}
    rows = [
        Fault(
            f"statement {statement.get('rowNum', '?')}",
            str(statement.get("externalPatientId", "")),
            "Marked as failed.",
        )
        for statement in (statements_in(body) if keys else ())
        if any(key in keys for key in _keys(statement))
    ]
    return NOT_ACCEPTED.problem(rows, name=name, count=len(rows), total=total) if rows else None


def _keys(statement: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    if statement.get("posOrderId"):
        yield ("posOrderId", str(statement["posOrderId"]))
        return
    names = (str(statement.get(field) or "").strip().casefold() for field in ("firstName", "lastName"))
    yield (*names, str(statement.get("amountDue")))
