"""Notices that the PC's clock was set, and moves every wait along, so that waits stay as long as they were.

What is proved, and by what:
- Within one boot the steady clock runs beside the wall clock, and nobody can set it. Where they part by more than
  `TOLERANCE`, the wall clock was set; whatever was noted in this boot moves along. Sleep is no jump: the steady clock
  counts it on Linux, Windows and macOS.
- From one boot to the next nothing was seen. Claims from before it are unproved: the wall clock is taken at its word
  for what is shown, and the service's own Date (`service_times.py`) proves them before a name goes out again, or a
  whole window of this boot does. A clock that is set back, soon after or much later, may have been wrong from the boot
  on: then the gap before it was that much shorter. One that is set forward is not believed to have made it longer, and
  one that ran backwards over the gap says that no time has passed.
- Where the system does not name its boots (Windows, macOS), a new process is in the boot of the last one if the steady
  clock has gone on and the two clocks have stayed together. That can be wrong for a PC that forgets its time and boots
  into the same moment again and again. Even so nothing is shortened: between two looks at different boots more time
  has passed than the difference of their uptimes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agent.clock import Reading
from agent.ledger.filename_rule import WINDOW
from agent.ledger.ledger import Ledger
from agent.ledger.times import Boot

TOLERANCE = timedelta(seconds=2)
REMEMBER_EVERY = timedelta(minutes=5)
DRIFT = timedelta(seconds=0.1)  # by which the wall clock may run ahead between two remembered looks, and be let go of
_NOTHING = timedelta()


class ClockGuard:
    """Compares each look at both clocks with the last remembered one. Belongs to the control thread.

    The remembered look is in the ledger, so that it outlives the agent; it is read from there once, and written rarely.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: Reading | None = None
        self._boot: Boot | None = None
        self.jump = _NOTHING  # by how much the wall clock was set at the last look
        self._proved = False  # a whole window of this boot has gone by: nothing from before it counts

    def mind(self, reading: Reading) -> bool:
        """Take in a look at both clocks; return whether what is remembered of claims and waits has changed."""
        last = self._last or self._ledger.clock_reading()
        self.jump = _NOTHING
        if last is None:
            self._remember(reading, Boot(reading.wall))
            return False
        if not self._is_same_boot(last, reading):
            return self._new_boot(last, reading)
        boot = self._boot = self._boot or self._ledger.boot() or Boot(last.wall)
        self._last = last
        passed = timedelta(seconds=reading.steady - last.steady)
        jump = (reading.wall - last.wall) - passed
        if abs(jump) > TOLERANCE:
            self._jump(jump, reading, boot)
            return True
        if passed > REMEMBER_EVERY:
            # Drift within the tolerance is let go of here, so that it never adds up to a false jump.
            self._remember(reading, boot, drift=jump)
        if not self._proved and reading.wall - boot.since >= WINDOW:
            self._proved = True
            with self._ledger.transaction() as tx:
                tx.end_doubts(boot.since)
            return True
        return False

    def read_again(self) -> None:
        """Take in when, as the ledger says now, what was seen of this boot began."""
        boot = self._ledger.boot()
        if boot is not None and (self._boot is None or boot.since > self._boot.since + TOLERANCE):
            self._boot, self._proved = boot, False

    @property
    def boot(self) -> Boot:
        """Return when this boot was first seen."""
        assert self._boot is not None  # noqa: S101 - it was looked at the clocks before
        return self._boot

    def _is_same_boot(self, last: Reading, reading: Reading) -> bool:
        if reading.boot:
            return last.boot == reading.boot
        jump = (reading.wall - last.wall) - timedelta(seconds=reading.steady - last.steady)
        return self._last is not None or (reading.steady >= last.steady and abs(jump) <= TOLERANCE)

    def _new_boot(self, last: Reading, reading: Reading) -> bool:
        gap = reading.wall - last.wall
        with self._ledger.transaction() as tx:
            tx.doubt_claims(last.wall)
            if gap < _NOTHING:
                tx.shift_times(gap, reading.wall)
            tx.shorten_waits(reading.wall)
            self._boot = Boot(reading.wall, max(gap, _NOTHING))
            tx.remember_clock(reading, self._boot)
        self._last, self._proved = reading, False
        return gap < _NOTHING

    def _jump(self, jump: timedelta, reading: Reading, boot: Boot) -> None:
        shorter = min(boot.gap, max(-jump, _NOTHING))
        moved = Boot(boot.since + jump, boot.gap - shorter)
        with self._ledger.transaction() as tx:
            tx.shift_times(jump, reading.wall, began=boot.since, before=jump + shorter)
            tx.shorten_waits(reading.wall)
            tx.remember_clock(reading, moved)
        self._last, self._boot, self.jump = reading, moved, jump

    def _remember(self, reading: Reading, boot: Boot, drift: timedelta = _NOTHING) -> None:
        with self._ledger.transaction(synced=False) as tx:
            if drift > DRIFT:
                tx.let_go_of_drift(drift, reading.wall - WINDOW - TOLERANCE)
            # What has drifted belongs to this boot: when it began is reckoned by the steady clock.
            self._boot = replace(boot, since=boot.since + drift)
            tx.remember_clock(reading, self._boot)
        self._last = reading
