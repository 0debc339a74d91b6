"""The board: what counts as a change, and who hears of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from agent.delivery.board import Board
from agent.delivery.snapshot import Snapshot

SNAPSHOT = Snapshot("2026-07-14T09:41:00Z", True, 7, (), (), 0)
LATER = replace(SNAPSHOT, at="2026-07-14T09:42:00Z")


@pytest.mark.parametrize(("second", "changes"), [(SNAPSHOT, 1), (LATER, 1), (replace(LATER, needs_attention=1), 2)])
def test_a_change_is_more_than_a_later_time(second: Snapshot, changes: int) -> None:
    board, heard = Board(), list[int]()
    board.listen(lambda: heard.append(board.version))
    board.put(SNAPSHOT)
    board.put(second)
    assert board.latest == second
    assert board.version == changes
    assert heard == list(range(1, changes + 1))


def test_who_listens_no_more_hears_nothing() -> None:
    board, heard = Board(), list[int]()
    end = board.listen(lambda: heard.append(board.version))
    end()
    board.put(SNAPSHOT)
    assert heard == []


def test_waiting_ends_with_the_next_change() -> None:
    board = Board()
    waiting = threading.Thread(target=lambda: board.wait(0, 120))
    waiting.start()
    board.put(SNAPSHOT)
    waiting.join(60)
    assert not waiting.is_alive()
    assert board.wait(1, 0) == 1


def test_the_end_is_a_change() -> None:
    board = Board()
    board.put(SNAPSHOT)
    board.end()
    assert board.latest == replace(SNAPSHOT, running=False)
    assert board.version == 2
