"""Notices that the PC's clock was set, and moves every wait along, so that waits stay as long as they were.

Wall time and steady time run side by side. When they part by more than `TOLERANCE`, wall time has jumped by the
difference: someone set the clock, or the time service mended it. Sleep is no jump: steady time goes on where the system
counts it. Across a reboot the two cannot be compared, and wall time is taken at its word.
"""

from __future__ import annotations

from datetime import timedelta

from agent.clock import Reading
from agent.ledger.ledger import Ledger

TOLERANCE = timedelta(seconds=2)
REMEMBER_EVERY = timedelta(minutes=5)


class ClockGuard:
    """Compares each look at both clocks with the last remembered one. Belongs to the control thread.

    The remembered look is in the ledger, so that it outlives the agent; it is read from there once, and written rarely.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: Reading | None = None

    def mind(self, reading: Reading) -> bool:
        """Take in a look at both clocks; return whether the waits had to be moved."""
        last = self._last or self._ledger.clock_reading()
        if last is None:
            self._remember(reading)
            return False
        self._last = last
        passed = timedelta(seconds=reading.steady - last.steady)
        jump = (reading.wall - last.wall) - passed if last.boot == reading.boot else timedelta()
        if abs(jump) > TOLERANCE:
            with self._ledger.transaction() as tx:
                tx.shift_times(jump, reading.wall)
                tx.remember_clock(reading)
            self._last = reading
            return True
        if last.boot != reading.boot or passed > REMEMBER_EVERY:
            # Drift within the tolerance is let go of here, so that it never adds up to a false jump.
            self._remember(reading)
        return False

    def _remember(self, reading: Reading) -> None:
        with self._ledger.transaction(synced=False) as tx:
            tx.remember_clock(reading)
        self._last = reading
