"""Named points of a packet's life at which a test can end the process as a power cut would: at once, with no clean-up.

`OUTTRAY_CRASH_AT=name` ends it when `here("name")` is passed, `OUTTRAY_CRASH_AT=name:3` when it is passed for the third
time. The variable is read once, at the start; without it a point does nothing. Each name stands at one place only, and
tests/crash ends the agent at every one of them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count

VARIABLE = "OUTTRAY_CRASH_AT"

_passed: Callable[[str], None] | None = None


def here(name: str) -> None:
    """Pass a point."""
    if _passed is not None:
        _passed(name)


def arm(wish: str) -> None:
    """End the process at a point: `name` or `name:n`; at none where the wish is empty."""
    global _passed
    wanted, _, number = wish.partition(":")
    passings, last = count(1), int(number or 1)

    def passed(name: str) -> None:
        if name == wanted and next(passings) == last:
            _die()

    _passed = passed if wish else None


def _die() -> None:
    if sys.platform == "win32":
        os._exit(137)
    os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
