"""`--hours N` lets the soak last so long; fractions are allowed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hours", type=float, default=1.0, help="how long to soak; 0.1 is six minutes")


@pytest.fixture
def hours(request: pytest.FixtureRequest) -> float:
    # Where the whole suite runs, this file is met too late for its option to be known.
    return float(request.config.getoption("hours", default=1.0))
