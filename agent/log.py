"""The log: one JSON object a line, rotating, with packet and lane ids and without any name.

Only where the settings say `show_names`, one line a packet has the names of its files.

Exceptions carry file names in their messages, so a message of an exception never goes into the log: `where` gives its
type and the lines of code that it came through, which is what a maintainer needs.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from agent import own_files
from agent.shown import in_unicode

log = logging.getLogger("agent")

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def where(trouble: BaseException) -> str:
    """Return an exception's type and its way through the code, without its message."""
    frames = traceback.extract_tb(trouble.__traceback__)
    way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = f" from {type(trouble.__cause__).__name__}" if trouble.__cause__ else ""
    return f"{type(trouble).__name__}{cause} at {way}"


def write_to(folder: Path, *, level: int = logging.INFO) -> None:
    """Log to `outtray.log` in `folder`: five files of at most 2 MB.

    A folder that cannot be written leaves the agent without a log, never without work.
    """
    log.setLevel(level)
    log.propagate = False
    for library in ("watchdog", "httpx", "httpcore", "uvicorn"):  # they write names of files and addresses
        theirs = logging.getLogger(library)
        theirs.addHandler(logging.NullHandler())
        theirs.propagate = False
    try:
        own_files.make_folder(folder)
        handler = _Lasting(folder / "outtray.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8", delay=True)
    except OSError:
        log.addHandler(logging.NullHandler())
        return
    handler.setFormatter(_JsonLines())
    for old in list(log.handlers):
        log.removeHandler(old)
        old.close()
    log.addHandler(handler)


class _Lasting(RotatingFileHandler):
    """A file that is made anew where it, or its folder, was deleted, and that begins again after a full disk.

    A line that cannot be written is lost, and told nowhere else: a standard error that is kept would be a log as well.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if self.stream is not None and not Path(self.baseFilename).exists():
            self._let_go()
        super().emit(record)

    def _open(self) -> TextIOWrapper:
        own_files.make_folder(Path(self.baseFilename).parent)
        descriptor = own_files.descriptor_of(Path(self.baseFilename), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return TextIOWrapper(open(descriptor, "ab"), encoding=self.encoding, errors=self.errors)  # noqa: PTH123

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the base's name
        self._let_go()

    def _let_go(self) -> None:
        """Let go of the file; the next line opens it again."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "thread": record.threadName,
            **{key: value for key, value in vars(record).items() if key not in _OWN},
        }
        return json.dumps(in_unicode(line), ensure_ascii=True, default=lambda value: in_unicode(str(value)))
