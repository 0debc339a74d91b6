"""What is said of lanes that send to a sandbox, the same words wherever they stand: page, tray, `status`.

Receipts and ticks of such a lane look as those of a real one do, so that it has to be said beside each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.delivery.snapshot import Snapshot
from agent.desk.page.words import lane_name, listed
from agent.settings.environment import CALLED

NOTHING_COUNTS = "Nothing of it reaches an insurer or a patient."

Place = tuple[str, str]
"""A lane's name, and its environment as a snapshot has it."""


def places(snapshot: Snapshot) -> list[Place]:
    """Return where each lane sends to."""
    return [(lane.lane, lane.environment) for lane in snapshot.lanes]


def sandbox_sentences(of_lanes: Iterable[Place]) -> list[str]:
    """Return a sentence for each kind of sandbox that lanes send to; none where all send to the real service."""
    by_kind: dict[str, list[str]] = {}
    for lane, environment in of_lanes:
        if environment in CALLED:
            by_kind.setdefault(environment, []).append(lane_name(lane))
    return [
        f"{listed(names)} {'sends' if len(names) == 1 else 'send'} to {CALLED[at]}." for at, names in by_kind.items()
    ]


def sandbox_mark(of_lanes: Sequence[Place]) -> str:
    """Return what goes before a line that speaks of all lanes, such as a tooltip; empty where none is on a sandbox."""
    count = sum(environment in CALLED for _, environment in of_lanes)
    if not count:
        return ""
    return "Sandbox: " if count == len(of_lanes) else f"Sandbox ({count} of {len(of_lanes)} lanes): "
