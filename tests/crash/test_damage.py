"""A damaged ledger, full disks, places that cannot be written: the agent says so, loses nothing, and goes on later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.launcher import Launcher
from tests.support.mortal_practice import MortalPractice

pytestmark = pytest.mark.crash

Damage = Callable[[Path], None]
CUT_OFF = ("file-taken:2", "recorded-not-sent", "body-sent", "reply-not-recorded", "file-carried:2")


def deleted(ledger: Path) -> None:
    ledger.unlink()


def truncated(ledger: Path) -> None:
    os.truncate(ledger, ledger.stat().st_size // 2)


def corrupted(ledger: Path) -> None:
    data = bytearray(ledger.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 512] = os.urandom(512)
    ledger.write_bytes(data)


def replaced_by_text(ledger: Path) -> None:
    ledger.write_text("This is not a ledger.\n" * 1000)


def without_its_wal(ledger: Path) -> None:
    ledger.with_name("ledger.sqlite-wal").unlink()


@pytest.mark.parametrize("damage", [deleted, truncated, corrupted, replaced_by_text, without_its_wal])
@pytest.mark.parametrize("point", CUT_OFF)
def test_a_ledger_damaged_after_a_kill(tmp_path: Path, launcher: Launcher, damage: Damage, point: str) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        practice.drop_scan()
        practice.start(crash_at=point)
        practice.wait_until_killed()
        log = practice.data_dir / "ledger.sqlite-wal"
        had_all = damage is without_its_wal and log.stat().st_size == 0  # each round writes the log into the ledger
        damage(practice.data_dir / "ledger.sqlite")
        practice.start()
        practice.wait_until_at_rest(1, 0, 0)
        [note] = practice.wait_for(practice.status, "an answer")["notes"] or [""]
        practice.kill()
        practice.check()
        if had_all:
            assert note == ""
        elif damage is not deleted:
            assert "damaged" in note


@pytest.mark.parametrize("damage", [deleted, corrupted, without_its_wal])
def test_a_ledger_damaged_between_a_statement_and_its_twin(tmp_path: Path, launcher: Launcher, damage: Damage) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        practice.drop_statement(account="1001")
        practice.start()
        practice.wait_until_at_rest(1, 0, 0)
        practice.kill()
        damage(practice.data_dir / "ledger.sqlite")
        practice.drop_statement(account="1002")
        practice.start()
        practice.wait_until_at_rest(1, 0, 1)
        practice.kill()
        practice.check()


# --- Disks ----------------------------------------------------------------------------------------------------------


@contextmanager
def mounted(place: Path, size: str = "64m") -> Iterator[Path]:
    """Give a small disk of its own."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine does not let a test mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    try:
        yield
    finally:
        writable(place)


def writable(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


def fill(place: Path) -> Path:
    """Fill a disk to the last byte; return what fills it."""
    filler = place / "filler.bin"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_the_data_folder_is_read_only(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk") as disk,
        MortalPractice(tmp_path, launcher, data_dir=disk / "data") as practice,
    ):
        practice.drop_scan()
        with read_only(disk):
            practice.start()
            assert practice.wait_for_end() == 2
            assert "Traceback" not in practice.output
            assert str(disk) in practice.output
        practice.start()
        practice.wait_until_at_rest(1, 0, 0)
        practice.kill()
        practice.check()


def test_the_disk_of_the_ledger_is_full_and_then_has_room(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk", "2m") as disk,
        MortalPractice(tmp_path, launcher, data_dir=disk / "data") as practice,
    ):
        practice.start()
        practice.wait_for(lambda: practice.lane_status("attachments").get("state") == "running", "a start")
        filler = fill(disk)
        for number in range(12):
            practice.drop_scan(f"scan {number}", claimId=f"CLM-{number}")
        practice.drop_statement(rows=2000)
        practice.wait_for(
            lambda: "the ledger cannot be used" in practice.log or len(practice.receipts) == 12, "the trouble"
        )
        filler.unlink()
        practice.wait_until_at_rest(13, 0, 0)
        practice.kill()
        practice.check()


def test_the_disk_of_the_sent_shelf_is_full_and_then_has_room(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk", "1m") as disk,
        MortalPractice(tmp_path, launcher, shelves={"sent": disk / "sent", "failed": disk / "failed"}) as practice,
    ):
        filler = fill(disk)
        practice.drop_scan()
        practice.start()
        problem = practice.wait_for(lambda: practice.lane_status("attachments").get("problem"), "the lane to say so")
        assert problem["sentence"]
        assert practice.on_shelf("sending")
        filler.unlink()
        practice.wait_until_at_rest(1, 0, 0)
        assert len(practice.sandbox.accepted) == 1
        practice.kill()
        practice.check()


def test_the_disk_of_the_sending_shelf_is_full_and_then_has_room(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk", "1m") as disk,
        MortalPractice(tmp_path, launcher, shelves={"sending": disk / "going"}) as practice,
    ):
        filler = fill(disk)
        practice.drop_scan()
        practice.start()
        practice.wait_for(lambda: practice.lane_status("attachments").get("problem"), "the lane to say so")
        assert practice.sandbox.accepted == []
        filler.unlink()
        practice.wait_until_at_rest(1, 0, 0)
        practice.kill()
        practice.check()


def test_the_shelf_is_on_a_disk_that_is_read_only(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk") as disk,
        MortalPractice(tmp_path, launcher, shelves={"sent": disk / "sent"}) as practice,
    ):
        practice.drop_scan()
        with read_only(disk):
            practice.start()
            practice.wait_for(lambda: practice.lane_status("attachments").get("problem"), "the lane to say so")
            assert practice.on_shelf("sending")
        practice.wait_until_at_rest(1, 0, 0)
        assert len(practice.sandbox.accepted) == 1
        practice.kill()
        practice.check()


@pytest.mark.parametrize("shelf", ["sending", "sent"])
def test_a_file_stands_where_a_shelf_should_be(tmp_path: Path, launcher: Launcher, shelf: str) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        obstacle = practice.lanes["attachments"] / shelf
        obstacle.write_bytes(b"somebody's file")
        practice.drop_scan()
        practice.start()
        practice.wait_for(lambda: practice.lane_status("attachments").get("problem"), "the lane to say so")
        obstacle.unlink()
        practice.wait_until_at_rest(1, 0, 0)
        assert len(practice.sandbox.accepted) == 1
        practice.kill()
        practice.check()


def test_no_room_for_the_spool(tmp_path: Path, launcher: Launcher) -> None:
    with (
        mounted(tmp_path / "disk", "1m") as disk,
        MortalPractice(tmp_path, launcher, data_dir=disk / "data") as practice,
    ):
        practice.drop_statement(rows=8000)
        practice.start()
        problem = practice.wait_for(lambda: practice.lane_status("statements").get("problem"), "the lane to say so")
        assert "ENOSPC" in str(problem["details"])
        practice.wait_for(lambda: not list(practice.data_dir.glob("spool/*")), "the spool to be given up")
        assert practice.sandbox.accepted == []
        subprocess.run(["mount", "-o", "remount,size=32m", str(disk)], check=True)
        practice.wait_until_at_rest(1, 0, 0)
        practice.kill()
        practice.check()
