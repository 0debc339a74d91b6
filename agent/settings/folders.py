"""How stores and their folders may lie to each other: nothing may be looked at by two lanes, or as a scan and a shelf.

Two watched folders in one another, and one file would be sent twice, or to the wrong service.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic_core import PydanticCustomError

from agent.settings import values

Place = tuple[str | int, ...]
SHELVES = ("held", "sending", "sent", "failed")
LANES = ("attachments", "statements")


@dataclass(frozen=True)
class Clash:
    """One thing that cannot be, at a key of the file."""

    at: Place
    value: str
    sentence: str


@dataclass(frozen=True)
class Ground:
    """How one system compares folders. `resolve` follows links and drive letters as far as they can be followed."""

    flavour: type[PurePath]
    fold: Callable[[str], str]
    resolve: Callable[[str], str]

    def path(self, text: str) -> PurePath:
        """Return `text` so that two names of one folder compare as equal."""
        return self.flavour(self.fold(self.resolve(text)))


def _fold_mac(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


WINDOWS = Ground(PureWindowsPath, ntpath.normcase, ntpath.normpath)
POSIX = Ground(PurePosixPath, posixpath.normcase, posixpath.normpath)
MAC = Ground(PurePosixPath, _fold_mac, posixpath.normpath)


def here() -> Ground:
    """Return how this computer compares folders."""
    ground = {"win32": WINDOWS, "darwin": MAC}.get(sys.platform, POSIX)

    def resolve(text: str) -> str:
        try:
            return os.path.realpath(text)
        except OSError:  # a share that is away: what is written must do
            return ground.resolve(text)

    return Ground(ground.flavour, ground.fold, resolve)


@dataclass(frozen=True)
class _Lane:
    at: Place
    name: str
    folder: PurePath
    shelves: dict[str, PurePath]
    written: dict[str, str]

    def clash(self, key: str, sentence: str) -> Clash:
        return Clash((*self.at, key), self.written[key], sentence)


def clashes(data: dict[str, Any], ground: Ground | None = None) -> list[Clash]:
    """Return every clash between the tables of a settings file, read or raw; values of wrong types are left out."""
    ground = ground or here()
    lanes = list(_lanes(data, ground))
    return [
        *_names(data),
        *(clash for first, second in combinations(lanes, 2) for clash in _watched(first, second)),
        *(clash for lane in lanes for clash in _own_shelves(lane)),
        *(clash for lane in lanes for other in lanes if lane is not other for clash in _others_folder(lane, other)),
        *(clash for first, second in combinations(lanes, 2) for clash in _shared_shelves(first, second)),
        *_data(data, lanes, ground),
    ]


def _stores(data: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    stores = data.get("store")
    if isinstance(stores, list | tuple):
        yield from ((index, store) for index, store in enumerate(stores) if isinstance(store, dict))


def _names(data: dict[str, Any]) -> Iterator[Clash]:
    """Compare names as environment variables see them: main-street and Main_Street would share their secrets."""
    seen: dict[str, str] = {}
    for index, store in _stores(data):
        name = store.get("name")
        if not isinstance(name, str):
            continue
        first = seen.setdefault(values.environment_part(name), f'store[{index + 1}] "{name}"')
        if not first.startswith(f"store[{index + 1}]"):
            yield Clash(
                ("store", index, "name"),
                name,
                f"{first} has this name already (capitals, - and _ make no difference). Give each store its own name.",
            )


def _lanes(data: dict[str, Any], ground: Ground) -> Iterator[_Lane]:
    for index, store in _stores(data):
        for kind in LANES:
            table = store.get(kind)
            if not isinstance(table, dict) or not (text := _absolute(table.get("folder"), ground)):
                continue
            folder = ground.path(text)
            name = store["name"] if isinstance(store.get("name"), str) else f"store[{index + 1}]"
            check = partial(values.shelf, flavour=ground.flavour)
            written = {key: value for key in SHELVES if (value := _checked(check, table.get(key, key)))}
            shelves = {
                # A share that is away answers slowly: only what lies elsewhere is asked for again.
                key: ground.path(value) if ground.flavour(value).is_absolute() else folder / ground.fold(value)
                for key, value in written.items()
            }
            yield _Lane(("store", index, kind), f"{name}/{kind}", folder, shelves, {**written, "folder": text})


def _checked(check: Callable[[str], str], value: object) -> str:
    """Return a path's text as OutTray uses it; an empty one where it is told elsewhere what is wrong with it."""
    if not isinstance(value, str | PurePath):
        return ""
    try:
        return check(str(value))
    except PydanticCustomError:
        return ""


def _absolute(value: object, ground: Ground) -> str:
    text = _checked(values.expanded, value)
    return text if text and ground.flavour(text).is_absolute() else ""


def _watched(first: _Lane, second: _Lane) -> Iterator[Clash]:
    theirs = f"the folder that {first.name} watches, {first.written['folder']},"
    if first.folder == second.folder:
        yield second.clash("folder", f"{first.name} watches this folder already. Give each lane a folder of its own.")
    elif first.folder in second.folder.parents:
        yield second.clash("folder", f"it lies inside {theirs[:-1]}. Put the two folders side by side.")
    elif second.folder in first.folder.parents:
        yield second.clash("folder", f"{theirs} lies inside it. Put the two folders side by side.")


def _own_shelves(lane: _Lane) -> Iterator[Clash]:
    for first, second in combinations(lane.shelves, 2):
        if lane.shelves[first] == lane.shelves[second]:
            yield lane.clash(second, f"{first} is this folder already. Give each shelf its own.")
    for key, shelf in lane.shelves.items():
        if shelf == lane.folder:
            yield lane.clash(key, "this is the watched folder itself. Write a folder inside it, or elsewhere.")
        elif lane.folder in shelf.parents and shelf.parent != lane.folder:
            yield lane.clash(
                key,
                "a shelf stands directly in the watched folder, or it would be taken for a folder of scans. "
                "Write a plain name, or a folder elsewhere.",
            )


def _others_folder(lane: _Lane, other: _Lane) -> Iterator[Clash]:
    if lane.folder == other.folder:
        return  # told already, and every shelf would only say it again
    for key, shelf in lane.shelves.items():
        if lane.folder in shelf.parents:
            continue
        if shelf == other.folder or other.folder in shelf.parents:
            yield lane.clash(
                key,
                f"it lies in the folder that {other.name} watches, which would send everything in it again. "
                "Choose a folder elsewhere.",
            )
        elif shelf in other.folder.parents:
            yield lane.clash(
                key, f"the folder that {other.name} watches lies inside it. Choose a folder for the shelf alone."
            )


def _shared_shelves(first: _Lane, second: _Lane) -> Iterator[Clash]:
    """Compare the shelves of what is under way, which belong to one lane alone; what is done may stand together."""
    if first.folder == second.folder:
        return
    for key, other in product(("held", "sending"), repeat=2):
        if key in second.shelves and second.shelves[key] == first.shelves.get(other):
            yield second.clash(
                key, f"it is {other} of {first.name} already. Give each lane a folder of its own for it."
            )


def _data(data: dict[str, Any], lanes: list[_Lane], ground: Ground) -> Iterator[Clash]:
    agent = data.get("agent")
    text = _absolute(agent.get("data_dir"), ground) if isinstance(agent, dict) else ""
    if not text:
        return
    folder = ground.path(text)
    for lane in lanes:
        if folder == lane.folder or lane.folder in folder.parents:
            yield Clash(
                ("agent", "data_dir"),
                text,
                f"OutTray's own files would lie in the folder that {lane.name} watches. Choose a folder elsewhere.",
            )
