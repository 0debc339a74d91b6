"""Paths below a folder that the settings name, reached without following a link.

The settings' folder itself may be reached through links, as IT has set it up. What is below it anyone who works there
can change: a link in a shelf's place would have an agent of more rights write and delete elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.folder.filesystem import InTheWay
from agent.folder.system import system


class Roots:
    """The folders that the settings name; of two, one in the other, the inner one counts."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._roots = sorted({str(folder): folder for folder in folders}.items(), key=lambda root: -len(root[0]))

    def below(self, path: Path) -> tuple[Path, tuple[str, ...]] | None:
        """Return the closest of the folders that `path` is in, with the parts below it; None where it is in none."""
        text = str(path)
        for start, root in self._roots:
            if text.startswith(start) and text[len(start) : len(start) + 1] in ("", os.sep):
                return root, path.relative_to(root).parts
        return None

    @contextmanager
    def folder(self, path: Path) -> Iterator[Path]:
        """Yield the folder `path` in a form that stays the same folder whatever is put in its place meanwhile.

        Raises `Missing` where there is none, `InTheWay` where a link is on the way.
        """
        found = self.below(path)
        if found is None or not found[1]:
            yield system.real_path(path)
            return
        root, parts = found
        try:
            with system.anchored(system.real_path(root), parts) as held:
                yield held
        except system.LinkOnTheWay as link:
            raise InTheWay(path, "a link stands where the folder should be") from link

    @contextmanager
    def entry(self, path: Path) -> Iterator[Path]:
        """Yield `path` with its folder in such a form. What stands at `path` itself may be anything."""
        found = self.below(path)
        if found is None or len(found[1]) < 2:
            yield system.real_path(path)
            return
        with self.folder(path.parent) as held:
            yield held / path.name

    def make(self, path: Path) -> None:
        """Make a folder with those above it. Raises `InTheWay` where something else stands at one of these."""
        found = self.below(path)
        root, parts = found or (path, ())
        system.real_path(root).mkdir(parents=True, exist_ok=True)
        for count in range(1, len(parts) + 1):
            inner = root.joinpath(*parts[:count])
            with self.entry(inner) as held:
                held.mkdir(exist_ok=True)
                if system.is_link(held.lstat()):
                    raise InTheWay(inner, "a link stands where the folder should be")
