"""Watching: hints only. Whatever fails is a state with a reason, and is tried again."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import pytest

from agent.folder.watching import POLL_SECONDS, Hearing, Watcher, Watching
from agent.settings.schema import LaneSettings


class Ear:
    """A hearing that does as it is told."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self.heard = heard
        self.lives = True
        self.stopped = False
        self.folders: set[str] = set()
        self.trouble: Exception | None = None

    def alive(self) -> bool:
        return self.lives

    def follow(self, folders: Iterable[Path]) -> None:
        if self.trouble:
            raise self.trouble
        self.folders = {folder.name for folder in folders}

    def stop(self) -> None:
        self.stopped = True


class World:
    """A lane's folder, a watcher, its ears, and how many hints it gave."""

    def __init__(self, folder: Path, *, remote: bool = False, **settings: object) -> None:
        self.folder = folder
        self.ears: list[Ear] = []
        self.trouble: Exception | None = None
        self.hints = 0
        made = LaneSettings(folder=folder, **settings)  # type: ignore[arg-type]
        self.watcher = Watcher(made, self.hint, remote=remote, listen=self.listen)

    def hint(self) -> None:
        self.hints += 1

    def listen(self, _folder: Path, heard: Callable[[str], None]) -> Hearing:
        if self.trouble:
            raise self.trouble
        self.ears.append(Ear(heard))
        return self.ears[-1]

    @property
    def watching(self) -> Watching:
        return self.watcher.state.watching


@pytest.mark.parametrize(
    ("watch", "remote", "expected"),
    [
        ("auto", False, Watching.NATIVE),
        ("auto", True, Watching.POLLING),
        ("native", True, Watching.NATIVE),
        ("poll", False, Watching.POLLING),
    ],
)
def test_events_are_trusted_on_local_disks_and_where_the_settings_say_so(
    tmp_path: Path, watch: str, remote: bool, expected: Watching
) -> None:
    world = World(tmp_path, remote=remote, watch=watch)
    assert world.watching is Watching.STOPPED
    world.watcher.start(0)
    assert (world.watching, len(world.ears)) == (expected, 1 if expected is Watching.NATIVE else 0)


def test_without_events_the_lane_is_looked_at_every_few_seconds(tmp_path: Path) -> None:
    native, polling, quick = (
        World(tmp_path),
        World(tmp_path, watch="poll"),
        World(tmp_path, watch="poll", rescan_seconds=1),
    )
    for world in (native, polling, quick):
        world.watcher.start(0)
    assert [world.watcher.look_every for world in (native, polling, quick)] == [60, POLL_SECONDS, 1]


@pytest.mark.parametrize(
    ("path", "hints"),
    [
        ("scan.pdf", 1), ("Smith/1.pdf", 1), ("Smith", 1), ("scan.tmp", 0), (".outtray-folder", 0),
        ("sent/2026-07-04/x.pdf", 0), ("Sending/p1/x.pdf", 0), ("Smith/~$x.docx", 0), ("x.receipt.json", 0), ("", 0),
    ],
)  # fmt: skip
def test_only_what_can_be_picked_up_is_worth_a_look(tmp_path: Path, path: str, hints: int) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.ears[0].heard(str(tmp_path / path))
    assert world.hints == hints


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(errno.ENOSPC, "inotify watch limit reached"),
        OSError(errno.EMFILE, "inotify instance limit reached"),
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_start_that_fails_is_a_state_and_is_tried_again_with_growing_patience(
    tmp_path: Path, trouble: Exception
) -> None:
    world = World(tmp_path)
    world.trouble = trouble
    world.watcher.start(0)
    assert world.watching is Watching.DEAF
    assert str(trouble.args[-1]) in world.watcher.state.reason
    assert world.watcher.look_every == POLL_SECONDS
    tries = []
    now = 0.0
    while now < 1000:
        assert world.watcher.due is not None
        now = world.watcher.due
        tries.append(now)
        world.watcher.supervise(now)
    assert [later - earlier for earlier, later in pairwise(tries)][:7] == [
        10,
        20,
        40,
        80,
        160,
        300,
        300,
    ]
    world.trouble = None
    world.watcher.supervise(now)
    assert world.watching is Watching.DEAF
    world.watcher.supervise(world.watcher.due or 0)
    assert (world.watching, world.hints, world.watcher.due) == (Watching.NATIVE, 1, None)


def test_a_dead_observer_is_noticed_and_replaced_and_gives_a_hint_for_what_was_missed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.watcher.supervise(1)
    assert world.watching is Watching.NATIVE
    world.ears[0].lives = False
    world.watcher.supervise(2)
    assert (world.watching, world.ears[0].stopped) == (Watching.DEAF, True)
    world.watcher.supervise(6.9)
    assert (world.watching, world.hints) == (Watching.DEAF, 0)
    world.watcher.supervise(7)
    assert (world.watching, world.hints, len(world.ears)) == (Watching.NATIVE, 1, 2)


def test_a_folder_that_was_replaced_is_noticed_although_every_thread_runs(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    world = World(folder)
    world.watcher.start(0)
    folder.rename(tmp_path / "old")
    world.watcher.supervise(1)
    assert world.watching is Watching.DEAF
    folder.mkdir()
    world.watcher.supervise(6)
    assert world.watching is Watching.NATIVE
    folder.rename(tmp_path / "older")
    folder.mkdir()
    world.watcher.supervise(7)
    assert (world.watching, world.watcher.state.reason) == (Watching.DEAF, "another folder stands in its place")


def test_packet_subfolders_are_followed_also_after_a_new_start(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.watcher.follow(["Smith", "Jones"], 1)
    assert world.ears[0].folders == {"Smith", "Jones"}
    world.ears[0].lives = False
    world.watcher.supervise(2)
    world.watcher.supervise(7)
    assert world.ears[1].folders == {"Smith", "Jones"}


def test_no_watch_left_for_a_subfolder_makes_the_lane_deaf_and_never_raises(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.ears[0].trouble = OSError(errno.ENOSPC, "inotify watch limit reached")
    world.watcher.follow(["Smith"], 1)
    assert world.watching is Watching.DEAF


def test_stopping_ends_everything_as_often_as_one_likes(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.watcher.stop()
    world.watcher.stop()
    world.watcher.supervise(100)
    assert (world.watching, world.ears[0].stopped, world.watcher.due) == (Watching.STOPPED, True, None)


# --- The system's own events ----------------------------------------------------------------------------------------


class Bell:
    """A hint that can be waited for."""

    def __init__(self) -> None:
        self.event = Event()

    def __call__(self) -> None:
        self.event.set()

    def rings(self) -> bool:
        heard = self.event.wait(20)
        self.event.clear()
        return heard


def test_the_system_tells_of_new_files_here_and_in_packet_subfolders(tmp_path: Path) -> None:
    bell = Bell()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), bell, remote=False)
    watcher.start(0)
    try:
        assert watcher.state.watching is Watching.NATIVE
        (tmp_path / "Smith").mkdir()
        assert bell.rings()
        watcher.follow(["Smith"], 1)
        bell.event.clear()
        (tmp_path / "Smith" / "1.pdf").write_bytes(b"one")
        assert bell.rings()
        watcher.supervise(2)
        assert watcher.state.watching is Watching.NATIVE
    finally:
        watcher.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where each folder is watched by itself")
def test_a_packet_subfolder_that_is_taken_away_and_comes_again_is_heard_and_nothing_dies(tmp_path: Path) -> None:
    bell = Bell()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), bell, remote=False)
    watcher.start(0)
    try:
        for _ in range(2):
            (tmp_path / "Smith").mkdir()
            watcher.follow(["Smith"], 1)
            (tmp_path / "Smith" / "1.pdf").write_bytes(b"one")
            assert bell.rings()
            (tmp_path / "Smith" / "1.pdf").unlink()
            (tmp_path / "Smith").rmdir()
            watcher.follow([], 2)
            watcher.supervise(2)
            assert watcher.state.watching is Watching.NATIVE
    finally:
        watcher.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where each folder is watched by itself")
def test_a_packet_subfolder_that_is_another_one_by_the_next_look_is_heard(tmp_path: Path) -> None:
    bell = Bell()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), bell, remote=False)
    (tmp_path / "Smith").mkdir()
    watcher.start(0)
    try:
        watcher.follow(["Smith"], 1)
        (first,) = emitters_of(watcher, "Smith")
        (tmp_path / "Smith").rmdir()
        first.join(20)
        (tmp_path / "Smith").mkdir()
        watcher.follow(["Smith"], 2)
        (second,) = emitters_of(watcher, "Smith")
        assert (first.is_alive(), second.is_alive()) == (False, True)
    finally:
        watcher.stop()


def emitters_of(watcher: Watcher, folder: str) -> list[Thread]:
    observer = watcher._hearing._observer  # type: ignore[union-attr]
    return [emitter for emitter in observer.emitters if Path(emitter.watch.path).name == folder]


def test_a_missing_folder_is_a_state_and_leaves_no_thread_behind(tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    watcher = Watcher(LaneSettings(folder=tmp_path / "gone", watch="native"), lambda: None, remote=False)
    watcher.start(0)
    assert watcher.state.watching is Watching.DEAF
    watcher.stop()
    assert threading.active_count() == before
