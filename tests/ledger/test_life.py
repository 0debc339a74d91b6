"""The ledger writes no change of state that a packet's life does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.ledger import life
from agent.ledger.ledger import Ledger
from agent.ledger.life import FIRST, ImpossibleTransition, before
from agent.ledger.opening import memory_ledger
from agent.ledger.records import PacketRecord, Shelf
from agent.ledger.transaction import Transaction
from agent.model import PacketState
from tests.support.packets import NOW, TROUBLE, packet

IN_THE_LEDGER = (*FIRST, PacketState.SENDING, PacketState.DELIVERED)
RECEIPT = {"warnings": [], "attachment_control_number": None}

STEPS: dict[PacketState, Callable[[Transaction, PacketRecord], None]] = {
    PacketState.QUEUED: lambda tx, one: tx.queue(one, NOW, possibly_sent=False),
    PacketState.HELD: lambda tx, one: tx.hold(one, NOW + timedelta(hours=1), None, NOW, refused=False),
    PacketState.SENDING: lambda tx, one: tx.start_attempt(one, NOW),
    PacketState.DELIVERED: lambda tx, one: tx.deliver(one, RECEIPT, (), NOW),
    PacketState.SENT: lambda tx, one: tx.shelved(one, NOW),
    PacketState.FAILED: lambda tx, one: tx.fail(one, TROUBLE, NOW),
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger(memory_ledger())
    yield made
    made.close()


def standing(ledger: Ledger, state: PacketState) -> PacketRecord:
    record = packet("p1", state=PacketState.QUEUED)
    with ledger.transaction() as tx:
        tx.admit(record, NOW)
        tx._change(record, state=state, shelf=Shelf.SENDING)
    return packet("p1", state=state, shelf=Shelf.SENDING)


@pytest.mark.parametrize("target", STEPS)
@pytest.mark.parametrize("source", sorted(set(IN_THE_LEDGER)))
def test_only_the_changes_of_the_table_are_written(ledger: Ledger, source: PacketState, target: PacketState) -> None:
    one = standing(ledger, source)
    if target is PacketState.SENT:  # as it was seen before
        one = packet("p1", state=PacketState.DELIVERED, shelf=Shelf.SENDING)
    if source in before(target):
        with ledger.transaction() as tx:
            STEPS[target](tx, one)
        expected = target
    else:
        with pytest.raises(ImpossibleTransition), ledger.transaction() as tx:
            STEPS[target](tx, one)
        expected = source
    found = ledger.packet("p1")
    assert found is not None
    assert found.state is expected


@pytest.mark.parametrize("target", [PacketState.DELIVERED, PacketState.FAILED])
@pytest.mark.parametrize("source", sorted(set(IN_THE_LEDGER)))
def test_the_shelves_prove_only_what_was_believed_to_wait(
    ledger: Ledger, source: PacketState, target: PacketState
) -> None:
    one = replace(standing(ledger, source), state=target)
    expected = target if source in (PacketState.QUEUED, PacketState.HELD) else source
    with suppress(ImpossibleTransition), ledger.transaction() as tx:
        tx.prove(one, NOW)
    found = ledger.packet("p1")
    assert found is not None
    assert found.state is expected


@pytest.mark.parametrize("state", sorted(set(PacketState) - FIRST))
def test_a_packet_begins_only_as_the_table_says(ledger: Ledger, state: PacketState) -> None:
    with pytest.raises(ImpossibleTransition), ledger.transaction() as tx:
        tx.admit(packet("p1", state=state), NOW)
    assert ledger.packet("p1") is None


def test_what_was_decided_on_an_old_state_is_not_written_over_a_newer_one(ledger: Ledger) -> None:
    seen = standing(ledger, PacketState.QUEUED)
    with ledger.transaction() as tx:
        tx.start_attempt(seen, NOW)
    with pytest.raises(ImpossibleTransition), ledger.transaction() as tx:
        tx.start_attempt(seen, NOW)


def test_each_change_can_be_reached_and_ends_somewhere() -> None:
    reached = set(FIRST)
    while more := {change.target for change in life.TRANSITIONS if change.source in reached} - reached:
        reached |= more
    assert reached == set(PacketState) - {PacketState.SETTLING, PacketState.WAITING}


def test_the_picture_is_the_table() -> None:
    page = (Path(life.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert life.picture() in page, "draw it anew: python -m agent.ledger.life"
