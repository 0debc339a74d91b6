"""Sent files are removed after the days that IT has set, and nothing else is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agent.delivery.keeping import remove_old
from agent.folder.real import RealFileSystem

TODAY = date(2026, 7, 31)


@pytest.mark.parametrize(
    ("day", "stays"),
    [
        ("2026-07-31", True),
        ("2026-07-01", True),
        ("2026-06-30", False),
        ("2019-01-01", False),
        ("2026-06-30 keep this", True),
        ("Letters", True),
    ],
)
def test_only_days_older_than_30_go(tmp_path: Path, day: str, stays: bool) -> None:
    packet = tmp_path / day / "implant"
    packet.mkdir(parents=True)
    (packet / "before.jpg").write_bytes(b"x")
    (tmp_path / day / "implant.receipt.json").write_bytes(b"{}")
    assert remove_old(RealFileSystem(), tmp_path, 30, TODAY) == (0 if stays else 2)
    assert (tmp_path / day).exists() is stays


def test_a_link_out_of_the_shelf_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.pdf").write_bytes(b"x")
    day = tmp_path / "sent" / "2020-01-01"
    day.mkdir(parents=True)
    try:
        (day / "link").symlink_to(elsewhere)
    except OSError:
        pytest.skip("links cannot be made here")
    remove_old(RealFileSystem(), tmp_path / "sent", 30, TODAY)
    assert (elsewhere / "mine.pdf").exists()


def test_a_shelf_that_is_not_there_yet_is_no_problem(tmp_path: Path) -> None:
    assert remove_old(RealFileSystem(), tmp_path / "sent", 30, TODAY) == 0
