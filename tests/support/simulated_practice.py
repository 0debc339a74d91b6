"""A practice in memory: folders, clocks, services and the control thread's object, driven by hand in one thread.

practice = SimulatedPractice(tmp_path)
practice.drop("scan.pdf", files.pdf())
practice.drop("scan.json", files.sidecar())
practice.pass_(hours=1)
practice.service().accepted  # what the service has

Time passes only in `pass_`, from one due moment to the next: what `Control.step` returns is believed, so a due moment
that it forgets is a packet that does not go.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import Engine

from agent.delivery.control import Control
from agent.delivery.engine import terms_of
from agent.delivery.jobs import InlineJobs, Jobs
from agent.delivery.lane import Lane
from agent.delivery.requests import Request
from agent.delivery.state import State
from agent.destinations.protocol import Health, Progress
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.names import PROBLEM_JSON, RECEIPT
from agent.folder.simulated import SimulatedFileSystem
from agent.folder.watching import Watching, WatchState
from agent.intake.lanes import intake_for
from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from agent.model import (
    AttachmentRequest,
    AttemptResult,
    Blocked,
    BodySent,
    Delivered,
    LaneId,
    LaneKind,
    Outcome,
    Problem,
    Refused,
    Retry,
    SentFile,
    StatementUpload,
    Unknown,
)
from agent.settings.reading import parse
from agent.settings.schema import AttachmentsSettings, Settings
from tests.support.folders import HandClock

SCANS = LaneId("main-street", LaneKind.ATTACHMENTS)
STATEMENTS = LaneId("main-street", LaneKind.STATEMENTS)
SETTINGS = """
[[store]]
name = "main-street"
store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"
[store.attachments]
folder = "/practice/scans"
environment = "sandbox"
client_id = "outtray"
settle_seconds = 2
[store.statements]
folder = "/practice/statements"
base_url = "https://billing.example.com"
"""
LEAST = 1e-4
TROUBLE = Problem("trouble", "The service is in trouble.", "Nothing needs doing.")


# --- The services ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Received:
    """One request as it came in. `filename` is a statement file's; `files` the bytes of each part by its name."""

    at: datetime
    metadata: dict[str, str]
    filename: str
    files: dict[str, bytes]
    accepted: bool
    outcome: Outcome
    second: float = 0.0  # the same moment in true time, which nobody can set


@dataclass(frozen=True)
class Answer:
    """What a service makes of a request: whether it has it now, and what the agent learns of that."""

    outcome: Outcome
    accepted: bool = False


def accept(number: int) -> Answer:
    """Take it, as request `number`."""
    return Answer(
        Delivered(
            201,
            {"number": number},
            attachment_control_number=f"CHC#{number:024x}",
            attachment_ids=(f"CHC#{number:012d}",),
        ),
        accepted=True,
    )


LOSE_REPLY = Answer(Unknown(TROUBLE), accepted=True)
LOSE_REQUEST = Answer(Unknown(TROUBLE))  # the body went out whole, and the service never made anything of it
UNREACHABLE = Answer(Retry(TROUBLE, unreachable=True))
TROUBLED = Answer(Retry(TROUBLE, 500))
BUSY = Answer(Retry(TROUBLE, 503))
BLOCKED = Answer(Blocked(TROUBLE, 401))
REFUSE = Answer(Refused(400, TROUBLE))
NAME_TAKEN = Answer(Refused(422, TROUBLE, name_taken=True))


class FakeService:
    """A destination that answers from a script, or as `rule` says of the request and of what was accepted before."""

    def __init__(self, lane: LaneId, fs: FileSystem, clock: HandClock) -> None:
        self.name = f"https://service.example.com/{lane.kind}"
        self.received: list[Received] = []
        self.script: list[Answer] = []
        self.rule: Callable[[str, list[Received]], Answer | None] = lambda _filename, _accepted: None
        self.during: Callable[[], None] = lambda: None  # what happens in the world while a request is under way
        self.tells_time = False  # by a clock of its own, which is always right
        self.is_away = False  # it cannot be asked how it is
        self._fs = fs
        self._clock = clock

    @property
    def accepted(self) -> list[Received]:
        """What the service has, in order."""
        return [request for request in self.received if request.accepted]

    def send(
        self, request: AttachmentRequest | StatementUpload, place: Path, progress: Progress, cancel: Event
    ) -> AttemptResult:
        """Take one request in whole, and answer it."""
        if isinstance(request, StatementUpload):
            filename, metadata = request.filename, dict[str, str]()
            parts = {filename: request.spool.read_bytes()}
        else:
            filename, metadata = "", dict(request.metadata)
            try:
                parts = {name: self._read(place / name) for name, _mime_type in request.files}
            except FileSystemProblem:
                return AttemptResult(Retry(TROUBLE))
        answer = self._answer(filename)
        self.received.append(
            Received(
                self._clock.now(), metadata, filename, parts, answer.accepted, answer.outcome, self._clock.steady()
            )
        )
        self.during()
        whole = isinstance(answer.outcome, Delivered | Unknown)
        sent = (SentFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in parts.items())
        body = BodySent.WHOLE if whole else BodySent.NONE
        said = self._time() if isinstance(answer.outcome, Delivered | Refused) else None
        return AttemptResult(answer.outcome, tuple(sent) if whole else (), body, said)

    def health(self) -> Health:
        return Health(TROUBLE) if self.is_away else Health(None, service_date=self._time())

    def _time(self) -> datetime | None:
        return self._clock.truly.replace(microsecond=0) if self.tells_time else None

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, filename: str) -> Answer:
        if self.script:
            return self.script.pop(0)
        return self.rule(filename, self.accepted) or accept(len(self.received) + 1)

    def _read(self, path: Path) -> bytes:
        with self._fs.open(path) as file:
            return file.read()


class _Hints:
    """Events that always come: `SimulatedPractice` gives them itself, and a lane is looked at rarely besides."""

    state = WatchState(Watching.NATIVE)
    due = None

    def __init__(self, rescan_seconds: float) -> None:
        self.look_every = rescan_seconds

    def follow(self, folders: Iterable[str], now: float) -> None:
        """Everything is heard anyway."""

    def supervise(self, now: float) -> None:
        """Nothing can go wrong."""


# --- The practice ---------------------------------------------------------------------------------------------------


class SimulatedPractice:
    """One practice, and the agent in it.

    `settings` is the text of a settings file; `watch = "poll"` in a lane leaves out its events. `spool` is a real
    folder: statements are made into bodies there, and `profiles` that of the stores' own profiles. `seed` decides the
    jitter and the packets' ids.
    """

    installation = "pc-1"

    def __init__(
        self,
        spool: Path,
        settings: str = SETTINGS,
        *,
        seed: int = 0,
        windows: bool = False,
        granularity_ns: int = 100,
        senders: int = 4,
        profiles: Path | None = None,
    ) -> None:
        self.settings: Settings = parse(settings, Path("outtray.toml"))
        self.clock = HandClock()
        self.fs = SimulatedFileSystem(self.clock, windows=windows, granularity_ns=granularity_ns)
        self.services = {lane: FakeService(lane, self.fs, self.clock) for lane in self.settings.lanes}
        self.steps = 0
        self._database: Engine = memory_ledger()
        self._spool, self._profiles = spool, profiles
        self._dice = random.Random(seed)
        self._senders = senders
        self._asked: list[tuple[Request, Future[Any]]] = []
        for lane in self.settings.lanes.values():
            self.fs.make_folder(lane.folder)
        self.control = self._new_control()

    # --- the agent --------------------------------------------------------------------------------------------------

    def restart(
        self,
        *,
        fresh_ledger: bool = False,
        settings: str = "",
        installation: str = "",
        begin: Callable[[Ledger, datetime], None] = lambda _ledger, _now: None,
    ) -> None:
        """Let the agent be killed where it stands, and start it again; `fresh_ledger`: with its ledger lost.

        `installation`: under another name; `begin`: what is done with the ledger before all. `settings`: with others;
        a lane that is new has the service of the lane of its kind before it.
        """
        if settings:
            self.settings = parse(settings, Path("outtray.toml"))
            of_kind = {lane.kind: service for lane, service in self.services.items()}
            self.services |= {lane: self.services.get(lane, of_kind[lane.kind]) for lane in self.settings.lanes}
        if fresh_ledger:
            self._database = memory_ledger()
        self.installation = installation or self.installation
        self.control = self._new_control(begin)
        unanswered = [request for request, answered in self._asked if not answered.done()]
        self._asked = [(request, self.control.inbox.ask(request)) for request in unanswered]

    def pass_(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass, the agent working whenever it wanted to; it has also worked at the last moment."""
        end = self.clock.seconds + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        idle = 0
        while True:
            pause = self.step()
            idle = 0 if pause > 0 else idle + 1
            assert idle < 1000, "the agent spins without any time passing"
            left = end - self.clock.seconds
            if pause <= 0:
                continue
            if left <= 0:
                return
            self.clock.pass_(min(max(pause, LEAST), left))  # time goes on, whatever floating point makes of it

    def step(self) -> float:
        """Let the agent do what is to do now."""
        self.steps += 1
        return self.control.step()

    def ask(self, request: Request) -> None:
        """Ask the agent for something, as `outtray retry`, `pause` and `resume` do; again where it was killed first."""
        self._asked.append((request, self.control.inbox.ask(request)))

    @property
    def ledger(self) -> Ledger:
        """The agent's memory."""
        return self.control.state.ledger

    # --- people and programs ----------------------------------------------------------------------------------------

    def drop(self, name: str, data: bytes, lane: LaneId = SCANS) -> Path:
        """Put a file into a lane's folder, in one go."""
        path = self.folder(lane) / name
        self.fs.put(path, data)
        self.hint(lane)
        return path

    def append(self, name: str, data: bytes, lane: LaneId = SCANS) -> None:
        """Write on at the end of a file."""
        self.fs.append(self.folder(lane) / name, data)
        self.hint(lane)

    def rename(self, name: str, new: str, lane: LaneId = SCANS) -> None:
        """Rename a file inside a lane's folder."""
        self.fs.rename(self.folder(lane) / name, self.folder(lane) / new)
        self.hint(lane)

    def hint(self, lane: LaneId) -> None:
        """Let the system's event arrive, where the lane listens for events."""
        if self.control.state.lanes[lane].watcher is not None:
            self.control.inbox.hint(lane)

    def folder(self, lane: LaneId = SCANS) -> Path:
        """Return a lane's folder."""
        return self.settings.lanes[lane].folder

    # --- what there is to see ---------------------------------------------------------------------------------------

    def service(self, lane: LaneId = SCANS) -> FakeService:
        """Return the service that a lane sends to."""
        return self.services[lane]

    def standing(self, lane: LaneId = SCANS) -> dict[str, bytes]:
        """Return what stands in a lane's folder itself and on its shelves, OutTray's own marker left out."""
        found = self.fs.files(self.folder(lane))
        return {name: data for name, data in found.items() if not name.startswith(".outtray")}

    def waiting(self, lane: LaneId = SCANS) -> list[str]:
        """Return the files that have not been picked up."""
        shelves = {self.settings.lanes[lane].shelf(name).name for name in ("held", "sending", "sent", "failed")}
        return [name for name in self.standing(lane) if name.partition("/")[0] not in shelves]

    def receipts(self, lane: LaneId = SCANS) -> list[dict[str, Any]]:
        """Return every receipt on `sent`."""
        return self._documents(lane, RECEIPT)

    def problems(self, lane: LaneId = SCANS) -> list[dict[str, Any]]:
        """Return every problem on `failed`."""
        return self._documents(lane, PROBLEM_JSON)

    def _documents(self, lane: LaneId, ending: str) -> list[dict[str, Any]]:
        return [json.loads(data) for name, data in self.standing(lane).items() if name.endswith(ending)]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _new_control(self, begin: Callable[[Ledger, datetime], None] = lambda _ledger, _now: None) -> Control:
        return Control(
            dict(itertools.chain.from_iterable(self._lanes_of(store) for store in self.settings.store)),
            self._ledger_of(),
            self.clock,
            self._jobs(),
            senders=self._senders,
            keep_sent_days=self.settings.agent.keep_sent_days,
            keep_failed_days=self.settings.agent.keep_failed_days,
            dice=self._dice,
            before_all=begin,
            changed=self._changed,
        )

    def _ledger_of(self) -> Ledger:
        return Ledger(self._database)

    def _jobs(self) -> Jobs:
        return InlineJobs()

    def _changed(self, state: State) -> None:
        """Take in that the state may have changed."""

    def _lanes_of(self, store: Any) -> Iterable[tuple[LaneId, Lane]]:
        for lane_id, lane in store.lanes.items():
            yield (
                lane_id,
                Lane(
                    lane_id,
                    lane,
                    terms_of(store, lane),
                    self.fs,
                    self.clock,
                    intake_for(lane, lane_id, self.fs, self._spool, self._profiles),
                    self.services[lane_id],
                    duplicate_days=lane.duplicate_days if isinstance(lane, AttachmentsSettings) else 0,
                    dice=self._dice,
                    watcher=None if lane.watch == "poll" else _Hints(lane.rescan_seconds),
                    installation=self.installation,
                ),
            )
