"""A running sandbox: both services on a loopback port, in a thread of this process.

with Sandbox(plan="429:3@2") as sandbox:
    ...  # sandbox.url, sandbox.credentials, sandbox.accepted
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from agent.sandbox import paths
from agent.sandbox.app import LOOPBACK_NAMES, build_app
from agent.sandbox.clock import SandboxClock, WallClock
from agent.sandbox.connection import ReachableProtocol
from agent.sandbox.faults import parse_plan
from agent.sandbox.journal import Journal
from agent.sandbox.records import AcceptedAttachments, AcceptedStatements, Seen
from agent.sandbox.state import Credentials, State
from agent.sandbox.tls import make_certificates
from agent.sandbox.tokens import Tokens

HOST = "127.0.0.1"
STOP_SECONDS = 10.0


class Sandbox:
    """Both vendors' services with their rules, and with faults on demand. One process can run several.

    `plan` is a fault plan (see `faults`), `journal` a file for JSON lines, `clock` what the sandbox's clock starts
    from, `token_seconds` how long access tokens live, `keep_files` whether uploaded bytes can be had back (else
    digests only), `filename_rule` whether a file name is refused for 24 hours, `further_stores` more credentials.
    Raises `BadPlan` for a plan that is not understood; `start` raises `OSError` where the port is taken or
    the journal cannot be written; then its `filename` is the journal.
    """

    def __init__(
        self,
        plan: str = "",
        *,
        tls: bool = False,
        journal: Path | None = None,
        clock: WallClock | None = None,
        port: int = 0,
        token_seconds: int = 3600,
        keep_files: bool = True,
        filename_rule: bool = True,
        further_stores: Sequence[Credentials] = (),
    ) -> None:
        self.credentials = Credentials()
        self.clock = SandboxClock(clock)
        self.url = ""
        self.ca: Path | None = None
        self._tls = tls
        self._port = port
        self._plan = parse_plan(plan)
        self._journal_file = journal
        self._token_seconds = token_seconds
        self._keep_files = keep_files
        self._filename_rule = filename_rule
        self._stores = (self.credentials, *further_stores)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._state: State | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and return once requests are answered."""
        journal = Journal(self._journal_file)
        try:
            listener = _listen(self._port)
        except OSError:
            journal.close()
            raise
        port = listener.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory(prefix="outtray-sandbox-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        certificate = None
        if self._tls:
            self.ca, certificate = make_certificates(folder, LOOPBACK_NAMES)
        self.url = f"{'https' if self._tls else 'http'}://{HOST}:{port}"
        self._state = State(
            clock=self.clock,
            tokens=Tokens(self.clock, self._token_seconds),
            journal=journal,
            stores=self._stores,
            folder=folder,
            plan=self._plan,
            keep_files=self._keep_files,
            filename_rule=self._filename_rule,
        )
        server = self._server = _Server(
            uvicorn.Config(
                build_app(self._state),
                http=ReachableProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                date_header=False,
                server_header=False,
                ssl_certfile=certificate,
            )
        )
        logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of bodies that are refused anyway
        self._thread = threading.Thread(target=server.run_until_stopped, args=(listener,), name="sandbox", daemon=True)
        self._thread.start()
        server.ready.wait()
        if not server.started:
            self.stop()
            raise RuntimeError("The sandbox did not start")

    def stop(self) -> None:
        """Cut all connections, stop, and delete the uploaded bytes. What was accepted can still be read."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(STOP_SECONDS)
        if self._state is not None:
            self._state.journal.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._server = self._thread = self._folder = None

    @property
    def accepted(self) -> list[AcceptedAttachments | AcceptedStatements]:
        """Return every accepted upload, in order."""
        return self._running().journal.records

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Return the journal's lines."""
        return [record.as_json() for record in self.accepted]

    @property
    def requests(self) -> list[Seen]:
        """Return the latest requests (uploads, tokens, searches, health), accepted or not, in order of arrival."""
        return list(self._running().seen)

    def wait_for(self, count: int, seconds: float = 10.0) -> bool:
        """Wait until `count` uploads were accepted in all; tell whether they were within `seconds`."""
        return self._running().journal.wait(count, seconds)

    def faults(self, plan: str) -> None:
        """Follow another plan from now on; the next request is number 1 again. Raises `BadPlan`."""
        self._running().set_plan(parse_plan(plan))

    def revoke_tokens(self) -> None:
        """Make every access token useless that was given out so far."""
        self._running().tokens.revoke_all()

    def describe(self) -> dict[str, Any]:
        """Return addresses and credentials as the command prints them: flat, and grouped by service."""
        store = self.credentials
        described: dict[str, Any] = {
            "url": self.url,
            "client_id": store.client_id,
            "client_secret": store.client_secret,
            "store_id": store.store_id,
            "api_key": store.api_key,
            "submitter_id": store.submitter_id,
            "billing_provider_tax_id": store.billing_provider_tax_id,
            "provider_npi": store.provider_npi,
            "attachments": {
                "base_url": self.attachments_url,
                "token_url": self.token_url,
                "client_id": store.client_id,
                "client_secret": store.client_secret,
            },
            "statements": {"base_url": self.url, "api_key": store.api_key, "store_id": store.store_id},
        }
        if self.ca is not None:
            described["ca"] = str(self.ca)
        return described

    @property
    def attachments_url(self) -> str:
        """Return the `base_url` of the attachments service, as the settings take it."""
        return self.url + paths.ATTACHMENTS

    @property
    def token_url(self) -> str:
        """Return the address of the token endpoint, as the settings take it."""
        return self.url + paths.TOKEN

    def _running(self) -> State:
        if self._state is None:
            raise RuntimeError("This sandbox was not started")
        return self._state


class _Server(uvicorn.Server):
    """A server that starts and stops within milliseconds: it waits on an event and cuts what still hangs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    def run_until_stopped(self, listener: socket.socket) -> None:
        """Answer requests in this thread. `ready` is set once they are, and also where it comes to nothing."""
        try:
            asyncio.run(self.serve(sockets=[listener]))
        finally:
            self.ready.set()

    def stop(self) -> None:
        """Ask the server's thread to end. Once is enough."""
        if self._loop is not None and self._stopped is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - the servers own them
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener
