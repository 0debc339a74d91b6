"""Below the folders that the settings name no link is followed, whoever put it there and whatever for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.folder.filesystem import FileSystemProblem, InTheWay
from agent.folder.real import RealFileSystem
from agent.folder.system import system

posix = pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
SECRET = b"of root alone"


def linked(folder: Path, target: Path) -> None:
    try:
        folder.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("no right to make links here")
    if not folder.is_symlink():
        pytest.skip("this system makes no links")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that the agent may work in, and whoever works in the watched folder may not."""
    folder = tmp_path / "elsewhere"
    (folder / "inner").mkdir(parents=True)
    (folder / "secret.txt").write_bytes(SECRET)
    (folder / "inner" / "secret.txt").write_bytes(SECRET)
    return folder


@pytest.fixture
def lane(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "scan.pdf").write_bytes(b"scan")
    return folder


DEEDS: dict[str, Callable[[RealFileSystem, Path, Path], object]] = {
    "list": lambda fs, _lane, shelf: fs.list(shelf),
    "list in it": lambda fs, _lane, shelf: fs.list(shelf / "inner"),
    "names": lambda fs, _lane, shelf: fs.names(shelf),
    "identify": lambda fs, _lane, shelf: fs.identify(shelf / "secret.txt"),
    "open": lambda fs, _lane, shelf: fs.open(shelf / "secret.txt").close(),
    "in use": lambda fs, _lane, shelf: fs.in_use(shelf / "secret.txt"),
    "write": lambda fs, _lane, shelf: fs.write(shelf / "new.txt", b"new"),
    "write in it": lambda fs, _lane, shelf: fs.write(shelf / "inner" / "new.txt", b"new"),
    "remove": lambda fs, _lane, shelf: fs.remove(shelf / "secret.txt"),
    "remove in it": lambda fs, _lane, shelf: fs.remove(shelf / "inner" / "secret.txt"),
    "remove folder": lambda fs, _lane, shelf: fs.remove_folder(shelf / "inner"),
    "make folder": lambda fs, _lane, shelf: fs.make_folder(shelf / "2026-07-31"),
    "make folders": lambda fs, _lane, shelf: fs.make_folder(shelf / "inner" / "more" / "deeper"),
    "make it": lambda fs, _lane, shelf: fs.make_folder(shelf),
    "move to it": lambda fs, lane, shelf: fs.move(lane / "scan.pdf", shelf / "scan.pdf"),
    "move into it": lambda fs, lane, shelf: fs.move(lane / "scan.pdf", shelf / "inner" / "scan.pdf"),
    "move from it": lambda fs, lane, shelf: fs.move(shelf / "secret.txt", lane / "secret.txt"),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("place", ["sent", "sending/20260731-120000-AAAAA", "held/x/y"])
def test_a_linked_folder_is_not_worked_in(tmp_path: Path, lane: Path, elsewhere: Path, deed: str, place: str) -> None:
    shelf = lane / place
    shelf.parent.mkdir(parents=True, exist_ok=True)
    linked(shelf, elsewhere)
    before = {path: path.is_dir() or path.read_bytes() for path in elsewhere.rglob("*")}
    with pytest.raises(InTheWay, match="a link stands"):
        DEEDS[deed](RealFileSystem([lane, tmp_path / "other"]), lane, shelf)
    assert {path: path.is_dir() or path.read_bytes() for path in elsewhere.rglob("*")} == before
    assert (lane / "scan.pdf").read_bytes() == b"scan"
    assert shelf.is_symlink()


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed != "make it"])
def test_a_folder_that_the_settings_name_may_be_a_link(lane: Path, elsewhere: Path, deed: str) -> None:
    shelf = lane.parent / "archive"
    linked(shelf, elsewhere)
    (elsewhere / "inner" / "secret.txt").unlink()
    fs = RealFileSystem([lane, shelf])
    DEEDS[deed](fs, lane, shelf)


@posix
def test_what_is_put_in_a_folders_place_meanwhile_is_not_met(
    lane: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is exchanged for a link between the look at it and the deed."""
    (lane / "sent").mkdir()
    (lane / "sent" / "secret.txt").write_bytes(b"ours")
    delete = system.delete

    def exchanged(path: Path) -> None:
        (lane / "sent").rename(lane / "moved")
        (lane / "sent").symlink_to(elsewhere)
        delete(path)

    monkeypatch.setattr(system, "delete", exchanged)
    RealFileSystem([lane]).remove(lane / "sent" / "secret.txt")
    if sys.platform.startswith("linux"):
        assert (elsewhere / "secret.txt").read_bytes() == SECRET
        assert list((lane / "moved").iterdir()) == []


@pytest.mark.parametrize("path", ["gone.txt", "gone/x.txt", "gone/deeper/x.txt"])
def test_what_is_gone_already_is_no_problem_to_remove(lane: Path, path: str) -> None:
    fs = RealFileSystem([lane])
    fs.remove(lane / path)
    fs.remove_folder(lane / path)


def test_a_link_is_removed_itself(lane: Path, elsewhere: Path) -> None:
    linked(lane / "scan.json", elsewhere / "secret.txt")
    RealFileSystem([lane]).remove(lane / "scan.json")
    assert not (lane / "scan.json").is_symlink()
    assert (elsewhere / "secret.txt").read_bytes() == SECRET


@posix
def test_no_folder_is_left_open(lane: Path, elsewhere: Path) -> None:
    (lane / "sent" / "2026-07-31").mkdir(parents=True)
    linked(lane / "held", elsewhere)
    fs = RealFileSystem([lane])

    def open_ones() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = open_ones()
    fs.write(lane / "sent" / "2026-07-31" / "a.txt", b"a")
    fs.list(lane / "sent" / "2026-07-31")
    fs.move(lane / "scan.pdf", lane / "sent" / "scan.pdf")
    for missing in (lane / "held" / "x" / "y", lane / "sent" / "2020-01-01" / "x"):
        with pytest.raises(FileSystemProblem):
            fs.list(missing)
    assert open_ones() == before
