"""What watchdog passes over on Windows: changes that were lost, and a reading thread that died."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agent.folder.watching import Watcher, Watching
from agent.settings.schema import LaneSettings

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")

PATIENCE = 60.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Watcher, Event]]:
    heard = Event()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), heard.set, remote=False)
    yield watcher, heard
    watcher.stop()


def answers(monkeypatch: pytest.MonkeyPatch, *first: object) -> None:
    """Let Windows give these answers first: 0 for an overflow, or an exception; then its own."""
    from watchdog.observers import winapi

    left = list(first)
    own = winapi.ReadDirectoryChangesExW or winapi.ReadDirectoryChangesW

    def answer(*given: Any) -> Any:
        if not left:
            return own(*given)
        what = left.pop(0)
        if isinstance(what, Exception):
            raise what
        ctypes.cast(given[5], ctypes.POINTER(ctypes.c_ulong)).contents.value = 0
        return 1

    for name in ("ReadDirectoryChangesExW", "ReadDirectoryChangesW"):
        if getattr(winapi, name) is own:
            monkeypatch.setattr(winapi, name, answer)


def share_gone() -> OSError:
    error = OSError(22, "The specified network name is no longer available")
    error.winerror = 64  # type: ignore[attr-defined]
    return error


def test_an_overflow_is_a_hint_to_look(
    world: tuple[Watcher, Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, heard = world
    answers(monkeypatch, 0)
    watcher.start(0)
    assert heard.wait(PATIENCE)
    heard.clear()
    (tmp_path / "scan.pdf").write_bytes(b"one")  # and it goes on hearing
    assert heard.wait(PATIENCE)
    watcher.supervise(1)
    assert watcher.state.watching is Watching.NATIVE


def test_a_reader_that_dies_is_noticed_and_replaced(
    world: tuple[Watcher, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, _ = world
    answers(monkeypatch, share_gone())
    watcher.start(0)
    for emitter in list(watcher._hearing._observer.emitters):  # type: ignore[union-attr]
        emitter.join(PATIENCE)
    watcher.supervise(1)
    assert watcher.state.watching is Watching.DEAF
    assert watcher.due is not None
    watcher.supervise(watcher.due)
    assert watcher.state.watching is Watching.NATIVE


def test_a_cancel_that_cancels_nothing_is_made_again(
    world: tuple[Watcher, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.folder import windows_events

    plain, calls = windows_events._cancel_handle_io, list[object]()

    def cancel(handle: Any) -> None:
        calls.append(handle)
        if len(calls) > 1:
            plain(handle)

    monkeypatch.setattr(windows_events, "_cancel_handle_io", cancel)
    watcher, _ = world
    watcher.start(0)
    [emitter] = watcher._hearing._observer.emitters  # type: ignore[union-attr]
    reading = emitter._reader._reader_thread
    watcher.stop()
    reading.join(PATIENCE)
    assert (len(calls) > 1, reading.is_alive()) == (True, False)


def test_a_folder_that_windows_does_not_let_us_hear_of_is_a_state_and_raises_nothing(
    world: tuple[Watcher, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers import winapi

    def refuse(_path: str) -> None:
        raise ctypes.WinError(5)  # type: ignore[attr-defined]

    watcher, _ = world
    with monkeypatch.context() as patch:
        patch.setattr(winapi, "_get_directory_handle", refuse)
        watcher.start(0)
    assert watcher.state.watching is Watching.DEAF
    assert "winerror 5" in watcher.state.reason
