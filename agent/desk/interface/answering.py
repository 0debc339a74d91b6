"""The server's side: a thread that takes connections, and one for each that is being answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent.desk.interface.channel import MOST_ASKED, Connection, Listener, Peer
from agent.desk.interface.system import listen
from agent.folder.errors import problem_of
from agent.folder.filesystem import Busy, Damaged, NoRoom
from agent.log import log, where

QUESTION_SECONDS = 5.0
MOST_AT_ONCE = 32
AGAIN_SECONDS = 30.0
_PAUSE_SECONDS = 0.2
LAST_ANSWERS_SECONDS = 1.0
STOP_SECONDS = 5.0


class Channel:
    """Answers what is asked of one agent, from `start` to `stop`. An agent whose channel cannot be opened works on."""

    def __init__(self, data: Path, answer: Callable[[bytes, Peer], bytes]) -> None:
        self._data = data
        self._answer = answer
        self._ending = threading.Event()
        self._tried = threading.Event()
        self._listener: Listener | None = None
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._answering: set[threading.Thread] = set()
        self._thread = threading.Thread(target=self._serve, name="channel", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until questions are answered; tell whether they are."""
        return self._tried.wait(seconds) and self._listener is not None

    def stop(self) -> None:
        """Take no more questions, and give the answers that are due."""
        self._ending.set()
        if (listener := self._listener) is not None:
            listener.wake()
        self._thread.join(STOP_SECONDS)
        deadline = time.monotonic() + LAST_ANSWERS_SECONDS
        for thread in list(self._answering):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        try:
            while (listener := self._opened()) is None and not self._ending.wait(AGAIN_SECONDS):
                pass
        except OSError as trouble:
            log.error("commands cannot reach this agent", extra={"trouble": where(trouble)})
            return
        finally:
            self._tried.set()
        if listener is None:
            return
        try:
            while not self._ending.is_set():
                self._take(listener)
        finally:
            listener.close()

    def _opened(self) -> Listener | None:
        """Open the channel; None on a full disk, say: then later. Raises OSError where waiting is no help."""
        try:
            self._listener = listen(self._data)
        except OSError as trouble:
            if not isinstance(problem_of(trouble, self._data), NoRoom | Busy | Damaged):
                raise
            log.warning("commands cannot reach this agent yet", extra={"trouble": where(trouble)})
        self._tried.set()
        return self._listener

    def _take(self, listener: Listener) -> None:
        self._room.acquire()
        try:
            connection = listener.accept()
        except OSError as trouble:
            self._room.release()
            log.warning("a command could not be let in", extra={"trouble": where(trouble)})
            self._ending.wait(_PAUSE_SECONDS)
            return
        thread = threading.Thread(target=self._give, args=(connection,), name="channel-answer", daemon=True)
        self._answering.add(thread)
        thread.start()

    def _give(self, connection: Connection) -> None:
        try:
            question = connection.read(MOST_ASKED, QUESTION_SECONDS)
            if question and (answer := self._answered(question, connection.peer)) is not None:
                connection.write(answer)
        except OSError as trouble:  # whoever asked has gone, or asks for nothing
            log.info("a command was not answered", extra={"trouble": where(trouble)})
        finally:
            with suppress(OSError):
                connection.close()
            self._answering.discard(threading.current_thread())
            self._room.release()

    def _answered(self, question: bytes, peer: Peer) -> bytes | None:
        try:
            return self._answer(question, peer)
        except Exception as trouble:  # noqa: BLE001 - this thread's last place
            log.error("a question could not be answered", extra={"trouble": where(trouble)})
            return None
