"""The upload limit holds for all senders together."""

from __future__ import annotations

from threading import Event

import pytest

from agent.destinations.limiter import LARGEST_PIECE, SMALLEST_PIECE, UploadLimiter
from agent.destinations.network import Cancelled

MIB = 1024 * 1024


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def steady(self) -> float:
        return self.now

    def wait(self, cancel: Event, seconds: float) -> bool:
        self.now += seconds
        return cancel.is_set()


def test_ten_mebibytes_at_two_a_second_take_five_seconds():
    time = Time()
    limiter = UploadLimiter(2 * MIB, time.steady, time.wait)
    for _ in range(40):
        limiter.take(MIB // 4, Event())
    assert time.now == pytest.approx(5.0, abs=0.3)


def test_two_senders_share_one_rate():
    time = Time()
    limiter = UploadLimiter(MIB, time.steady, lambda cancel, seconds: False)  # both book before any time passes
    waits = []
    limiter._wait = lambda cancel, seconds: bool(waits.append(seconds))
    limiter.take(MIB, Event())
    limiter.take(MIB, Event())
    assert waits == pytest.approx([0.75, 1.75])


def test_a_quiet_hour_saves_up_no_more_than_a_quarter_of_a_second():
    time = Time()
    limiter = UploadLimiter(MIB, time.steady, time.wait)
    time.now = 3600.0
    limiter.take(MIB, Event())
    assert time.now == pytest.approx(3600.75)


def test_no_limit_never_waits():
    def never(cancel: Event, seconds: float) -> bool:
        raise AssertionError

    UploadLimiter(None, lambda: 0.0, never).take(10**12, Event())


def test_cancel_ends_a_wait():
    cancel = Event()
    cancel.set()
    with pytest.raises(Cancelled):
        UploadLimiter(1, lambda: 0.0).take(1000, cancel)


@pytest.mark.parametrize(
    ("rate", "piece"), [(None, LARGEST_PIECE), (100 * MIB, LARGEST_PIECE), (64 * 1024, 16 * 1024), (10, SMALLEST_PIECE)]
)
def test_pieces_are_small_where_the_rate_is(rate: float | None, piece: int):
    assert UploadLimiter(rate, lambda: 0.0).piece == piece
