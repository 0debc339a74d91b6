"""A clock that is set by hand, folders in memory, packets, and a crash at every single step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from agent.clock import Reading
from agent.folder.filesystem import FileSystemProblem
from agent.folder.packets import DOCUMENT, SIDECAR, Packet, ShelfFile
from agent.folder.simulated import SimulatedFileSystem

LANE = Path("/practice/scans").absolute()
ARRIVED = datetime(2026, 7, 4, 9, 0, tzinfo=UTC)


class HandClock:
    """Both clocks, moved on by hand alone."""

    def __init__(self) -> None:
        self.moment = ARRIVED
        self.seconds = 1000.0  # true time, which nobody can set
        self.boots = 1
        self.names_boots = True  # Linux; elsewhere the clocks themselves have to tell boots apart
        self._booted = 0.0

    def now(self) -> datetime:
        return self.moment

    def steady(self) -> float:
        return self.seconds - self._booted

    def read(self) -> Reading:
        boot = f"boot {self.boots}" if self.names_boots else ""
        return Reading(self.moment, self.steady(), boot)

    @property
    def truly(self) -> datetime:
        """The moment by a clock that is always right, such as a service's."""
        return ARRIVED + timedelta(seconds=self.seconds - 1000)

    def boot(self) -> None:
        """Let the PC start again: steady time begins anew."""
        self.boots += 1
        self._booted = self.seconds

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


class PowerCut(Exception):
    """The power goes: nothing after this line happens."""


class Cut:
    """A hook that lets the `step`th step fail, counted from 1: the power goes, or a problem of this `kind`."""

    def __init__(self, step: int, kind: type[FileSystemProblem] | None = None) -> None:
        self.left = step
        self.kind = kind

    def __call__(self, _name: str, path: Path) -> FileSystemProblem | None:
        self.left -= 1
        if self.left != 0:
            return None
        if self.kind is None:
            raise PowerCut
        return self.kind(path)

    @property
    def fell(self) -> bool:
        return self.left <= 0


def every_step(
    prepare: Callable[[], SimulatedFileSystem],
    act: Callable[[SimulatedFileSystem], object],
    kind: type[FileSystemProblem] | None = None,
) -> Iterator[tuple[int, SimulatedFileSystem]]:
    """Yield a world in which `act` was cut off at its first step, at its second, and so on to its last."""
    for step in count(1):
        fs = prepare()
        cut = Cut(step, kind)
        fs.fail = cut
        with suppress(PowerCut, *([kind] if kind else [])):
            act(fs)
        fs.fail = lambda _name, _path: None
        if not cut.fell:
            assert step > 1, "nothing was cut off"
            return
        yield step, fs


def make_packet(
    fs: SimulatedFileSystem,
    *names: str,
    name: str = "scan",
    packet_id: str = "p1",
    folder: str = "",
    keep_names: bool = False,
    lane: Path = LANE,
) -> Packet:
    """Return the packet that the files of these names are, as they stand in the lane's folder."""
    files = tuple(
        ShelfFile(file, SIDECAR if file.endswith(".json") else DOCUMENT, fs.identify(lane / file)) for file in names
    )
    return Packet(packet_id, "main-street/attachments", "pc-1", name, ARRIVED, files, folder, keep_names)
