"""What OutTray keeps is for its account alone, whatever the umask, and whoever made a folder first."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import own_files
from agent.cli import app
from agent.log import log, write_to
from agent.sandbox.journal import Journal

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


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _large(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize("make", [_fifo, _dangling, _to_a_device, _large, Path.mkdir])
def test_what_somebody_has_named_is_read_only_if_it_is_a_small_file(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "named")
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's to say
        own_files.read_whole(tmp_path / "named", 1000)
    (tmp_path / "file").write_bytes(b"x" * 1000)
    (tmp_path / "linked").symlink_to(tmp_path / "file")
    assert own_files.read_whole(tmp_path / "linked", 1000) == b"x" * 1000


@pytest.mark.parametrize("stands", ["file", "link", "link to nowhere"])
def test_a_new_file_is_never_one_that_stands_there(tmp_path: Path, stands: str) -> None:
    victim, path = tmp_path / "victim", tmp_path / "new"
    if stands == "file":
        path.write_bytes(b"theirs")
    else:
        if stands == "link":
            victim.write_bytes(b"theirs")
        path.symlink_to(victim)
    with pytest.raises(FileExistsError):
        own_files.create(path)
    assert victim.exists() == (stands == "link")
    with own_files.create(tmp_path / "other") as file:
        file.write(b"ours")
    assert mode(tmp_path / "other") == 0o600


def test_what_is_made_above_a_folder_of_ours_is_nobody_elses_to_write(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        own_files.make_folder(tmp_path / "a" / "b" / "ours")
    finally:
        os.umask(old)
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/ours")] == [0o755, 0o755, 0o700]


@pytest.mark.parametrize("command", ["config init", "diagnostics", "sandbox journal"])
def test_what_a_command_writes_is_this_accounts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    if command == "config init":
        written = tmp_path / "config" / "outtray.toml"
        done = CliRunner().invoke(app, ["config", "init", str(written), "--environment", "sandbox"])
        assert done.exit_code == 0, done.output
        assert mode(written.parent) == 0o700
    elif command == "diagnostics":
        written = tmp_path / "d.zip"
        monkeypatch.setattr("agent.desk.diagnostics.contents.contents", lambda *_: [("README.txt", "It.")])
        config = str(tmp_path / "none.toml")
        done = CliRunner().invoke(app, ["diagnostics", str(written), "--offline", "--config", config])
        assert done.exit_code == 0, done.output
    else:
        written = tmp_path / "journal.jsonl"
        Journal(written).close()
    assert mode(written) == 0o600


@pytest.mark.skipif(not hasattr(os, "lchown") or os.geteuid() != 0, reason="only root can give something away")
@pytest.mark.parametrize("above", [False, True])
def test_another_accounts_link_leads_nowhere(tmp_path: Path, above: bool) -> None:
    roots, link = tmp_path / "roots", tmp_path / "shared"
    (roots / "data").mkdir(parents=True)
    (roots / "data").chmod(0o755)
    link.symlink_to(roots if above else roots / "data")
    path = link / "data" if above else link
    own_files.make_folder(path, may_be_link=True)
    (roots / "data").chmod(0o755)
    os.lchown(link, 65534, 65534)
    with pytest.raises(PermissionError):
        own_files.make_folder(path, may_be_link=True)
    assert mode(roots / "data") == 0o755
