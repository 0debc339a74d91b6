"""How long to wait before the next try."""

from __future__ import annotations

from datetime import timedelta

FIRST = 5.0  # seconds
LONGEST = 15 * 60.0


def wait(tries: int, dice: float, after: float | None = None) -> timedelta:
    """Return the wait after `tries` failed tries: full jitter under a ceiling that doubles from 5 s to 15 min.

    `dice` is a number from 0 to 1. `after` is the service's Retry-After in seconds: never less than that.
    """
    ceiling = min(LONGEST, FIRST * 2.0 ** min(max(tries, 1) - 1, 20))
    jittered = ceiling * dice
    return timedelta(seconds=jittered if after is None else max(after, 0.0) + min(jittered, 1.0))
