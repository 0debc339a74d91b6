"""What people are shown in the system's file manager, and what never."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.desk.opening import may_show, show_file, show_folder
from tests.support.desk import practice

Command = Sequence[str] | str


@pytest.mark.parametrize("inside", ["scans", "scans/failed/a.pdf", "scans/sub/a.pdf", "statements/sent/2026-07-14"])
def test_the_lanes_folders_and_shelves_may_be_shown(tmp_path: Path, inside: str) -> None:
    assert may_show(practice(tmp_path), tmp_path / inside)


@pytest.mark.parametrize("outside", ["data/ledger.db", "scans/../data", "scansx", "."])
def test_nothing_else_may_be_shown(tmp_path: Path, outside: str) -> None:
    assert not may_show(practice(tmp_path), tmp_path / outside)


def test_a_shelf_elsewhere_may_be_shown(tmp_path: Path) -> None:
    settings = practice(tmp_path, in_attachments=f"failed = '{tmp_path / 'elsewhere'}'")
    assert may_show(settings, tmp_path / "elsewhere" / "a.pdf")


def test_a_link_in_a_folder_that_leads_elsewhere_may_not_be_shown(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    (tmp_path / "scans" / "out").symlink_to("/etc")
    assert not may_show(settings, tmp_path / "scans" / "out" / "passwd")


@pytest.mark.parametrize(
    ("platform", "folder", "file"),
    [
        ("linux", ("xdg-open", "/scans"), ("xdg-open", "/scans")),
        ("darwin", ("/usr/bin/open", "/scans"), ("/usr/bin/open", "-R", "/scans/a, b.pdf")),
    ],
)
def test_each_system_is_asked_in_its_own_way(platform: str, folder: Command, file: Command) -> None:
    asked: list[Command] = []
    assert show_folder(Path("/scans"), start=asked.append, platform=platform)
    assert show_file(Path("/scans/a, b.pdf"), start=asked.append, platform=platform)
    assert asked == [folder, file]


def test_explorer_gets_the_path_in_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMROOT", "/windows")
    asked: list[Command] = []
    show_folder(Path("/scans"), start=asked.append, platform="win32")
    show_file(Path("/scans/a, b.pdf"), start=asked.append, platform="win32")
    assert asked == ['"/windows/explorer.exe" "/scans"', '"/windows/explorer.exe" /select,"/scans/a, b.pdf"']


def test_without_a_file_manager_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not show_folder(Path("/scans"), platform="linux")
