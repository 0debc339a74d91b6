"""One measured world: a receiver, a fresh folder, a peer at work in a process of its own, and what can be read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.side_by_side.peers import HERE, ROOT, Peer

PATIENCE = 600.0


@dataclass(frozen=True)
class Seen:
    """One upload at the receiver, in seconds of the steady clock."""

    first_byte: float
    last_byte: float
    size: int


@dataclass
class World:
    """A folder to drop into and the receiver's address."""

    folder: Path
    url: str

    def seen(self) -> list[Seen]:
        """What the receiver has taken, in order."""
        with urllib.request.urlopen(f"{self.url}/seen", timeout=60) as reply:
            return [Seen(*entry) for entry in json.load(reply)]

    def wait_for(self, count: int, process: subprocess.Popen[bytes]) -> list[Seen]:
        """Wait until the receiver has `count` uploads. Raises TimeoutError, with what the peer has printed."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            seen = self.seen()
            if len(seen) >= count:
                return seen
            if process.poll() not in (None, 0):
                raise RuntimeError(f"the peer ended with {process.returncode}")
            time.sleep(0.02 if count < 100 else 0.1)
        raise TimeoutError(f"{len(self.seen())} of {count} uploads after {PATIENCE} s")


@contextmanager
def world() -> Iterator[World]:
    """A fresh folder and a receiver of its own; both are gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="outtray-bench-"))
    command = [sys.executable, str(HERE / "receiver.py")]
    receiver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert receiver.stdin is not None
    assert receiver.stdout is not None
    try:
        folder = place / "scans"
        folder.mkdir()
        yield World(folder, f"http://127.0.0.1:{int(receiver.stdout.readline())}")
    finally:
        receiver.stdin.close()
        receiver.wait(10)
        receiver.stdout.close()
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def at_work(peer: Peer, here: World, settle: float = 2.0) -> Iterator[subprocess.Popen[bytes]]:
    """The peer over the world's folder, stopped at the end."""
    environment = os.environ | {"OUTTRAY_SECRET_BENCH_CLIENT_SECRET": "bench", "NO_PROXY": "*"}
    log = (here.folder.parent / "output.txt").open("wb")
    process = subprocess.Popen(
        peer.command(here.folder, here.url, settle), cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mebibytes(pid: int) -> float:
    """The resident memory of a process now (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024
