"""Counts what is tried, holds it against the table in the docs, and writes that table when it is asked to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.attacks import TABLE, WRITE, Kind, Tries, in_suite, in_table, table_of

_results: dict[Kind, Tries] = {}


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Iterator[Tries]:
    """Counts one test's tries. All have to hold, and their number has to be the table's."""
    mark = request.node.get_closest_marker("attack")
    counted = Tries()
    yield counted
    assert counted.through == []
    assert counted.tried, "nothing was tried"
    _results[mark.args] = counted
    if WRITE not in os.environ:
        assert in_table().get(mark.args) == (counted.tried, counted.held), f"write {TABLE.name} anew"


def pytest_sessionfinish() -> None:
    """Write the table, where that was asked for."""
    if WRITE in os.environ and _results:
        TABLE.write_text(table_of(_results, in_suite()), encoding="utf-8")
