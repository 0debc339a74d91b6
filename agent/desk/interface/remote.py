"""An agent in another process, as other programs of this PC reach it. Imports little: every command waits for it."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.desk.interface.address import Address, address_in, owner_of, private_key
from agent.desk.interface.peer import NotTold, listener_at

if TYPE_CHECKING:
    from agent.delivery.requests import Answer, Request
    from agent.delivery.snapshot import Snapshot
    from agent.settings.schema import Settings

HOST = "127.0.0.1"
PATIENCE = 5.0  # seconds for an agent that has just begun to say where it is reached
ANSWER_SECONDS = 30.0
_NOT_BELIEVED = (
    "Other accounts of this PC can write to OutTray's data folder, so what it says of the running agent is not "
    "believed. For what to do, see: outtray doctor"
)


class Unreachable(Exception):
    """The agent does not answer, or not to this user; the text says why."""


@dataclass(frozen=True)
class RemoteDesk:
    """A running agent. `is_own`: it is this user's, so that more than the counts can be had, and things asked."""

    folder: Path
    address: Address
    key: str | None

    @property
    def user(self) -> str:
        """Return the name of the OS user whose agent it is."""
        return self.address.user

    @property
    def is_own(self) -> bool:
        """Tell whether this user has the agent's key."""
        return self.key is not None

    def lives(self) -> bool:
        """Tell whether it is this very agent that answers at its address."""
        try:
            return self._call("GET", "/api/state", key=self.address.state_key).get("pid") == self.address.pid
        except Unreachable:
            return False

    def snapshot(self) -> Snapshot | None:
        """Return the tray's view, without packets and names; None once the agent has gone."""
        from agent.desk.interface.api import snapshot_from

        try:
            return snapshot_from(self._call("GET", "/api/state", key=self.address.state_key))
        except (Unreachable, KeyError, TypeError, ValueError):
            return None

    def status(self) -> dict[str, Any]:
        """Return the whole snapshot as JSON. Raises Unreachable."""
        return self._call("GET", "/api/status")

    def ask(self, request: Request) -> Answer:
        """Ask for something, and wait until it is carried out. Raises Unreachable."""
        from agent.delivery.requests import Answer

        answer = self._call("POST", "/api/requests", asdict(request))
        return Answer(tuple(answer["done"]), tuple(answer["sentences"]))

    def link(self, path: str = "/") -> str:
        """Return an address that opens the page once, within a minute. Raises Unreachable."""
        return str(self._call("POST", "/api/open", {"path": path})["url"])

    def _call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        key = key or self.key
        if key is None:
            raise Unreachable(f"OutTray was started by {self.user}. Only that user can do this.")
        if (owner := owner_of(self.folder)) is None:
            raise Unreachable(_NOT_BELIEVED)
        connection = http.client.HTTPConnection(HOST, self.address.port, timeout=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
        try:
            connection.connect()
            if not _is_whose(owner, self.address.port):
                raise Unreachable("Another account's program answers in OutTray's place, and is told nothing. Tell IT.")
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as trouble:
            raise Unreachable("OutTray runs, but does not answer. Try again in a minute.") from trouble
        finally:
            connection.close()
        if response.status != http.client.OK or not isinstance(answer, dict):
            said = answer.get("sentence") if isinstance(answer, dict) else None
            raise Unreachable(said or "OutTray runs, but does not take this.")
        return answer


def _is_whose(owner: int, port: int) -> bool:
    """Tell whether it is this user's program that listens there; True also where the system does not tell."""
    try:
        return listener_at(HOST, port) == owner
    except NotTold:
        return True


def other_agent(settings: Settings, patience: float = PATIENCE) -> RemoteDesk | None:
    """Return the agent that runs with these settings' data folder, or None where none does.

    One that has only just begun is waited for. Raises Unreachable where one runs and does not say where: a pass of
    `run --once` in its first moments, or an agent that has broken down.
    """
    from agent.settings.locations import data_folder

    folder = data_folder(settings.agent)
    deadline = time.monotonic() + patience
    while True:
        runs = _runs(settings)
        address = address_in(folder) if runs is not False else None
        if address is not None and owner_of(folder) is None:
            raise Unreachable(_NOT_BELIEVED)
        if address is not None:
            desk = RemoteDesk(folder, address, private_key(folder, address))
            if desk.lives():
                return desk
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
