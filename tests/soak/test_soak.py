"""Hours of a busy practice with faults on, on the real program: memory, handles and threads stay flat.

    python -m pytest tests/soak -m soak -n 0 -s --hours 8

The agent is a process of its own, and only that is measured: the sandbox stands for services that are elsewhere. People
put the failed files in order from time to time, as they would; the rest of what is dropped must have come to `sent`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.folder.names import PROBLEM_JSON, RECEIPT
from tests.support.launcher import Launcher
from tests.support.mortal_practice import MortalPractice

FAULTS = (
    "503:1@%11, 429:1@%17, 500@%19, drop-after-body@%23, drop-mid-body@%29, drop-before-body@%31, revoke@%37, "
    "hang:2@%41, truncated@%43, garbage@%47, slow-reply:0.5@%13, token/500@%5, token/401@%7"
)
MOST_WAITING = 60  # files in the folders: more are dropped only when some have gone
WARM = 0.3  # the part of the run after which caches, pools and lazily imported modules are in place
LONG_ENOUGH = 0.5  # hours: before that, the database's page caches and what is kept of late packets still fill
SAMPLES = 200

# What may come on top from the first measurement after that to the last. A leak of 1 KB a packet is seen in hours.
MOST_MEGABYTES, MOST_HANDLES, MOST_THREADS = 12.0, 8, 3


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[MortalPractice]:
    with Launcher() as launcher, MortalPractice(tmp_path, launcher, plan=FAULTS, prepared=False) as made:
        yield made


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_nothing_grows(practice: MortalPractice, hours: float, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(1)
    practice.start()
    assert practice.process is not None
    process = psutil.Process(practice.process.pid)
    begin, end = time.monotonic(), time.monotonic() + hours * 3600
    samples: list[tuple[float, float, int, int]] = []
    good = 0
    while (now := time.monotonic()) < end:
        assert practice.process.poll() is None, practice.describe()
        if now >= begin + len(samples) * (end - begin) / SAMPLES:
            samples.append((now - begin, *_measured(process)))
            people_put_failed_files_in_order(practice)
        if _waiting(practice) < MOST_WAITING:
            good += something_is_dropped(practice, dice, number=good)
        time.sleep(dice.choice((0.02, 0.1, 0.5)))
    wait_until_all_has_gone(practice)
    samples.append((time.monotonic() - begin, *_measured(process)))
    warm = [sample for sample in samples if sample[0] >= hours * 3600 * WARM]
    sent = sum(1 for lane in practice.lanes for _ in practice.shelf(lane, "sent").glob(f"*/*{RECEIPT}"))
    with capsys.disabled():
        print(f"\n{hours:g} h, {sent} packets sent, {len(practice.sandbox.accepted)} acceptances")
        for name, column in (("MB", 1), ("handles", 2), ("threads", 3)):
            first, last = warm[0][column], warm[-1][column]
            course = " ".join(f"{warm[len(warm) * part // 6][column]:.0f}" for part in range(6))
            print(f"{name}: {first:.1f} -> {last:.1f}, slope {_slope(warm, column) * 3600:+.2f} an hour ({course})")
    others = [
        (row["id"], row["state"], row["possibly_sent"], row["problem"])
        for row in practice.packets().values()
        if row["state"] != "sent" and not row["name"].startswith("bad")
    ]
    # A lost reply and then one that cannot be read leave a person to ask the service: that, and no more than that.
    assert all((state, possibly_sent) == ("failed", 1) for _, state, possibly_sent, _ in others), others
    assert sent + len(others) == good, others
    (_, megabytes, handles, threads), (_, megabytes_now, handles_now, threads_now) = warm[0], warm[-1]
    if hours >= LONG_ENOUGH:
        assert megabytes_now - megabytes < MOST_MEGABYTES
    assert handles_now - handles <= MOST_HANDLES
    assert threads_now - threads <= MOST_THREADS


def something_is_dropped(practice: MortalPractice, dice: random.Random, number: int) -> int:
    """Drop one thing; return how many packets of it are to be sent."""
    name = f"packet {number:07d}"
    match dice.choice(("scan", "scan", "scan", "statement", "statement", "bad scan", "junk")):
        case "scan":
            practice.drop_scan(name)
        case "statement":
            practice.drop_statement(f"{name}.csv", account=f"{number}", rows=dice.choice((1, 40, 400)))
        case "bad scan":
            stem = f"bad {dice.getrandbits(64)}"
            practice.drop("attachments", f"{stem}.txt", stem.encode())
            practice.drop("attachments", f"{stem}.json", b"{}")
            return 0
        case _:
            (practice.lanes["attachments"] / f"{dice.getrandbits(64)}.tmp").write_bytes(b"not yet")
            return 0
    practice.dropped.clear()
    return 1


def people_put_failed_files_in_order(practice: MortalPractice) -> None:
    """Delete what has failed, its problem last, and what was never to be picked up."""
    for path in practice.shelf("attachments", "failed").glob("bad *"):
        if not path.name.endswith(PROBLEM_JSON):
            path.unlink(missing_ok=True)
    for path in practice.lanes["attachments"].glob("*.tmp"):
        path.unlink()


def wait_until_all_has_gone(practice: MortalPractice) -> None:
    """Wait until the folders and `sending` are empty, however long the faults let that take."""
    deadline = time.monotonic() + 600
    while _waiting(practice) or any(any(practice.shelf(lane, "sending").glob("*")) for lane in practice.lanes):
        people_put_failed_files_in_order(practice)
        assert time.monotonic() < deadline, practice.describe()
        time.sleep(0.5)


def _waiting(practice: MortalPractice) -> int:
    """Count what is still to go, in the folders and on `sending`: more than can be sent would only pile up."""
    folders = practice.lanes.values()
    dropped = sum(path.is_file() and not path.name.startswith(".") for folder in folders for path in folder.iterdir())
    taken = (practice.shelf(lane, "sending") for lane in practice.lanes)
    return dropped + sum(1 for shelf in taken if shelf.exists() for _ in shelf.iterdir())


def _measured(process: psutil.Process) -> tuple[float, int, int]:
    """Return megabytes, handles and threads."""
    handles = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return process.memory_info().rss / 1e6, handles, process.num_threads()


def _slope(samples: list[tuple[float, float, int, int]], column: int) -> float:
    """Return the least-squares slope, by second."""
    times = [sample[0] for sample in samples]
    values = [sample[column] for sample in samples]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    return sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True)) / spread
