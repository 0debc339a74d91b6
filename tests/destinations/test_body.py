"""A body tells how far it came, and is never whole when a file changed on the way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from threading import Event

import pytest

from agent.destinations.body import Body, Part, file_part
from agent.destinations.limiter import LARGEST_PIECE
from agent.destinations.network import Cancelled
from agent.folder.filesystem import Changed, FileSystemProblem
from agent.folder.real import RealFileSystem
from agent.model import SentFile
from tests.support.wire import ignore_progress, limiter

FILES = RealFileSystem()


def body(*parts: Part, cancel: Event | None = None, progress=ignore_progress) -> Body:
    return Body(parts, FILES, limiter(), progress, cancel or Event())


def test_every_byte_goes_out_and_is_hashed(tmp_path: Path):
    content = os.urandom(3 * LARGEST_PIECE + 17)
    (tmp_path / "scan.pdf").write_bytes(content)
    sending = body(b"head", file_part(FILES, tmp_path / "scan.pdf", "scan.pdf"), b"tail")
    pieces = list(sending)
    assert b"".join(pieces) == b"head" + content + b"tail"
    assert sending.length == sending.sent == len(content) + 8
    assert sending.started
    assert sending.finished
    assert max(map(len, pieces)) == LARGEST_PIECE
    assert sending.sent_files == (SentFile("scan.pdf", len(content), hashlib.sha256(content).hexdigest()),)


def test_an_empty_file_is_a_file(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    sending = body(file_part(FILES, tmp_path / "empty", "empty"))
    assert b"".join(sending) == b""
    assert sending.sent_files[0].sha256 == hashlib.sha256().hexdigest()


def test_the_last_piece_is_counted_only_when_it_was_taken(tmp_path: Path):
    sending = body(b"one", b"two")
    taking = iter(sending)
    next(taking)
    next(taking)
    assert (sending.sent, sending.finished) == (3, False)
    assert next(taking, None) is None
    assert (sending.sent, sending.finished) == (6, True)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _truncate(path: Path) -> None:
    os.truncate(path, LARGEST_PIECE)


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def _replace(path: Path) -> None:
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [_append, _truncate, _touch, _replace])
@pytest.mark.parametrize("before", [True, False], ids=["before the first byte", "on the way"])
def test_a_changed_file_cuts_the_body_short_before_its_end(tmp_path: Path, change, before: bool):
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * (2 * LARGEST_PIECE + 1))
    sending = body(file_part(FILES, path, "scan.pdf"))
    taking = iter(sending)
    if not before:
        next(taking)
    change(path)
    with pytest.raises(Changed):
        list(taking)
    assert sending.sent < sending.length
    assert not sending.finished
    assert sending.sent_files == ()


def test_a_file_that_grew_is_noticed_where_the_share_still_tells_its_old_size(tmp_path: Path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * 100)
    old = FILES.identify(path)

    class Stale(RealFileSystem):
        def identify(self, path: Path):
            return old

    sending = Body((file_part(Stale(), path, "scan.pdf"),), Stale(), limiter(), ignore_progress, Event())
    _append(path)
    with pytest.raises(Changed):
        list(sending)


def test_a_file_that_is_gone_is_a_problem_of_the_file_system(tmp_path: Path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x")
    sending = body(file_part(FILES, path, "scan.pdf"))
    path.unlink()
    with pytest.raises(FileSystemProblem):
        list(sending)


def test_cancel_ends_it_between_two_pieces():
    cancel = Event()
    sending = body(b"one", b"two", cancel=cancel)
    taking = iter(sending)
    next(taking)
    cancel.set()
    with pytest.raises(Cancelled):
        next(taking)
    assert not sending.finished


def test_progress_is_told_after_every_piece():
    told: list[tuple[int, int]] = []
    list(body(b"one", b"three", progress=lambda sent, total: told.append((sent, total))))
    assert told == [(3, 8), (8, 8)]


def test_closing_lets_go_of_a_file_that_was_left_open(tmp_path: Path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * 2 * LARGEST_PIECE)
    opened = []

    class Watching(RealFileSystem):
        def open_within(self, root: Path, path: Path):
            one = super().open_within(root, path)
            opened.append(one.stream)
            return one

    sending = Body((file_part(FILES, path, "scan.pdf"),), Watching(), limiter(), ignore_progress, Event())
    taking = iter(sending)
    next(taking)
    assert not opened[0].closed
    sending.close()
    assert opened[0].closed
    taking.close()
