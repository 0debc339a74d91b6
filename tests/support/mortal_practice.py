"""A practice whose agent is a process of its own, to be killed; and what must hold whenever it has come to rest.

with MortalPractice(tmp_path, launcher) as practice:
    practice.drop_scan()
    practice.start(crash_at="file-taken")
    practice.wait_until_killed()
    practice.start()
    practice.wait_until_at_rest()
    practice.check()
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.crashpoints import VARIABLE
from agent.delivery.installation import FILE as INSTALLATION
from agent.delivery.requests import Request
from agent.desk.interface.remote import RemoteDesk, Unreachable, agent_at
from agent.folder.names import MANIFEST, MARKER, OWN_PREFIX, PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.sandbox.records import AcceptedAttachments, AcceptedStatements
from agent.sandbox.server import Sandbox
from tests.support import files
from tests.support.launcher import Launched, Launcher
from tests.support.practice import new_ledger
from tests.support.statement_files import ROW, csv

PATIENCE = 120.0
"""Seconds after which a condition that has not come is a failure; many processes share two cores."""
STORE = "main-street"
KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else 137
DAY = 24 * 3600.0


class MortalPractice:
    """One store with both lanes. `shelves`: absolute places of shelves, by name, for either lane a folder in it."""

    def __init__(
        self,
        root: Path,
        launcher: Launcher,
        *,
        plan: str = "",
        agent: str = "",
        shelves: Mapping[str, Path] | None = None,
        data_dir: Path | None = None,
        ledger: bool = True,
        prepared: bool = True,
    ) -> None:
        self.root = root
        self.lanes = {"attachments": root / "scans", "statements": root / "statements"}
        self.data_dir = data_dir or root / "data"
        self.sandbox = Sandbox(plan)
        self.agent = agent
        self.dropped: list[bytes] = []
        self.process: Launched | None = None
        self._asked: list[Request] = []
        self._launcher = launcher
        self._shelves = shelves or {}
        self._ledger = ledger
        self._prepared = prepared

    def __enter__(self) -> Self:
        for folder in self.lanes.values():
            folder.mkdir(parents=True, exist_ok=True)
        if self._ledger:
            new_ledger(self.data_dir)
        self.sandbox.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        self.sandbox.stop()

    # --- the agent --------------------------------------------------------------------------------------------------

    @property
    def settings_text(self) -> str:
        credentials = self.sandbox.credentials

        def lane(name: str) -> str:
            shelves = "".join(f"{shelf} = '{place / name}'\n" for shelf, place in self._shelves.items())
            return f"folder = '{self.lanes[name]}'\nsettle_seconds = 0.1\nrescan_seconds = 1\n{shelves}"

        return f"""
[agent]
data_dir = '{self.data_dir}'
{self.agent}
[[store]]
name = "{STORE}"
store_id = "{credentials.store_id}"
[store.attachments]
base_url = "{self.sandbox.attachments_url}"
token_url = "{self.sandbox.token_url}"
client_id = "{credentials.client_id}"
{lane("attachments")}
[store.statements]
base_url = "{self.sandbox.url}"
{lane("statements")}
"""

    def start(self, crash_at: str = "", *, once: bool = False) -> None:
        """Start the agent; `crash_at` names the point (`name` or `name:n`) at which it ends itself."""
        self.process = self.launch("run", "--headless", *(["--once"] if once else []), crash_at=crash_at)
        self._ask_again()

    def launch(self, *command: str, crash_at: str = "") -> Launched:
        """Start any command of the program."""
        config = self.root / "outtray.toml"
        config.write_text(self.settings_text)
        prefix = f"OUTTRAY_SECRET_{STORE.upper().replace('-', '_')}"
        environment = {
            f"{prefix}_CLIENT_SECRET": self.sandbox.credentials.client_secret,
            f"{prefix}_API_KEY": self.sandbox.credentials.api_key,
            VARIABLE: crash_at,
        }
        arguments = [*command, "--config", str(config)]
        return self._launcher.start(arguments, environment, self.root / "output.txt", prepared=self._prepared)

    @property
    def output(self) -> str:
        """What the agents have printed so far."""
        return (self.root / "output.txt").read_text()

    @property
    def log(self) -> str:
        """The log of all agents so far."""
        path = self.data_dir / "logs" / "outtray.log"
        return path.read_text() if path.exists() else ""

    def wait_for_end(self) -> int:
        """Wait until the process has ended, and return how."""
        process = self.process
        assert process is not None
        self.wait_for(lambda: process.poll() is not None, "the process to end", alive=False)
        self.process = None
        code = process.poll()
        assert code is not None
        return code

    def wait_until_killed(self) -> None:
        """Wait until the agent has met its point."""
        assert self.wait_for_end() == KILLED, f"the agent ended without meeting its point\n{self.describe()}"

    def kill(self) -> None:
        """Kill the agent from outside."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.wait_for_end()
        self.process = None

    def stop(self) -> None:
        """Stop the agent as a shutdown does."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGTERM)
        assert self.wait_for_end() == 0, self.describe()

    def ask(self, verb: Any, *packets: str) -> None:
        """Ask the agent for something; again at its next start, where it ends before it has answered."""
        self._asked.append(Request(verb, packets=packets, actor="front-desk"))
        self._ask_again()

    def _ask_again(self) -> None:
        while self._asked and self.process is not None and self.process.poll() is None:
            try:
                agent = self._agent()
                if agent is not None:
                    agent.ask(self._asked[0])
                    del self._asked[0]
                    continue
            except Unreachable:
                pass
            time.sleep(0.02)

    # --- people -----------------------------------------------------------------------------------------------------

    def drop(self, lane: str, name: str, data: bytes) -> None:
        """Put a file into a lane's folder. Every file's bytes are to be other than any other's."""
        (self.lanes[lane] / name).write_bytes(data)
        self.dropped.append(data)

    def drop_scan(self, name: str = "scan", **sidecar: Any) -> None:
        """Put two files and their sidecar into the attachments lane."""
        self.drop("attachments", f"{name}.json", files.sidecar(**{"claimId": f"CLM-{name}"} | sidecar))
        self.drop("attachments", f"{name}.pdf", files.pdf() + f"% {name}\n%%EOF\n".encode())
        self.drop("attachments", f"{name}.txt", f"Narrative of {name}.".encode())

    def drop_statement(self, name: str = "Statements.csv", account: str = "1001", rows: int = 1) -> None:
        """Put a statement file into the statements lane."""
        accounts = [account, *(f"{account}-{number}" for number in range(2, rows + 1))]
        self.drop("statements", name, csv(*[(one, *ROW[1:]) for one in accounts]))

    # --- what there is to see ---------------------------------------------------------------------------------------

    def shelf(self, lane: str, name: str) -> Path:
        """Where a shelf stands."""
        return self._shelves[name] / lane if name in self._shelves else self.lanes[lane] / name

    def on_shelf(self, name: str) -> dict[str, bytes]:
        """Everything on a shelf, of both lanes."""
        return {
            f"{lane}/{path}": data for lane in self.lanes for path, data in standing(self.shelf(lane, name)).items()
        }

    def waiting(self) -> list[str]:
        """The files in the watched folders themselves."""
        shelves = ("held/", "sending/", "sent/", "failed/", MARKER)
        return [name for lane in self.lanes.values() for name in standing(lane) if not name.startswith(shelves)]

    def documents(self, shelf: str, ending: str) -> list[dict[str, Any]]:
        """The receipts, or the problems."""
        found = self.on_shelf(shelf).items()
        return [json.loads(data) for name, data in found if name.endswith(ending) and data]

    @property
    def receipts(self) -> list[dict[str, Any]]:
        """Every receipt."""
        return self.documents("sent", RECEIPT)

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Every problem."""
        return self.documents("failed", PROBLEM_JSON)

    def status(self) -> dict[str, Any]:
        """The running agent's snapshot; empty while it does not answer."""
        try:
            agent = self._agent()
            return {} if agent is None else agent.status()
        except Unreachable:
            return {}

    def _agent(self) -> RemoteDesk | None:
        """The agent that was started last, once it says where it is reached."""
        agent = agent_at(self.data_dir)
        return agent if self.process is not None and agent is not None and agent.pid == self.process.pid else None

    def lane_status(self, lane: str) -> dict[str, Any]:
        """A lane's part of the snapshot."""
        lanes = self.status().get("lanes", [])
        return next((one for one in lanes if one["lane"] == f"{STORE}/{lane}"), {})

    def wait_for(self, condition: Callable[[], Any], what: str, *, alive: bool = True) -> Any:
        """Wait until `condition` holds, and return what it gave. With `alive` the agent must not end meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            if alive and self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the agent has ended ({self.process.poll()})\n{self.describe()}")
            assert time.monotonic() < deadline, f"did not come: {what}\n{self.describe()}"
            time.sleep(0.02)
        return found

    def wait_until_at_rest(self, *counts: int) -> None:
        """Wait until everything has come to `sent`, `failed` or `held`: so many packets of each, where that is told."""

        def is_over() -> bool:
            started = self.process is None or self.status().get("pid") == self.process.pid
            return started and self.is_at_rest() and (not counts or self.counts() == counts)

        self.wait_for(is_over, f"everything to be at rest, {counts}")

    def counts(self) -> tuple[int, int, int]:
        """How many packets stand on `sent`, `failed` and `held`."""
        held = {name.split("/")[1] for name in self.on_shelf("held")}
        return len(self.receipts), len(self.problems), len(held)

    def is_at_rest(self) -> bool:
        if self.waiting() or any(self.on_shelf("sending")):
            return False
        packets = self.packets()
        held = {name.split("/")[1] for name in self.on_shelf("held")}
        return (
            bool(packets)
            and all(row["state"] == row["shelf"] for row in packets.values())
            and held == {row["id"] for row in packets.values() if row["state"] == "held"}
        )

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The ledger's database, for a look."""
        with closing(sqlite3.connect(f"file:{self.data_dir / 'ledger.sqlite'}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def packets(self) -> dict[str, sqlite3.Row]:
        """The ledger's packets; empty while it cannot be read."""
        try:
            with self.database() as database:
                return {row["id"]: row for row in database.execute("SELECT * FROM packet")}
        except sqlite3.Error:
            return {}

    def a_day_passes(self) -> None:
        """Let 25 hours go by, for the service and for what the ledger remembers. No agent may run."""
        self.sandbox.clock.advance(25 * 3600)
        with closing(sqlite3.connect(self.data_dir / "ledger.sqlite")) as database, database:
            for table, column in (
                ("filename_claim", "accepted_at"),
                ("filename_claim", "claimed_at"),
                ("packet", "next_at"),
            ):
                for row, moment in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
                    if moment is not None:
                        earlier = datetime.fromisoformat(moment) - timedelta(hours=25)
                        text = earlier.isoformat(timespec="microseconds")
                        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (text, row))

    # --- what must hold ---------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check every promise. The agent must be at rest."""
        try:
            self._no_byte_is_lost_or_doubled()
            self._nothing_of_ours_is_left()
            self._everything_sent_was_accepted_whole()
            self._nothing_went_twice_unsaid()
            self._the_ledger_says_what_the_shelves_say()
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}\n{self.describe()}") from wrong

    def _no_byte_is_lost_or_doubled(self) -> None:
        documents = (RECEIPT, PROBLEM_JSON, PROBLEM_TEXT)
        found = [
            data
            for shelf in ("sent", "failed", "held")
            for name, data in self.on_shelf(shelf).items()
            if not name.endswith((*documents, MANIFEST))
        ]
        assert Counter(map(_sha256, found)) == Counter(map(_sha256, self.dropped))
        on_sent = [_sha256(data) for name, data in self.on_shelf("sent").items() if not name.endswith(RECEIPT)]
        receipted = [file["sha256"] for receipt in self.receipts for file in receipt["files"]]
        sidecars = [_sha256(data) for name, data in self.on_shelf("sent").items() if _is_sidecar(name)]
        statements = [
            _sha256(data)
            for name, data in self.on_shelf("sent").items()
            if name.startswith("statements/") and not name.endswith(RECEIPT)
        ]
        scans = Counter(on_sent) - Counter(sidecars) - Counter(statements)
        assert scans <= Counter(receipted), "a file on sent has no receipt"
        assert all(any(_sha256(data) == digest for data in self.dropped) for digest in scans)
        receipts = [name for name in self.on_shelf("sent") if name.endswith(RECEIPT)]
        of_statements = [name for name in receipts if name.startswith("statements/")]
        assert len(of_statements) == len(statements)
        failed = self.on_shelf("failed")
        reasons = {ending: sum(name.endswith(ending) for name in failed) for ending in (PROBLEM_JSON, PROBLEM_TEXT)}
        assert reasons[PROBLEM_JSON] == reasons[PROBLEM_TEXT]
        named = {file["name"] for problem in self.problems for file in problem["files"]}
        assert {name.rpartition("/")[2] for name in failed if not name.endswith(documents)} <= named

    def _nothing_of_ours_is_left(self) -> None:
        places = {*self.lanes.values(), *self._shelves.values()}
        left = [
            f"{place}/{name}"
            for place in places
            for name in standing(place)
            if name.rpartition("/")[2].startswith(OWN_PREFIX) and name != MARKER
            if not (name.endswith(MANIFEST) and "held/" in f"{place}/{name}")
        ]
        assert left == [], "something of ours is left"
        for lane in self.lanes:
            sending = self.shelf(lane, "sending")
            assert not sending.exists() or not any(sending.iterdir()), "an empty folder is left on sending"
        own = [name for name in standing(self.data_dir) if not name.startswith(("ledger.sqlite", "logs/"))]
        held = {f"spool/{name.split('/')[1]}.json" for name in self.on_shelf("held")}
        kept = {"agent.lock", INSTALLATION, f"{INSTALLATION}.tmp", *held}
        assert set(own) <= kept, "something is left in the data folder"

    def _everything_sent_was_accepted_whole(self) -> None:
        accepted = [record for record in self.sandbox.accepted if isinstance(record, AcceptedAttachments)]
        for receipt in self.receipts:
            if receipt["lane"] == "attachments":
                wanted = sorted((file["name"], file["sha256"]) for file in receipt["files"])
                assert any(sorted((part.filename, part.sha256) for part in one.files) == wanted for one in accepted)
            else:
                name = receipt["files"][0]["name"]
                taken = [one for one in self.sandbox.accepted if isinstance(one, AcceptedStatements)]
                assert any(one.filename == name and one.body()["filename"] == name for one in taken)
        for record in accepted:
            for part in record.files:
                assert any(_sha256(data) == part.sha256 for data in self.dropped), "other bytes were accepted"

    def _nothing_went_twice_unsaid(self) -> None:
        scans = Counter(
            tuple(sorted(part.sha256 for part in one.files))
            for one in self.sandbox.accepted
            if isinstance(one, AcceptedAttachments)
        )
        for receipt in self.receipts:
            if receipt["lane"] == "attachments":
                times = scans[tuple(sorted(file["sha256"] for file in receipt["files"]))]
                assert times == 1 or receipt["possibly_sent_twice"], f"accepted {times} times, unsaid"
        statements: dict[str, list[AcceptedStatements]] = {}
        for one in self.sandbox.accepted:
            if isinstance(one, AcceptedStatements):
                statements.setdefault(one.filename, []).append(one)
        for same in statements.values():
            for earlier, later in pairwise(same):
                assert (later.time - earlier.time).total_seconds() >= DAY, "a file name went twice within 24 hours"
                assert later.sha256 != earlier.sha256, "the same statements went twice"

    def _the_ledger_says_what_the_shelves_say(self) -> None:
        states: dict[str, set[str]] = {}
        for packet in self.packets().values():
            if not packet["resolved_at"]:
                states.setdefault(packet["state"], set()).add(packet["id"])
        assert states.pop("sent", set()) == {receipt["packet"] for receipt in self.receipts}
        assert states.pop("failed", set()) == {problem["packet"] for problem in self.problems}
        held = {name.split("/")[1] for name in self.on_shelf("held")}
        assert states.pop("held", set()) == held
        assert states == {}

    def describe(self) -> str:
        """How things stand, for a failure's text."""
        ledger = [f"{row['id']} {row['state']} {row['shelf']} {row['name']}" for row in self.packets().values()]
        tree = "\n  ".join(name for name in standing(self.root) if not name.startswith("data/logs"))
        seen = [(str(one.traffic), one.number, one.fault, one.status) for one in self.sandbox.requests]
        output = self.output[-3000:] if (self.root / "output.txt").exists() else ""
        return (
            f"in the folders:\n  {tree}\nledger: {ledger}\nrequests: {seen}\nprinted: {output}\nlog: {self.log[-4000:]}"
        )


def standing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes; what moves away meanwhile is left out."""
    found = {}
    for place, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                path = Path(place, name)
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return dict(sorted(found.items()))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_sidecar(name: str) -> bool:
    return name.endswith(".json") and not name.endswith(RECEIPT) and name.startswith("attachments/")
