"""A practice on real disks and sockets: a sandbox, a watched folder, and an agent that runs in a thread.

with Practice(tmp_path) as practice:
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.wait_until_sent(1)
    practice.receipts()["scan"]["attachment_control_number"]
"""

from __future__ import annotations

import json
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from agent.clock import Clock
from agent.delivery.engine import Engine, engine
from agent.delivery.glance import status_json
from agent.delivery.requests import Request
from agent.desk.interface.remote import Unreachable, other_agent
from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.ledger.opening import open_ledger
from agent.sandbox.server import Sandbox
from agent.settings.reading import parse
from agent.settings.schema import Settings
from agent.settings.secrets import Secrets
from tests.support import files

PATIENCE = 60.0
"""Seconds after which a condition that has not come is a failure. Only a failure waits so long."""
SECRET = "OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET"  # the environment variable
PROMPT = 20.0
"""Seconds within which an agent that is told to stop has ended on any machine. What it cuts off would take longer."""


class Impatient(random.Random):
    """Dice that make the first wait between tries 50 ms."""

    def random(self) -> float:
        return 0.01


class Practice:
    """One store with an attachments lane. Everything that a test may want to change is a keyword.

    `lane` and `agent` are further lines of the settings. `sandbox`: one that runs already, and stays; else `plan` and
    `tls` are for a new one. `data_dir` and `folder`: for two agents on one folder, or an older ledger.
    """

    def __init__(
        self,
        root: Path,
        *,
        plan: str = "",
        tls: bool = False,
        sandbox: Sandbox | None = None,
        folder: Path | None = None,
        data_dir: Path | None = None,
        base_url: str | None = None,
        token_url: str | None = None,
        secret: str | None = None,
        lane: str = "",
        rescan: float = 1,
        agent: str = "",
        clock: Clock | None = None,
        ssl_context: ssl.SSLContext | None = None,
        dice: random.Random | None = None,
        watch: bool = True,
        running: bool = True,
    ) -> None:
        self.root = root
        self.folder = folder or root / "scans"
        self.data_dir = data_dir or root / "data"
        self.sandbox = sandbox or Sandbox(plan, tls=tls)
        self.environment = {SECRET: secret or self.sandbox.credentials.client_secret}
        self.base_url, self.token_url = base_url, token_url
        self.ssl_context = ssl_context
        self._own_sandbox = sandbox is None
        self._lane, self.agent, self._rescan = lane, agent, rescan
        self._clock, self._dice, self._watch, self._running = clock, dice or Impatient(), watch, running
        self._stack = ExitStack()
        self.engine: Engine | None = None
        self._thread: threading.Thread | None = None

    # --- the agent --------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._own_sandbox:
            self.sandbox.start()
        new_ledger(self.data_dir)
        if self._running:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if self._own_sandbox:
            self.sandbox.stop()

    @property
    def settings_text(self) -> str:
        """The settings file."""
        return f"""
[agent]
data_dir = '{self.data_dir}'
{self.agent}
[[store]]
name = "main-street"
store_id = "{self.sandbox.credentials.store_id}"
[store.attachments]
folder = '{self.folder}'
base_url = "{self.base_url or self.sandbox.attachments_url}"
token_url = "{self.token_url or self.sandbox.token_url}"
client_id = "{self.sandbox.credentials.client_id}"
settle_seconds = 0.1
rescan_seconds = {self._rescan:g}
{self._lane}
"""

    @property
    def settings(self) -> Settings:
        """The settings, read."""
        return parse(self.settings_text, self.root / "outtray.toml")

    @contextmanager
    def made(self) -> Iterator[Engine]:
        """Make an agent that does not run by itself."""
        secrets = Secrets(environment=self.environment)
        with engine(
            self.settings,
            clock=self._clock,
            secrets=secrets,
            ssl_context=self.ssl_context or nobody_trusted(),
            dice=self._dice,
            watch=self._watch,
        ) as made:
            yield made

    def start(self) -> None:
        """Start the agent."""
        self.engine = self._stack.enter_context(self.made())
        self._thread = self.engine.start()

    def stop(self) -> float:
        """Stop the agent as a shutdown does; return how many seconds that took."""
        begun = time.monotonic()
        thread, self._thread = self._thread, None
        if self.engine is not None and thread is not None:
            self.engine.control.inbox.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the control thread did not end"
        self._stack.close()
        failed = self.engine.failed if self.engine is not None else None
        self.engine = None
        if failed is not None:
            raise AssertionError("the engine had stopped by itself") from failed
        return time.monotonic() - begun

    def restart(self) -> None:
        """Stop the agent and start it again."""
        self.stop()
        self.start()

    def ask(self, verb: Any, *packets: str) -> None:
        """Ask the agent for something, as the commands do."""
        assert self.engine is not None
        self.engine.control.inbox.ask(Request(verb, packets=packets, actor="front-desk"))

    # --- people -----------------------------------------------------------------------------------------------------

    def drop(self, name: str, data: bytes) -> Path:
        """Put a file into the watched folder, with one write under its own name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def drop_packet(self, name: str = "scan", data: bytes | None = None, **sidecar: Any) -> bytes:
        """Put a PDF and its sidecar into the watched folder; return the PDF's bytes."""
        scan = files.pdf() if data is None else data
        self.drop(f"{name}.json", files.sidecar(**sidecar))
        self.drop(f"{name}.pdf", scan)
        return scan

    # --- what there is to see ---------------------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait until `condition` holds. `what` completes: "did not come within ...: "."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.engine is not None and self.engine.failed is not None:
                raise AssertionError(f"the engine stopped before this came: {what}") from self.engine.failed
            if time.monotonic() > deadline:
                raise AssertionError(f"did not come within {seconds:g} s: {what}\n{self.describe()}")
            time.sleep(0.01)

    def wait_until_sent(self, count: int) -> None:
        """Wait until `count` packets stand on `sent`, all of their files there."""
        self.wait_for(lambda: len(self.receipts()) >= count and not self.sending(), f"{count} receipts")

    def wait_until_failed(self, count: int) -> None:
        """Wait until `count` packets stand on `failed`, all of their files there."""
        self.wait_for(lambda: len(self.problems()) >= count and not self.sending(), f"{count} problems")

    def wait_for_lane(self, state: str) -> dict[str, Any]:
        """Wait until the lane shows this state; return how it shows it."""
        self.wait_for(lambda: self.lane_status().get("state") == state, f"the lane to be {state}")
        return self.lane_status()

    def status(self) -> dict[str, Any]:
        """Return the snapshot of the agent here, or of the one in a process of its own; empty while there is none."""
        if self.engine is not None:
            latest = self.engine.board.latest
            return {} if latest is None else status_json(latest)
        try:
            agent = other_agent(self.settings, patience=0)
            return {} if agent is None else agent.status()
        except Unreachable:
            return {}

    def lane_status(self) -> dict[str, Any]:
        """Return the lane's part of the snapshot."""
        lanes: list[dict[str, Any]] = self.status().get("lanes", [{}])
        return lanes[0]

    def sent(self) -> dict[str, bytes]:
        """Return what stands on `sent` beside the receipts, by name without the day."""
        return {
            name.partition("/")[2]: data
            for name, data in standing(self.folder / "sent").items()
            if not name.endswith(RECEIPT)
        }

    def failed(self) -> dict[str, bytes]:
        """Return what stands on `failed` beside the problems."""
        found = standing(self.folder / "failed")
        return {name: data for name, data in found.items() if not name.endswith((PROBLEM_JSON, PROBLEM_TEXT))}

    def sending(self) -> dict[str, bytes]:
        """Return what stands on `sending`."""
        return standing(self.folder / "sending")

    def waiting(self) -> list[str]:
        """Return the files that stand in the watched folder itself, and in packet subfolders."""
        shelves = ("held/", "sending/", "sent/", "failed/", ".outtray")
        return [name for name in standing(self.folder) if not name.startswith(shelves)]

    def receipts(self) -> dict[str, dict[str, Any]]:
        """Return every receipt by NAME."""
        found = standing(self.folder / "sent")
        return {
            name.partition("/")[2].removesuffix(RECEIPT): json.loads(data)
            for name, data in found.items()
            if name.endswith(RECEIPT) and "/.outtray" not in name
        }

    def problems(self) -> dict[str, dict[str, Any]]:
        """Return every problem by NAME."""
        found = standing(self.folder / "failed")
        return {
            name.removesuffix(PROBLEM_JSON): json.loads(data)
            for name, data in found.items()
            if name.endswith(PROBLEM_JSON) and not name.startswith(".outtray")
        }

    @property
    def claims(self) -> list[str]:
        """The claim IDs that the sandbox has accepted, in order."""
        return [line["metadata"]["claimId"] for line in self.sandbox.journal]

    def describe(self) -> str:
        """Return how things stand, for a failure's text."""
        accepted = [line["filenames"] for line in self.sandbox.journal]
        seen = [(str(seen.traffic), seen.number, seen.fault, seen.status) for seen in self.sandbox.requests]
        tree = "\n  ".join(standing(self.folder)) or "nothing"
        problems = "\n  ".join(f"{problem['code']}: {problem['sentence']}" for problem in self.problems().values())
        return (
            f"in the folder:\n  {tree}\nproblems:\n  {problems}\naccepted: {accepted}\nrequests: {seen}\n"
            f"status: {json.dumps(self.status(), indent=1)}"
        )


def standing(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` with its bytes. What moves away meanwhile is left out."""
    found = {}
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return dict(sorted(found.items()))


def nobody_trusted() -> ssl.SSLContext:
    """Return a context without any authority: reading the system's list takes its time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    """Return a context that trusts the sandbox's own authority."""
    context = nobody_trusted()
    context.load_verify_locations(sandbox.ca)
    return context


def new_ledger(data_dir: Path) -> None:
    """Put a new ledger into a data folder that has none. To make one takes much longer than to copy it."""
    ledger = data_dir / "ledger.sqlite"
    if not ledger.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        ledger.write_bytes(_empty_ledger())


@cache
def _empty_ledger() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        open_ledger(path, datetime.now(UTC)).engine.dispose()
        return path.read_bytes()


@contextmanager
def reserved_port() -> Iterator[int]:
    """Hold a port on loopback that refuses connections, until a server listens on it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
