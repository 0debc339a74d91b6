"""What people, cleaners and antivirus do to the data folder while the agent runs."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.log import log, write_to
from tests.support import files
from tests.support.practice import Practice
from tests.support.simulated_practice import STATEMENTS, UNREACHABLE, SimulatedPractice
from tests.support.statement_files import csv
from tests.support.statements_practice import StatementsPractice

ROW = ("1001", "07/03/2026", "John Snow", "12.00")


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_spool_that_someone_emptied_is_made_again(tmp_path: Path, whole_folder: bool) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    practice = SimulatedPractice(spool)
    practice.service(STATEMENTS).script = [UNREACHABLE]
    practice.drop("July.csv", csv(ROW), STATEMENTS)
    while not practice.service(STATEMENTS).received:
        practice.clock.pass_(practice.step())
    if whole_folder:
        shutil.rmtree(spool)
    else:
        for left in spool.iterdir():
            left.unlink()
    practice.pass_(hours=2)
    [receipt] = practice.receipts(STATEMENTS)
    assert (receipt["attempts"], receipt["possibly_sent_twice"]) == (2, False)
    assert practice.problems(STATEMENTS) == []


@pytest.mark.parametrize("ending", [".json", ".json.part", ".whole"])
@pytest.mark.parametrize("left_at", ["the start", "work"])
def test_what_is_left_in_the_spool_of_no_packet_on_its_way_does_not_stay(
    tmp_path: Path, ending: str, left_at: str
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service(STATEMENTS).rule = lambda _name, _accepted: UNREACHABLE
    practice.drop("July.csv", csv(ROW), STATEMENTS)
    practice.pass_(minutes=1)
    of_packet = {path.name for path in tmp_path.iterdir()}
    left = tmp_path / f"20260704-141206-KZGJA{ending}"
    left.write_bytes(b"of a packet that is at rest")
    if left_at == "the start":
        practice.restart()
    practice.pass_(minutes=3)
    assert of_packet
    assert {path.name for path in tmp_path.iterdir()} == of_packet


def test_what_a_program_holds_at_the_end_of_its_packet_goes_also_where_the_agent_was_killed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = SimulatedPractice(tmp_path)
    unlink = Path.unlink

    def held(path: Path, missing_ok: bool = False) -> None:
        if path.parent == tmp_path:
            raise PermissionError(13, "The process cannot access the file", str(path))
        unlink(path, missing_ok)

    practice.drop("July.csv", csv(ROW), STATEMENTS)
    with monkeypatch.context() as antivirus:
        antivirus.setattr(Path, "unlink", held)
        practice.pass_(minutes=1)
        assert practice.control.state.packets == {}  # nothing waits for it
        practice.restart()
        practice.pass_(minutes=1)
    assert practice.receipts(STATEMENTS)
    assert list(tmp_path.iterdir())
    practice.pass_(minutes=3)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    before = list(log.handlers), log.level, log.propagate
    write_to(tmp_path / "log")
    yield tmp_path / "log"
    for handler in log.handlers:
        handler.close()
    log.handlers[:], log.level, log.propagate = before


def lines(folder: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("outtray.log*"))


def test_a_log_folder_that_was_deleted_is_made_again(logged: Path) -> None:
    log.info("one")
    shutil.rmtree(logged, ignore_errors=True)
    log.info("two")
    log.info("three")
    assert lines(logged) == 2


def test_a_log_file_that_was_deleted_is_made_again(logged: Path) -> None:
    log.info("one")
    (logged / "outtray.log").unlink()
    log.info("two")
    assert lines(logged) == 1


def test_a_log_that_cannot_be_written_stops_nobody_and_says_nothing_elsewhere(
    logged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.info("one")
    shutil.rmtree(logged)
    logged.write_text("a file in the folder's place")
    log.info("two")
    logged.unlink()
    log.info("three")
    assert lines(logged) == 1
    said = capsys.readouterr()
    assert said.out + said.err == ""


def test_a_full_disk_under_the_log_stops_nobody(
    logged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.info("one")
    [handler] = [one for one in log.handlers if isinstance(one, logging.FileHandler)]

    def full(_text: str) -> int:
        raise OSError(28, "No space left on device")

    assert handler.stream is not None
    monkeypatch.setattr(handler.stream, "write", full)
    log.info("two")
    log.info("three")
    assert lines(logged) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_running_agent_outlives_the_loss_of_its_logs_and_spool(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet("first")
        practice.wait_until_sent(1)
        for folder in ("logs", "spool"):
            shutil.rmtree(practice.data_dir / folder, ignore_errors=True)
        practice.drop_packet("second", data=files.pdf(2), claimId="CLM-2")
        practice.wait_until_sent(2)


@pytest.mark.slow
def test_a_file_in_the_spools_place_is_the_statements_trouble_and_no_end(tmp_path: Path) -> None:
    with StatementsPractice(tmp_path, running=False) as practice:
        spool = practice.data_dir / "spool"
        spool.write_text("a file")
        practice.start()
        practice.drop("July.csv", csv(ROW))
        practice.wait_for(lambda: practice.lane_status().get("problem"), "the lane to say it")
        spool.unlink()
        practice.wait_until_sent(1)
        practice.wait_for(lambda: practice.lane_status()["problem"] is None, "the trouble to end")
