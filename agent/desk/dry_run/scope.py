"""Which lane's rules hold for a path, and from which folder its files are seen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.folder.filesystem import FileSystem, Missing
from agent.folder.names import is_looked_into, name_key, shelf_folders
from agent.model import LaneId, LaneKind
from agent.settings.schema import AttachmentsSettings, LaneSettings, Settings, StatementsSettings, StoreSettings

NOWHERE = "https://example.com"
"""The service of a lane that no settings tell of. Nothing is ever sent there."""


class NoSuchPath(Exception):
    """Nothing stands at a path that was named."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is nothing at {path}. Check the path.")
        self.path = path


class NoSuchLane(Exception):
    """The settings have no lane of the name that was chosen; the message is for people."""


@dataclass(frozen=True)
class Rules:
    """A lane's rules for files that are seen from `settings.folder`. `store` is None where no settings tell of it."""

    lane: LaneId
    settings: LaneSettings
    store: StoreSettings | None = None

    def __str__(self) -> str:
        """Name the lane; where no settings tell of one, its kind alone."""
        return str(self.lane) if self.store else str(self.lane.kind)

    def seen_from(self, folder: Path) -> Rules:
        """Return the same rules for files that stand in another folder."""
        return replace(self, settings=self.settings.model_copy(update={"folder": folder}))


@dataclass(frozen=True)
class Scope:
    """Files to judge: those in `folder`, or only the `wanted` ones (names; a packet subfolder ends in `/`).

    `rules` is None where the files' own kinds decide. `nested`: also what stands in packet subfolders.
    """

    folder: Path
    rules: Rules | None
    wanted: frozenset[str] = frozenset()
    nested: bool = True
    free: bool = False  # the folder is no lane's own: it may itself be a packet's folder

    def asks_for(self, members: Iterable[str]) -> bool:
        """Tell whether files of these names, which belong together, are to be judged."""
        if not self.wanted:
            return True
        return any(name in self.wanted or f"{name.partition('/')[0]}/" in self.wanted for name in members)


@dataclass
class Lanes:
    """The lanes of the settings, and stand-ins with neutral defaults where there are none."""

    settings: Settings | None
    chosen: str | None = None
    known: list[Rules] = field(init=False)

    def __post_init__(self) -> None:
        self.known = [
            Rules(lane, settings, store)
            for store in (self.settings.store if self.settings else ())
            for lane, settings in store.lanes.items()
        ]
        if self.chosen is not None and not self._chosen():
            names = ", ".join(str(rules.lane) for rules in self.known)
            known = f"The lanes are: {names}." if names else "No settings were found, so there are no lanes to choose."
            raise NoSuchLane(f'There is no lane "{self.chosen}". {known}')

    def _chosen(self) -> list[Rules]:
        return [rules for rules in self.known if self.chosen is None or str(rules.lane) == self.chosen]

    def around(self, folder: Path) -> Rules | None:
        """Return the lane in whose folder, or below it, `folder` is."""
        return next((rules for rules in self._chosen() if _below(folder, rules.settings.folder)), None)

    def of_kind(self, kind: LaneKind, folder: Path) -> Rules:
        """Return the first lane of a kind for files in `folder`; one that leaves everything open where there is none.

        A store's defaults (submitter, tax id, NPI) come with its lane; without one a sidecar has to hold them.
        """
        first = next((rules for rules in self._chosen() if rules.lane.kind is kind), None)
        if first is not None:
            return first.seen_from(folder)
        lane = LaneId("-", kind)
        if kind is LaneKind.ATTACHMENTS:
            return Rules(lane, AttachmentsSettings(folder=folder, environment="sandbox", client_id="-"))
        return Rules(lane, StatementsSettings(folder=folder, base_url=NOWHERE))

    def outside(self, folder: Path) -> Rules | None:
        """Return the lane that was chosen, for files in a folder of no lane; None where their kinds decide."""
        return self._chosen()[0].seen_from(folder) if self.chosen is not None else None


def scopes(fs: FileSystem, paths: Sequence[Path], lanes: Lanes) -> list[Scope]:
    """Return what to look at for `paths`, each folder once. Raises `NoSuchPath`, and what listing a folder raises."""
    found: dict[tuple[Path, bool], Scope] = {}
    for path in paths:
        scope = _scope(fs, Path(os.path.abspath(path)), lanes)  # noqa: PTH100 - `..` is taken away, links are left
        key = (scope.folder, scope.nested)
        before = found.get(key)
        if before is not None:
            both = before.wanted and scope.wanted
            scope = replace(scope, wanted=before.wanted | scope.wanted if both else frozenset())
        found[key] = scope
    return list(found.values())


def _scope(fs: FileSystem, path: Path, lanes: Lanes) -> Scope:
    folder = _is_folder(fs, path)
    if folder:
        rules = lanes.around(path)
        if rules and _same(path, rules.settings.folder):
            return Scope(rules.settings.folder, rules)
        if rules and _is_packet_folder(path, rules):
            return Scope(rules.settings.folder, rules, frozenset({f"{path.name}/"}))
        return Scope(path, rules.seen_from(path) if rules else lanes.outside(path), free=True)
    parent = path.parent
    rules = lanes.around(parent)
    if rules and _same(parent, rules.settings.folder):
        return Scope(rules.settings.folder, rules, frozenset({path.name}))
    if rules and _is_packet_folder(parent, rules):
        return Scope(rules.settings.folder, rules, frozenset({f"{parent.name}/{path.name}"}))
    return Scope(
        parent, rules.seen_from(parent) if rules else lanes.outside(parent), frozenset({path.name}), nested=False
    )


def _is_folder(fs: FileSystem, path: Path) -> bool:
    try:
        fs.list(path)
    except Missing:
        try:
            fs.identify(path)
        except Missing:
            raise NoSuchPath(path) from None
        return False
    return True


def _is_packet_folder(path: Path, rules: Rules) -> bool:
    """Tell whether `path` is a packet subfolder of the lane: straight below it, and no shelf."""
    attachments = rules.lane.kind is LaneKind.ATTACHMENTS
    straight = _same(path.parent, rules.settings.folder)
    return attachments and straight and is_looked_into(path.name, shelf_folders(rules.settings))


def _same(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()


def _below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path.resolve().is_relative_to(folder.resolve())


def ending_of(name: str) -> str:
    """Return a file name's ending, as it is compared."""
    return name_key(name).rpartition(".")[2]
