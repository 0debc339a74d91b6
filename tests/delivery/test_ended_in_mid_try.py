"""An agent that is ended in the middle of a try, time and again: no packet goes out for ever by that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.delivery.verdicts import MOST_LOST
from agent.ledger.records import PacketRecord
from agent.model import SENT_WHOLE, LaneId, PacketState
from tests.support import files
from tests.support.simulated_practice import LOSE_REPLY, SCANS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv


def drop_scan(practice: SimulatedPractice) -> None:
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())


def drop_statements(practice: SimulatedPractice) -> None:
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)


def killed(practice: SimulatedPractice, lane: LaneId, spool: Path, *, whole: bool) -> bool:
    """Run until the next upload has begun, and be killed in it; tell whether there was one. `whole`: at its end."""

    def die() -> None:
        for body in spool.glob("*.json") if whole else ():
            body.with_suffix(SENT_WHOLE).touch()
        raise KeyboardInterrupt

    service = practice.service(lane)
    service.during = die
    try:
        practice.pass_(minutes=20)
    except KeyboardInterrupt:
        practice.restart()
        return True
    finally:
        service.during = lambda: None
    return False


LANES = pytest.mark.parametrize(("lane", "drop"), [(SCANS, drop_scan), (STATEMENTS, drop_statements)])


@LANES
def test_killed_after_each_upload_a_packet_goes_out_a_few_times_and_then_asks_for_someone(
    tmp_path: Path, lane: LaneId, drop: Callable[[SimulatedPractice], None]
) -> None:
    practice = SimulatedPractice(tmp_path)
    drop(practice)
    times = sum(killed(practice, lane, tmp_path, whole=True) for _ in range(2 * MOST_LOST))
    assert times == MOST_LOST
    practice.pass_(minutes=20)
    [problem] = practice.problems(lane)
    assert (problem["code"], str(MOST_LOST) in problem["sentence"]) == ("answers-lost", True)


def test_a_statement_file_of_which_nothing_whole_went_out_is_not_lost(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_statements(practice)
    assert all(killed(practice, STATEMENTS, tmp_path, whole=False) for _ in range(2 * MOST_LOST))
    practice.pass_(minutes=20)
    assert len(practice.receipts(STATEMENTS)) == 1


def test_kills_and_answers_that_were_lost_are_counted_together(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_scan(practice)
    for _ in range(MOST_LOST - 1):
        assert killed(practice, SCANS, tmp_path, whole=True)
    practice.service().script = [LOSE_REPLY]
    practice.pass_(minutes=20)
    assert [problem["code"] for problem in practice.problems()] == ["answers-lost"]


def test_a_person_who_tries_it_again_has_as_many_tries_as_before(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_scan(practice)
    for _ in range(MOST_LOST):
        killed(practice, SCANS, tmp_path, whole=True)
    practice.pass_(minutes=20)
    for name in ("scan.pdf", "scan.json"):
        practice.rename(f"failed/{name}", name)
    practice.pass_(minutes=20)
    [receipt] = practice.receipts()
    assert receipt["possibly_sent_twice"]
    assert waiting(practice) == []


def waiting(practice: SimulatedPractice) -> list[PacketRecord]:
    ended = (PacketState.SENT, PacketState.FAILED)
    return [packet for packet in practice.ledger.history() if packet.state not in ended]
