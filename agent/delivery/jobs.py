"""Work done away from the control thread: sending, and checking files.

The control thread starts a job and gets its result back as a message. `ThreadJobs` is the real side of this seam;
`InlineJobs` does each job at once, in the caller's thread, so that a whole day runs single-threaded in a simulation.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from agent.log import log, where
from agent.model import LaneId

Result = TypeVar("Result")


class Jobs(Protocol):
    """Where the control thread's work is done."""

    def send(
        self, work: Callable[[], Result], done: Callable[[Result], None], broken: Callable[[Exception], None]
    ) -> None:
        """Run a sender's `work`; then call `done` with its result, or `broken` with what it raised."""
        ...

    def check(
        self,
        lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run the `work` of a check likewise. One lane's checks never wait for another's."""
        ...

    def verify(
        self,
        lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run the `work` of a question to the service likewise. It may hang: no check waits for it."""
        ...

    def close(self) -> None:
        """Take nothing more, and wait for what is under way: the caller has told it to end."""
        ...


class ThreadJobs:
    """A small pool of threads for senders; for each lane that needs them, a thread for checks and one for questions.

    Each raises RuntimeError where the system has no thread left.
    """

    def __init__(self, senders: int) -> None:
        self._senders = ThreadPoolExecutor(senders, thread_name_prefix="sender")
        self._own: dict[tuple[str, LaneId], ThreadPoolExecutor] = {}

    def send(
        self, work: Callable[[], Result], done: Callable[[Result], None], broken: Callable[[Exception], None]
    ) -> None:
        """Run `work` in a sender thread."""
        self._senders.submit(_run, work, done, broken)

    def check(
        self,
        lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run `work` in the lane's checking thread."""
        self._thread("check", lane).submit(_run, work, done, broken)

    def verify(
        self,
        lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run `work` in the lane's asking thread."""
        self._thread("verify", lane).submit(_run, work, done, broken)

    def _thread(self, what: str, lane: LaneId) -> ThreadPoolExecutor:
        if (what, lane) not in self._own:
            self._own[what, lane] = ThreadPoolExecutor(1, thread_name_prefix=what)
        return self._own[what, lane]

    def close(self) -> None:
        """Take nothing more, and wait for what is under way."""
        for pool in (*self._own.values(), self._senders):
            pool.shutdown(wait=True, cancel_futures=True)


class InlineJobs:
    """Does each job at once, in the caller's thread."""

    def send(
        self, work: Callable[[], Result], done: Callable[[Result], None], broken: Callable[[Exception], None]
    ) -> None:
        """Run `work` now."""
        _run(work, done, broken)

    def check(
        self,
        _lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run `work` now."""
        _run(work, done, broken)

    def verify(
        self,
        _lane: LaneId,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """Run `work` now."""
        _run(work, done, broken)

    def close(self) -> None:
        """Nothing is under way."""


def _run(work: Callable[[], Result], done: Callable[[Result], None], broken: Callable[[Exception], None]) -> None:
    """Run a job: the one place of its thread where whatever was raised becomes a message."""
    try:
        result = work()
    except Exception as trouble:  # noqa: BLE001 - nothing may end a thread silently; `broken` tells it on
        log.error("a job broke down", extra={"trouble": where(trouble)})
        broken(trouble)
    else:
        done(result)
