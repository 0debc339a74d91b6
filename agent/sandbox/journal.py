"""The journal: every accepted request, in memory and, on demand, as JSON lines in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Condition
from typing import TextIO

from agent import own_files
from agent.sandbox.records import AcceptedAttachments, AcceptedStatements


class Journal:
    """What was accepted, in order. Written by the server's thread, read by any."""

    def __init__(self, file: Path | None = None) -> None:
        self._records: list[AcceptedAttachments | AcceptedStatements] = []
        self._changed = Condition()
        self._file: TextIO | None = None if file is None else _opened(file)

    def add(self, record: AcceptedAttachments | AcceptedStatements) -> None:
        """Write down one accepted request; its line is in the file before its reply goes out."""
        with self._changed:
            if self._file is not None:
                self._file.write(json.dumps(record.as_json()) + "\n")
                self._file.flush()
            self._records.append(record)
            self._changed.notify_all()

    @property
    def records(self) -> list[AcceptedAttachments | AcceptedStatements]:
        """Return what was accepted so far."""
        with self._changed:
            return list(self._records)

    def wait(self, count: int, seconds: float) -> bool:
        """Wait until `count` requests were accepted; tell whether they were within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._records) >= count, seconds)

    def close(self) -> None:
        """Close the file; the records stay."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> TextIO:
    """Open the file to write on; it holds names, so it is this account's alone. Raises OSError, also for a link."""
    return os.fdopen(own_files.descriptor_of(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "a", encoding="utf-8")
