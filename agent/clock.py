"""The clock seam: wall time for people and vendors, steady time for waiting.

Wall time can jump (someone sets the PC's clock, or the time service mends it); steady time cannot.
Comparing the two shows a jump, which the filename rule must not mistake for hours that have passed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Reading:
    """One look at both clocks: `wall` in UTC, `steady` in seconds since an unspecified start of `boot`."""

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
        """Return seconds since boot, sleep included where the system counts it (Linux, Windows)."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    def read(self) -> Reading:
        """Return both clocks at one moment."""
        return Reading(self.now(), self.steady(), self._boot)

    @cached_property
    def _boot(self) -> str:
        """Name this boot; on systems that do not tell, a name of this process alone."""
        boot_id = Path("/proc/sys/kernel/random/boot_id")
        return boot_id.read_text().strip() if boot_id.exists() else f"process-{id(self)}-{time.time_ns()}"
