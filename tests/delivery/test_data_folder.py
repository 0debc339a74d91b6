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


def test_a_running_agent_outlives_the_loss_of_its_logs_and_spool(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet("first")
        practice.wait_until_sent(1)
        for folder in ("logs", "spool"):
            shutil.rmtree(practice.data_dir / folder, ignore_errors=True)
        practice.drop_packet("second", data=files.pdf(2), claimId="CLM-2")
        practice.wait_until_sent(2)


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
