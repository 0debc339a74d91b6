"""The clock seam: wall time for people and vendors, steady time for waiting.

Wall time can jump (someone sets the PC's clock, or the time service mends it); steady time cannot.
Comparing the two shows a jump, which the filename rule must not mistake for hours that have passed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Reading:
    """One look at both clocks: `wall` in UTC, `steady` in seconds since the start of `boot`.

    An empty `boot`: the system does not name its boots, so the clocks themselves have to tell them apart.
    """

    wall: datetime
    steady: float
    boot: str


class Clock(Protocol):
    """Where OutTray takes its time from."""

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        ...

    def steady(self) -> float:
        """Return seconds that never jump; they go on while the PC sleeps where the system can tell."""
        ...

    def read(self) -> Reading:
        """Return both clocks at one moment, with the name of the boot that `steady` belongs to."""
        ...


class SystemClock:
    """The PC's own clocks."""

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Return seconds since boot, sleep included (Linux, macOS; Windows counts it by itself)."""
        with_sleep = getattr(time, "CLOCK_BOOTTIME", None)
        if with_sleep is None and sys.platform == "darwin":
            with_sleep = time.CLOCK_MONOTONIC
        return time.monotonic() if with_sleep is None else time.clock_gettime(with_sleep)

    def read(self) -> Reading:
        """Return both clocks at one moment."""
        return Reading(self.now(), self.steady(), self._boot)

    @cached_property
    def _boot(self) -> str:
        """Name this boot; empty on systems that do not tell (Windows, macOS)."""
        boot_id = Path("/proc/sys/kernel/random/boot_id")
        try:
            return boot_id.read_text().strip()
        except OSError:
            return ""
