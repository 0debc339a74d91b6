"""What people ask of the agent: what is done, what is answered, and what the journal says of it."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from agent.delivery.requests import SEARCHED, Answer, Request
from agent.model import PacketState
from tests.support import files
from tests.support.simulated_practice import REFUSE, SCANS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import ROW, csv

LANES = (str(SCANS), str(STATEMENTS))


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    return SimulatedPractice(tmp_path)


def answer_to(practice: SimulatedPractice, request: Request) -> Answer:
    answered: Future[Answer] = practice.control.inbox.ask(request)
    practice.pass_(seconds=5)
    return answered.result(0)


def actors(practice: SimulatedPractice, event: str) -> list[str]:
    return [line.actor for line in practice.ledger.journal() if line.event == event]


def a_failed_scan(practice: SimulatedPractice) -> str:
    practice.service(SCANS).script.append(REFUSE)
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", files.pdf())
    practice.pass_(minutes=1)
    return str(practice.problems()[0]["packet"])


def a_held_statement(practice: SimulatedPractice) -> str:
    for account in ("1001", "1002"):
        practice.drop("Statements.csv", csv((account, *ROW[1:])), STATEMENTS)
        practice.pass_(minutes=1)
    [held] = [packet for packet in practice.control.state.packets.values() if packet.state is PacketState.HELD]
    return held.id


def test_an_answer_comes_after_the_deed(practice: SimulatedPractice) -> None:
    practice.pass_(seconds=1)
    answered = practice.control.inbox.ask(Request("pause", actor="rosa"))
    assert not answered.done()
    practice.step()
    assert answered.result(0) == Answer(LANES)
    assert all(record.paused_since for record in practice.ledger.lanes().values())
    assert actors(practice, "pause") == ["rosa", "rosa"]


def test_lanes_that_are_not_there_are_answered_with_a_sentence(practice: SimulatedPractice) -> None:
    answer = answer_to(practice, Request("resume", lanes=(str(SCANS), "elsewhere/attachments")))
    assert answer.done == (str(SCANS),)
    assert answer.sentences == (f'There is no lane "elsewhere/attachments". The lanes are: {LANES[0]}, {LANES[1]}.',)


def test_a_look_is_a_look_at_once_and_no_event(practice: SimulatedPractice) -> None:
    practice.pass_(seconds=5)
    practice.fs.put(practice.folder() / "late.pdf", files.pdf())  # no hint of it comes
    before = len(practice.ledger.journal())
    assert answer_to(practice, Request("look", lanes=(str(SCANS),))).done == (str(SCANS),)
    assert "late" in [found.candidate.name for found in practice.control.state.lanes[SCANS].found.values()]
    assert len(practice.ledger.journal()) == before


def test_a_retry_names_what_it_did_and_says_why_it_did_not_do_the_rest(practice: SimulatedPractice) -> None:
    packet = a_failed_scan(practice)
    answer = answer_to(practice, Request("retry", packets=(packet, packet, "no-such-packet"), actor="rosa"))
    assert answer.done == (packet,)
    assert answer.sentences == ("There is no packet no-such-packet. `outtray history` shows them all.",)
    assert actors(practice, "resolved") == ["rosa"]
    again = answer_to(practice, Request("retry", packets=(packet,)))
    sentence = f"Packet {packet} was dealt with already. To send it after all, put its files into the folder."
    assert again == Answer((), (sentence,))


@pytest.mark.slow
def test_a_held_packet_that_is_withdrawn_goes_to_failed_with_a_note(practice: SimulatedPractice) -> None:
    packet = a_held_statement(practice)
    assert answer_to(practice, Request("withdraw", packets=(packet,), actor="rosa")) == Answer((packet,))
    [problem] = practice.problems(STATEMENTS)
    assert (problem["packet"], problem["code"]) == (packet, "withdrawn")
    assert "failed/Statements.csv" in practice.standing(STATEMENTS)
    assert not [name for name in practice.standing(STATEMENTS) if name.startswith("held/")]
    assert [line.actor for line in practice.ledger.journal(packet) if line.event == "withdraw"] == ["rosa"]
    practice.pass_(days=2)
    assert len(practice.service(STATEMENTS).accepted) == 1, "what is withdrawn is not sent"


def test_a_withdrawn_packet_lets_go_of_its_name(practice: SimulatedPractice) -> None:
    packet = a_held_statement(practice)
    assert packet in {claim.packet for claim in _claims(practice)}
    answer_to(practice, Request("withdraw", packets=(packet,)))
    assert packet not in {claim.packet for claim in _claims(practice)}


def _claims(practice: SimulatedPractice) -> list:  # type: ignore[type-arg]
    return practice.ledger.claims(practice.control.state.lanes[STATEMENTS].terms.account, practice.clock.now())


@pytest.mark.slow
def test_a_withdrawn_packet_can_be_sent_after_all(practice: SimulatedPractice) -> None:
    packet = a_held_statement(practice)
    answer_to(practice, Request("withdraw", packets=(packet,)))
    assert answer_to(practice, Request("retry", packets=(packet,))).done == (packet,)
    practice.pass_(days=2)
    assert len(practice.service(STATEMENTS).accepted) == 2


@pytest.mark.parametrize("state", ["sent", "failed", "gone"])
def test_only_what_is_held_can_be_withdrawn(practice: SimulatedPractice, state: str) -> None:
    packet, expected = "no-such-packet", "There is no packet no-such-packet."
    if state == "failed":
        packet, expected = a_failed_scan(practice), "scan has failed already"
    elif state == "sent":
        practice.drop("Statements.csv", csv(ROW), STATEMENTS)
        practice.pass_(minutes=1)
        packet, expected = str(practice.receipts(STATEMENTS)[0]["packet"]), "was sent already"
    answer = answer_to(practice, Request("withdraw", packets=(packet,)))
    assert answer.done == ()
    assert expected in answer.sentences[0]


def test_what_a_person_has_seen_to_needs_nobody_any_more(practice: SimulatedPractice) -> None:
    packet = a_failed_scan(practice)
    before = practice.standing()
    assert answer_to(practice, Request("dismiss", packets=(packet,), actor="rosa")) == Answer((packet,))
    assert practice.ledger.unresolved_counts() == {}
    assert practice.standing() == before
    assert actors(practice, "resolved") == ["rosa"]
    again = answer_to(practice, Request("dismiss", packets=(packet,), actor="rosa"))
    assert again == Answer((), (f"Packet {packet} was dealt with already.",))


def test_what_is_in_order_cannot_be_dismissed(practice: SimulatedPractice) -> None:
    packet = a_held_statement(practice)
    answer = answer_to(practice, Request("dismiss", packets=(packet, "no-such-packet")))
    assert answer.done == ()
    assert answer.sentences[0] == f"Packet {packet} needs nobody: it is held."


def test_a_stop_is_in_the_journal_and_ends_the_loop(practice: SimulatedPractice) -> None:
    answered = practice.control.inbox.ask(Request("stop", actor="installer"))
    practice.control.run()
    assert answered.result(0) == Answer()
    assert actors(practice, "stop") == ["installer"]


def test_nobody_waits_for_an_agent_that_has_ended(practice: SimulatedPractice) -> None:
    before = practice.control.inbox.ask(Request("pause"))
    practice.control.inbox.close()
    after = practice.control.inbox.ask(Request("pause"))
    for answered in (before, after):
        with pytest.raises(CancelledError):
            answered.result(0)


def test_one_who_waits_no_longer_does_no_harm(practice: SimulatedPractice) -> None:
    practice.control.inbox.ask(Request("pause")).cancel()
    practice.step()
    assert all(record.paused_since for record in practice.ledger.lanes().values())


@pytest.mark.parametrize(
    ("packets", "lanes", "of_lanes"),
    [(True, (), [str(SCANS)]), (False, (str(STATEMENTS),), [str(STATEMENTS)]), (False, (), [""])],
)
def test_what_was_seen_is_written_down_and_nothing_else_is_done(
    practice: SimulatedPractice, packets: bool, lanes: tuple[str, ...], of_lanes: list[str]
) -> None:
    failed = a_failed_scan(practice)
    before = practice.ledger.packet(failed)
    wish = Request("note", (failed,) if packets else (), lanes, "rosa", SEARCHED)
    assert answer_to(practice, wish) == Answer()
    noted = [line for line in practice.ledger.journal() if line.event == SEARCHED]
    assert [(line.lane, line.actor, line.detail) for line in noted] == [(lane, "rosa", {}) for lane in of_lanes]
    assert practice.ledger.packet(failed) == before
    assert practice.ledger.verify_journal().broken_at == 0
