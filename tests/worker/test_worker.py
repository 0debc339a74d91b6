"""A child reads what nobody trusts: its death, its hunger and its silence are one file's problem."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator

import pytest

from agent.worker import FileHarms, Limits, ReaderFailed, Workers

HERE = "tests.worker.foreign:"


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    pool = Workers()
    yield pool
    pool.close()


def test_a_file_is_read_elsewhere(workers: Workers) -> None:
    told = workers.run(HERE + "echo", io.BytesIO(b"bytes"), {"what": 1})
    assert (told["question"], told["data"]) == ({"what": 1}, "bytes")
    assert told["pid"] != os.getpid()


def test_the_child_stays_warm(workers: Workers) -> None:
    assert len({workers.run(HERE + "echo", io.BytesIO())["pid"] for _ in range(5)}) == 1


def test_it_stays_warm_however_large_the_program_that_started_it_once_was() -> None:
    large = bytearray(200 << 20)
    large[:: 1 << 12] = b"x" * len(large[:: 1 << 12])
    pool = Workers()
    try:
        assert len({pool.run(HERE + "echo", io.BytesIO())["pid"] for _ in range(3)}) == 1
    finally:
        pool.close()


def test_a_large_file_is_served_in_pieces(workers: Workers) -> None:
    assert workers.run(HERE + "ends_of", io.BytesIO(b"abc" + bytes(9 << 20) + b"xyz")) == ["abc", "xyz"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reader", "question", "limits"),
    [
        ("dies", None, Limits()),
        ("hangs", None, Limits(seconds=0.5)),
        ("grows", 1 << 30, Limits(memory=256 << 20)),
        ("talks", 2 << 20, Limits(answer=1 << 20)),
    ],
)
def test_what_harms_the_child_is_the_files_fault(reader: str, question: int, limits: Limits, workers: Workers) -> None:
    with pytest.raises(FileHarms):
        workers.run(HERE + reader, io.BytesIO(b"x"), question, limits)
    assert workers.run(HERE + "echo", io.BytesIO(b"next"))["data"] == "next"


def test_what_a_reader_raises_is_told_by_its_kind_alone(workers: Workers) -> None:
    with pytest.raises(ReaderFailed) as told:
        workers.run(HERE + "raises", io.BytesIO(b"x"))
    assert (told.value.kind, str(told.value)) == ("KeyError", "KeyError")


def test_what_a_library_prints_does_not_get_between(workers: Workers) -> None:
    assert workers.run(HERE + "prints", io.BytesIO(b"x")) == "said"


def test_a_reader_can_be_asked_on(workers: Workers) -> None:
    with workers.session(HERE + "counts", io.BytesIO(b"x")) as session:
        assert session.first == "first"
        assert [session.ask(word) for word in "abcd"] == [[0, "a"], [1, "b"], [2, "c"], None]
    with workers.session(HERE + "counts", io.BytesIO(b"x")) as session:
        assert session.ask("only") == [0, "only"]
    assert workers.run(HERE + "echo", io.BytesIO(b"next"))["data"] == "next"


def test_a_child_that_dies_between_two_answers(workers: Workers) -> None:
    with workers.session(HERE + "dies_later", io.BytesIO(b"x")) as session, pytest.raises(FileHarms):
        session.ask()
    assert workers.run(HERE + "echo", io.BytesIO(b"next"))["data"] == "next"


def test_a_file_that_cannot_be_read_is_told_as_it_is(workers: Workers) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "the disk")

    for size in (10, 2 << 20):
        with pytest.raises(OSError, match="the disk"):
            workers.run(HERE + "echo", Torn(bytes(size)))
    assert workers.run(HERE + "echo", io.BytesIO(b"next"))["data"] == "next"


def test_a_child_that_died_while_idle_costs_no_file(workers: Workers) -> None:
    first = workers.run(HERE + "echo", io.BytesIO(b"one"))["pid"]
    os.kill(first, 9)
    assert workers.run(HERE + "echo", io.BytesIO(b"two"))["data"] == "two"


def test_many_threads_share_a_few_children() -> None:
    pool = Workers(most=2)
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda: pids.append(pool.run(HERE + "echo", io.BytesIO(b"x"))["pid"]))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 12
    assert len(set(pids)) <= 2
    pool.close()


def test_idle_children_end() -> None:
    pool = Workers(idle_seconds=0.01)
    ended = threading.Event()
    pool.run(HERE + "echo", io.BytesIO(b"x"))
    (worker,) = pool._idle
    end = worker.end
    worker.end = lambda: (end(), ended.set())  # type: ignore[method-assign, assignment, func-returns-value]
    assert ended.wait(60)
    assert not worker.usable
    pool.close()


def test_the_child_gets_no_secret(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTTRAY_SECRET_MAIN_API_KEY", "s")
    pool = Workers()
    assert "OUTTRAY_SECRET_MAIN_API_KEY" not in pool.run(HERE + "environment", io.BytesIO())
    pool.close()
