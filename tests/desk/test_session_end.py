"""Logoff, shutdown, an installer, a closed console, sleep: what Windows tells a program, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.desk.session_end import stopped_by_session_end
from tests.support import files
from tests.support.practice import Practice
from tests.support.process import command, surroundings

windows = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")
ROOT = Path(__file__).parents[2]

QUERY, END, CLOSE, POWER = 0x11, 0x16, 0x10, 0x218
RESUMED, SUSPENDING, CLOSE_APP = 0x12, 0x04, 0x01


class Agent:
    """What would run: it ends a moment after it is told to."""

    def __init__(self) -> None:
        self.stopped, self.resumed = threading.Event(), threading.Event()


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
def test_elsewhere_the_block_just_runs() -> None:
    agent = Agent()
    with stopped_by_session_end(agent.stopped.set, agent.resumed.set):
        pass
    assert not agent.stopped.is_set()
    assert not agent.resumed.is_set()


@windows
class TestInThisProcess:
    def test_whether_the_session_may_end_is_answered_with_yes_and_ends_nothing(self) -> None:
        agent = Agent()
        with stopped_by_session_end(agent.stopped.set):
            assert send(QUERY, 0, CLOSE_APP) == 1
            send(END, 0, 0)  # another program has said no
            assert not agent.stopped.is_set()

    def test_the_end_waits_until_the_agent_has_recorded_all(self) -> None:
        agent, said, recorded = Agent(), threading.Event(), threading.Event()

        def end_session() -> None:
            send(END, 1, 0)
            assert recorded.is_set()
            said.set()

        with stopped_by_session_end(agent.stopped.set):
            system = threading.Thread(target=end_session)
            system.start()
            assert agent.stopped.wait(60)
            assert not said.is_set()
            recorded.set()
        system.join(60)
        assert said.is_set()

    def test_a_polite_request_to_close_stops_the_agent(self) -> None:
        agent = Agent()
        with stopped_by_session_end(agent.stopped.set):
            send(CLOSE, 0, 0)
            assert agent.stopped.is_set()

    def test_waking_up_is_told_and_falling_asleep_is_not(self) -> None:
        agent = Agent()
        with stopped_by_session_end(agent.stopped.set, agent.resumed.set):
            send(POWER, SUSPENDING, 0)
            assert not agent.resumed.is_set()
            send(POWER, RESUMED, 0)
            assert agent.resumed.is_set()
            assert not agent.stopped.is_set()

    def test_nothing_is_left_behind(self) -> None:
        before = threading.active_count()
        for _ in range(3):
            with stopped_by_session_end(lambda: None):
                assert len(session_windows()) == 1
        assert session_windows() == []
        assert threading.active_count() == before


@windows
class TestAnAgentThatRuns:
    @pytest.fixture
    def practice(self, tmp_path: Path) -> Iterator[Practice]:
        with Practice(tmp_path, running=False) as practice:
            yield practice

    @pytest.mark.parametrize("how", ["logoff", "taskkill", "ctrl-c"])
    def test_ends_in_good_order(self, practice: Practice, how: str) -> None:
        practice.agent = 'upload_limit = "20 kB/s"'
        practice.drop("scan.txt", b"Narrative for the claim. " * 80_000)
        practice.drop("scan.json", files.sidecar())
        process = subprocess.Popen(
            command(practice, "run", "--headless"),
            env=surroundings(practice),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            creationflags=subprocess.CREATE_NEW_CONSOLE,
        )
        try:
            uploads = lambda: [seen for seen in practice.sandbox.requests if seen.traffic == "upload"]  # noqa: E731
            practice.wait_for(uploads, "an upload", 120)
            begun = time.monotonic()
            if how == "ctrl-c":
                press_ctrl_c(process.pid)
            elif how == "taskkill":
                subprocess.run(["taskkill", "/PID", str(process.pid)], check=True, capture_output=True)
            else:
                assert send(QUERY, 0, 0, process.pid) == 1
                send(END, 1, 0, process.pid)
            out, err = process.communicate(timeout=60)
            assert time.monotonic() - begun < 40
        finally:
            process.kill()
            process.communicate()
        assert (process.returncode, err) == (0, "")
        assert "What was not sent goes at the next start." in out
        assert sorted(Path(name).name for name in practice.sending() if "/.outtray" not in name) == [
            "scan.json",
            "scan.txt",
        ]


def press_ctrl_c(pid: int) -> None:
    """Press Ctrl+C in the console of a process; from a process of its own, since one can be at one console only."""
    program = (
        "import ctypes\n"
        "kernel32 = ctypes.WinDLL('kernel32')\n"
        "kernel32.FreeConsole()\n"
        f"assert kernel32.AttachConsole({pid})\n"
        "kernel32.SetConsoleCtrlHandler(None, True)\n"
        "assert kernel32.GenerateConsoleCtrlEvent(0, 0)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def session_windows(pid: int | None = None) -> list[int]:
    """Return the hidden windows of a process; of this one, if none is named."""
    import ctypes
    import os
    from ctypes import wintypes

    assert sys.platform == "win32"
    user32 = ctypes.WinDLL("user32")
    found: list[int] = []

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
    def look(window: int, _: int) -> bool:
        title, owner = ctypes.create_unicode_buffer(64), wintypes.DWORD()
        user32.GetWindowTextW(wintypes.HWND(window), title, 64)
        user32.GetWindowThreadProcessId(wintypes.HWND(window), ctypes.byref(owner))
        if title.value == "OutTraySession" and owner.value == (pid or os.getpid()):
            found.append(window)
        return True

    user32.EnumWindows(look, 0)
    return found


def send(message: int, first: int, second: int, pid: int | None = None) -> int:
    """Send a message to the hidden window of a process, as Windows would; return its answer."""
    import ctypes
    from ctypes import wintypes

    assert sys.platform == "win32"
    user32 = ctypes.WinDLL("user32")
    user32.SendMessageW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
    user32.SendMessageW.restype = ctypes.c_ssize_t
    (window,) = session_windows(pid)
    return int(user32.SendMessageW(window, message, first, second))
