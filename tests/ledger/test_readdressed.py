"""A packet that goes to another account leaves behind what the first may have of it, and finds it again there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from agent.ledger.records import ClaimState
from tests.support.packets import NOW, STATEMENTS, claim, hours, packet

A, B = "https://a.example.com#x", "https://b.example.com#x"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger(memory_ledger())
    with made.transaction() as tx:
        tx.admit(packet("p1", STATEMENTS, account=A, possibly_sent=True, upload_name="Statements.xml"), NOW)
        tx.claim(claim("p1", store_id=A))
        tx.mark_claim("p1", ClaimState.UNKNOWN, NOW)
    yield made
    made.close()


def go_to(ledger: Ledger, account: str) -> None:
    record = ledger.packet("p1")
    assert record is not None
    with ledger.transaction() as tx:
        tx.readdress(record, account, NOW)


def test_in_memory_nobody_reads_within_a_transaction(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="one connection"), ledger.transaction():
        ledger.packet("p1")
    assert ledger.packet("p1") is not None


def states(ledger: Ledger, account: str) -> list[tuple[ClaimState, bool]]:
    return [(one.state, one.active) for one in ledger.claims(account, NOW + hours(1))]


def test_the_name_stays_taken_where_the_packet_may_have_arrived(ledger: Ledger) -> None:
    go_to(ledger, B)
    assert states(ledger, A) == [(ClaimState.UNKNOWN, False)]
    assert states(ledger, B) == [(ClaimState.RESERVED, True)]


def test_it_is_its_own_again_when_it_comes_back(ledger: Ledger) -> None:
    go_to(ledger, B)
    go_to(ledger, A)
    assert states(ledger, A) == [(ClaimState.UNKNOWN, True)]
    assert states(ledger, B) == []
    assert ledger.packet("p1").lost_since == NOW


def test_both_are_remembered_where_both_may_have_it(ledger: Ledger) -> None:
    go_to(ledger, B)
    with ledger.transaction() as tx:
        tx.mark_claim("p1", ClaimState.UNKNOWN, NOW)
    go_to(ledger, A)
    assert states(ledger, A) == [(ClaimState.UNKNOWN, True)]
    assert states(ledger, B) == [(ClaimState.UNKNOWN, False)]
