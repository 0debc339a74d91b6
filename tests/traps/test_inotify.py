"""Linux's own events at their limits: none to be had, fewer than needed, and more than the kernel keeps."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hostile import ROOT
from tests.support.launcher import Launcher
from tests.support.mortal_practice import MortalPractice

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's"),
]

LIMITED = """
import sys
from pathlib import Path
from threading import Event
from agent.folder.watching import Watcher, Watching
from agent.settings.schema import LaneSettings
from tests.support.practice import Practice

def limit(name, number):
    Path("/proc/sys/user", name).write_text(str(number))

place = Path(sys.argv[1])
"""
NO_INSTANCE = """
limit("max_inotify_instances", 0)
with Practice(place) as practice:
    practice.drop_packet()
    practice.wait_until_sent(1)
    assert practice.lane_status()["watching"] == "deaf", practice.lane_status()
print("sent")
"""
INSTANCES_AGAIN = """
hints = Event()
limit("max_inotify_instances", 0)
watcher = Watcher(LaneSettings(folder=place, watch="native"), hints.set, remote=False)
watcher.start(0)
assert watcher.state.watching is Watching.DEAF
assert "EMFILE" in watcher.state.reason, watcher.state
assert watcher.due is not None
limit("max_inotify_instances", 100)
watcher.supervise(watcher.due)
assert watcher.state.watching is Watching.NATIVE
assert hints.is_set(), "what was missed meanwhile has to be looked for"
hints.clear()
(place / "scan.pdf").write_bytes(b"x")
assert hints.wait(60)
watcher.stop()
print("heard")
"""
NO_WATCH_FOR_A_SUBFOLDER = """
limit("max_inotify_watches", 1)
watcher = Watcher(LaneSettings(folder=place, watch="native"), lambda: None, remote=False)
watcher.start(0)
assert watcher.state.watching is Watching.NATIVE, watcher.state
(place / "Smith").mkdir()
watcher.follow(["Smith"], 1)
assert watcher.state.watching is Watching.DEAF
assert "ENOSPC" in watcher.state.reason, watcher.state
watcher.stop()
print("deaf")
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [(NO_INSTANCE, "sent"), (INSTANCES_AGAIN, "heard"), (NO_WATCH_FOR_A_SUBFOLDER, "deaf")],
    ids=["no instance left", "instances again", "no watch left for a subfolder"],
)
def test_without_events_the_folder_is_looked_at_and_events_come_back(tmp_path: Path, script: str, said: str) -> None:
    # In a user namespace of its own, whose limits are nobody else's.
    own = ["unshare", "--user", "--map-root-user"]
    try:
        possible = subprocess.run([*own, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("this machine gives no user namespace, in which limits can be set")
    ran = subprocess.run(
        [*own, sys.executable, "-c", LIMITED + script, str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if "Permission denied: '/proc/sys/user" in ran.stderr or "Read-only file system" in ran.stderr:
        pytest.skip("this machine does not let a namespace set its limits")
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.strip() == said


IN_MODIFY, IN_Q_OVERFLOW = 0x2, 0x4000


class Witness:
    """An inotify instance of the test's own that reads nothing until it is asked whether the kernel has lost events."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), 0xFFF) > 0

    def saw_an_overflow(self) -> bool:
        try:
            while data := os.read(self._descriptor, 1 << 20):
                at = 0
                while at < len(data):
                    _, mask, _, length = struct.unpack_from("iIII", data, at)
                    if mask & IN_Q_OVERFLOW:
                        return True
                    at += 16 + length
        except BlockingIOError:
            pass
        finally:
            os.close(self._descriptor)
        return False


def test_a_scan_whose_events_were_lost_in_an_overflow_is_sent_all_the_same(tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 200_000:
        pytest.skip("this machine's kernel keeps too many events for a test to overflow it")
    with Launcher() as launcher, MortalPractice(tmp_path, launcher) as practice:
        practice.start()
        practice.wait_for(lambda: practice.lane_status("attachments").get("watching") == "native", "it to listen")
        assert practice.process is not None
        folder = practice.lanes["attachments"]
        witness = Witness(folder)
        os.kill(practice.process.pid, signal.SIGSTOP)  # as on a PC that is too busy to let it run
        try:
            with (folder / "a.tmp").open("wb") as one, (folder / "b.tmp").open("wb") as other:
                for _ in range(limit // 2 + 200):
                    os.write(one.fileno(), b"x")
                    os.write(other.fileno(), b"x")
            practice.drop_scan()
        finally:
            os.kill(practice.process.pid, signal.SIGCONT)
        assert witness.saw_an_overflow()
        (folder / "a.tmp").unlink()
        (folder / "b.tmp").unlink()
        practice.wait_until_at_rest(1, 0, 0)
        assert len(practice.sandbox.accepted) == 1
        practice.kill()
        practice.check()
