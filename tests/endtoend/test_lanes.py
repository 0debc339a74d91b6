"""Lanes: two agents on one folder, pausing, folders that go away, files that someone has open."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.delivery.status import snapshot_of
from agent.log import log
from agent.model import LaneState
from agent.sandbox.server import Sandbox
from tests.support import files
from tests.support.practice import Practice, standing
from tests.support.simulated_practice import SCANS, SimulatedPractice


def drop(practice: SimulatedPractice, name: str = "scan", **sidecar: str) -> None:
    practice.drop(f"{name}.pdf", files.pdf())
    practice.drop(f"{name}.json", files.sidecar(**sidecar))


def lane_state(practice: SimulatedPractice) -> LaneState:
    [lane] = [lane for lane in snapshot_of(practice.control.state, ()).lanes if lane.lane == str(SCANS)]
    return lane.state


# --- Two PCs --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_agents_on_one_folder_send_40_packets_once_each(tmp_path: Path) -> None:
    with (
        Sandbox() as sandbox,
        Practice(tmp_path, sandbox=sandbox, data_dir=tmp_path / "pc-1") as one,
        Practice(tmp_path, sandbox=sandbox, data_dir=tmp_path / "pc-2") as two,
    ):
        for number in range(40):
            one.drop_packet(f"scan {number}", claimId=f"CLM-{number}")
        one.wait_until_sent(40)
        assert sorted(one.claims) == sorted(f"CLM-{number}" for number in range(40))
        assert one.problems() == {}
        assert one.waiting() == []
        assert len(one.sent()) == 80
        ledgers = [each.engine.control.state.ledger for each in (one, two) if each.engine is not None]
        # One that starts when the other has sent already reads back what stands on the shelves.
        known = [{packet.id for packet in ledger.history()} for ledger in ledgers]
        assert len(set.union(*known)) == 40


def test_a_longer_scan_after_the_first_was_taken_is_told_at_once_and_learned_from(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", files.pdf())
    practice.pass_(seconds=20)
    assert len(practice.receipts()) == 1
    practice.drop("scan.pdf", files.pdf(pages=3))
    practice.pass_(seconds=5)
    [lane] = [lane for lane in snapshot_of(practice.control.state, ()).lanes if lane.lane == str(SCANS)]
    assert lane.problem is not None
    assert lane.problem.sentence == "A longer scan.pdf came after the first was taken to be sent."
    practice.pass_(minutes=15)
    [lane] = [lane for lane in snapshot_of(practice.control.state, ()).lanes if lane.lane == str(SCANS)]
    assert lane.problem is not None
    assert lane.problem.code == "longer-came"
    practice.restart()
    practice.pass_(seconds=5)
    assert practice.ledger.lanes()[SCANS].writes_in_steps


def test_a_lane_shows_what_lies_in_its_folder_and_will_never_go(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.fs.put(practice.folder() / "2026/July/scan.pdf", b"x")
    practice.pass_(minutes=2)
    [lane] = [lane for lane in snapshot_of(practice.control.state, ()).lanes if lane.lane == str(SCANS)]
    assert lane.state is LaneState.RUNNING
    assert lane.problem is not None
    assert lane.problem.code == "folder-nested"


@pytest.mark.parametrize("shown", [True, False])
def test_names_stand_in_the_log_only_where_the_settings_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shown: bool
) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    log.addHandler(caplog.handler)
    try:
        with Practice(tmp_path, agent=f"show_names = {str(shown).lower()}") as practice:
            practice.drop_packet("Lindqvist")
            practice.wait_until_sent(1)
    finally:
        log.removeHandler(caplog.handler)
    assert any("Lindqvist.pdf" in str(vars(record)) for record in caplog.records) is shown


# --- Pausing --------------------------------------------------------------------------------------------------------


def test_a_paused_lane_takes_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.ask(Request("pause", lanes=(str(SCANS),)))
    practice.pass_(1)
    drop(practice)
    practice.pass_(hours=2)
    assert lane_state(practice) is LaneState.PAUSED
    assert practice.waiting() == ["scan.json", "scan.pdf"]
    assert practice.service().received == []
    practice.ask(Request("resume", lanes=(str(SCANS),)))
    practice.pass_(minutes=2)
    assert lane_state(practice) is LaneState.RUNNING
    assert len(practice.service().accepted) == 1


def test_a_pause_outlasts_a_restart(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.ask(Request("pause"))
    practice.pass_(1)
    practice.restart()
    drop(practice)
    practice.pass_(minutes=10)
    assert lane_state(practice) is LaneState.PAUSED
    assert practice.service().received == []


def test_pausing_one_lane_leaves_the_others_alone(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.ask(Request("pause", lanes=("main-street/statements",)))
    practice.pass_(1)
    drop(practice)
    practice.pass_(5)
    assert len(practice.service().accepted) == 1


@pytest.mark.slow
def test_pause_and_resume_reach_a_running_agent_at_once(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.ask("pause")
        practice.wait_for_lane("paused")
        practice.drop_packet()
        practice.ask("resume")
        practice.wait_for_lane("running")
        practice.wait_until_sent(1)


# --- Folders that go away -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_folder_that_goes_away_is_offline_and_comes_back_by_itself(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet("before", claimId="CLM-1")
        practice.wait_until_sent(1)
        away = practice.folder.rename(tmp_path / "away")
        assert practice.wait_for_lane("offline")["problem"]["sentence"]
        away.rename(practice.folder)
        practice.wait_for_lane("running")
        practice.drop_packet("after", claimId="CLM-2")
        practice.wait_until_sent(2)
        assert practice.problems() == {}


def test_an_unmounted_share_is_no_empty_folder(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.fs.add_volume(practice.folder())
    practice.pass_(1)
    practice.fs.unmount(practice.folder())
    practice.pass_(minutes=2)
    assert lane_state(practice) is LaneState.OFFLINE
    assert practice.fs.files(practice.folder()) == {}
    practice.fs.mount(practice.folder())
    drop(practice)
    practice.pass_(minutes=10)
    assert lane_state(practice) is LaneState.RUNNING
    assert len(practice.service().accepted) == 1


def test_a_share_that_vanishes_with_packets_on_their_way_loses_none(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.fs.add_volume(practice.folder())
    for number in range(5):
        drop(practice, f"{number}", claimId=f"CLM-{number}")
    practice.service().during = lambda: practice.fs.share_vanishes(practice.folder())
    practice.pass_(minutes=5)
    practice.service().during = lambda: None
    practice.fs.share_returns(practice.folder())
    practice.pass_(hours=1)
    accepted = [request.metadata["claimId"] for request in practice.service().accepted]
    assert sorted(accepted) == [f"CLM-{number}" for number in range(5)]
    assert len(practice.receipts()) == 5
    assert practice.waiting() == []


# --- Files that someone has open ------------------------------------------------------------------------------------


@pytest.mark.parametrize("locked", ["scan.pdf", "scan.json"])
def test_a_file_that_someone_has_open_does_not_stop_the_rest_and_goes_when_it_is_closed(
    tmp_path: Path, locked: str
) -> None:
    practice = SimulatedPractice(tmp_path, windows=True)
    drop(practice)
    viewer = practice.fs.hold_open(practice.folder() / locked, writing=False)
    for number in range(3):
        drop(practice, f"other {number}", claimId=f"CLM-{number}")
    practice.pass_(minutes=3)
    assert len(practice.service().accepted) == 3
    assert practice.waiting() == ["scan.json", "scan.pdf"]
    assert practice.problems() == []
    viewer.close()
    practice.pass_(minutes=2)
    assert len(practice.service().accepted) == 4
    assert practice.waiting() == []


def test_a_file_that_cannot_be_read_for_a_while_goes_as_soon_as_it_can(tmp_path: Path) -> None:
    # Antivirus holds a fresh file for seconds.
    practice = SimulatedPractice(tmp_path, windows=True)
    drop(practice)
    scanner = practice.fs.hold_open(practice.folder() / "scan.pdf", writing=False, exclusive=True)
    practice.pass_(20)
    assert practice.service().received == []
    scanner.close()
    practice.pass_(10)
    assert len(practice.service().accepted) == 1


# --- Links ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("shelf", ["sending", "sent", "failed", "held"])
def test_a_shelf_that_someone_has_linked_is_not_worked_in_and_the_lane_says_so(tmp_path: Path, shelf: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "2020-01-01").mkdir(parents=True)
    (elsewhere / "2020-01-01" / "theirs.txt").write_bytes(b"theirs")
    before = standing(elsewhere)
    with Practice(tmp_path, running=False) as practice:
        (practice.folder / shelf).symlink_to(elsewhere)
        practice.drop_packet("good")
        practice.drop("bad.pdf", b"no PDF")
        practice.drop("bad.json", files.sidecar())
        practice.start()
        practice.wait_for(
            lambda: (practice.lane_status().get("problem") or {}).get("code") == "folder-in-the-way", "the lane says it"
        )
        assert standing(elsewhere) == before
        (practice.folder / shelf).unlink()
        practice.wait_until_sent(1)
        practice.wait_until_failed(1)
    assert standing(elsewhere) == before
