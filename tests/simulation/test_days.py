"""Whole days of a practice, each from one seed: staff, scanner, PMS, IT, the share, the network, and a PC that dies.

Whatever happens: nothing is lost, doubled or overwritten; nothing goes under another's sidecar, or torn, or twice; all
comes to rest, and ledger, shelves, journal and snapshot agree (`tests/support/simulation/invariants.py`).

    python -m pytest tests/simulation --seed 1234
    python -m pytest tests/simulation -m simulation -n 2
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.support.simulation.history import as_text, history, run, shrunk


def _live_through(seeds: Iterable[int], theme: str) -> None:
    for seed in seeds:
        story = history(seed, theme)
        if run(story).broken:
            shorter = shrunk(story)
            again = f"python -m pytest tests/simulation --seed {seed}{f' --theme {theme}' if theme else ''}"
            pytest.fail(f"seed {seed}: {again}\n{as_text(shorter, run(shorter))}", pytrace=False)


def test_a_few_practices(a_few_seeds: range, theme: str) -> None:
    _live_through(a_few_seeds, theme)


@pytest.mark.simulation
def test_many_practices(seeds: range, theme: str) -> None:
    _live_through(seeds, theme)


def test_a_seed_always_makes_the_same_days() -> None:
    assert history(7) == history(7)
    assert run(history(7)) == run(history(7))
