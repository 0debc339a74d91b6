"""`--seed N` lives through one seed once more; `--seeds N` through so many; `--theme NAME` of one theme."""

from __future__ import annotations

import pytest

FEW, MANY = 10, 300
A_CHUNK = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="the one seed to live through")
    parser.addoption("--seeds", type=int, default=None, help="how many seeds to live through, from 0")
    parser.addoption("--theme", default="", help="the one theme that every seed is of (tests/simulation/README.md)")


@pytest.fixture
def theme(request: pytest.FixtureRequest) -> str:
    """Return the theme that was asked for; empty: seeds draw them."""
    return str(request.config.getoption("theme", default=""))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hand out seeds in chunks, so that several processes share them."""
    # Where the whole suite runs, this file is met too late for its options to be known.
    one = metafunc.config.getoption("seed", default=None)
    usual = FEW if "a_few_seeds" in metafunc.fixturenames else MANY
    count = metafunc.config.getoption("seeds", default=None) or usual
    seeds = range(count) if one is None else range(one, one + 1)
    chunks = [seeds[start : start + A_CHUNK] for start in range(0, len(seeds), A_CHUNK)]
    for name in {"a_few_seeds", "seeds"} & set(metafunc.fixturenames):
        metafunc.parametrize(name, chunks, ids=[f"{chunk[0]}-{chunk[-1]}" for chunk in chunks])
