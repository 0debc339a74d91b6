"""The child: asks for a file's bytes, has a library read them, and answers. It knows no path and no setting."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, BinaryIO

from agent.worker import frames
from agent.worker.limits import Limits, bind, peak_bytes, without_dumps

_BUFFER = 64 * 1024
_SPENT_FROM = 160 << 20  # bytes: a child that once grew so large gives them back by ending
_MOST_QUESTION = 1 << 20


class _Lost(BaseException):
    """This side of the file cannot be read: no reader's business, so no reader may catch it as an Exception."""


class _Foreign(io.RawIOBase):
    """The file on the other side."""

    def __init__(self, channel: tuple[BinaryIO, BinaryIO], size: int) -> None:
        self._in, self._out = channel
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), frames.MOST_READ, max(0, self._size - self._at))
        if not wanted:
            return 0
        frames.write(self._out, frames.READ, frames.place(self._at, wanted))
        kind, data, _ = frames.read(self._in, frames.MOST_READ)
        if kind != frames.DATA:
            raise _Lost
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def main() -> None:
    """Answer until the other side ends."""
    without_dumps()
    channel = _own_channel()
    frames.write(channel[1], frames.HELLO)
    with suppress(EOFError, BrokenPipeError):
        while _one_file(channel):
            pass


def _own_channel() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for ourselves: what a library prints must not get between the frames."""
    asked, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    return open(asked, "rb"), open(answers, "wb")  # noqa: PTH123


def _one_file(channel: tuple[BinaryIO, BinaryIO]) -> bool:
    """Have one file read; tell whether there can be another one."""
    kind, payload, _ = frames.read(channel[0], _MOST_QUESTION)
    if kind in (frames.NEXT, frames.CLOSE):  # of a file whose reader has ended already
        frames.write(channel[1], frames.END)
        return True
    job = json.loads(payload)
    bind(Limits(**job["limits"]))
    try:
        asked = _stream(channel, job)
        reader = _reader(job["reader"])
        found = reader(asked, job["question"])
        if isinstance(found, Generator):
            return _answers(channel, found)
        return _told(channel, found)
    except (EOFError, BrokenPipeError):
        raise
    except BaseException as trouble:  # noqa: BLE001 - whatever a reader raises, native panics too, is told by its name
        name = type(trouble).__name__
        own = isinstance(trouble, Exception) and not isinstance(trouble, MemoryError)
        frames.write(channel[1], frames.FAULT, name.encode(), spent=not own)
        return own


def _stream(channel: tuple[BinaryIO, BinaryIO], job: dict[str, Any]) -> BinaryIO:
    if job["whole"]:
        return io.BytesIO(frames.read(channel[0], job["size"])[1])
    return io.BufferedReader(_Foreign(channel, job["size"]), _BUFFER)


def _reader(name: str) -> Callable[[BinaryIO, Any], Any]:
    module, _, function = name.partition(":")
    found: Callable[[BinaryIO, Any], Any] = getattr(importlib.import_module(module), function)
    return found


def _told(channel: tuple[BinaryIO, BinaryIO], answer: Any) -> bool:
    spent = peak_bytes() > _SPENT_FROM
    frames.write(channel[1], frames.ANSWER, json.dumps(answer).encode(), spent=spent)
    return not spent


def _answers(channel: tuple[BinaryIO, BinaryIO], reader: Generator[Any, Any, None]) -> bool:
    """Have a reader that is asked more than once answer until it ends, or until nobody asks any more.

    It yields what JSON can say, or bytes that say it already.
    """
    question = None
    try:
        while True:
            found = reader.send(question)
            payload = found if isinstance(found, bytes) else json.dumps(found).encode()
            frames.write(channel[1], frames.ANSWER, payload)
            kind, payload, _ = frames.read(channel[0], _MOST_QUESTION)
            if kind == frames.CLOSE:
                break
            question = json.loads(payload)
    except StopIteration:
        pass
    reader.close()
    spent = peak_bytes() > _SPENT_FROM
    frames.write(channel[1], frames.END, spent=spent)
    return not spent
