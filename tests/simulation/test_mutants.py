"""The mends that can be taken out: each stands where it is said to, what finds it is there, and finds it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mended import MUTANTS
from tests.simulation.mutants import table, taken_out
from tests.support.simulation.themes import THEMES

ROOT = Path(__file__).parents[2]
SAMPLE = [
    "names-as-they-are",
    "lane-statuses-refuse",
    "cut-reply-counts",
    "no-other-explains-it",
    "twins-have-one-name",
    "every-hour-is-one-of-trying",
    "checks-wait-for-questions",
]


@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_taken_out_is_there(name: str) -> None:
    with taken_out(MUTANTS[name]):
        pass


@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_written_to_find_it_is_there(name: str) -> None:
    mutant = MUTANTS[name]
    assert bool(mutant.test) != bool(mutant.theme)
    if mutant.theme:
        assert mutant.theme in THEMES
        assert mutant.seed is not None
    else:
        file, _, test = mutant.test.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8") if test else (ROOT / file).is_file()


def test_the_page_has_the_table_in_force() -> None:
    assert table() in (Path(__file__).parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sample_is_found_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.simulation.mutants", *SAMPLE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
