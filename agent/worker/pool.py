"""The children: a few, started when needed, shared by all threads, ended when idle."""

from __future__ import annotations

import atexit
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO

from agent.log import log
from agent.worker.limits import Limits
from agent.worker.process import Decode, FileHarms, NoWorker, Worker

MOST_WORKERS = 2
IDLE_SECONDS = 120.0
_MOST_WAIT = 240.0  # seconds
_MEMORY_ON_WINDOWS = 1 << 30  # of a child, whatever it reads


class Session:
    """A reader that is asked more than once about one file."""

    def __init__(self, worker: Worker, stream: BinaryIO, limits: Limits, first: Any, decode: Decode) -> None:
        self._worker, self._stream, self._limits, self._decode = worker, stream, limits, decode
        self.first = first

    def ask(self, question: Any = None) -> Any:
        """Return the next answer, None where there is none any more. Raises `ReaderFailed`, `FileHarms`."""
        self.ask_ahead(question)
        return self.answer()

    def ask_ahead(self, question: Any = None) -> None:
        """Ask, and let the child work until the `answer` is wanted. Raises `FileHarms`."""
        self._worker.ask_on(question)

    def answer(self) -> Any:
        """Return the answer to what was asked ahead. Raises as `ask` does."""
        return self._worker.answer(self._stream, self._limits, self._decode)


class Workers:
    """Children for readers of foreign bytes. For any thread."""

    def __init__(self, *, most: int = MOST_WORKERS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._idle_seconds = idle_seconds
        self._timer: threading.Timer | None = None
        self._used = False
        self.deaths = 0  # of children, over files

    def run(self, reader: str, stream: BinaryIO, question: Any = None, limits: Limits | None = None) -> Any:
        """Have `reader` ("module:function", given a stream and the question) read a file; return its answer.

        A death is tried once more on a fresh child: only the second one is the file's. Raises `ReaderFailed`,
        `FileHarms`, `NoWorker` (nothing can be read just now), and what reading `stream` raises.
        """
        with self.session(reader, stream, question, limits) as session:
            return session.first

    @contextmanager
    def session(
        self,
        reader: str,
        stream: BinaryIO,
        question: Any = None,
        limits: Limits | None = None,
        decode: Decode = json.loads,
    ) -> Iterator[Session]:
        """Have a reader that yields its answers read a file; `decode` reads an answer. Raises as `run` does."""
        bounds = limits or Limits()
        if not self._free.acquire(timeout=_MOST_WAIT):
            raise NoWorker("All processes that read files are at work.")
        try:
            worker, first = self._asked(reader, stream, question, bounds, decode)
            try:
                yield Session(worker, stream, bounds, first, decode)
            finally:
                worker.close_file()
                self._give_back(worker)
        finally:
            self._free.release()

    def _asked(
        self, reader: str, stream: BinaryIO, question: Any, limits: Limits, decode: Decode
    ) -> tuple[Worker, Any]:
        worker = self._take()
        try:
            return worker, worker.ask(reader, stream, question, limits, decode)
        except FileHarms:
            self.deaths += 1
            log.warning("the process that reads files has died over a file, which is tried once more")
        except BaseException:
            worker.close_file()
            self._give_back(worker)
            raise
        worker = Worker(_MEMORY_ON_WINDOWS)
        try:
            return worker, worker.ask(reader, stream, question, limits, decode)
        except BaseException:
            worker.close_file()
            self._give_back(worker)
            raise

    def _take(self) -> Worker:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        return worker or Worker(_MEMORY_ON_WINDOWS)

    def _give_back(self, worker: Worker) -> None:
        if not worker.usable:
            return
        with self._lock:
            self._idle.append(worker)
            self._used = True
            if self._timer is None:
                self._wait()

    def _wait(self) -> None:
        self._timer = threading.Timer(self._idle_seconds, self._end_idle)
        self._timer.daemon = True
        self._timer.name = "idle readers"
        self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            if self._used:
                self._used = False
                self._wait()
                return
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def close(self) -> None:
        """End those that nobody uses. Others can be started again."""
        with self._lock:
            idle, self._idle = self._idle, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for worker in idle:
            worker.end()


@cache
def shared() -> Workers:
    """Return this process's children."""
    workers = Workers()
    atexit.register(workers.close)
    return workers
