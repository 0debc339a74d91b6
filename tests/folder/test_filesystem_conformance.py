"""What every file system behind the seam does: one suite over the real side and both kinds of the simulated one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.folder import copying
from agent.folder.filesystem import Damaged, Exists, FileSystem, Missing
from agent.folder.real import RealFileSystem
from agent.folder.simulated import SimulatedFileSystem
from tests.support.folders import HandClock, PowerCut

_REAL_STEPS = {"move.copy": "copy_aside", "move.place": "place", "move.delete": "delete_source"}


@dataclass
class Side:
    """One side of the seam, with what people do to it and the power going before a step of a move across volumes."""

    fs: FileSystem
    folder: Path
    put: Callable[[Path, bytes], None]
    link: Callable[[Path, Path], None]
    power_goes_before: Callable[[str], None]
    power_is_back: Callable[[], None]
    elsewhere: Path | None

    def names(self, folder: Path) -> list[str]:
        return sorted(entry.name for entry in self.fs.list(folder))

    def read(self, path: Path) -> bytes:
        with self.fs.open(path) as file:
            return file.read()


def _simulated(windows: bool) -> Side:
    fs = SimulatedFileSystem(HandClock(), windows=windows)
    folder, elsewhere = Path("/one/scans"), Path("/other")
    fs.make_folder(folder)
    fs.add_volume(elsewhere)

    def cut(step: str) -> None:
        def fail(name: str, _path: Path) -> None:
            if name == step:
                raise PowerCut

        fs.fail = fail

    def back() -> None:
        fs.fail = lambda _name, _path: None

    return Side(fs, folder, fs.put, lambda link, _target: fs.link(link), cut, back, elsewhere)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _real(folder: Path, elsewhere: Path | None) -> Side:
    patches = pytest.MonkeyPatch()

    def cut(step: str) -> None:
        def fail(*_: object) -> None:
            raise PowerCut

        patches.setattr(copying, _REAL_STEPS[step], fail)

    def link(at: Path, target: Path) -> None:
        try:
            at.symlink_to(target)
        except OSError:
            pytest.skip("no right to make links here")
        if not at.is_symlink():
            pytest.skip("this system makes no links")

    return Side(RealFileSystem(), folder, _write, link, cut, patches.undo, elsewhere)


@pytest.fixture
def other_volume(tmp_path: Path) -> Iterator[Path | None]:
    """A folder on another volume than `tmp_path`, where this machine has one."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        yield None
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["real", "simulated posix", "simulated windows"])
def side(request: pytest.FixtureRequest, tmp_path: Path, other_volume: Path | None) -> Iterator[Side]:
    if request.param == "real":
        (tmp_path / "scans").mkdir()
        real = _real(tmp_path / "scans", other_volume)
        yield real
        real.power_is_back()
    else:
        yield _simulated(windows=request.param.endswith("windows"))


@pytest.fixture
def elsewhere(side: Side) -> Path:
    if side.elsewhere is None:
        pytest.skip("this machine has one volume only")
    return side.elsewhere


# --- Looking --------------------------------------------------------------------------------------------------------


def test_a_folder_lists_files_with_identity_and_folders_without(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"%PDF")
    side.fs.make_folder(side.folder / "Smith")
    found = {entry.name: (entry.kind, entry.identity is not None) for entry in side.fs.list(side.folder)}
    assert found == {"scan.pdf": ("file", True), "Smith": ("folder", False)}
    assert sorted(side.fs.names(side.folder)) == ["Smith", "scan.pdf"]


def test_the_listing_and_a_single_look_see_the_same_identity(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"%PDF")
    (entry,) = side.fs.list(side.folder)
    assert entry.identity == side.fs.identify(side.folder / "scan.pdf")


def test_identity_changes_with_the_bytes(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    before = side.fs.identify(side.folder / "scan.pdf")
    side.put(side.folder / "scan.pdf", b"and two")
    assert side.fs.identify(side.folder / "scan.pdf") != before


def test_a_file_under_another_s_name_has_another_identity(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.put(side.folder / "new.pdf", b"one")
    before = side.fs.identify(side.folder / "scan.pdf")
    side.fs.remove(side.folder / "scan.pdf")
    side.fs.move(side.folder / "new.pdf", side.folder / "scan.pdf")
    assert side.fs.identify(side.folder / "scan.pdf").file_id != before.file_id


def test_a_rename_keeps_the_identity(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    before = side.fs.identify(side.folder / "scan.pdf")
    side.fs.move(side.folder / "scan.pdf", side.folder / "sent.pdf")
    assert side.fs.identify(side.folder / "sent.pdf") == before


@pytest.mark.parametrize("ask", ["list", "names", "identify", "open", "in_use", "move"])
def test_what_is_not_there_is_missing(side: Side, ask: str) -> None:
    path = side.folder / "gone.pdf"
    with pytest.raises(Missing):
        getattr(side.fs, ask)(*((path, side.folder / "new.pdf") if ask == "move" else (path,)))


@pytest.mark.parametrize("ask", ["identify", "open", "move"])
def test_a_link_is_never_followed(side: Side, ask: str) -> None:
    side.put(side.folder / "secret.txt", b"not for sending")
    link = side.folder / "scan.pdf"
    side.link(link, side.folder / "secret.txt")
    with pytest.raises(Missing):
        getattr(side.fs, ask)(*((link, side.folder / "new.pdf") if ask == "move" else (link,)))
    assert {entry.name: entry.kind for entry in side.fs.list(side.folder)}["scan.pdf"] == "other"


def test_a_link_where_a_folder_should_be_is_no_folder(side: Side) -> None:
    side.fs.make_folder(side.folder / "real")
    side.link(side.folder / "sent", side.folder / "real")
    with pytest.raises(Exists):
        side.fs.make_folder(side.folder / "sent")
    side.fs.remove_folder(side.folder / "sent")
    assert side.names(side.folder) == ["real", "sent"]


# --- Never overwriting ----------------------------------------------------------------------------------------------


def test_a_move_never_overwrites(side: Side) -> None:
    side.put(side.folder / "new.pdf", b"new")
    side.put(side.folder / "scan.pdf", b"old")
    with pytest.raises(Exists):
        side.fs.move(side.folder / "new.pdf", side.folder / "scan.pdf")
    assert (side.read(side.folder / "new.pdf"), side.read(side.folder / "scan.pdf")) == (b"new", b"old")


def test_a_move_never_overwrites_equal_bytes_on_one_volume(side: Side) -> None:
    side.put(side.folder / "new.pdf", b"same")
    side.put(side.folder / "scan.pdf", b"same")
    with pytest.raises(Exists):
        side.fs.move(side.folder / "new.pdf", side.folder / "scan.pdf")
    assert side.names(side.folder) == ["new.pdf", "scan.pdf"]


def test_a_move_onto_a_folder_leaves_both(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.fs.make_folder(side.folder / "taken")
    with pytest.raises(Exists):
        side.fs.move(side.folder / "scan.pdf", side.folder / "taken")
    assert side.names(side.folder) == ["scan.pdf", "taken"]


def test_a_move_into_a_folder_that_is_not_there_leaves_the_file(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    with pytest.raises(Missing):
        side.fs.move(side.folder / "scan.pdf", side.folder / "nowhere" / "scan.pdf")
    assert side.names(side.folder) == ["scan.pdf"]


def test_a_move_to_its_own_name_changes_nothing(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.fs.move(side.folder / "scan.pdf", side.folder / "scan.pdf")
    assert side.read(side.folder / "scan.pdf") == b"one"


def test_a_write_never_overwrites_and_leaves_nothing_else(side: Side) -> None:
    side.fs.write(side.folder / "scan.receipt.json", b"first")
    with pytest.raises(Exists):
        side.fs.write(side.folder / "scan.receipt.json", b"second")
    assert side.names(side.folder) == ["scan.receipt.json"]
    assert side.read(side.folder / "scan.receipt.json") == b"first"


# --- Folders and removing -------------------------------------------------------------------------------------------


def test_a_folder_is_made_with_those_above_it_and_as_often_as_one_likes(side: Side) -> None:
    for _ in range(2):
        side.fs.make_folder(side.folder / "sent" / "2026-07-04")
    assert side.names(side.folder / "sent") == ["2026-07-04"]


def test_a_folder_is_not_made_over_a_file(side: Side) -> None:
    side.put(side.folder / "sent", b"a file")
    with pytest.raises(Exists):
        side.fs.make_folder(side.folder / "sent")


def test_only_an_empty_folder_is_removed(side: Side) -> None:
    side.fs.make_folder(side.folder / "empty")
    side.fs.make_folder(side.folder / "full")
    side.put(side.folder / "full" / "scan.pdf", b"one")
    for name in ("empty", "full", "gone"):
        side.fs.remove_folder(side.folder / name)
    assert side.names(side.folder) == ["full"]


def test_removing_what_is_gone_is_no_problem(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    for _ in range(2):
        side.fs.remove(side.folder / "scan.pdf")
    assert side.names(side.folder) == []


def test_nobody_has_a_file_open_that_was_just_closed(side: Side) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    assert not side.fs.in_use(side.folder / "scan.pdf")


def test_room_is_told_also_for_a_folder_that_is_still_to_be_made(side: Side) -> None:
    assert side.fs.free_bytes(side.folder / "sent" / "2026-07-04") > 0


# --- Across volumes -------------------------------------------------------------------------------------------------


def test_a_move_across_volumes_keeps_bytes_and_time(side: Side, elsewhere: Path) -> None:
    side.put(side.folder / "scan.pdf", b"one" * 1000)
    before = side.fs.identify(side.folder / "scan.pdf")
    side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    after = side.fs.identify(elsewhere / "scan.pdf")
    assert (side.names(side.folder), side.names(elsewhere)) == ([], ["scan.pdf"])
    assert (after.size, after.mtime_ns) == (before.size, before.mtime_ns)


def test_a_move_across_volumes_never_overwrites(side: Side, elsewhere: Path) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.put(elsewhere / "scan.pdf", b"two")
    with pytest.raises(Exists):
        side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    assert (side.read(side.folder / "scan.pdf"), side.read(elsewhere / "scan.pdf")) == (b"one", b"two")
    assert (side.names(side.folder), side.names(elsewhere)) == (["scan.pdf"], ["scan.pdf"])


@pytest.mark.parametrize("step", ["move.copy", "move.place", "move.delete"])
def test_a_move_across_volumes_ends_the_same_after_a_power_cut(side: Side, elsewhere: Path, step: str) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.power_goes_before(step)
    with pytest.raises(PowerCut):
        side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    side.power_is_back()
    assert side.read(side.folder / "scan.pdf") == b"one"
    side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    assert (side.names(side.folder), side.names(elsewhere)) == ([], ["scan.pdf"])
    assert side.read(elsewhere / "scan.pdf") == b"one"


def test_a_leftover_copy_goes_also_when_a_stranger_has_taken_the_name(side: Side, elsewhere: Path) -> None:
    side.put(side.folder / "scan.pdf", b"one")
    side.power_goes_before("move.place")
    with pytest.raises(PowerCut):
        side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    side.power_is_back()
    side.put(elsewhere / "scan.pdf", b"a stranger")
    with pytest.raises(Exists):
        side.fs.move(side.folder / "scan.pdf", elsewhere / "scan.pdf")
    assert side.names(elsewhere) == ["scan.pdf"]


def test_a_copy_that_does_not_equal_its_source_is_thrown_away(
    tmp_path: Path, other_volume: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other_volume is None:
        pytest.skip("this machine has one volume only")
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"one")
    monkeypatch.setattr(copying, "sha256_of", lambda _path: "something else")
    with pytest.raises(Damaged):
        RealFileSystem().move(source, other_volume / "scan.pdf")
    assert (source.read_bytes(), list(other_volume.iterdir())) == (b"one", [])


# --- Names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Müller é.pdf", "Mu\u0308ller.pdf", "漢字.pdf", "x" * 240 + ".pdf", "a (2).PDF", "-r.pdf"]
)
def test_names_are_given_back_as_they_stand(side: Side, name: str) -> None:
    side.put(side.folder / name, b"one")
    side.fs.move(side.folder / name, side.folder / "moved")
    side.fs.move(side.folder / "moved", side.folder / name)
    assert side.names(side.folder) == [name]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode here")
def test_names_that_are_not_valid_unicode_survive(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "scans")
    os.mkdir(folder)
    with open(os.path.join(folder, b"scan \xff.pdf"), "wb"):
        pass
    fs = RealFileSystem()
    (entry,) = fs.list(tmp_path / "scans")
    fs.move(tmp_path / "scans" / entry.name, tmp_path / "scans" / f"2 {entry.name}")
    assert os.listdir(folder) == [b"2 scan \xff.pdf"]
