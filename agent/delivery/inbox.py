"""The way into the control thread: what other threads tell it, and what they ask of it."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock

from agent.delivery.open_questions import Said
from agent.delivery.requests import Answer, Request
from agent.delivery.service_times import Heard
from agent.model import AttemptResult, Checked, LaneId, Problem


@dataclass(frozen=True)
class Hint:
    """It may be worth looking at a lane, or (None) at what is due."""

    lane: LaneId | None


@dataclass(frozen=True)
class TryEnded:
    """A sender has come back with a packet's result."""

    packet: str
    result: AttemptResult
    heard: Heard


@dataclass(frozen=True)
class CheckEnded:
    """A check has come to its end. A problem of its own: not just now."""

    lane: LaneId
    packet: str
    checked: Checked | Problem


@dataclass(frozen=True, eq=False)
class Asked:
    """A request, and where its answer goes."""

    request: Request
    answered: Future[Answer] = field(default_factory=Future)


@dataclass(frozen=True)
class Stop:
    """The agent is to end."""


Message = Hint | TryEnded | CheckEnded | Asked | Heard | Said | Stop


class Inbox:
    """Holds messages until the control thread takes them. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.cancel = Event()  # set once the agent is told to end: what is being sent is cut short
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._lock = Lock()
        self._unanswered: set[Future[Answer]] = set()
        self._closed = False

    def post(self, message: Message) -> None:
        """Leave a message."""
        self._messages.put(message)

    def hint(self, lane: LaneId | None = None) -> None:
        """Say that it may be worth looking at a lane, or at what is due."""
        self.post(Hint(lane))

    def ask(self, request: Request) -> Future[Answer]:
        """Ask for something; it is carried out at the control thread's next step, and answered then.

        While the ledger cannot be written the answer waits; nobody is answered by an agent that has ended: then the
        future is cancelled.
        """
        asked = Asked(request)
        with self._lock:
            self._unanswered.add(asked.answered)
            is_over = self._closed
        asked.answered.add_done_callback(self._unanswered.discard)
        if is_over:
            asked.answered.cancel()
        self.post(asked)
        return asked.answered

    def stop(self) -> None:
        """Have the agent end: what is being sent is cut short, and recorded."""
        self.cancel.set()
        self.post(Stop())

    def close(self) -> None:
        """Leave what was asked and not carried out: those who wait for it learn that (CancelledError)."""
        with self._lock:
            self._closed = True
            unanswered = list(self._unanswered)
        for answered in unanswered:
            answered.cancel()

    def take(self, seconds: float = 0.0) -> Message | None:
        """Return the next message, waiting for one at most so long; None where none has come."""
        with suppress(queue.Empty):
            return self._messages.get(timeout=seconds) if seconds > 0 else self._messages.get_nowait()
        return None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to take."""
        return self._messages.empty()
