"""Readers that do to the child what damaged files do."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from typing import Any, BinaryIO


def echo(stream: BinaryIO, question: Any) -> Any:
    return {"question": question, "data": stream.read().decode("latin-1"), "pid": os.getpid()}


def ends_of(stream: BinaryIO, question: Any) -> Any:
    stream.seek(-3, os.SEEK_END)
    tail = stream.read().decode()
    stream.seek(0)
    return [stream.read(3).decode(), tail]


def dies(stream: BinaryIO, question: Any) -> Any:
    os.abort()


def hangs(stream: BinaryIO, question: Any) -> Any:
    time.sleep(600)


def grows(stream: BinaryIO, question: Any) -> Any:
    return len(bytearray(question))


def talks(stream: BinaryIO, question: Any) -> Any:
    return "x" * question


def prints(stream: BinaryIO, question: Any) -> Any:
    print("noise")
    os.write(1, b"noise")
    return "said"


def raises(stream: BinaryIO, question: Any) -> Any:
    raise KeyError("a patient's name")


def counts(stream: BinaryIO, question: Any) -> Generator[Any, Any, None]:
    asked = yield "first"
    for number in range(3):
        asked = yield [number, asked]


def dies_later(stream: BinaryIO, question: Any) -> Generator[Any, Any, None]:
    yield "first"
    os.abort()


def environment(stream: BinaryIO, question: Any) -> Any:
    return sorted(os.environ)
