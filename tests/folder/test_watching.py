"""Watching: hints only. Whatever fails is a state with a reason, and is tried again."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import pytest

from agent.folder.names import MARKER
from agent.folder.watching import POLL_SECONDS, Hearing, Watcher, Watching, touch_file
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
        self.touched = 0
        self.deaf = False
        self.untouchable = False
        made = LaneSettings(folder=folder, **settings)  # type: ignore[arg-type]
        self.watcher = Watcher(made, self.hint, remote=remote, listen=self.listen, touch=self.touch)

    def touch(self, path: Path) -> None:
        if self.untouchable:
            raise PermissionError(errno.EACCES, "Permission denied")
        self.touched += 1
        if not self.deaf:
            self.ears[-1].heard(str(path))

    def supervise_until(self, end: float, now: float = 0.0) -> float:
        """Let the watcher do whatever it asks for, each at its time."""
        while (due := self.watcher.due) is not None and due <= end:
            now = max(now, due)
            self.watcher.supervise(now)
        return now

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
    assert (world.watching, world.hints) == (Watching.NATIVE, 1)


def test_a_dead_observer_is_noticed_and_replaced_and_gives_a_hint_for_what_was_missed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.watcher.supervise(1)
    assert world.watching is Watching.NATIVE
    world.ears[0].lives = False
    world.watcher.supervise(2)
    assert (world.watching, world.ears[0].stopped) == (Watching.DEAF, True)
    world.watcher.supervise(6.9)
    assert (world.watching, world.hints) == (Watching.DEAF, 1)
    world.watcher.supervise(7)
    assert (world.watching, world.hints, len(world.ears)) == (Watching.NATIVE, 2, 2)


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


# --- The canary -----------------------------------------------------------------------------------------------------


def test_a_canary_that_is_heard_costs_no_look_and_a_touch_every_five_minutes(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.supervise_until(3600)
    assert (world.watching, world.hints, len(world.ears)) == (Watching.NATIVE, 0, 1)
    assert 11 <= world.touched <= 13


def test_a_subscription_that_hears_nothing_is_noticed_within_half_a_minute_of_a_touch(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.deaf = True
    world.watcher.start(0)
    world.watcher.supervise(0)
    world.watcher.supervise(10)
    assert (world.watching, world.touched) == (Watching.NATIVE, 2)  # a second try: the PC may have been asleep
    world.watcher.supervise(20)
    assert (world.watching, world.ears[0].stopped) == (Watching.DEAF, True)
    assert "events do not come" in world.watcher.state.reason
    assert (world.hints, world.watcher.look_every) == (1, POLL_SECONDS)


def test_one_that_falls_deaf_later_is_noticed_at_the_next_touch(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.watcher.start(0)
    world.supervise_until(100)
    world.deaf = True
    world.supervise_until(309)
    assert world.watching is Watching.NATIVE
    world.supervise_until(331)
    assert world.watching is Watching.DEAF


def test_one_late_song_is_enough(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.deaf = True
    world.watcher.start(0)
    world.watcher.supervise(0)
    world.watcher.supervise(10)
    world.ears[0].heard(str(tmp_path / MARKER))
    world.watcher.supervise(20)
    assert (world.watching, world.hints) == (Watching.NATIVE, 0)


def test_a_deaf_subscription_is_replaced_with_growing_patience_until_one_hears_the_canary(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.deaf = True
    world.watcher.start(0)
    begun = []
    now = 0.0
    while now < 1500:
        now = world.watcher.due or 0.0
        before = len(world.ears)
        world.watcher.supervise(now)
        begun.extend([now] * (len(world.ears) - before))
    assert [later - earlier for earlier, later in pairwise(begun)][:6] == [30, 40, 60, 100, 180, 320]
    world.deaf = False
    now = world.supervise_until(now + 400, now)
    assert world.watching is Watching.NATIVE
    world.ears[-1].lives = False
    world.watcher.supervise(now)
    assert (world.watcher.due or 0) - now == 5


def test_what_cannot_be_touched_proves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.untouchable = world.deaf = True
    world.watcher.start(0)
    world.supervise_until(1500)
    assert (world.watching, world.hints) == (Watching.NATIVE, 0)


def test_where_the_lane_is_polled_nothing_is_touched(tmp_path: Path) -> None:
    world = World(tmp_path, remote=True)
    world.watcher.start(0)
    for now in range(0, 1000, 5):
        world.watcher.supervise(now)
    assert (world.watching, world.touched, world.watcher.due) == (Watching.POLLING, 0, None)


def test_lanes_hear_each_for_itself(tmp_path: Path) -> None:
    names = ("polled", "deaf", "native")
    for name in names:
        (tmp_path / name).mkdir()
    polled, deaf, native = (World(tmp_path / name, watch="poll" if name == "polled" else "auto") for name in names)
    deaf.deaf = True
    for world in (polled, deaf, native):
        world.watcher.start(0)
        world.supervise_until(21)
    assert [world.watching for world in (polled, deaf, native)] == [Watching.POLLING, Watching.DEAF, Watching.NATIVE]
    assert [world.watcher.look_every for world in (polled, deaf, native)] == [5, 5, 60]
    assert [world.hints for world in (polled, deaf, native)] == [0, 1, 0]


@pytest.mark.parametrize("content", [None, b"", b"OutTray knows by this"])
def test_touching_changes_nothing(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / MARKER
    if content is not None:
        path.write_bytes(content)
    if not content:
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system says
            touch_file(path)
    else:
        touch_file(path)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([] if content is None else [content])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_stands_in_the_markers_place_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("pipe", "link"):
        with pytest.raises(OSError):  # noqa: PT011
            touch_file(tmp_path / name)


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
        heard = self.event.wait(60)
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
        first.join(60)
        (tmp_path / "Smith").mkdir()
        watcher.follow(["Smith"], 2)
        (second,) = emitters_of(watcher, "Smith")
        assert (first.is_alive(), second.is_alive()) == (False, True)
    finally:
        watcher.stop()


def test_the_systems_own_events_bring_the_canary(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_bytes(b"It stands.\n")
    heard = Bell()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), lambda: None, remote=False)
    plain, watcher._canary.heard = watcher._canary.heard, lambda path: (plain(path), heard())  # type: ignore[method-assign]
    watcher.start(0)
    try:
        watcher.supervise(0)
        assert heard.rings()
        watcher.supervise(10)
        assert (watcher.state.watching, watcher._canary.proven) == (Watching.NATIVE, True)
    finally:
        watcher.stop()


def test_an_observer_whose_threads_run_and_tell_nothing_is_noticed(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_bytes(b"It stands.\n")
    bell = Bell()
    watcher = Watcher(LaneSettings(folder=tmp_path, watch="native"), bell, remote=False)
    watcher.start(0)
    try:
        hearing = watcher._hearing
        hearing._observer.remove_handler_for_watch(hearing._handler, hearing._root)  # type: ignore[union-attr]
        for now in (0, 10):
            watcher.supervise(now)
            assert hearing.alive()  # type: ignore[union-attr]
        watcher.supervise(20)
        assert (watcher.state.watching, bell.event.is_set()) == (Watching.DEAF, True)
        watcher.supervise(25)
        assert watcher.state.watching is Watching.NATIVE
        bell.event.clear()
        (tmp_path / "scan.pdf").write_bytes(b"one")
        assert bell.rings()
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
