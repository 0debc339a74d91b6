"""One fault stays one fault: whichever call of whichever seam fails, the engine goes on and nothing is lost by it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.support.faulty_practice import SEAMS, Fault, FaultyPractice

HOW_LONG = pytest.mark.parametrize("lasts", [False, True], ids=["once", "lasting"])


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How often a day without a fault calls each seam."""
    practice = FaultyPractice(tmp_path_factory.mktemp("plain"), Fault())
    practice.a_day()
    practice.check()
    states = sorted(str(packet.state) for packet in practice.ledger.history())
    assert states == ["failed", "sent", "sent", "sent", "sent"]
    return practice.calls


def goes_on(spool: Path, fault: Fault) -> None:
    """Live a day with the fault, and see that everything came to rest."""
    practice = FaultyPractice(spool, fault)
    try:
        practice.a_day()
        practice.check()
    except Exception as wrong:
        raise AssertionError(f"after {fault}: {wrong!r}") from wrong


def test_a_day_calls_every_seam(calls: Counter[str]) -> None:
    assert set(calls) == set(SEAMS)


@pytest.mark.slow
@HOW_LONG
@pytest.mark.parametrize("seam", SEAMS)
def test_whatever_fails_the_engine_goes_on(seam: str, lasts: bool, calls: Counter[str], tmp_path: Path) -> None:
    dice = random.Random(f"{seam} {lasts}")
    goes_on(tmp_path, Fault(seam, dice.choice(sorted(SEAMS[seam])), dice.randint(1, calls[seam]), lasts))


EVERY_KIND = pytest.mark.parametrize(
    ("seam", "kind"), [(seam, kind) for seam, kinds in SEAMS.items() for kind in kinds]
)


@pytest.mark.slow
@HOW_LONG
@EVERY_KIND
def test_whatever_kind_of_fault_the_engine_goes_on(
    seam: str, kind: str, lasts: bool, calls: Counter[str], tmp_path: Path
) -> None:
    dice = random.Random(f"{seam} {kind} {lasts}")
    goes_on(tmp_path, Fault(seam, kind, dice.randint(1, calls[seam]), lasts))


@pytest.mark.soak
@pytest.mark.timeout(0)
@HOW_LONG
@EVERY_KIND
def test_whatever_fails_at_any_call_the_engine_goes_on(
    seam: str, kind: str, lasts: bool, calls: Counter[str], tmp_path: Path
) -> None:
    for number in range(1, calls[seam] + 1):
        goes_on(tmp_path / str(number), Fault(seam, kind, number, lasts))
