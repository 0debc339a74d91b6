"""What hostile input is measured by: how much of it is read, and how much memory it costs. Never the clock."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("OUTTRAY_HOSTILE_EXAMPLES", "20"))
"""How many examples each fuzzing test lives through; set the variable to search longer."""

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class TooMuch(Exception):
    """More was read than the input is worth."""


class Metered(io.BytesIO):
    """A file that ends the test once more reads or bytes are asked of it than it was given."""

    def __init__(self, data: bytes, *, reads: int = 400_000, bytes_read: int | None = None) -> None:
        super().__init__(data)
        self._reads = reads
        self._bytes = 50 * len(data) + (64 << 20) if bytes_read is None else bytes_read

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._reads -= 1
        self._bytes -= len(data)
        if self._reads < 0 or self._bytes < 0:
            raise TooMuch
        return data


@contextmanager
def memory_below(mebibytes: float) -> Iterator[None]:
    """Hold the peak of what Python allocates inside the block against a limit."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()
    assert peak < mebibytes, f"{peak:.1f} MiB were in use at once"


def peak_of(script: str, *arguments: str) -> tuple[int, str]:
    """Run Python code in a process of its own; return its peak of resident memory in MiB, and what it printed.

    That counts what libraries allocate in native code, too.
    """
    measured = f"{script}\nfrom tests.support.memory import peak_mebibytes\nprint('peak', int(peak_mebibytes()))\n"
    ran = subprocess.run(
        [sys.executable, "-c", measured, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    said, _, peak = ran.stdout.rpartition("peak ")
    return int(peak), said


def sparse(path: Path, size: int, beginning: bytes = b"", end: bytes = b"") -> None:
    """Make a file of any size that takes hardly any room."""
    with path.open("wb") as file:
        file.write(beginning)
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)


def mutated(data: bytes, changes: list[tuple[int, bytes, bool]]) -> bytes:
    """Return `data` with each change made at its place: bytes replaced, or put in between."""
    made = bytearray(data)
    for at, new, insert in changes:
        at %= len(made) + 1
        made[at : at if insert else at + len(new)] = new
    return bytes(made)


Judge = Callable[[BinaryIO, int], object]
