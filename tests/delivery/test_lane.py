"""A lane whose check cannot come to its end: what is told, and what becomes of a packet that was to be sent."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agent.delivery.lane import Lane
from agent.delivery.planner import Terms
from agent.folder.real import RealFileSystem
from agent.model import Problem, Retry
from agent.settings.schema import StatementsSettings
from tests.support.folders import HandClock
from tests.support.packets import NOW, STATEMENTS, packet, statement


class Hampered:
    """Intake whose every check ends with an error of the system's."""

    def __init__(self, number: int) -> None:
        self._number = number

    def check(self, *_told: object) -> Any:
        raise OSError(self._number, "told by the system")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk that holds OutTray's data folder is full."),
        (errno.EDQUOT, "The disk that holds OutTray's data folder is full."),
        (errno.EIO, "The disk that holds {place} reports a defect."),
    ],
)
def test_what_hampers_a_check_is_told_and_a_packet_waits_for_it(number: int, sentence: str, tmp_path: Path) -> None:
    settings = StatementsSettings(folder=tmp_path, base_url="https://api.example.com")
    lane = Lane(
        STATEMENTS,
        settings,
        Terms(account="store-1"),
        RealFileSystem(),
        HandClock(),
        Hampered(number),  # type: ignore[arg-type]
        destination=None,  # type: ignore[arg-type]
    )
    waiting = lane.check(statement("Statements.xml"), NOW)
    assert isinstance(waiting, Problem)
    assert waiting.sentence == sentence.format(place=tmp_path)
    ours = packet("p1", STATEMENTS, names=("july.csv",))
    place = lane.places.place(ours)
    place.mkdir(parents=True)
    (place / "july.csv").write_bytes(b"x")
    there = replace(ours.files[0], identity=lane.fs.identify(place / "july.csv"))
    ours = replace(ours, files=(there,))
    outcome = lane.send(ours, lambda _sent, _of: None, Event(), NOW).outcome
    assert isinstance(outcome, Retry)
    assert outcome.problem.sentence == sentence.format(place=lane.places.place(ours))
