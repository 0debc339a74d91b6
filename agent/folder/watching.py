"""Watching: hints that a look is worth it. Nothing depends on one: a lost event costs at most one timed look.

`Watcher` never raises into its caller. Whatever goes wrong with the system's events is a state with a reason, and
`supervise` tries again with growing patience; until then the lane is looked at every few seconds instead.

A subscription can run and yet hear nothing, or lose what it hears. So a canary is kept: from time to time the lane's
marker (`.outtray-folder`) is touched, and that must be heard.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from agent.folder.errors import problem_of
from agent.folder.names import MARKER, is_picked_up, shelf_folders
from agent.folder.system import system
from agent.settings.schema import LaneSettings

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

POLL_SECONDS = 5.0
"""How often a lane is looked at whose events cannot be trusted, or do not come."""

_BATCH_SECONDS = 0.2  # watchdog's timeout: on Windows it delivers only after that much quiet, and by default after 1 s
_FIRST_PATIENCE, _LONGEST_PATIENCE = 5.0, 300.0
_STOP_SECONDS = 5.0
_CANARY_EVERY = 300.0
_CANARY_PATIENCE = 10.0  # seconds; also what a disk that has to spin up, or a PC that wakes from sleep, may take
_CANARY_TRIES = 2


class Watching(StrEnum):
    """How a lane learns of new files."""

    STOPPED = "stopped"
    NATIVE = "native"  # by the system's events
    POLLING = "polling"  # by looking often: the folder is on a share, or the settings say so
    DEAF = "deaf"  # by looking often, because the system's events fail


@dataclass(frozen=True)
class WatchState:
    """What a watcher is doing; `reason` says why it is deaf, without any file's name."""

    watching: Watching
    reason: str = ""


class Hearing(Protocol):
    """One running subscription to the system's events for a folder."""

    def alive(self) -> bool:
        """Tell whether it still hears of the folder itself."""
        ...

    def follow(self, folders: Iterable[Path]) -> None:
        """Hear of these folders inside the watched one, too, and of no others. Raises what `Listen` does."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


Listen = Callable[[Path, Callable[[str], None]], Hearing]
"""Called with a folder and what is to be called with the path of each change; raises `OSError` or `RuntimeError`."""

Touch = Callable[[Path], None]
"""Called with a file that is to be written to without any change; raises `OSError`."""


def touch_file(path: Path) -> None:
    """Write a file's first byte anew: Windows tells a new time alone apart, as an attribute, which nobody listens for.

    Raises `OSError`, also where there is no regular file, or an empty one.
    """
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(system.real_path(path), os.O_RDWR | careful)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        first = file.read(1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        if not first:
            raise OSError(errno.EINVAL, "nothing that can be written to without a change")
        file.seek(0)
        file.write(first)


class Canary:
    """Whether what is touched is heard. `now` is in steady seconds; `heard` may be called from any thread.

    What cannot be touched (a marker that is not there yet, a folder that cannot be written) proves nothing.
    """

    def __init__(self, path: Path, touch: Touch) -> None:
        self._path = path
        self._touch = touch
        self._sings = Event()
        self._silent_for = 0
        self.proven = False
        self.due = 0.0

    def start(self, now: float) -> None:
        """Begin to watch over a new subscription."""
        self._sings.clear()
        self._silent_for = 0
        self.proven = False
        self.due = now

    def heard(self, path: Path) -> None:
        """Take note of a change of the canary itself."""
        if path.name == self._path.name:
            self._sings.set()

    def is_dead(self, now: float) -> bool:
        """Touch it when that is due; tell whether it was touched often enough without a sound."""
        waits = self._silent_for > 0
        if waits and self._sings.is_set():
            self._silent_for = 0
            self.proven = True
            self.due = now + _CANARY_EVERY
        elif now >= self.due:
            if self._silent_for >= _CANARY_TRIES:
                return True
            self._try(now)
        return False

    def _try(self, now: float) -> None:
        self._sings.clear()
        try:
            self._touch(self._path)
        except OSError:
            self._silent_for = 0
            self.due = now + _CANARY_EVERY
        else:
            self._silent_for += 1
            self.due = now + _CANARY_PATIENCE


class Watcher:
    """Hears of changes in one lane's folder, and calls `hint` from a thread of its own.

    Only the folder itself and its packet subfolders are of interest. Where the system watches trees at no cost
    (Windows, macOS) the folder is watched as a tree and its shelves' events are dropped; on Linux each folder is
    watched by itself, and `follow` says which there are: a tree would mean one watch for every day of `sent`.
    """

    def __init__(
        self,
        settings: LaneSettings,
        hint: Callable[[], None],
        *,
        remote: bool,
        listen: Listen | None = None,
        touch: Touch = touch_file,
    ) -> None:
        self._settings = settings
        self._hint = hint
        self._polls = settings.watch == "poll" or (settings.watch == "auto" and remote)
        self._listen = listen or listen_natively
        self._shelves = shelf_folders(settings)
        self._hearing: Hearing | None = None
        self._canary = Canary(settings.folder / MARKER, touch)
        self._place: tuple[int, int] | None = None
        self._folders: frozenset[Path] = frozenset()
        self._patience = _FIRST_PATIENCE
        self._retry_at: float | None = None
        self._state = WatchState(Watching.STOPPED)

    @property
    def state(self) -> WatchState:
        """Return what the watcher is doing."""
        return self._state

    @property
    def look_every(self) -> float:
        """Return after how many seconds the lane is to be looked at even if nothing is heard."""
        rescan = self._settings.rescan_seconds
        return rescan if self._state.watching is Watching.NATIVE else min(rescan, POLL_SECONDS)

    @property
    def due(self) -> float | None:
        """Return when `supervise` has something to do, in steady seconds; None if there is nothing."""
        return self._canary.due if self._state.watching is Watching.NATIVE else self._retry_at

    def start(self, now: float) -> None:
        """Begin to hear, if the settings and the place of the folder allow for it. `now` is in steady seconds."""
        if self._polls:
            self._state = WatchState(Watching.POLLING)
        else:
            self._listen_now(now)

    def _listen_now(self, now: float) -> bool:
        try:
            self._place = _identity_of(self._settings.folder)
            self._hearing = self._listen(self._settings.folder, self._heard)
            self._hearing.follow(self._folders)
        except OSError as error:
            self._fall_deaf(now, problem_of(error, self._settings.folder).reason)
            return False
        except RuntimeError as error:  # no thread can be started; on macOS also a stream that does not start
            self._fall_deaf(now, str(error))
            return False
        self._state = WatchState(Watching.NATIVE)
        self._canary.start(now)
        self._retry_at = None
        return True

    def stop(self) -> None:
        """End hearing."""
        self._end()
        self._retry_at = None
        self._state = WatchState(Watching.STOPPED)

    def supervise(self, now: float) -> None:
        """Notice threads that died, events that do not come, and a folder that was replaced (a share that came back),
        and try again when due.

        It gives a hint itself, for what was missed meanwhile, when it falls deaf and when it hears again.
        """
        if self._state.watching is Watching.NATIVE:
            reason = self._what_is_wrong(now)
            if reason:
                self._fall_deaf(now, reason)
                self._hint()
            elif self._canary.proven:
                self._patience = _FIRST_PATIENCE
        elif self._retry_at is not None and now >= self._retry_at and self._listen_now(now):
            self._hint()

    def follow(self, folders: Iterable[str], now: float) -> None:
        """Hear of the packet subfolders that a look has found (names relative to the lane's folder)."""
        self._folders = frozenset(self._settings.folder / folder for folder in folders)
        if self._hearing is not None:
            try:
                self._hearing.follow(self._folders)
            except (OSError, RuntimeError) as error:
                reason = problem_of(error, self._settings.folder).reason if isinstance(error, OSError) else str(error)
                self._fall_deaf(now, reason)

    def _what_is_wrong(self, now: float) -> str:
        if self._hearing is None or not self._hearing.alive():
            return "the thread that listens has ended"
        try:
            moved = _identity_of(self._settings.folder) != self._place
        except OSError as error:
            return problem_of(error, self._settings.folder).reason
        if moved:
            return "another folder stands in its place"
        return "the system's events do not come" if self._canary.is_dead(now) else ""

    def _fall_deaf(self, now: float, reason: str) -> None:
        self._end()
        self._state = WatchState(Watching.DEAF, reason)
        self._retry_at = now + self._patience
        self._patience = min(self._patience * 2, _LONGEST_PATIENCE)

    def _end(self) -> None:
        if self._hearing is not None:
            self._hearing.stop()
            self._hearing = None

    def _heard(self, path: str) -> None:
        """Give a hint for a change of what can be picked up. Called from watchdog's thread."""
        self._canary.heard(Path(path))
        try:
            parts = Path(path).relative_to(self._settings.folder).parts
        except ValueError:
            return
        if is_picked_up(parts, self._shelves):
            self._hint()


def _identity_of(folder: Path) -> tuple[int, int]:
    status = system.real_path(folder).stat()
    return status.st_dev, status.st_ino


# --- watchdog -------------------------------------------------------------------------------------------------------


def listen_natively(folder: Path, heard: Callable[[str], None]) -> Hearing:
    """Listen to the system's own events. Raises `OSError` (no watches left, no folder) and `RuntimeError`."""
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    if Observer is PollingObserver:
        raise OSError(0, "the system has no events that can be used")
    observer = _observer()
    hearing = _WatchdogHearing(observer, folder, heard)
    try:
        observer.start()
    except SystemError as error:  # FSEvents, for a folder that cannot be watched
        observer.stop()
        raise RuntimeError(str(error)) from error
    except (OSError, RuntimeError):
        observer.stop()
        raise
    return hearing


def _observer() -> BaseObserver:
    if sys.platform == "win32":
        from agent.folder.windows_events import WindowsObserver

        return WindowsObserver(timeout=_BATCH_SECONDS)
    from watchdog.observers import Observer

    return Observer(timeout=_BATCH_SECONDS)


class _WatchdogHearing:
    """A watchdog observer of one lane's folder, with the events that can matter and no others.

    Opening and reading are left out (a backup that reads every file would wake us for each), and so are a folder's own
    modifications, which only repeat what is heard of the files in it.
    """

    def __init__(self, observer: BaseObserver, folder: Path, heard: Callable[[str], None]) -> None:
        self._observer = observer
        self._folder = folder
        self._handler = _handler(heard)
        self._followed: dict[Path, ObservedWatch] = {}
        self._root = self._watch(folder, recursive=system.WATCHES_TREES)

    def alive(self) -> bool:
        return self._observer.is_alive() and self._root in self._heard_of()

    def follow(self, folders: Iterable[Path]) -> None:
        if system.WATCHES_TREES:
            return
        wanted, heard_of = set(folders), self._heard_of()
        for folder, watch in list(self._followed.items()):
            if folder not in wanted or watch not in heard_of:  # the second: it was removed, and may be there again
                self._observer.unschedule(self._followed.pop(folder))
        for folder in wanted - set(self._followed):
            try:
                self._followed[folder] = self._watch(folder, recursive=False)
            except FileNotFoundError:  # it was taken away again: the lane's folder has told of that
                continue

    def _heard_of(self) -> set[ObservedWatch]:
        return {emitter.watch for emitter in list(self._observer.emitters) if emitter.is_alive()}

    def stop(self) -> None:
        self._observer.stop()
        if self._observer.is_alive():
            self._observer.join(_STOP_SECONDS)

    def _watch(self, folder: Path, *, recursive: bool) -> ObservedWatch:
        from watchdog import events

        of_interest: list[type[FileSystemEvent]] = [
            events.FileCreatedEvent,
            events.FileModifiedEvent,
            events.FileMovedEvent,
            events.FileDeletedEvent,
            events.FileClosedEvent,
            events.DirCreatedEvent,
            events.DirMovedEvent,
            events.DirDeletedEvent,
        ]
        return self._observer.schedule(self._handler, str(folder), recursive=recursive, event_filter=of_interest)


def _handler(heard: Callable[[str], None]) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            for path in (event.src_path, event.dest_path):
                if path:
                    heard(os.fsdecode(path))

    return Handler()
