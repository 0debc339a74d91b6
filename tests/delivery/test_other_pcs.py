"""Packets that another PC has left: shown once that PC is silent, and taken over when a person says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.delivery.status import snapshot_of
from agent.folder.names import MANIFEST, OWN_PREFIX
from agent.folder.simulated import SimulatedFileSystem
from agent.model import LaneId, PacketState, Problem
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import SCANS, STATEMENTS, UNREACHABLE, SimulatedPractice, accept

OLD, NEW = "pc-1", "pc-2"


def left_by(tmp_path: Path, *, share: bool = True, held: bool = False) -> SimulatedPractice:
    """A practice that a PC has died in, with a packet on `sending` or on `held`, and another PC that has begun."""
    practice = SimulatedPractice(tmp_path)
    if share:
        for lane in (SCANS, STATEMENTS):
            practice.fs.add_volume(practice.folder(lane), remote=True)
    practice.service().script = [UNREACHABLE] * 2000
    if held:
        practice.drop("Statements.csv", statement("1001"), STATEMENTS)
        practice.pass_(minutes=1)
        practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    else:
        practice.drop("scan.pdf", files.pdf())
        practice.drop("scan.json", files.sidecar())
    practice.pass_(minutes=1)
    assert len(practice.ledger.unfinished()) == 1
    practice.service().script[:] = [accept(n) for n in range(9)]
    practice.restart(fresh_ledger=True)
    for lane in practice.control.state.lanes.values():
        lane.places.installation = NEW
    return practice


def shown(practice: SimulatedPractice, lane: LaneId = SCANS) -> Problem | None:
    return next(one.problem for one in snapshot_of(practice.control.state, ()).lanes if one.lane == str(lane))


def adopt(practice: SimulatedPractice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    asked = practice.control.inbox.ask(Request("adopt", actor="it"))
    practice.step()
    return asked.result(0).done, asked.result(0).sentences


def put_sign(practice: SimulatedPractice, installation: str = OLD, lane: LaneId = SCANS) -> None:
    path = practice.folder(lane) / f"{OWN_PREFIX}pc-{installation}"
    practice.fs.remove(path)
    practice.fs.write(path, json.dumps({"host": "FRONT-DESK"}).encode())


def test_a_pc_that_is_heard_of_keeps_its_packets(tmp_path: Path) -> None:
    practice = left_by(tmp_path)
    for _ in range(40):
        put_sign(practice)
        practice.pass_(minutes=5)
    assert shown(practice) is None
    done, [said] = adopt(practice)
    assert (done, "FRONT-DESK" in said) == ((), True)
    assert practice.service().accepted == []


@pytest.mark.slow
@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("held", [True, False])
def test_what_a_silent_pc_has_left_is_shown_with_whose_it_is_and_since_when_and_can_be_taken_over(
    tmp_path: Path, share: bool, held: bool
) -> None:
    practice, lane = left_by(tmp_path, share=share, held=held), STATEMENTS if held else SCANS
    if share:
        put_sign(practice, lane=lane)
    practice.pass_(hours=2)
    problem = shown(practice, lane)
    assert problem is not None
    assert problem.code == "left-by-another-pc"
    assert ("FRONT-DESK" if share else "another PC") in problem.sentence
    assert "2026" in problem.sentence
    assert str(practice.folder(lane) / ("held" if held else "sending")) in problem.sentence
    done, sentences = adopt(practice)
    assert (len(done), sentences) == (1, ())
    practice.pass_(hours=26)
    assert shown(practice, lane) is None
    packet = practice.ledger.packet(done[0])
    assert packet is not None
    assert packet.state is PacketState.SENT
    assert bool((packet.receipt or {})["possibly_sent_twice"]) is not held
    assert adopt(practice) == ((), ())


@pytest.mark.slow
def test_a_name_that_another_pc_may_have_sent_is_held(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service(STATEMENTS).script = [UNREACHABLE] * 2000
    practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=1)
    practice.service(STATEMENTS).script[:] = []
    practice.restart(fresh_ledger=True)
    for lane in practice.control.state.lanes.values():
        lane.places.installation = NEW
    practice.pass_(minutes=1)
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.pass_(hours=23)
    assert practice.service(STATEMENTS).accepted == []
    practice.pass_(hours=2)
    assert len(practice.service(STATEMENTS).accepted) == 1


@pytest.mark.slow
def test_a_take_over_that_is_cut_off_anywhere_is_finished_at_the_next_start(tmp_path: Path) -> None:
    class Cut(BaseException):
        pass

    for step in range(1, 60, 2):
        practice = left_by(tmp_path)
        practice.pass_(hours=2)
        left = step

        def fail(_step: str, _path: Path) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Cut

        practice.fs.fail = fail  # type: ignore[assignment]
        practice.control.inbox.ask(Request("adopt", actor="it"))
        cut = False
        try:
            practice.step()
        except Cut:
            cut = True
        practice.fs.fail = lambda _step, _path: None
        practice.restart()
        for lane in practice.control.state.lanes.values():
            lane.places.installation = NEW
        practice.pass_(minutes=2)
        adopt(practice)
        practice.pass_(minutes=5)
        assert len(practice.service().accepted) in (1, 2), step  # twice where the cut came after the service had it
        [receipt] = practice.receipts()
        assert receipt["possibly_sent_twice"] is True, step
        assert not [name for name in practice.standing() if name.startswith("sending/") or MANIFEST in name], step
        assert isinstance(practice.fs, SimulatedFileSystem)
        if not cut:
            return


@pytest.mark.parametrize("held", [True, False])
def test_what_people_take_away_from_a_silent_pc_is_not_shown_any_more(tmp_path: Path, held: bool) -> None:
    practice, lane = left_by(tmp_path, held=held), STATEMENTS if held else SCANS
    put_sign(practice, lane=lane)
    practice.pass_(hours=2)
    assert shown(practice, lane) is not None
    shelf = "held" if held else "sending"
    for name in [name for name in practice.standing(lane) if name.startswith(f"{shelf}/") and MANIFEST not in name]:
        practice.fs.remove(practice.folder(lane) / name)
    practice.pass_(minutes=5)
    assert shown(practice, lane) is None
    assert not [name for name in practice.standing(lane) if name.startswith(f"{shelf}/")]
    assert adopt(practice) == ((), ())


@pytest.mark.slow
def test_what_is_there_under_another_name_is_no_file_taken_away(tmp_path: Path) -> None:
    practice = left_by(tmp_path, held=True)
    [held] = [
        name for name in practice.standing(STATEMENTS) if name.startswith("held/") and name.endswith("Statements.csv")
    ]
    practice.rename(held, f"{held}.old", STATEMENTS)
    practice.pass_(hours=27)
    assert shown(practice, STATEMENTS) is not None


def test_of_a_packet_of_which_something_was_taken_away_the_rest_comes_to_failed_and_is_not_sent(tmp_path: Path) -> None:
    practice = left_by(tmp_path)
    put_sign(practice)
    practice.pass_(hours=2)
    [scan] = [name for name in practice.standing() if name.endswith("/scan.pdf")]
    practice.fs.remove(practice.folder() / scan)
    done, sentences = adopt(practice)
    assert (len(done), sentences) == (1, ())
    practice.pass_(hours=2)
    assert practice.service().accepted == []
    assert shown(practice) is None
    assert [problem["code"] for problem in practice.problems()] == ["vanished"]
    assert "failed/scan.json" in practice.standing()


@pytest.mark.slow
def test_a_held_file_that_is_taken_over_waits_for_the_name_that_the_other_pcs_receipt_proves(tmp_path: Path) -> None:
    practice = left_by(tmp_path, share=False, held=True)
    sent = practice.folder(STATEMENTS) / "sent"
    away = sent.with_name("away")
    practice.fs.rename(sent, away)  # the receipt comes to the common shelf after this PC has begun
    practice.pass_(hours=2)
    practice.fs.rename(away, sent)
    accepted = len(practice.service(STATEMENTS).accepted)
    [taken], _ = adopt(practice)
    practice.pass_(minutes=30)
    held = practice.ledger.packet(taken)
    assert held is not None
    assert held.state is PacketState.HELD
    practice.pass_(hours=24)
    assert len(practice.service(STATEMENTS).accepted) == accepted + 1
