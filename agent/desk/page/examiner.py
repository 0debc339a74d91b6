"""Runs the doctor's checks beside the page, and keeps what they found last: a view never waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Thread

from agent.desk.desk import Desk
from agent.desk.doctor.finding import Finding
from agent.desk.doctor.world import World
from agent.log import log, where

STALE_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Examined:
    """What the checks found, and when. `broke_off`: they did not come to their end."""

    at: datetime
    findings: tuple[Finding, ...]
    broke_off: bool = False


def _check(desk: Desk) -> list[Finding]:
    from agent.desk.doctor.examination import run_checks

    return run_checks(desk.settings, World(fs=desk.files, running=lambda _settings: desk.is_alive()))


class Examiner:
    """May be used from any thread. At most one round of checks runs at a time."""

    def __init__(self, desk: Desk, check: Callable[[Desk], list[Finding]] = _check) -> None:
        self._desk = desk
        self._check = check
        self._guarded = Lock()
        self._running: Thread | None = None
        self._latest: Examined | None = None

    @property
    def latest(self) -> Examined | None:
        """Return what was found last; None before the first round has ended."""
        return self._latest

    @property
    def is_running(self) -> bool:
        """Tell whether the checks run now."""
        return self._running is not None

    @property
    def is_stale(self) -> bool:
        """Tell whether nothing is known, or nothing new enough."""
        return self._latest is None or self._desk.clock.now() - self._latest.at >= STALE_AFTER

    def start(self) -> None:
        """Begin a round of checks, unless one runs."""
        with self._guarded:
            if self._running is None:
                self._running = Thread(target=self._run, name="examiner", daemon=True)
                self._running.start()

    def wait(self, seconds: float) -> None:
        """Wait for the round that runs, at most so long."""
        running = self._running
        if running is not None:
            running.join(seconds)

    def _run(self) -> None:
        broke_off, findings = False, []
        try:
            findings = self._check(self._desk)
        except Exception as trouble:  # noqa: BLE001 - the end of a thread of ours: logged, and told on the page
            log.error("the checks broke off", extra={"trouble": where(trouble)})
            broke_off = True
        self._latest = Examined(self._desk.clock.now(), tuple(findings), broke_off)
        self._running = None
