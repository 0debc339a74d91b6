"""Two stores' statements lanes in simulated weeks: who dropped what, what the service took and when by true time, and
what the 24-hour rule allows, in ten lines of its own.

The intake, planner, control loop and ledger are the real ones. The service enforces nothing: whatever it takes is held
against `Rule`. True time is the harness's steady time; the PC's clock is set at will.
"""

from __future__ import annotations

import itertools
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from agent.delivery import control as control_module
from agent.folder.filesystem import Busy, FileSystemProblem
from agent.ledger.transaction import Transaction
from agent.model import LaneId, LaneKind, PacketState, Unknown
from tests.support import simulated_practice as harness
from tests.support.simulated_practice import Answer, SimulatedPractice
from tests.support.statement_files import csv

NORTH, SOUTH = (LaneId(store, LaneKind.STATEMENTS) for store in ("north", "south"))
LANES = (NORTH, SOUTH)
STORES = tuple(lane.store for lane in LANES)
EVENTS = ("the agent is killed", "a file is dropped", "the clock is set")
DAY = 24 * 3600.0
TOLERANCE = 0.01
"""Seconds; clocks are compared with the precision of microseconds."""

SHELVES = ("held/", "sending/", "sent/", "failed/")
SETTLE = 2.0

WEATHER = {
    "lost, accepted": harness.LOSE_REPLY,
    "lost, not accepted": harness.LOSE_REQUEST,
    "unreachable": harness.UNREACHABLE,
    "busy": harness.BUSY,
    "blocked": harness.BLOCKED,
    "refused": harness.REFUSE,
    "name refused": harness.NAME_TAKEN,
}


class Killed(BaseException):
    """The agent's process ends here. Not an Exception: nothing may catch it."""


@dataclass
class _Taken:
    at: float
    data: bytes
    reply_lost: bool


class Rule:
    """The 24-hour rule as a person would explain it."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._last: dict[tuple[LaneId, str], _Taken] = {}

    def accept(self, lane: LaneId, filename: str, data: bytes, at: float, *, reply_lost: bool) -> None:
        """Take note of an acceptance. Raises AssertionError where the service should never have been asked."""
        key = self._key(lane, filename)
        last = self._last.get(key)
        if last is not None and at - last.at < DAY - TOLERANCE and not (last.reply_lost and last.data == data):
            raise AssertionError(f"{filename} went to {lane.store} twice, {(at - last.at) / 3600:.2f} hours apart")
        self._last[key] = _Taken(at, data, reply_lost)

    def last(self, lane: LaneId, filename: str) -> float | None:
        """Return when a name was last taken."""
        taken = self._last.get(self._key(lane, filename))
        return None if taken is None else taken.at

    def _key(self, lane: LaneId, filename: str) -> tuple[LaneId, str]:
        return (lane, "" if self._scope == "store" else unicodedata.normalize("NFC", filename).casefold())

    def lose_reply(self, account: str) -> None:
        """Take note that the agent was killed before it had recorded what the service said of this file."""
        for taken in self._last.values():
            if f'"{account}"'.encode() in taken.data:
                taken.reply_lost = True


@dataclass
class Version:
    """One content that someone dropped. `turn`: which look of the agent could meet it first."""

    lane: LaneId
    filename: str
    account: str
    data: bytes
    turn: int
    copies: int = 1  # how many of it must stand somewhere
    repeated: bool = False  # the same bytes were dropped more than once: which of them went cannot be told


@dataclass
class Cut:
    """What breaks at the nth step of a kind from now on."""

    kind: (
        str  # "file": a step of the file system; "before" or "after" a commit; "busy": a move that is not possible yet
    )
    left: int


@dataclass
class World:
    """The practice, its PC and its services. Every method is something that can happen."""

    scope: str = "filename"
    on_conflict: str = "hold"
    seed: int = 0
    versions: dict[str, Version] = field(default_factory=dict)
    killed: int = 0

    def __post_init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="outtray-world-")
        self.practice = SimulatedPractice(Path(self._folder.name), self._settings(), seed=self.seed)
        self.rule = Rule(self.scope)
        self.weather: dict[LaneId, list[Answer]] = {lane: [] for lane in LANES}
        self._during: list[Callable[[], None]] = []
        self._cut: Cut | None = None
        self._accounts = itertools.count(1001)
        self._turn = 0
        self._order: dict[tuple[LaneId, str], int] = {}
        self._wrong: list[str] = []
        self.practice.fs.fail = self._file_step
        for lane, service in self.practice.services.items():
            service.rule = lambda _filename, _accepted, lane=lane: (
                self.weather[lane].pop(0) if self.weather[lane] else None
            )
            service.during = lambda lane=lane: self._received(lane)
        self._wrap_ledger()

    def close(self) -> None:
        self._folder.cleanup()

    def _settings(self) -> str:
        return "".join(
            f"""
[[store]]
name = "{lane.store}"
store_id = "01GDG5BZA29R3SZMZ63Y2GFEN{number}"
[store.statements]
folder = "/practice/{lane.store}"
base_url = "https://billing.example.com"
rescan_seconds = 21600
[store.statements.filename_rule]
scope = "{self.scope}"
on_conflict = "{self.on_conflict}"
"""
            for number, lane in enumerate(LANES)
        )

    # --- people -----------------------------------------------------------------------------------------------------

    def forecast(self, store: str, weather: list[str]) -> None:
        """Let a store's service answer like this next (`WEATHER`), and be well again after it."""
        self.weather[lane_of(store)] += [WEATHER[one] for one in weather]

    def during_the_next_request(self, event: str, store: str, filename: str, minutes: int) -> None:
        """Let something happen while the service has a request in hand (`EVENTS`)."""
        happens: dict[str, Callable[[], None]] = {
            "the agent is killed": self._die,
            "a file is dropped": partial(self.drop, store, filename),
            "the clock is set": partial(self.set_clock, minutes),
        }
        self._during.append(happens[event])

    def drop(self, store: str, filename: str, *, again: bool = False) -> None:
        """Write a statement file whole; `again`: the bytes that were last written under this name."""
        lane = lane_of(store)
        path = self.practice.folder(lane) / filename
        old = self.practice.standing(lane).get(filename)
        if old is not None:
            self._gone(old)
        same = [version for version in self.versions.values() if (version.lane, version.filename) == (lane, filename)]
        if again and same:
            version = same[-1]
            version.copies += 1
            version.repeated = True
        else:
            account = str(next(self._accounts))
            data = csv((account, "07/31/2026", "John Snow", "12.00"))
            version = self.versions[account] = Version(lane, filename, account, data, self._turn)
        self.practice.fs.put(path, version.data)
        self.practice.hint(lane)

    def withdraw(self, store: str) -> None:
        """Delete the first held file."""
        lane = lane_of(store)
        held = [name for name in self.practice.standing(lane) if name.startswith("held/") and self._is_file(name)]
        if held:
            self._gone(self.practice.standing(lane)[held[0]])
            self.practice.fs.delete(self.practice.folder(lane) / held[0])
            self.practice.hint(lane)

    def drag_back(self, store: str) -> None:
        """Move a failed file back into the folder, where its name is free there."""
        lane = lane_of(store)
        standing = self.practice.standing(lane)
        for name in standing:
            base = name.removeprefix("failed/")
            if name.startswith("failed/") and self._is_file(name) and base not in standing:
                folder = self.practice.folder(lane)
                self.practice.fs.rename(folder / name, folder / base)
                self._version(standing[name]).turn = self._turn
                self.practice.hint(lane)
                return

    def set_clock(self, minutes: int) -> None:
        """Set the PC's clock."""
        self.practice.clock.moment += timedelta(minutes=minutes)

    # --- the agent --------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let time pass with the agent at work; where it is killed, it is started again and goes on."""
        clock = self.practice.clock
        end = clock.seconds + seconds
        while True:
            try:
                self.practice.pass_(max(0.0, end - clock.seconds))
            except Killed:
                self._start_again()
                continue
            break
        assert not self._wrong, self._wrong[0]
        self.nothing_lost()
        self._turn += 1
        if seconds > SETTLE * 3 and self._cut is None:
            waiting = [name for lane in LANES for name in self.practice.waiting(lane)]
            assert not waiting, f"left in the folder: {waiting}"

    def sleep(self, seconds: float) -> None:
        """Let the PC sleep: both clocks go on, and nothing runs."""
        self.practice.clock.pass_(seconds)

    def down(self, seconds: float, minutes: int) -> None:
        """End the agent, let time pass, set the clock, and start it again, all within one boot."""
        self.practice.clock.pass_(seconds)
        self.set_clock(minutes)
        self._start_again()

    def cut(self, kind: str, step: int) -> None:
        """Let the agent be killed, or hindered, at the nth step of a kind from now on."""
        self._cut = Cut(kind, step)

    def _start_again(self) -> None:
        self.killed += 1
        self._cut = None
        for lane in LANES:
            for name, data in self.practice.standing(lane).items():
                packet = self.practice.ledger.packet(name.split("/")[1]) if name.startswith("sending/") else None
                if packet is not None and packet.state is PacketState.SENDING and self._is_file(name):
                    self.rule.lose_reply(self._version(data).account)
        self.practice.restart()
        self._wrap_ledger()
        # What stands in the folder, or comes back into it, is met anew, and in no order.
        self._turn += 1
        places = (name for lane in LANES for name in self.practice.standing(lane).items())
        for name, data in places:
            if not name.startswith(("sent/", "failed/")) and self._is_file(name):
                version = self._version(data)
                if self.practice.ledger.packet(name.split("/")[1] if "/" in name else "") is None:
                    version.turn = self._turn

    # --- what breaks ------------------------------------------------------------------------------------------------

    def _file_step(self, step: str, path: Path) -> FileSystemProblem | None:
        cut = self._cut
        if cut is None or cut.kind not in ("file", "busy") or (cut.kind == "busy" and step != "move"):
            return None
        cut.left -= 1
        if cut.left > 0:
            return None
        self._cut = None
        if cut.kind == "busy":
            return Busy(path)
        raise Killed

    def _commit(self, kind: str) -> None:
        if self._cut is not None and self._cut.kind == kind:
            self._cut.left -= 1
            if self._cut.left <= 0:
                raise Killed

    def _wrap_ledger(self) -> None:
        ledger = self.practice.ledger
        plain = ledger.transaction

        @contextmanager
        def transaction(*, synced: bool = True) -> Iterator[Transaction]:
            with plain(synced=synced) as tx:
                yield tx
                self._commit("before")
            self._commit("after")

        ledger.transaction = transaction  # type: ignore[method-assign]

    # --- the services -----------------------------------------------------------------------------------------------

    def _received(self, lane: LaneId) -> None:
        request = self.practice.service(lane).received[-1]
        happens = self._during.pop(0) if self._during else None
        data = next(iter(request.files.values()))
        if request.accepted:
            lost = isinstance(request.outcome, Unknown)
            try:
                self.rule.accept(lane, request.filename, data, self.practice.clock.seconds, reply_lost=lost)
                self._in_order(lane, request.filename, data)
            except AssertionError as wrong:  # in the middle of the agent's work, which would make a lost reply of it
                self._wrong.append(str(wrong))
        if happens is not None:
            happens()

    def _die(self) -> None:
        """End the agent in the middle of a request."""
        raise Killed

    def _in_order(self, lane: LaneId, filename: str, body: bytes) -> None:
        version = next(each for each in self.versions.values() if f'"{each.account}"'.encode() in body)
        if version.repeated:
            return
        key = (lane, unicodedata.normalize("NFC", filename).casefold())
        assert version.turn >= self._order.get(key, 0), f"{filename} of {version.account} came before its turn"
        self._order[key] = version.turn

    # --- what must hold ---------------------------------------------------------------------------------------------

    def nothing_lost(self) -> None:
        """Every version that nobody has overwritten or deleted stands somewhere, as often as it was dropped."""
        standing = Counter(
            data for lane in LANES for name, data in self.practice.standing(lane).items() if self._is_file(name)
        )
        wanted = Counter({version.data: version.copies for version in self.versions.values() if version.copies})
        missing = [self._version(data).account for data in (wanted - standing)]
        doubled = [self._version(data).account for data in (standing - wanted)]
        assert (missing, doubled) == ([], [])

    def comes_to_rest(self) -> None:
        """Once all is well again, every version is sent, or failed with its reason."""
        self._cut = None
        self._during.clear()
        for answers in self.weather.values():
            answers.clear()
        self.run(60)
        for _ in range(len(self.versions) + 40):
            if not self.practice.control.state.packets:
                break
            self.run(DAY)
        left = [f"{packet.name}: {packet.state}" for packet in self.practice.control.state.packets.values()]
        assert not left, f"has not come to rest: {left}"
        self.run(2 * 21600)
        for lane in LANES:
            standing = self.practice.standing(lane)
            unshelved = [name for name in standing if not name.startswith(("sent/", "failed/"))]
            assert not unshelved, f"stands nowhere: {unshelved}"
            self._all_told(lane, standing)
        self.nothing_lost()

    def _all_told(self, lane: LaneId, standing: dict[str, bytes]) -> None:
        accepted = [next(iter(request.files.values())) for request in self.practice.service(lane).accepted]
        receipts = {receipt["packet"]: receipt for receipt in self.practice.receipts(lane)}
        files = [name for name in standing if name.startswith("sent/") and self._is_file(name)]
        assert len(files) == len(receipts), f"{len(files)} files on sent, {len(receipts)} receipts"
        by_refusal = sum(receipt["confirmed_by"] == "refusal" for receipt in receipts.values())
        never = [
            name
            for name in files
            if not any(f'"{self._version(standing[name]).account}"'.encode() in body for body in accepted)
        ]
        assert len(never) <= by_refusal, f"called sent, but never accepted: {never}"
        told = {file["name"] for problem in self.practice.problems(lane) for file in problem["files"]}
        failed = [name for name in standing if name.startswith("failed/") and self._is_file(name)]
        assert len(failed) <= len(self.practice.problems(lane)), f"failed without a reason: {failed}, told: {told}"

    def _gone(self, data: bytes) -> None:
        self._version(data).copies -= 1

    def _version(self, data: bytes) -> Version:
        return self.versions[data.splitlines()[1].split(b",")[0].decode()]

    @staticmethod
    def _is_file(name: str) -> bool:
        """Tell whether this is a statement file, and nothing that OutTray has written."""
        return name.endswith((".csv", ".CSV")) and ".outtray" not in name


def lane_of(store: str) -> LaneId:
    """Return a store's statements lane."""
    return LaneId(store, LaneKind.STATEMENTS)


@contextmanager
def long_sleeps() -> Iterator[None]:
    """Let the control loop believe its own due times for a day, instead of looking up every minute."""
    before = control_module.LONGEST_SLEEP
    control_module.LONGEST_SLEEP = DAY
    try:
        yield
    finally:
        control_module.LONGEST_SLEEP = before
