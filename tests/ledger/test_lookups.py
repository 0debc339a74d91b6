"""What is looked up in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.ledger import lookups
from agent.ledger.ledger import Ledger
from agent.ledger.lookups import Search
from agent.ledger.opening import open_ledger
from agent.model import PacketState, Problem
from tests.support.activity import NOW, SCANS, STATEMENTS, ago, failed, packet, remember


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(open_ledger(tmp_path / "ledger.db", NOW).engine)
    yield made
    made.close()


def ids(records: list[object]) -> list[str]:
    return [record.id for record in records]  # type: ignore[attr-defined]


def test_those_in_need_are_the_failed_and_the_amiss_that_nobody_has_dealt_with(ledger: Ledger) -> None:
    problem = Problem("some-code", "It is so.", "Do it.")
    remember(
        ledger,
        failed("new.pdf", problem, minutes=1),
        failed("old.pdf", problem, minutes=100),
        failed("mended.pdf", problem, resolved_at=NOW),
        replace(packet("amiss.csv", lane=STATEMENTS, minutes=50), problem=problem),
        packet("well.pdf"),
        packet("later.pdf", state=PacketState.QUEUED, problem=problem),
    )
    found = lookups.needing_someone(ledger)
    assert [record.name for record in found] == ["old", "amiss", "new"]
    assert sum(ledger.unresolved_counts().values()) == len(found)


def test_a_search_finds_parts_in_any_case_and_takes_signs_as_they_are(ledger: Ledger) -> None:
    remember(ledger, packet("100%_sure.PDF", packet_id="a"), packet("1000 surely.pdf", packet_id="b", claim="CLM-9"))
    assert ids(lookups.search(ledger, Search("%_SURE"))) == ["a"]
    assert ids(lookups.search(ledger, Search("clm-9"))) == ["b"]
    assert lookups.count(ledger, Search("sure")) == 2
    assert lookups.count(ledger, Search("nothing")) == 0


def test_a_search_is_narrowed_and_paged(ledger: Ledger) -> None:
    remember(ledger, *(packet(f"{number}.pdf", minutes=number) for number in range(10)))
    assert [one.name for one in lookups.search(ledger, Search(), offset=3, limit=2)] == ["3", "4"]
    assert lookups.count(ledger, Search(since=ago(4.5))) == 5
    assert lookups.count(ledger, Search(states=(PacketState.FAILED,))) == 0
    assert lookups.count(ledger, Search(store="lakeside")) == 0


def test_the_last_deliveries_are_told_by_when_they_were_delivered(ledger: Ledger) -> None:
    remember(
        ledger,
        packet("slow.pdf", minutes=10, took=500),
        packet("fast.pdf", minutes=9, took=5),
        packet("bad.pdf", state=PacketState.FAILED, minutes=1),
        packet("sheet.csv", lane=STATEMENTS, minutes=60),
    )
    assert [one.name for one in lookups.lately_sent(ledger, 2)] == ["slow", "fast"]
    slow = ago(10) + timedelta(seconds=500)
    assert lookups.last_sent(ledger, ago(90)) == {str(SCANS): slow, str(STATEMENTS): ago(60) + timedelta(seconds=6)}
    assert lookups.last_sent(ledger, ago(30)) == {str(SCANS): slow}


def test_lives_are_of_those_that_ended_lately_or_have_not(ledger: Ledger) -> None:
    remember(
        ledger,
        packet("old.pdf", minutes=60 * 24 * 5),
        packet("new.pdf"),
        packet("mended.pdf", state=PacketState.FAILED, resolved_at=NOW),
        packet("waits.pdf", state=PacketState.QUEUED, minutes=60 * 24 * 5),
    )
    found = {one.id.removeprefix("20260714-"): one for one in lookups.lives(ledger, ago(days=1))}
    assert set(found) == {"new", "mended", "waits"}
    assert found["mended"].is_mended
    assert found["waits"].ended_at is None
    assert found["new"].lane == str(SCANS)


def test_what_was_held_is_known_from_the_journal(ledger: Ledger) -> None:
    later, at_once, never = (packet(f"{name}.xml", lane=STATEMENTS) for name in ("later", "at-once", "never"))
    later = replace(later, state=PacketState.QUEUED)
    remember(ledger, later, replace(at_once, state=PacketState.HELD, attempts=0), never)
    with ledger.transaction() as tx:
        tx.hold(later, NOW + timedelta(days=1), None, NOW, refused=False)
    assert lookups.held_ones(ledger, ago(days=1)) == {later.id, at_once.id}


def test_tries_and_who_asked(ledger: Ledger) -> None:
    remember(ledger, packet("a.pdf"))
    (one,) = lookups.attempts(ledger, "20260714-a")
    assert (one.number, one.outcome, one.status) == (1, "delivered", 201)
    with ledger.transaction() as tx:
        tx.note(ago(2), "pause", lane=SCANS, actor="rosa")
        tx.note(ago(1), "pause", lane=SCANS, actor="sam")
    assert lookups.who(ledger, "pause", SCANS) == "sam"
    assert lookups.who(ledger, "pause", STATEMENTS) == ""
