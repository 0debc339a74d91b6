"""Removing sent files after `keep_sent_days`. Off unless IT has set it: the default keeps them for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from agent.folder.filesystem import FileSystem, Missing

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def remove_old(fs: FileSystem, sent: Path, keep_days: int, today: date) -> int:
    """Remove the days of `sent` that are older than `keep_days`; return how many files that were.

    Only folders that are named like a day count: whatever else people keep there stays. Raises FileSystemProblem.
    """
    oldest = (today - timedelta(days=keep_days)).isoformat()
    removed = 0
    try:
        entries = fs.list(sent)
    except Missing:
        return 0
    for entry in entries:
        if entry.kind == "folder" and _DAY.fullmatch(entry.name) and entry.name < oldest:
            for folder in _inside_out(fs, sent / entry.name):
                for file in fs.list(folder):
                    if file.kind == "file":
                        fs.remove(folder / file.name)
                        removed += 1
                fs.remove_folder(folder)
    return removed


def _inside_out(fs: FileSystem, folder: Path) -> Iterator[Path]:
    for entry in fs.list(folder):
        if entry.kind == "folder":
            yield from _inside_out(fs, folder / entry.name)
    yield folder
