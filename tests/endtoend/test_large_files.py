"""A scan of 1 GiB goes in 64 MiB of memory."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from agent.sandbox.server import Sandbox
from tests.support import files
from tests.support.practice import Practice
from tests.support.process import running

GIB = 1 << 30
ROOM = 64 << 20
LANE = "max_file_mb = 2000\nmax_request_mb = 2000"


def sparse_pdf(path: Path) -> None:
    """Write a PDF with a hole of zeros between its objects and the end of it, which points back to them."""
    whole = files.pdf()
    end = whole[whole.rindex(b"startxref") :]
    with path.open("wb") as file:
        file.write(whole)
        file.truncate(GIB - len(end))
        file.seek(GIB - len(end))
        file.write(end)


class Memory:
    """The largest resident size that a process has had since the beginning of the look."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self.before = self.peak = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def stop(self) -> int:
        """End the look; return by how many bytes the process has grown."""
        self._over.set()
        self._thread.join()
        return self.peak - self.before


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_scan_of_1_gib_goes_in_64_mib_of_memory(tmp_path: Path) -> None:
    with (
        Sandbox(keep_files=False) as sandbox,
        Practice(tmp_path, sandbox=sandbox, running=False, lane=LANE) as practice,
        running(practice) as process,
    ):
        practice.wait_for(lambda: practice.status().get("running"), "the agent to run")
        practice.drop_packet("small", claimId="CLM-1")
        practice.wait_for(lambda: len(practice.sandbox.journal) == 1, "the small one")
        memory = Memory(process.pid)
        try:
            sparse_pdf(practice.folder / "large.pdf")
            practice.drop("large.json", files.sidecar(claimId="CLM-2"))
            practice.wait_for(lambda: len(practice.sandbox.journal) == 2, "the large one", 900)
            shelf = practice.folder / "sent"
            practice.wait_for(lambda: list(shelf.glob("*/large.pdf")), "the large one on sent")
        finally:
            grown = memory.stop()
        [_, large] = practice.sandbox.journal
        assert large["sizes"][-1] == GIB
        assert grown < ROOM, f"grew by {grown / 2**20:.0f} MiB"
