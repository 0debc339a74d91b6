"""Windows' events, with two things that watchdog passes over in silence.

ReadDirectoryChangesW answers with success and no bytes when more has changed than its buffer holds (a thousand files
copied at once): here that is an event of its own, of no file in particular. And where it fails (a share that went
away), watchdog's reading thread dies while the rest seems to live: here all of it ends, which is noticed.
"""

from __future__ import annotations

import ctypes
import errno
import queue
import sys
from collections.abc import Callable
from ctypes import wintypes
from pathlib import PureWindowsPath

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

from watchdog.events import FileModifiedEvent  # noqa: E402 - behind the check
from watchdog.observers.api import BaseObserver  # noqa: E402
from watchdog.observers.read_directory_changes import WindowsApiEmitter  # noqa: E402
from watchdog.observers.winapi import DirectoryChangeReader, _cancel_handle_io  # noqa: E402

_CANCEL_AGAIN, _MOST_CANCELS = 0.1, 50  # seconds between, and how often
ANY_FILE = "?"
"""A name that no file of Windows can have."""


class WindowsObserver(BaseObserver):
    """watchdog's observer, with the emitter below. `timeout` is in seconds."""

    def __init__(self, *, timeout: float) -> None:
        super().__init__(NoticingEmitter, timeout=timeout)


class NoticingEmitter(WindowsApiEmitter):
    """watchdog's emitter, with the reader below. It ends when its reader does."""

    def on_thread_start(self) -> None:
        """Begin to read. Raises `OSError`."""
        path = str(self.watch.path)

        def lost() -> None:
            self.queue_event(FileModifiedEvent(str(PureWindowsPath(path, ANY_FILE))))

        reader = NoticingReader(path, recursive=self.watch.is_recursive, lost=lost)
        try:
            reader.start()
        except queue.Empty:
            raise reader.trouble or OSError(errno.ETIMEDOUT, "Windows does not tell of changes here") from None
        with self._lock:
            self._reader = reader

    def queue_events(self, timeout: float) -> None:
        """Hand on what was read, for as long as there is a reader."""
        super().queue_events(timeout)
        with self._lock:
            reader = self._reader
        if isinstance(reader, NoticingReader) and reader.trouble is not None:
            self.stop()


class NoticingReader(DirectoryChangeReader):
    """watchdog's reader, which calls `lost` when Windows could not hold all changes.

    `trouble` is what ended it: a share that went away, a right that was taken. Nothing is read after it.
    """

    def __init__(self, path: str, *, recursive: bool, lost: Callable[[], None]) -> None:
        super().__init__(path, recursive=recursive)
        self._lost = lost
        self.trouble: OSError | None = None

    def stop(self) -> None:
        """End reading; what it waits for is cancelled again until it has ended.

        watchdog cancels once and then waits without end: a cancel that comes just before the reader begins to wait
        cancels nothing.
        """
        with self._lock:
            if self._should_stop:
                return
            self._should_stop = True
            reading, self._reader_thread = self._reader_thread, None
        for _ in range(_MOST_CANCELS):
            if reading is None or not reading.is_alive():
                return
            with self._lock:
                if self._handle is not None:
                    _cancel_handle_io(self._handle)
            reading.join(_CANCEL_AGAIN)

    def _run(self) -> None:
        try:
            super()._run()
        except OSError as trouble:
            self.trouble = trouble

    def _run_inner(
        self, handle: wintypes.HANDLE, event_buffer: ctypes.Array[ctypes.c_char], nbytes: wintypes.DWORD
    ) -> None:
        nbytes.value = 1  # what an aborted or failed call leaves as it is
        super()._run_inner(handle, event_buffer, nbytes)
        if nbytes.value == 0:
            self._lost()
