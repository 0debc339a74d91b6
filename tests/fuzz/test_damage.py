"""No damaged file ends the process that has it checked, and each has its verdict; `python -m tests.fuzz` does more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.damage import Damaged, damaged, good, verdict


@pytest.mark.parametrize("kind", good())
def test_what_is_to_be_damaged_is_good(kind: str, tmp_path: Path) -> None:
    assert verdict(Damaged(kind, f"file.{kind}", good()[kind]), tmp_path).problem is None


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 2_000, 100))
def test_every_damaged_file_has_its_verdict(first: int, tmp_path: Path) -> None:
    for number in range(first, first + 100):
        folder = tmp_path / str(number)
        folder.mkdir()
        verdict(damaged(0, number), folder)
