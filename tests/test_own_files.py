"""What OutTray keeps is for its account alone, whatever the umask, and whoever made a folder first."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import own_files
from agent.log import log, write_to

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in (folder, *folder.rglob("*")) if mode(path) & 0o077}


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def _log_as_before() -> Iterator[None]:
    before = list(log.handlers), log.level, log.propagate
    yield
    for handler in log.handlers:
        handler.close()
    log.handlers[:], log.level, log.propagate = before


@pytest.mark.parametrize("stood_open", [False, True])
def test_a_folder_and_a_file_are_this_accounts_alone(tmp_path: Path, stood_open: bool) -> None:
    folder, file = tmp_path / "data", tmp_path / "data" / "file"
    if stood_open:
        folder.mkdir()
        file.write_bytes(b"before")
        folder.chmod(0o777)
        file.chmod(0o666)
    own_files.make_folder(folder)
    with own_files.open_new(file) as opened:
        opened.write(b"now")
    assert (mode(folder), mode(file), file.read_bytes()) == (0o700, 0o600, b"now")


@pytest.mark.usefixtures("_log_as_before")
@pytest.mark.parametrize("stood_open", [False, True])
def test_the_log_is_this_accounts_alone_from_its_first_line(tmp_path: Path, stood_open: bool) -> None:
    folder = tmp_path / "data" / "logs"
    if stood_open:
        folder.mkdir(parents=True)
        (folder / "outtray.log").write_text("before\n")
        (folder / "outtray.log").chmod(0o644)
    write_to(folder, level=logging.INFO)
    log.info("one")
    assert not open_to_others(folder)
    assert "one" in (folder / "outtray.log").read_text()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_link_at_a_name_of_ours_is_never_followed(tmp_path: Path, kind: str) -> None:
    elsewhere, ours = tmp_path / "elsewhere", tmp_path / "ours"
    if kind == "folder":
        elsewhere.mkdir(mode=0o755)
        elsewhere.chmod(0o755)
    else:
        elsewhere.write_bytes(b"theirs")
        elsewhere.chmod(0o644)
    ours.symlink_to(elsewhere)
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's to say
        own_files.make_folder(ours) if kind == "folder" else own_files.open_new(ours)
    assert mode(elsewhere) in (0o755, 0o644)
    assert kind == "folder" or elsewhere.read_bytes() == b"theirs"


def test_what_an_older_version_left_open_is_closed(tmp_path: Path) -> None:
    inner = ("ledger.sqlite", "ledger.sqlite-wal", "agent.lock", "interface.json", "spool/a.json", "logs/outtray.log.1")
    for name in (*inner, "profiles/main-street.toml", "scans/of-the-practice.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
        path.chmod(0o644)
        path.parent.chmod(0o755)
    theirs = tmp_path.parent / f"{tmp_path.name}-theirs"
    theirs.mkdir()
    (theirs / "file").write_bytes(b"")
    (theirs / "file").chmod(0o644)
    (tmp_path / "private-1").symlink_to(theirs)
    own_files.make_folder(tmp_path)
    assert {fault.why for fault in own_files.faults(tmp_path)} == {"open", "link"}
    own_files.close_all(tmp_path)
    assert [(fault.path.name, fault.why) for fault in own_files.faults(tmp_path)] == [("private-1", "link")]
    assert open_to_others(tmp_path) - {"private-1"} == {"scans", "scans/of-the-practice.pdf"}
    assert mode(theirs / "file") == 0o644


@pytest.mark.skipif(not hasattr(os, "chown") or os.geteuid() != 0, reason="only root can give something away")
def test_a_folder_of_somebody_elses_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(PermissionError):
        own_files.make_folder(folder)
    assert [fault.why for fault in own_files.faults(folder)] == ["owner"]
