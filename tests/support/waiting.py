"""Waiting for what another thread or program does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], otherwise: str, seconds: float = 60) -> None:
    """Wait until a condition holds. Only a failure waits for all of the `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
