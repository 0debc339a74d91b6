"""The life of a packet: which state may follow which, when, and who brings it about.

This is the only such table. The ledger writes no other change (`Transaction`), so a state that was read some time ago
is never written over a newer one. The picture in the README beside this file is drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.model import PacketState

QUEUED, HELD, SENDING = PacketState.QUEUED, PacketState.HELD, PacketState.SENDING
DELIVERED, SENT, FAILED = PacketState.DELIVERED, PacketState.SENT, PacketState.FAILED
RECONCILIATION = "reconciliation"


class ImpossibleTransition(Exception):
    """A packet was to come into a state that cannot follow the one that it has, or there is no such packet."""

    def __init__(self, packet: str, target: PacketState) -> None:
        super().__init__(f"Packet {packet} cannot become {target} from where it is.")
        self.packet = packet
        self.target = target


@dataclass(frozen=True)
class Transition:
    """One change. `source` is None for files that become a packet; `when` reads behind "when"."""

    source: PacketState | None
    target: PacketState
    when: str
    by: str  # the planner, the outcome of a try, a person, the start after a crash, the shelving, the reconciliation


TRANSITIONS = (
    Transition(None, QUEUED, "its files are in order", "planner"),
    Transition(None, HELD, "its name, or its store, was used within 24 hours", "planner"),
    Transition(None, FAILED, "its files cannot be sent as they are", "planner"),
    Transition(None, QUEUED, "a new ledger meets it on `sending`", RECONCILIATION),
    Transition(None, HELD, "a new ledger meets it on `held`", RECONCILIATION),
    Transition(None, SENT, "a new ledger meets its receipt", RECONCILIATION),
    Transition(None, FAILED, "a new ledger meets its problem", RECONCILIATION),
    Transition(QUEUED, SENDING, "it is due, and a sender is free", "planner"),
    Transition(QUEUED, HELD, "another packet has taken its name meanwhile", "planner"),
    Transition(QUEUED, FAILED, "its lost try cannot be repeated safely any more", "planner"),
    Transition(QUEUED, FAILED, "someone has taken its files away", "person"),
    Transition(HELD, SENDING, "its name is free, and a sender too", "planner"),
    Transition(HELD, FAILED, "someone withdraws it, or takes its files away", "person"),
    Transition(SENDING, DELIVERED, "the service has accepted it", "outcome"),
    Transition(SENDING, QUEUED, "it goes again: not now, or the answer was lost", "outcome"),
    Transition(SENDING, HELD, "the service says that the name was used", "outcome"),
    Transition(SENDING, FAILED, "the service refuses it, or it was tried for long enough", "outcome"),
    Transition(SENDING, QUEUED, "the agent was killed in the middle", "start"),
    Transition(QUEUED, DELIVERED, "an old ledger meets its receipt", RECONCILIATION),
    Transition(HELD, DELIVERED, "an old ledger meets its receipt", RECONCILIATION),
    Transition(QUEUED, FAILED, "an old ledger meets its problem", RECONCILIATION),
    Transition(HELD, FAILED, "an old ledger meets its problem", RECONCILIATION),
    Transition(DELIVERED, SENT, "its files and its receipt are on the shelf", "shelving"),
)

FIRST = frozenset(change.target for change in TRANSITIONS if change.source is None)
"""The states in which a packet may begin."""


def before(target: PacketState, *, reconciled: bool = False) -> tuple[PacketState, ...]:
    """Return the states from which a packet may come to `target`. `reconciled`: because the shelves prove it."""
    sources = (
        change.source
        for change in TRANSITIONS
        if change.target is target and (change.by == RECONCILIATION) is reconciled
    )
    return tuple(dict.fromkeys(source for source in sources if source is not None))


def picture() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for change in TRANSITIONS:
        source = "[*]" if change.source is None else str(change.source)
        lines.append(f"    {source} --> {change.target}: {change.by}, when {change.when}")
    lines.append(f"    {SENT} --> [*]")
    lines.append(f"    {FAILED} --> [*]")
    return "\n".join(lines)


if __name__ == "__main__":
    print(picture())
