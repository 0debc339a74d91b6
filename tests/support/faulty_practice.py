"""A simulated practice in which one call of one seam fails: the N-th, once or for ten minutes.

The seams are those that `agent/delivery` works through: the file system, the ledger, the spool, the checks, the
services, the questions after a delivery, the snapshot, the clock, the threads and the watching of folders.
"""

from __future__ import annotations

import errno
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError

from agent.delivery.control import Control
from agent.delivery.jobs import Jobs
from agent.delivery.requests import Request
from agent.delivery.state import State
from agent.delivery.status import snapshot_of
from agent.destinations.verifying import Marked
from agent.folder.filesystem import Busy, Damaged, Denied, NoRoom, Offline
from agent.folder.names import DOCUMENTS, MANIFEST
from agent.intake.statements.spool import empty_spool
from agent.ledger.ledger import Ledger
from agent.model import PacketState
from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv

LASTING = 600.0
UNSURE = ("gave-up-unsure", "lost-too-long-ago")  # the problems that send a person to look at the service
QUIET = SETTINGS.replace('folder = "/practice/scans"', 'folder = "/practice/scans"\nrescan_seconds = 1800').replace(
    'folder = "/practice/statements"', 'folder = "/practice/statements"\nrescan_seconds = 1800'
)

_AT = Path("/practice/somewhere")
OF_ANYTHING: dict[str, Callable[[], Exception]] = {
    "os": lambda: OSError(errno.EIO, "Input/output error"),
    "rights": lambda: PermissionError(errno.EACCES, "Permission denied"),
    "unicode": lambda: UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates not allowed"),
    "runtime": lambda: RuntimeError("can't start new thread"),
    "key": lambda: KeyError("packet"),
    "memory": MemoryError,
}
OF_FILES: dict[str, Callable[[], Exception]] = {
    "busy": lambda: Busy(_AT),
    "denied": lambda: Denied(_AT),
    "full": lambda: NoRoom(_AT),
    "offline": lambda: Offline(_AT),
    "damaged": lambda: Damaged(_AT),
    "unicode": OF_ANYTHING["unicode"],
    "os": OF_ANYTHING["os"],
}
OF_THE_LEDGER: dict[str, Callable[[], Exception]] = {
    "locked": lambda: OperationalError("INSERT", {}, Exception("database is locked")),
    "refused": lambda: IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed")),
    "unicode": OF_ANYTHING["unicode"],
    "memory": OF_ANYTHING["memory"],
}
SEAMS: dict[str, dict[str, Callable[[], Exception]]] = {
    "files": OF_FILES,
    "ledger": OF_THE_LEDGER,
    "spool": OF_ANYTHING,
    "service": OF_ANYTHING,
    "reply": OF_ANYTHING,
    "question": OF_ANYTHING,
    "snapshot": OF_ANYTHING,
    "clock": OF_ANYTHING,
    "threads": OF_ANYTHING,
    "watching": OF_ANYTHING,
}


@dataclass
class Fault:
    """The `number`-th call of `seam` fails with `kind`; where it `lasts`, so do all of the next ten minutes."""

    seam: str = ""
    kind: str = ""
    number: int = 0
    lasts: bool = False

    def __str__(self) -> str:
        return f"{self.seam}:{self.kind}@{self.number}{' and on' if self.lasts else ''}"


class FaultyPractice(SimulatedPractice):
    """Both lanes; the statements lane asks afterwards."""

    def __init__(self, spool: Path, fault: Fault) -> None:
        self.fault = fault
        self.calls = Counter[str]()
        self.until: float | None = None
        self.snapshots: list[Any] = []
        self._listened = False
        self._only_pragma = False
        super().__init__(spool, QUIET)
        self.fs.fail = lambda _step, _path: self.call("files")
        self.dropped: list[bytes] = []

    def call(self, seam: str) -> None:
        """Count a call; raise where it is to fail."""
        self.calls[seam] += 1
        if seam != self.fault.seam:
            return
        if self.calls[seam] == self.fault.number:
            self.until = self.clock.seconds + LASTING if self.fault.lasts else None
            raise SEAMS[seam][self.fault.kind]()
        if self.until is not None and self.clock.seconds < self.until:
            raise SEAMS[seam][self.fault.kind]()

    def _new_control(self, begin: Callable[[Ledger, datetime], None] = lambda _ledger, _now: None) -> Control:
        empty_spool(self._spool)
        control = super()._new_control(begin)
        if not self._listened:
            event.listen(self._database, "before_cursor_execute", self._statement)
            event.listen(self._database, "commit", self._commit)
            self._listened = True
        lane = control.state.lanes[STATEMENTS]
        lane.verifier = _Asked(self)
        for each in control.state.lanes.values():
            each.watcher = _before(each.watcher, self, "watching", "supervise", "follow")
            each.intake = _before(each.intake, self, "spool", "forget")
            each.destination = _before(_after(each.destination, self, "reply", "send"), self, "service", "send")
        control.state.clock = _before(control.state.clock, self, "clock", "now", "steady", "read")
        return control

    def _jobs(self) -> Jobs:
        return _before(super()._jobs(), self, "threads", "send", "check", "verify")

    def _changed(self, state: State) -> None:
        self.call("snapshot")
        self.snapshots.append(snapshot_of(state, ()))

    def _statement(self, _connection: object, _cursor: object, statement: str, *_told: object) -> None:
        self._only_pragma = statement.startswith("PRAGMA")
        if not self._only_pragma:  # a ledger in memory is gone with its connection, which that would end
            self.call("ledger")

    def _commit(self, _connection: object) -> None:
        if not self._only_pragma:
            self.call("ledger")

    # --- a day ------------------------------------------------------------------------------------------------------

    def put(self, name: str, data: bytes, lane: Any = SCANS) -> None:
        """Drop a file, and remember it; nothing, where one of its name waits yet: people would write over that."""
        if name in self.waiting(lane):
            return
        self.dropped.append(data)
        self.drop(name, data, lane)

    def a_day(self) -> None:
        """Let a day go by, with something of everything in it, and then two more in which all comes to rest."""
        self.put("scan.json", files.sidecar(claimId="CLM-1"))
        self.put("scan.pdf", files.pdf())
        self.put("Statements.csv", statement("1001"), STATEMENTS)
        self.put("bad.csv", statement("1002", "no amount"), STATEMENTS)
        self.pass_(minutes=2)
        self.put("Statements.csv", statement("1003"), STATEMENTS)
        self.put("late.json", files.sidecar(claimId="CLM-2"))
        self.pass_(minutes=2)
        self.put("late.pdf", files.pdf(3))
        self.ask(Request("pause", lanes=(str(SCANS),), actor="it"))
        self.pass_(minutes=2)
        self.ask(Request("resume", lanes=(str(SCANS),), actor="it"))
        self.pass_(hours=26)
        self.fault = Fault()
        self.until = None
        self.ask(Request("resume", actor="it"))  # a lane whose tries came to nothing too often asks for someone
        self.pass_(hours=50)

    def check(self) -> None:
        """Nothing is lost, nothing doubled, everything at rest, and nothing in trouble any more."""
        standing = [
            data
            for lane in (SCANS, STATEMENTS)
            for name, data in self.standing(lane).items()
            if not name.endswith((*DOCUMENTS, MANIFEST))
        ]
        assert Counter(map(_digest, standing)) == Counter(map(_digest, self.dropped))
        assert self.waiting() == self.waiting(STATEMENTS) == []
        states = Counter(packet.state for packet in self.ledger.history())
        assert set(states) <= {PacketState.SENT, PacketState.FAILED}
        for lane, service in self.services.items():
            receipts = self.receipts(lane)
            came = Counter(_digest(b"".join(request.files.values())) for request in service.accepted)
            twice = [digest for digest, times in came.items() if times > 1]
            said = sum(receipt["possibly_sent_twice"] for receipt in receipts)
            said += sum(problem["code"] in UNSURE for problem in self.problems(lane))
            assert len(twice) <= said
        snapshot = snapshot_of(self.control.state, ())
        assert [lane.problem for lane in snapshot.lanes] == [None, None]


def statement(account: str, amount: str = "12.00") -> bytes:
    """A statement file of one row."""
    return csv((account, "07/03/2026", "John Snow", amount))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Asked:
    """The service's search for failed statements: it knows of none."""

    def __init__(self, practice: FaultyPractice) -> None:
        self._practice = practice

    def marked_as_failed(self, _cancel: object) -> Marked:
        self._practice.call("question")
        return Marked({})


class _Wrapped:
    """A part in front of whose methods a call is counted (or behind them: what it did is done)."""

    def __init__(self, part: Any, practice: FaultyPractice, seam: str, methods: tuple[str, ...], behind: bool) -> None:
        self._part = part
        self._practice = practice
        self._seam = seam
        self._methods = methods
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name not in self._methods:
            return found

        def called(*told: Any, **named: Any) -> Any:
            if not self._behind:
                self._practice.call(self._seam)
            result = found(*told, **named)
            if self._behind:
                self._practice.call(self._seam)
            return result

        return called


def _before(part: Any, practice: FaultyPractice, seam: str, *methods: str) -> Any:
    return _Wrapped(part, practice, seam, methods, behind=False)


def _after(part: Any, practice: FaultyPractice, seam: str, *methods: str) -> Any:
    return _Wrapped(part, practice, seam, methods, behind=True)
