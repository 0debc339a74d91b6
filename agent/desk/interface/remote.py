"""An agent in another process, as other programs of this PC reach it. Imports little: every command waits for it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.desk.interface.channel import MOST_BYTES, Stranger
from agent.desk.interface.system import connect

if TYPE_CHECKING:
    from agent.delivery.requests import Answer, Request
    from agent.delivery.snapshot import Snapshot
    from agent.settings.schema import Settings

PATIENCE = 5.0  # seconds for an agent that has just begun to open its channel
ANSWER_SECONDS = 30.0
_STRANGER = "Another account's program answers in OutTray's place, and is told nothing. Tell IT."
_SILENT = "OutTray runs, but does not answer. Try again in a minute."


class Unreachable(Exception):
    """The agent does not answer, or not to this user; the text says why."""


@dataclass(frozen=True)
class RemoteDesk:
    """A running agent. `user` is the OS user whose it is, `pid` its process by the system's word.

    `is_own`: it does what this user asks; of another's there are the counts alone.
    """

    folder: Path
    user: str
    pid: int
    is_own: bool

    def snapshot(self) -> Snapshot | None:
        """Return the tray's view, without packets and names; None once the agent has gone."""
        from agent.desk.interface.api import snapshot_from

        try:
            return snapshot_from(self._asked("state"))
        except (Unreachable, KeyError, TypeError, ValueError):
            return None

    def status(self) -> dict[str, Any]:
        """Return the whole snapshot as JSON. Raises Unreachable."""
        return self._asked("status")

    def ask(self, request: Request) -> Answer:
        """Ask for something, and wait until it is carried out. Raises Unreachable."""
        from agent.delivery.requests import Answer

        answer = self._asked("request", request=asdict(request))
        return Answer(tuple(answer["done"]), tuple(answer["sentences"]))

    def link(self, path: str = "/") -> str:
        """Return an address that opens the page once, within a minute. Raises Unreachable."""
        return str(self._asked("open", path=path)["url"])

    def _asked(self, what: str, **more: Any) -> dict[str, Any]:
        found = _ask(self.folder, what, **more)
        if found is None:
            raise Unreachable(_SILENT)
        return found[0]


def agent_at(data: Path) -> RemoteDesk | None:
    """Return the agent that works with a data folder and answers; None where none does. Raises Unreachable."""
    found = _ask(data, "state")
    if found is None:
        return None
    answer, pid = found
    return RemoteDesk(data, str(answer.get("user", "")), pid, answer.get("is_yours") is True)


def _ask(data: Path, what: str, **more: Any) -> tuple[dict[str, Any], int] | None:
    """Return the answer to a question, and whose process gave it; None where nobody listens. Raises Unreachable."""
    try:
        connection = connect(data)
    except Stranger:
        raise Unreachable(_STRANGER) from None
    if connection is None:
        return None
    try:
        pid = connection.peer.pid
        connection.write(json.dumps({"ask": what, **more}).encode())
        answer = json.loads(connection.read(MOST_BYTES, ANSWER_SECONDS))
    except (OSError, ValueError) as trouble:
        raise Unreachable(_SILENT) from trouble
    finally:
        connection.close()
    if not isinstance(answer, dict) or "sentence" in answer:
        raise Unreachable(answer["sentence"] if isinstance(answer, dict) else _SILENT)
    return answer, pid


def other_agent(settings: Settings, patience: float = PATIENCE) -> RemoteDesk | None:
    """Return the agent that runs with these settings' data folder, or None where none does.

    One that has only just begun is waited for. Raises Unreachable where one runs and is not reached: a pass of
    `run --once` in its first moments, or an agent that has broken down.
    """
    from agent.settings.locations import data_folder

    folder = data_folder(settings.agent)
    deadline = time.monotonic() + patience
    while True:
        runs = _runs(settings)
        if runs is not False and (agent := agent_at(folder)) is not None:
            return agent
        if not runs:
            return None
        if time.monotonic() >= deadline:
            raise Unreachable("OutTray runs, but does not say where it is reached. Try again in a minute.")
        time.sleep(0.02)


def _runs(settings: Settings) -> bool | None:
    """Tell whether an agent runs; None where this user has no right to see."""
    from agent.delivery.alone import is_running

    try:
        return is_running(settings)
    except OSError:
        return None
