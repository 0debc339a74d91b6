"""Carrying a packet's files to names that must be free, so that doing it again after a crash ends the same way.

Which number the packet gets among those of its NAME (`NAME`, `NAME (2)` ...) is decided once and noted on the disk,
before the first file moves, as an empty file whose own name says it. Without the note a repetition would take the files
that it has carried already for strangers, and give the rest another number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from itertools import count
from pathlib import Path

from agent.crashpoints import here
from agent.folder.filesystem import Busy, Denied, Entry, Exists, FileSystem, FileSystemProblem, Missing
from agent.folder.names import MANIFEST, OWN_PREFIX, name_key
from agent.model import Identity

_MOST_STRANGERS = 20
_TIMES_DIFFER = 2_000_000_000  # nanoseconds by which a copy's time may differ: FAT's granularity


@dataclass(frozen=True)
class Move:
    """One file's way; `identity` is what it had when it was taken."""

    origin: Path
    target: Path
    identity: Identity


@dataclass(frozen=True)
class Journey:
    """Where a packet goes, by number. The callables are asked again after a crash and must answer the same."""

    folder: Path  # that its files come to
    _: KW_ONLY
    origins_shared: bool = False  # strangers can stand at the origins, too
    moves: Callable[[int], Iterable[Move]]
    subfolder: Callable[[int], str]
    free: Callable[[], Callable[[int], bool]]  # looks once, and tells for any number whether its names are free
    arrive: Callable[[int], None] = lambda _number: None  # what is done before the files move; may raise `Exists`
    undo_arrival: Callable[[int], None] = lambda _number: None
    safe: Callable[[int], bool] | None = None  # whether its files can stand there, strangers or not


class Notes:
    """The numbers that a packet was given, as files in `folder`; the highest holds."""

    def __init__(self, fs: FileSystem, folder: Path, stem: str) -> None:
        self._fs = fs
        self._folder = folder
        self._stem = f"{OWN_PREFIX}{stem}-"

    def read(self) -> int | None:
        """Return the number that holds, None if none was given yet."""
        return max(self._numbers(), default=None)

    def write(self, number: int) -> None:
        """Give a number, for good."""
        try:
            self._fs.write(self._folder / f"{self._stem}{number}", b"")
        except Exists:
            return

    def clear(self) -> None:
        """Take the notes away, the lowest first, so that the one that holds is the last to go."""
        for number in sorted(self._numbers()):
            self._fs.remove(self._folder / f"{self._stem}{number}")

    def _numbers(self) -> list[int]:
        pattern = re.compile(re.escape(self._stem) + r"([1-9][0-9]{0,5})")
        found = (pattern.fullmatch(name) for name in names_in(self._fs, self._folder))
        return [int(match[1]) for match in found if match]


def carry(fs: FileSystem, notes: Notes, journey: Journey) -> int:
    """Carry a packet's files, and return the number that they got. Made again after a crash it ends the same way.

    A file that is not at its origin has been carried, or people have taken it away: nothing is left to do for it.
    Where a stranger takes one of the names after the number was given, all comes back and gets the next free number.
    Raises any `FileSystemProblem`; the repeated call goes on where this one ended.
    """
    fs.make_folder(journey.folder)
    number = notes.read() or _next_number(notes, journey, 1)
    for _ in range(_MOST_STRANGERS):
        try:
            if journey.safe is not None and not journey.safe(number):  # who has come since the number was given
                raise Exists(journey.folder)
            _go(fs, journey, number)
        except Exists:
            _come_back(fs, journey, number)
            number = _next_number(notes, journey, number + 1)
        except FileSystemProblem:
            if journey.safe is not None:  # a part of it that lies there could meet whoever comes
                with suppress(FileSystemProblem):
                    _come_back(fs, journey, number)
            raise
        else:
            return number
    raise Exists(journey.folder, "each free name was taken at the last moment")


def _next_number(notes: Notes, journey: Journey, first: int) -> int:
    is_free = journey.free()
    number = next(number for number in count(first) if is_free(number))
    notes.write(number)
    here("number-noted")
    return number


def _go(fs: FileSystem, journey: Journey, number: int) -> None:
    moves = [move for move in journey.moves(number) if _to_go(fs, journey, move)]
    if moves and journey.subfolder(number):
        fs.make_folder(journey.folder / journey.subfolder(number))
    journey.arrive(number)
    for move in moves:
        fs.move(move.origin, move.target)
        here("file-carried")


def _come_back(fs: FileSystem, journey: Journey, number: int) -> None:
    for move in journey.moves(number):
        if not _to_go(fs, journey, move) and is_ours(fs, move.target, move.identity):
            fs.move(move.target, move.origin)
    journey.undo_arrival(number)
    if journey.subfolder(number):
        drop_folder(fs, journey.folder / journey.subfolder(number))


def _to_go(fs: FileSystem, journey: Journey, move: Move) -> bool:
    return is_ours(fs, move.origin, move.identity) if journey.origins_shared else stands(fs, move.origin)


def listed(fs: FileSystem, folder: Path) -> list[Entry]:
    """Return what stands in a folder; nothing where there is no folder."""
    try:
        return fs.list(folder)
    except Missing:
        return []


def names_in(fs: FileSystem, folder: Path) -> Sequence[str]:
    """Return the names in a folder; none where there is no folder."""
    try:
        return fs.names(folder)
    except Missing:
        return ()


def stands(fs: FileSystem, path: Path) -> bool:
    """Tell whether a regular file stands at `path`."""
    try:
        fs.identify(path)
    except Missing:
        return False
    return True


def is_ours(fs: FileSystem, path: Path, identity: Identity) -> bool:
    """Tell whether the file at `path` is the one that was taken with `identity`, as far as a carried file can show."""
    try:
        return same_content(fs.identify(path), identity)
    except Missing:
        return False


def same_content(one: Identity, other: Identity) -> bool:
    """Tell whether two identities can be one file on two volumes: the id differs there, and the time can be cut."""
    return one.size == other.size and abs(one.mtime_ns - other.mtime_ns) <= _TIMES_DIFFER


def drop_folder(fs: FileSystem, folder: Path) -> None:
    """Remove a folder if it is empty, and if nobody looks into it just now: an empty folder does no harm."""
    try:
        fs.remove_folder(folder)
    except (Busy, Denied):
        return


def clear_place(fs: FileSystem, place: Path, subfolder: str, notes: Notes) -> None:
    """Remove a packet's own folder once its files have left: the manifest first, the notes after it.

    In that order, because a manifest without a note would be read as a packet that was never carried. What people have
    put there stays, and the folder with it.
    """
    here("place-not-cleared")
    fs.remove(place / MANIFEST)
    here("manifest-removed")
    notes.clear()
    here("notes-removed")
    for folder in (place / subfolder, place) if subfolder else (place,):
        for name in names_in(fs, folder):
            if name.startswith(OWN_PREFIX):  # a copy or a document that a crash cut off
                fs.remove(folder / name)
        drop_folder(fs, folder)


def keys_of(fs: FileSystem, folder: Path) -> frozenset[str]:
    """Return the keys of all names in a folder."""
    return frozenset(map(name_key, names_in(fs, folder)))


def occupied(fs: FileSystem, path: Path) -> bool:
    """Tell whether anything stands at `path`, of whatever kind and spelling."""
    return name_key(path.name) in keys_of(fs, path.parent)
