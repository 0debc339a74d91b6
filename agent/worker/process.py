"""One child as this side sees it: started, asked, served with bytes, and killed where it exceeds its limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from agent.worker import frames
from agent.worker.limits import Leash, Limits

_AT_ONCE = 1 << 20  # bytes: a smaller file goes along with the question
_START_SECONDS = 60.0
_CLOSE_SECONDS = 10.0
_PACKAGED = ("outtray.exe", "outtray.com")
OPTION = "--read-foreign-bytes"
Decode = Callable[[bytes], Any]
_starting = threading.Lock()  # on Windows two starts at once could give each the other's ends of the pipes


class NoWorker(OSError):
    """No child can be started just now: nobody's file is to blame."""


class ReaderFailed(Exception):
    """The reader raised something. `kind` is the name of what it raised."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class FileHarms(Exception):
    """The child died, hung or grew beyond its limits over this file."""


class Worker:
    """A running child. One file at a time; not for two threads at once."""

    def __init__(self, memory: int) -> None:
        """Start it. Raises `NoWorker`."""
        with _starting:
            self._process = _start()
        pipes = self._process.stdin, self._process.stdout
        assert pipes[0] is not None  # noqa: S101 - both are asked for
        assert pipes[1] is not None  # noqa: S101
        self._in: BinaryIO = pipes[0]  # type: ignore[assignment]
        self._out: BinaryIO = pipes[1]  # type: ignore[assignment]
        self._leash = Leash(getattr(self._process, "_handle", 0), memory)
        self.usable = True
        self._open = self._asked = False
        try:
            with self._deadline(_START_SECONDS):
                kind, _, _ = frames.read(self._out, 16)
        except (EOFError, OSError, frames.Garbled) as trouble:
            self.end()
            raise NoWorker("The process that reads files has not started.") from trouble
        if kind != frames.HELLO:
            self.end()
            raise NoWorker("The process that reads files has not started.")

    @property
    def pid(self) -> int:
        """Its number at the system."""
        return self._process.pid

    def ask(self, reader: str, stream: BinaryIO, question: Any, limits: Limits, decode: Decode = json.loads) -> Any:
        """Have `reader` ("module:function") read a file, and return its (first) answer.

        Raises `ReaderFailed`, `FileHarms`, and what reading `stream` raises.
        """
        size = stream.seek(0, os.SEEK_END)
        whole = size <= _AT_ONCE
        job = {"reader": reader, "question": question, "size": size, "whole": whole, "limits": asdict(limits)}
        data = _read_at(stream, 0, size) if whole else b""
        job["size"] = len(data) if whole else size
        sent = [(frames.JOB, json.dumps(job).encode())] + ([(frames.DATA, data)] if whole else [])
        self._open = True
        with self._its_end(), self._deadline(limits.seconds):
            for kind, payload in sent:
                frames.write(self._in, kind, payload)
        return self.answer(stream, limits, decode)

    def ask_on(self, question: Any) -> None:
        """Ask the same reader once more, and do not wait for its `answer`. Raises `FileHarms`."""
        if not self.usable:
            raise FileHarms
        with self._its_end():
            frames.write(self._in, frames.NEXT, json.dumps(question).encode())
        self._asked = True

    def answer(self, stream: BinaryIO, limits: Limits, decode: Decode = json.loads) -> Any:
        """Return the answer to what was asked; None where the reader has no more. Raises as `ask` does."""
        with self._its_end(), self._deadline(limits.seconds):
            while True:
                kind, payload, spent = frames.read(self._out, limits.answer)
                if kind != frames.READ:
                    break
                self._serve(stream, payload)
        self._asked = False
        return self._understood(kind, payload, spent, decode)

    def close_file(self) -> None:
        """Ask nothing more about this file. A child whose answer nobody hears any more is let go of."""
        if self._asked and self.usable:
            self.end()
        if self._open and self.usable:
            try:
                with self._deadline(_CLOSE_SECONDS):
                    frames.write(self._in, frames.CLOSE)
                    kind, _, spent = frames.read(self._out, 16)
            except (OSError, EOFError, frames.Garbled):
                self.end()
            else:
                if kind != frames.END or spent:
                    self.end()
        self._open = self._asked = False

    @contextmanager
    def _its_end(self) -> Iterator[None]:
        """End it with whatever goes wrong between the two sides: `FileHarms` where the child is to blame."""
        try:
            yield
        except (EOFError, BrokenPipeError, frames.Garbled) as trouble:
            self.end()
            raise FileHarms from trouble
        except BaseException:
            self.end()
            raise

    def _understood(self, kind: bytes, payload: bytes, spent: bool, decode: Decode) -> Any:
        self._open = kind == frames.ANSWER and not spent
        if spent:
            self.end()
        if kind == frames.ANSWER:
            try:
                return decode(payload)
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as trouble:
                self.end()
                raise FileHarms from trouble
        if kind == frames.END:
            return None
        name = payload[:100].decode("ascii", "replace")
        if kind != frames.FAULT or name in ("MemoryError", "PanicException"):
            self.end()
            raise FileHarms
        raise ReaderFailed(name)

    def _serve(self, stream: BinaryIO, payload: bytes) -> None:
        try:
            data = _read_at(stream, *frames.wish(payload))
        except (OSError, ValueError):
            with suppress(OSError):
                frames.write(self._in, frames.FAILED_READ)
            raise
        frames.write(self._in, frames.DATA, data)

    def _deadline(self, seconds: float) -> _Deadline:
        return _Deadline(self._process, seconds)

    def end(self) -> None:
        """End it at once, and wait until it has ended."""
        self.usable = False
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with suppress(OSError):
                pipe.close()
        self._leash.close()


class _Deadline:
    """Kills a process that has not answered in time: reading from its pipe then ends."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _start() -> subprocess.Popen[bytes]:
    """Start this program once more, as a child that reads. It gets no secret of ours and no folder to stand in."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("OUTTRAY_SECRET")}
    root = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH", ""))))
    packaged = Path(sys.executable).name.lower() in _PACKAGED
    program = [sys.executable, OPTION] if packaged else [sys.executable, "-P", "-m", "agent", OPTION]
    try:
        return subprocess.Popen(  # noqa: S603 - this very program
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor or "/",
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as trouble:
        raise NoWorker("The process that reads files could not be started.") from trouble
