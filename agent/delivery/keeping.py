"""Removing sent files after `keep_sent_days`. Off unless IT has set it: the default keeps them for ever.

Nothing is removed on the word of one clock: the PC's may be years ahead for a moment. What is old by it has to be old
by the service's own as well; where that is not known in this boot, the service is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from agent.folder.filesystem import FileSystem, Missing

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def remove_old(fs: FileSystem, sent: Path, keep_days: int, today: date) -> int:
    """Remove the days of `sent` that are older than `keep_days`; return how many files that were.

    `today` has to be proved by more than one clock. Only folders that are named like a day count: whatever else people
    keep there stays. Raises FileSystemProblem.
    """
    removed = 0
    for day in old_days(fs, sent, keep_days, today):
        for folder in _inside_out(fs, day):
            for file in fs.list(folder):
                if file.kind == "file":
                    fs.remove(folder / file.name)
                    removed += 1
            fs.remove_folder(folder)
    return removed


def old_days(fs: FileSystem, sent: Path, keep_days: int, today: date) -> list[Path]:
    """Return the days of `sent` that would be too old if it were `today`. Raises FileSystemProblem."""
    oldest = (today - timedelta(days=keep_days)).isoformat()
    try:
        entries = fs.list(sent)
    except Missing:
        return []
    named = (entry.name for entry in entries if entry.kind == "folder" and _DAY.fullmatch(entry.name))
    return [sent / name for name in named if name < oldest]


def _inside_out(fs: FileSystem, folder: Path) -> Iterator[Path]:
    for entry in fs.list(folder):
        if entry.kind == "folder":
            yield from _inside_out(fs, folder / entry.name)
    yield folder
