"""The page on security names tests that are there, and every paragraph of 45 CFR 164.312."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "agent" / "docs" / "security.md").read_text(encoding="utf-8")
PARAGRAPHS = (
    *("(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)", "(d)"),
    *("(e)(1)", "(e)(2)(i)", "(e)(2)(ii)"),
)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_a_test_that_is_named_is_there(named: str) -> None:
    assert (ROOT / named).exists()


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_each_paragraph_has_its_row(paragraph: str) -> None:
    assert len([line for line in PAGE.splitlines() if line.startswith(f"| {paragraph} ")]) == 1
