"""Claims by name: what was not written is not read again, and whatever was written shows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from agent.folder.names import name_key
from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from agent.ledger.records import ClaimState, PacketRecord
from agent.ledger.transaction import Transaction
from agent.model import PacketState
from tests.support.packets import NOW, STATEMENTS, TROUBLE, accepted, claim, hours, packet

NAMES = ("Statements.xml", "other.csv")
KEYS = [name_key(name) for name in NAMES]


@pytest.fixture
def database() -> Iterator[Engine]:
    made = memory_ledger()
    yield made
    made.dispose()


@pytest.fixture
def ledger(database: Engine) -> Ledger:
    made = Ledger(database)
    with made.transaction() as tx:
        tx.admit(packet("p1", STATEMENTS, state=PacketState.HELD, next_at=NOW), NOW)
        tx.claim(claim("p1"))
        tx.claim(accepted("p0", hours(3)))
        tx.claim(accepted("p2", hours(3), "third.csv"))
        tx.claim(replace(accepted("p3", hours(3)), store_id="store-2"))
    return made


def test_only_claims_on_the_names_that_are_asked_for_are_given(ledger: Ledger) -> None:
    assert {one.packet for one in ledger.claims_on("store-1", KEYS, NOW)} == {"p0", "p1"}
    assert ledger.claims_on("store-1", [], NOW) == []


def test_what_nobody_has_written_is_not_read_again(ledger: Ledger, database: Engine) -> None:
    before = ledger.claims_on("store-1", KEYS, NOW)
    read: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *told: read.append(told[2]))
    assert ledger.claims_on("store-1", KEYS, NOW) == before
    with ledger.transaction() as tx:
        tx.claim(accepted("p9", hours(1), "fourth.csv"))
    assert ledger.claims_on("store-1", KEYS, NOW) == before
    assert [statement for statement in read if statement.startswith("SELECT")] == []


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.claim(accepted("p9", hours(1))),
        lambda tx: tx.claim(accepted("p9", hours(1), "other.csv")),
        lambda tx: tx.mark_claim("p0", ClaimState.UNKNOWN, NOW),
        lambda tx: tx.release_claim("p0"),
        lambda tx: tx.fail(packet("p1"), TROUBLE, NOW),
        lambda tx: tx.reschedule(packet("p1"), NOW + hours(5)),
        lambda tx: _sent_back(tx, packet("p1")),
        lambda tx: tx.start_attempt(packet("p1"), NOW),
        lambda tx: tx.shift_times(timedelta(hours=2), NOW),
    ],
    ids=["claim", "claim of a free name", "mark", "release", "fail", "reschedule", "hold", "start", "clock set"],
)
def test_what_was_written_is_read_again(ledger: Ledger, database: Engine, write: Callable[[Transaction], None]) -> None:
    before = ledger.claims_on("store-1", KEYS, NOW)
    with ledger.transaction() as tx:
        write(tx)
    after = ledger.claims_on("store-1", KEYS, NOW)
    assert after != before
    assert after == Ledger(database).claims_on("store-1", KEYS, NOW)


def _sent_back(tx: Transaction, held: PacketRecord) -> None:
    tx.start_attempt(held, NOW)
    tx.hold(held, NOW + hours(5), None, NOW, refused=True)


def test_a_packet_whose_claim_does_not_matter_any_more_is_read_again(ledger: Ledger) -> None:
    four = packet("p4", STATEMENTS, upload_name="other.csv")
    with ledger.transaction() as tx:
        tx.admit(four, NOW)
        tx.claim(replace(claim("p4"), key="other.csv"))
    assert {one.packet for one in ledger.claims_on("store-1", ["other.csv"], NOW)} == {"p4"}
    with ledger.transaction() as tx:
        tx.fail(four, TROUBLE, NOW)
    assert {one.packet for one in ledger.claims_on("store-1", ["other.csv"], NOW)} == set()


def test_what_was_not_committed_leaves_the_claims_as_they_were(ledger: Ledger) -> None:
    before = ledger.claims_on("store-1", KEYS, NOW)
    with pytest.raises(ZeroDivisionError), ledger.transaction() as tx:
        tx.release_claim("p0")
        raise ZeroDivisionError
    assert ledger.claims_on("store-1", KEYS, NOW) == before


def test_what_another_has_written_is_read_when_nothing_is_to_be_believed(ledger: Ledger, database: Engine) -> None:
    ledger.claims_on("store-1", KEYS, NOW)
    with Ledger(database).transaction() as tx:
        tx.release_claim("p0")
    ledger.read_claims_again()
    assert {one.packet for one in ledger.claims_on("store-1", KEYS, NOW)} == {"p1"}


def test_more_names_than_fit_into_one_question_are_asked_for_in_several(ledger: Ledger) -> None:
    many = [f"{number}.csv" for number in range(1200)]
    with ledger.transaction() as tx:
        for name in many:
            tx.claim(accepted(name, hours(1), name))
    assert len(ledger.claims_on("store-1", many, NOW)) == 1200
