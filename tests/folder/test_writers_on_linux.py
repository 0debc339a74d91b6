"""Where no lease tells who writes a file, what /proc shows of the programs here does."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.folder.real import RealFileSystem

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")

FS = RealFileSystem()
READS, WRITES, BOTH = os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_CREAT


@pytest.fixture(autouse=True)
def _walks_anew() -> Iterator[None]:
    from agent.folder import on_linux

    on_linux._open_files.cache_clear()
    yield
    on_linux._open_files.cache_clear()


def leases(monkeypatch: pytest.MonkeyPatch, refused_with: int, *, remote: bool) -> None:
    """Have every lease refused."""

    def refuse(*_: object) -> None:
        raise OSError(refused_with, os.strerror(refused_with))

    monkeypatch.setattr("fcntl.fcntl", refuse)
    monkeypatch.setattr("agent.folder.on_linux.is_remote", lambda _folder: remote)


REFUSALS = [
    pytest.param(errno.EINVAL, False, id="a file system without leases"),
    pytest.param(errno.EACCES, False, id="another user's file"),
    pytest.param(errno.EINVAL, True, id="a share without leases"),
    pytest.param(errno.EAGAIN, True, id="a share whose server has given no delegation or oplock"),
]


@pytest.mark.parametrize(("refused_with", "remote"), REFUSALS)
def test_a_writer_here_is_seen_without_a_lease_and_nobody_else_is_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused_with: int, remote: bool
) -> None:
    path = tmp_path / "july.csv"
    path.write_bytes(b"half of it")
    with path.open("ab"):
        leases(monkeypatch, refused_with, remote=remote)
        assert FS.in_use(path)
    _forget()
    assert not FS.in_use(path)
    with path.open("rb"):
        _forget()
        assert not FS.in_use(path)


def _forget() -> None:
    from agent.folder import on_linux

    on_linux._open_files.cache_clear()


def test_on_a_local_disk_the_refusal_itself_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "july.csv").write_bytes(b"half of it")
    leases(monkeypatch, errno.EAGAIN, remote=False)
    assert FS.in_use(tmp_path / "july.csv")


# --- what /proc says ---------------------------------------------------------------------------------------------


def running(proc: Path, number: int, descriptors: dict[int, tuple[str | Path, int]]) -> None:
    """Put a program into a /proc of our own: what its descriptors lead to, and the flags that they were opened with."""
    for folder in ("fd", "fdinfo"):
        (proc / str(number) / folder).mkdir(parents=True)
    for descriptor, (target, flags) in descriptors.items():
        (proc / str(number) / "fd" / str(descriptor)).symlink_to(target)
        told = f"pos:\t0\nflags:\t0{flags:o}\nmnt_id:\t29\n"
        (proc / str(number) / "fdinfo" / str(descriptor)).write_text(told)


@pytest.mark.parametrize(("flags", "writes"), [(READS, False), (WRITES, True), (BOTH, True)])
def test_only_who_may_write_counts(tmp_path: Path, flags: int, writes: bool) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"x")
    running(tmp_path / "proc", 12, {0: ("pipe:[77]", WRITES), 5: (scan, flags)})
    assert _asked(tmp_path / "proc", scan) is writes


def test_a_file_of_the_same_name_elsewhere_is_another(tmp_path: Path) -> None:
    scan, other = tmp_path / "scan.pdf", tmp_path / "other" / "scan.pdf"
    other.parent.mkdir()
    scan.write_bytes(b"x")
    other.write_bytes(b"x")
    running(tmp_path / "proc", 12, {5: (other, WRITES)})
    assert not _asked(tmp_path / "proc", scan)


def test_what_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"x")
    assert not _asked(tmp_path / "proc", scan)  # no /proc at all
    (tmp_path / "proc" / "9").mkdir(parents=True)  # ended meanwhile
    running(tmp_path / "proc", 12, {5: (scan, WRITES)})
    (tmp_path / "proc" / "12" / "fdinfo" / "5").unlink()
    assert not _asked(tmp_path / "proc", scan)
    assert not _asked(tmp_path / "proc", tmp_path / "gone.pdf")


def test_one_walk_answers_for_a_backlog_and_not_for_long(tmp_path: Path) -> None:
    scans = [tmp_path / f"scan-{number}.pdf" for number in range(3)]
    for scan in scans:
        scan.write_bytes(b"x")
    now, walks = [0.0], []
    asked = _counting(tmp_path / "proc", walks, lambda: now[0])
    assert [asked.written_by_someone(scan) for scan in scans] == [False] * 3
    assert len(walks) == 1
    running(tmp_path / "proc", 12, {5: (scans[0], WRITES)})
    now[0] = 1.5
    assert asked.written_by_someone(scans[0])
    assert len(walks) == 2


def test_a_walk_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.folder.writers_on_linux._MOST_DESCRIPTORS", 3)
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"x")
    running(tmp_path / "proc", 12, dict.fromkeys(range(5), ("/dev/null", WRITES)))
    running(tmp_path / "proc", 13, {5: (scan, WRITES)})
    looked = []
    monkeypatch.setattr("os.readlink", lambda link: looked.append(link) or "/dev/null")
    assert not _asked(tmp_path / "proc", scan)
    assert len(looked) == 3


def _asked(proc: Path, path: Path) -> bool:
    from agent.folder.writers_on_linux import OpenFiles

    return OpenFiles(proc).written_by_someone(path)


def _counting(proc: Path, walks: list[int], steady: Callable[[], float]):
    from agent.folder.writers_on_linux import OpenFiles

    class Counting(OpenFiles):
        def _walked(self):
            walks.append(1)
            return super()._walked()

    return Counting(proc, steady)
