"""What only the real side has to cope with: odd file systems, pipes, mounts."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.folder.filesystem import Busy, Damaged, Exists, Missing, Offline
from agent.folder.names import MARKER
from agent.folder.real import RealFileSystem
from agent.folder.system import system

posix = pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")
windows = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")

FS = RealFileSystem()


@posix
def test_a_pipe_is_neither_file_nor_folder_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scan.pdf")
    assert [entry.kind for entry in FS.list(tmp_path)] == ["other"]
    with pytest.raises(Missing):
        FS.open(tmp_path / "scan.pdf")


@posix
def test_a_device_error_while_listing_is_an_absent_disk_and_not_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "scandir", refuse(errno.EIO))
    with pytest.raises(Offline):
        FS.list(tmp_path)


@posix
def test_a_link_to_a_missing_file_still_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "new.pdf").write_bytes(b"new")
    (tmp_path / "scan.pdf").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Exists):
        FS.move(tmp_path / "new.pdf", tmp_path / "scan.pdf")
    with pytest.raises(Exists):
        FS.write(tmp_path / "scan.pdf", b"new")
    assert not (tmp_path / "nowhere").exists()


def refuse(number: int) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@linux
class TestFileSystemsThatCanDoLess:
    @pytest.fixture(params=["exclusive rename", "hard link", "placeholder"])
    def _way(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        from agent.folder import on_linux

        if request.param != "exclusive rename":
            monkeypatch.setattr(on_linux, "exclusive_rename", refuse(errno.EINVAL))
        if request.param == "placeholder":
            monkeypatch.setattr(os, "link", refuse(errno.EPERM))

    @pytest.mark.usefixtures("_way")
    def test_each_way_to_rename_moves_and_never_overwrites(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        (tmp_path / "b").write_bytes(b"b")
        with pytest.raises(Exists):
            FS.move(tmp_path / "a", tmp_path / "b")
        FS.move(tmp_path / "a", tmp_path / "c")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"b", "c": b"a"}

    @pytest.mark.usefixtures("_way")
    def test_each_way_to_rename_leaves_the_file_when_it_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a").write_bytes(b"a")
        with pytest.raises(Missing):
            FS.move(tmp_path / "a", tmp_path / "nowhere" / "a")
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_a_link_without_its_unlink_is_a_move_to_be_finished(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        os.link(tmp_path / "a", tmp_path / "b")
        FS.move(tmp_path / "a", tmp_path / "b")
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    def test_a_placeholder_without_its_rename_is_a_move_to_be_finished(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from agent.folder import on_linux, on_posix

        monkeypatch.setattr(on_linux, "exclusive_rename", refuse(errno.EINVAL))
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
        (tmp_path / "a").write_bytes(b"a")
        (tmp_path / "b").write_bytes(on_posix._PLACEHOLDER)
        FS.move(tmp_path / "a", tmp_path / "b")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"a"}

    @pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EIO], ids=["FAT", "FUSE", "rclone"])
    def test_whatever_a_mount_says_instead_of_making_a_hard_link_the_file_moves(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        from agent.folder import on_linux

        monkeypatch.setattr(on_linux, "exclusive_rename", refuse(errno.EINVAL))
        monkeypatch.setattr(os, "link", refuse(number))
        (tmp_path / "a").write_bytes(b"a")
        FS.move(tmp_path / "a", tmp_path / "b")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"a"}

    def test_a_rename_that_is_refused_leaves_no_placeholder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from agent.folder import on_linux

        monkeypatch.setattr(on_linux, "exclusive_rename", refuse(errno.EINVAL))
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
        monkeypatch.setattr(Path, "rename", refuse(errno.EIO))
        (tmp_path / "a").write_bytes(b"a")
        with pytest.raises(Damaged):
            FS.move(tmp_path / "a", tmp_path / "b")
        assert [path.name for path in tmp_path.iterdir()] == ["a"]


class Growing(io.FileIO):
    """A file that someone writes to while it is read."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(-1 if size is None else size)
        if data and not data.endswith(b"more"):
            with open(str(self.name), "ab") as writer:
                writer.write(b"more")
        return data


@linux
def test_a_file_that_changes_while_it_is_copied_is_not_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"one")
    monkeypatch.setattr(system, "rename", refuse(errno.EXDEV))
    monkeypatch.setattr(system, "open_still", lambda path: Growing(str(path)))
    with pytest.raises(Busy):
        FS.move(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@linux
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/desk/scans", "ext4"),
        ("/mnt/scans", "cifs"),
        ("/mnt/scans/2026", "cifs"),
        ("/mnt/scansold", "ext4"),
        ("/mnt/with space/x", "nfs4"),
        ("/media/stick", "vfat"),
        ("/home/desk/remote/x", "fuse.sshfs"),
    ],
)
def test_the_mount_that_a_folder_is_on(path: str, kind: str) -> None:
    from agent.folder.on_linux import mount_kind

    mounts = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /mnt/scans rw - autofs systemd-1 rw
41 40 0:41 / /mnt/scans rw,relatime - cifs //server/scans rw
42 22 0:42 / /mnt/with\040space rw master:3 - nfs4 server:/x rw
43 22 8:17 / /media/stick rw - vfat /dev/sdb1 rw
44 22 0:43 / /home/desk/remote rw - fuse.sshfs desk@server: rw
"""
    assert mount_kind(mounts, path) == kind


def test_this_machines_own_folder_is_not_on_a_share(tmp_path: Path) -> None:
    assert not FS.is_remote(tmp_path)


@windows
def test_unc_paths_are_on_a_share() -> None:
    assert FS.is_remote(Path(r"\\server\scans\x"))


@windows
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (r"C:\scans\a.pdf", r"\\?\C:\scans\a.pdf"),
        (r"\\server\scans\a.pdf", r"\\?\UNC\server\scans\a.pdf"),
        (r"\\?\C:\scans\a.pdf", r"\\?\C:\scans\a.pdf"),
        (r"C:\scans\..\x\a.pdf", r"\\?\C:\x\a.pdf"),
    ],
)
def test_windows_paths_have_no_limit(path: str, expected: str) -> None:
    assert str(system.real_path(Path(path))) == expected


def test_names_far_beyond_260_characters(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 60] * 6)
    FS.make_folder(deep)
    FS.write(deep / "scan.pdf", b"one")
    FS.move(deep / "scan.pdf", deep / "moved.pdf")
    assert [entry.name for entry in FS.list(deep)] == ["moved.pdf"]
    FS.remove(deep / "moved.pdf")
    for folder in (deep, *deep.parents[:5]):
        FS.remove_folder(folder)
    assert FS.list(tmp_path) == []


@windows
def test_a_file_that_is_open_for_writing_is_in_use_and_stays() -> None:
    import tempfile

    folder = Path(tempfile.mkdtemp())
    with (folder / "scan.pdf").open("wb") as writer:
        writer.write(b"one")
        writer.flush()
        assert FS.in_use(folder / "scan.pdf")
        with pytest.raises(Busy):
            FS.move(folder / "scan.pdf", folder / "moved.pdf")
        with pytest.raises(Busy):
            FS.remove(folder / "scan.pdf")
    assert not FS.in_use(folder / "scan.pdf")
    FS.move(folder / "scan.pdf", folder / "moved.pdf")


@windows
def test_our_reading_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"one")
    with FS.open(tmp_path / "scan.pdf") as reader:
        (tmp_path / "scan.pdf").rename(tmp_path / "renamed.pdf")
        assert reader.read() == b"one"


@windows
def test_hidden_and_read_only_files(tmp_path: Path) -> None:
    import stat

    FS.write(tmp_path / MARKER, b"x")
    (entry,) = FS.list(tmp_path)
    assert entry.hidden
    (tmp_path / "scan.pdf").write_bytes(b"x")
    (tmp_path / "scan.pdf").chmod(stat.S_IREAD)
    FS.remove(tmp_path / "scan.pdf")
    assert [entry.name for entry in FS.list(tmp_path)] == [MARKER]


@linux
def test_a_writer_that_pauses_with_its_file_open_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "july.csv"
    path.write_bytes(b"half of it")
    assert not FS.in_use(path)
    with path.open("rb"):
        assert not FS.in_use(path)  # who reads it keeps nothing back
    with path.open("ab"):
        assert FS.in_use(path)
    assert not FS.in_use(path)
    with path.open("ab") as file:  # nothing of the question is left that would keep the next one out
        file.write(b"more")
