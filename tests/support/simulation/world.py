"""A practice with its PC, its share and its services, and the account of every file that someone has put there.

What stands anywhere is held against `wanted`: each content that was dropped and that nobody has overwritten or deleted,
byte for byte, as often as it was dropped. Every content has a token of its own (`TOK0007`), in the scans as in their
sidecar, and as the account number of a statement.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from agent.delivery.requests import Request
from agent.folder.filesystem import FileSystemProblem
from agent.folder.names import MARKER, OWN_PREFIX, PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.folder.simulated import (
    ACCESS_DENIED,
    DATA_ERROR,
    DISK_FULL,
    NETWORK_NAME_DELETED,
    SHARING_VIOLATION,
    OpenFile,
    reported,
)
from agent.intake.statements.spool import empty_spool
from agent.ledger.transaction import Transaction
from agent.model import LaneId, PacketState
from agent.settings.reading import parse
from tests.support.simulation.hints import Hints
from tests.support.simulation.network import TOKEN, SimulatedNetwork
from tests.support.simulation.practice import RealPartsPractice
from tests.support.simulation.setup import ARCHIVE, LANES, SCANS, SHELVES, Conditions, Setup

DOCUMENTS = (RECEIPT, PROBLEM_TEXT, PROBLEM_JSON)
LEAST = 1e-4
MOST_STEPS = 20_000  # whole days in which a deaf observer makes the agent look every five seconds are no loop
HINDRANCES = {
    "busy": SHARING_VIOLATION,
    "denied": ACCESS_DENIED,
    "no-room": DISK_FULL,
    "offline": NETWORK_NAME_DELETED,
    "damaged": DATA_ERROR,
}


UNDER_A_BLOCKADE = ("open", "move", "remove", "move.copy", "move.delete", "list")


class Killed(BaseException):
    """The agent's process ends here. Not an Exception: nothing may catch it."""


@dataclass
class Cut:
    """What breaks at the nth step of a kind from now on."""

    kind: str  # "file", "move", "before", "after": the agent is killed; "full": the ledger's disk; "act"; a hindrance
    left: int
    act: Callable[[], None] = lambda: None


@dataclass
class World:
    """Everything that is there. `spool` is a real folder."""

    conditions: Conditions
    spool: Path
    wanted: Counter[bytes] = field(default_factory=Counter)
    wholes: set[bytes] = field(default_factory=set)  # contents that someone has finished writing
    rows: dict[str, int] = field(default_factory=dict)  # of each statement file, by its token
    drops: Counter[str] = field(default_factory=Counter)  # how often a statement file was dropped, by its token
    ignored: set[str] = field(default_factory=set)  # names that OutTray leaves alone
    told: list[str] = field(default_factory=list)  # the story, for who reads a failing seed

    def __post_init__(self) -> None:
        seed = self.conditions.seed
        self.setup = Setup.at_first(self.conditions)
        self.network = SimulatedNetwork(None, self.conditions.scope)  # type: ignore[arg-type]
        self.network.whole = self.wholes.__contains__
        self.network.rows = lambda token: self.rows.get(token, 0)
        self.network.drops = lambda token: self.drops[token]
        self.hints = Hints(random.Random(f"hints {seed}"), self.conditions.lost_hints, self.later, self._reachable)
        self.practice = RealPartsPractice(
            self.spool,
            self.setup.text(self.conditions),
            self.network,
            self.hints,
            seed=seed,
            windows=self.conditions.windows,
            granularity_ns=self.conditions.granularity_ns,
        )
        self.fs = self.practice.fs
        self.clock = self.practice.clock
        if self.conditions.share:
            self.fs.add_volume(self.folder(SCANS), remote=True)
        if self.conditions.archive:
            self.fs.add_volume(ARCHIVE)
        self.clock.names_boots = self.conditions.names_boots
        self.unmounted: set[LaneId] = set()
        self.at_start: list[Callable[[], None]] = []  # what happens before the agent starts again
        self.backups: list[sqlite3.Connection] = []
        self.known: dict[str, bytes] = {}  # whole contents by their digests
        self.blockades: dict[Path, tuple[float, str]] = {}  # until when something keeps everybody from a path
        self.spool_held_until = 0.0
        self.destroyed: set[str] = set()  # digests of what someone has written over on a shelf
        self.swapped: dict[str, str] = {}  # tokens that someone has put in the place of others
        self.known_before: dict[LaneId, set[str]] = {}  # the packets of the time before a lane went live
        self.is_upset = False  # something has changed that needs a person's word
        self.was_replaced = False  # the PC, by another one
        self.forgot = False  # a ledger was lost or is old
        self.cut: Cut | None = None
        self.kills = 0
        self.steps = 0
        self.writing: dict[Path, OpenFile] = {}
        self._unwritten: dict[Path, list[bytes]] = {}  # what the writers have still to write
        self.holding: list[OpenFile] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._tokens = itertools.count(1)
        self._down_until: float | None = None
        self._down_dice = random.Random(f"down {seed}")
        self.fs.fail = self._file_step
        self._wrap_ledger()

    # --- time -------------------------------------------------------------------------------------------------------

    def later(self, seconds: float, happens: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._agenda, (self.clock.seconds + seconds, next(self._numbers), happens))

    def live(self, until: float) -> None:
        """Let time pass until a moment in true time, the agent at work whenever it wants to."""
        idle = 0
        while True:
            now = self.clock.seconds
            while self._agenda and self._agenda[0][0] <= now:
                heapq.heappop(self._agenda)[2]()
            pause = self._agent_works()
            now = self.clock.seconds
            idle = 0 if pause > 0 else idle + 1
            assert idle < 500, "the agent spins without any time passing"
            if pause <= 0:
                continue
            if now >= until:
                return
            target = min(until, now + pause, self._agenda[0][0] if self._agenda else until)
            self.clock.pass_(max(target - now, LEAST))  # time goes on, whatever floating point makes of it
            self.steps += 1
            assert self.steps < MOST_STEPS, "the agent hardly lets any time pass"

    def _reachable(self, path: Path) -> bool:
        return path.parent not in map(self.folder, self.unmounted) and self.fs._volume(path).reachable

    def _agent_works(self) -> float:
        if self._down_until is not None and self.clock.seconds < self._down_until:
            return self._down_until - self.clock.seconds
        try:
            if self._down_until is not None:
                self._start()
            return self.practice.step()
        except Killed:
            self.kill(self._down_dice.choice((0.0, 5.0, 3600.0)))
            return 1e-6

    def down(self, seconds: float) -> None:
        """End the agent; it starts again later. Between two steps a reply may have come that is not recorded yet."""
        for lane in LANES:
            self.network.lose_replies(self.service(lane), self._under_way(lane))
        self._down_until = self.clock.seconds + seconds
        self.hints.forget()

    def kill(self, seconds: float) -> None:
        """End the agent where it stands."""
        self.kills += 1
        self.told.append(f"{self.time} (the agent is killed)")
        self.cut = None
        self.down(seconds)

    def _under_way(self, lane: LaneId) -> set[str]:
        """Return the tokens of what was being sent, as the ledger knows it."""
        sending, of_lane = self.shelf(lane, "sending"), self.id_of(lane)
        found: set[str] = set()
        for packet in self.practice.ledger.unfinished():
            if packet.state is PacketState.SENDING and packet.lane == of_lane:
                for data in self.everything(sending / packet.id).values():
                    found.update(token.decode() for token in TOKEN.findall(data))
        return found

    def _start(self) -> None:
        self.hints.forget()
        for happens in self.at_start:
            happens()
        self.at_start.clear()
        self.practice.settings = parse(self.setup.text(self.conditions), Path("outtray.toml"))
        empty_spool(self.spool)  # as the engine does before it starts
        self.practice.restart()
        self._wrap_ledger()
        self._down_until = None

    @property
    def is_down(self) -> bool:
        """Tell whether no agent runs."""
        return self._down_until is not None

    @property
    def time(self) -> str:
        """The moment, for the story."""
        return f"{(self.clock.seconds - 1000) / 3600:8.3f} h"

    # --- what breaks ------------------------------------------------------------------------------------------------

    def _file_step(self, step: str, path: Path) -> FileSystemProblem | None:
        for place, (until, kind) in self.blockades.items():
            if (place == path or place in path.parents) and step in UNDER_A_BLOCKADE and until > self.clock.seconds:
                return reported(HINDRANCES[kind], path, windows=self.conditions.windows)
        cut = self.cut
        if cut is None or cut.kind in ("before", "after", "full"):
            return None
        if cut.kind in HINDRANCES and step not in ("move", "write", "remove", "move.copy", "move.delete", "list"):
            return None
        if cut.kind in ("act", "move") and step != "move":
            return None
        cut.left -= 1
        if cut.left > 0:
            return None
        self.cut = None
        if cut.kind == "act":
            cut.act()
            return None
        if cut.kind in HINDRANCES:
            return reported(HINDRANCES[cut.kind], path, windows=self.conditions.windows)
        raise Killed

    def _commit(self, kind: str) -> None:
        if self.cut is not None and self.cut.kind == kind:
            self.cut.left -= 1
            if self.cut.left <= 0:
                self.cut = None
                if kind == "full":
                    raise OperationalError("COMMIT", {}, Exception("database or disk is full"))
                raise Killed

    def _wrap_ledger(self) -> None:
        ledger = self.practice.ledger
        plain = ledger.transaction

        @contextmanager
        def transaction(*, synced: bool = True) -> Iterator[Transaction]:
            del synced  # there is no disk, and no need to tell SQLite so twice for each
            with plain() as tx:
                yield tx
                self._commit("before")
                self._commit("full")
            self._commit("after")

        ledger.transaction = transaction  # type: ignore[method-assign]

    @property
    def unlink(self) -> Callable[..., None]:
        """Return how a real file is removed, while something may hold those of the spool."""
        plain = Path.unlink

        def unlink(path: Path, missing_ok: bool = False) -> None:
            if path.parent == self.spool and self.spool_held_until > self.clock.seconds and path.exists():
                raise PermissionError(13, "The process cannot access the file", str(path))
            plain(path, missing_ok)

        return unlink

    # --- files ------------------------------------------------------------------------------------------------------

    def token(self) -> str:
        """Return a mark that nothing else has."""
        return f"TOK{next(self._tokens):04d}"

    def everything(self, folder: Path) -> dict[Path, bytes]:
        """Return every file below a folder."""
        return {folder / name: data for name, data in self.fs.files(folder).items()}

    def theirs(self, folder: Path) -> dict[Path, bytes]:
        """Return the files below a folder that are people's and not OutTray's."""
        return {
            path: data
            for path, data in self.everything(folder).items()
            if not path.name.startswith(OWN_PREFIX) and not path.name.endswith(DOCUMENTS) and path.name != MARKER
        }

    def shelf(self, lane: LaneId, name: str) -> Path:
        """Return where a shelf stands now."""
        return self.shelves(lane, name)[-1]

    def shelves(self, lane: LaneId, name: str) -> list[Path]:
        """Return every place where a shelf has stood, the present one last."""
        return self.setup.shelves[lane, name]

    def on(self, lane: LaneId, shelf: str) -> dict[Path, bytes]:
        """Return people's files on a shelf, wherever it has stood."""
        return {path: data for place in self.shelves(lane, shelf) for path, data in self.theirs(place).items()}

    def documents(self, lane: LaneId, shelf: str) -> dict[Path, bytes]:
        """Return everything on a shelf, wherever it has stood."""
        return {path: data for place in self.shelves(lane, shelf) for path, data in self.everything(place).items()}

    def folder(self, lane: LaneId) -> Path:
        """Return the folder that a lane watches now."""
        return self.setup.folders[lane][-1]

    def service(self, lane: LaneId) -> str:
        """Return what the network calls the service of a lane."""
        return self.setup.services[lane][-1]

    def id_of(self, lane: LaneId) -> LaneId:
        """Return what the settings call a lane now."""
        return LaneId(self.setup.store, lane.kind)

    def waiting(self, lane: LaneId) -> dict[Path, bytes]:
        """Return the files in the watched folder itself."""
        return self.waiting_in(self.folder(lane), lane)

    def waiting_in(self, folder: Path, lane: LaneId) -> dict[Path, bytes]:
        """Return the files in a folder that a lane watches, or has watched."""
        shelves = [shelf for name in SHELVES for shelf in self.shelves(lane, name)]
        found = self.theirs(folder)
        return {path: data for path, data in found.items() if not any(path.is_relative_to(shelf) for shelf in shelves)}

    @property
    def waits_elsewhere(self) -> bool:
        """Tell whether files have been left in a folder that nobody looks at any more."""
        return any(
            self.waiting_in(folder, lane) for lane, folders in self.setup.folders.items() for folder in folders[:-1]
        )

    def standing(self) -> Counter[bytes]:
        """Count every content that stands anywhere."""
        places = [ARCHIVE, *(folder for folders in self.setup.folders.values() for folder in folders)]
        return Counter(data for place in places for data in self.theirs(place).values())

    def put(self, path: Path, data: bytes, *, whole: bool = True) -> None:
        """Write a file in one go; what stood there is overwritten, by whoever does it."""
        self.gone(path)
        self.fs.put(path, data)
        self.wanted[data] += 1
        if whole:
            self.wholes.add(data)
            self.known[hashlib.sha256(data).hexdigest()] = data
        self.changed(path)

    def write_slowly(self, path: Path, pieces: list[bytes], pauses: list[float], *, finished: bool = True) -> None:
        """Write a file in place piece by piece, holding it open."""
        if path in self.writing:
            self._stop_writing(path)
        self.put(path, b"", whole=False)
        handle = self.writing[path] = self.fs.hold_open(path)
        made = b"".join(pieces)
        left = self._unwritten[path] = list(pieces)

        def go_on(waits: list[float]) -> None:
            if self.writing.get(path) is not handle:
                return
            if not left:
                self._stop_writing(path)
                return
            self._write_on(path, left.pop(0))
            if finished and not left:
                self.wholes.add(made)
            self.later(waits[0], lambda: go_on(waits[1:]))

        self.later(pauses[0], lambda: go_on(pauses[1:]))

    def _write_on(self, path: Path, piece: bytes) -> None:
        handle = self.writing[path]
        self.wanted[handle._node.data] -= 1
        handle.append(piece)
        self.wanted[handle._node.data] += 1
        self.changed(path)

    def _stop_writing(self, path: Path) -> None:
        self.writing.pop(path).close()
        self._unwritten.pop(path)
        self.changed(path)

    def gone(self, path: Path) -> None:
        """Take note that someone takes away what stands at a path."""
        standing = self.fs._nodes.get(self.fs._key(path))
        if standing is not None:
            self.wanted[standing.data] -= 1

    def delete(self, path: Path) -> None:
        """Delete a file, as people do."""
        self.gone(path)
        self.fs.delete(path)
        self.changed(path)

    def move(self, path: Path, target: Path) -> None:
        """Move or rename a file or folder to a name that is free."""
        self.fs.rename(path, target)
        self.changed(path)
        self.changed(target)

    def in_hand(self, path: Path) -> bool:
        """Tell whether a program has the file open, so that nobody can take it away (Windows)."""
        node = self.fs._nodes.get(self.fs._key(path))
        return node is not None and bool(node.holders)

    def changed(self, path: Path) -> None:
        """Let the system's event come, or not."""
        self.hints.changed(path)

    # --- people and the weather -------------------------------------------------------------------------------------

    def ask(self, verb: str, packets: tuple[str, ...] = ()) -> None:
        """Ask the agent for something."""
        self.practice.ask(Request(verb, packets=packets, actor="it"))  # type: ignore[arg-type]
        self.practice.control.inbox.hint()

    def set_clock(self, minutes: float) -> None:
        """Set the PC's clock."""
        self.clock.moment += timedelta(minutes=minutes)

    def all_is_well(self) -> None:
        """Let the actors stop and the faults end."""
        self.cut = None
        self.spool_held_until = 0.0
        self._agenda.clear()
        self.network.well_again()
        self.hints.deaf = self.hints.overflows = False
        self.hints.lost = 0.0
        for handle in self.holding:
            handle.close()
        for path in list(self.writing):  # a table that its writer abandons in its middle is a shorter table to anybody
            if path.parent != self.folder(SCANS):
                self._write_on(path, b"".join(self._unwritten[path]))
                self.wholes.add(self.writing[path]._node.data)
            self._stop_writing(path)
        for lane in sorted(self.unmounted):
            self.mount(lane)
        if self.conditions.share:
            self.fs.share_returns(self.folder(SCANS))
        self.ask("resume")

    def unmount(self, lane: LaneId) -> None:
        """Leave an empty folder where the share was."""
        self.unmounted.add(lane)
        self.fs.unmount(self.folder(lane))

    def mount(self, lane: LaneId) -> None:
        """Bring the share back."""
        self.unmounted.discard(lane)
        self.fs.share_returns(self.folder(lane))
        self.fs.mount(self.folder(lane))
