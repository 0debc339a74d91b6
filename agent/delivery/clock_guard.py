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


def mind_the_clock(ledger: Ledger, reading: Reading) -> bool:
    """Compare with the last remembered look at both clocks; return whether the waits had to be moved."""
    last = ledger.clock_reading()
    if last is None:
        with ledger.transaction(synced=False) as tx:
            tx.remember_clock(reading)
        return False
    boot, wall, steady = last
    passed = timedelta(seconds=reading.steady - steady)
    jump = (reading.wall - wall) - passed if boot == reading.boot else timedelta()
    if abs(jump) > TOLERANCE:
        with ledger.transaction() as tx:
            tx.shift_times(jump, reading.wall)
            tx.remember_clock(reading)
        return True
    if boot != reading.boot or passed > REMEMBER_EVERY:
        # Drift within the tolerance is let go of here, so that it never adds up to a false jump.
        with ledger.transaction(synced=False) as tx:
            tx.remember_clock(reading)
    return False
