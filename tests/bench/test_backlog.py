"""What a packet costs the control loop when many are dropped at once, beside what it costs when few are.

`pytest -m bench -n 0 -s tests/bench/test_backlog.py` prints the figures. Services, folders and clocks are simulated, so
all of it is the agent's own work: looking, checking, the filename rule, the ledger, the shelves.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agent.model import LaneId
from tests.support import files
from tests.support.simulated_practice import SCANS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv

FEW, MANY = 100, 1000


def drop(practice: SimulatedPractice, lane: LaneId, number: int) -> None:
    """Put one packet's files down without a word: one hint is enough for all."""
    folder = practice.folder(lane)
    if lane == STATEMENTS:
        practice.fs.put(folder / f"statement {number}.csv", csv((str(number), "07/03/2026", "John Snow", "12.00")))
    else:
        practice.fs.put(folder / f"scan {number}.pdf", files.pdf() + f"% {number}\n%%EOF\n".encode())
        practice.fs.put(folder / f"scan {number}.json", files.sidecar(claimId=f"CLM-{number}"))


def milliseconds_a_packet(spool: Path, lane: LaneId, count: int) -> float:
    practice = SimulatedPractice(spool)
    practice.step()
    for number in range(count):
        drop(practice, lane, number)
    practice.hint(lane)
    begin = time.process_time()
    while len(practice.service(lane).accepted) < count or practice.control.state.packets:
        pause = practice.step()
        if pause > 0:
            practice.clock.pass_(pause)
    return (time.process_time() - begin) * 1000 / count


@pytest.mark.bench
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("lane", [STATEMENTS, SCANS], ids=["statements", "scans"])
def test_many_at_once(lane: LaneId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # the disk's time is not the agent's
    few, many = (milliseconds_a_packet(tmp_path / str(count), lane, count) for count in (FEW, MANY))
    print(
        f"\n{lane.kind}: {few:.1f} ms a packet of {FEW}, {many:.1f} ms a packet of {MANY} dropped at once, "
        f"ratio {many / few:.1f}"
    )
