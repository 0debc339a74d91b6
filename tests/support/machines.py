"""What the generated tests of the 24-hour rule share: how they search, and how far clocks and times go.

`OUTTRAY_RULE_EXAMPLES=500` searches longer, and elsewhere each time.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.support.statement_world import STORES, WEATHER, long_sleeps

EXAMPLES = int(os.environ.get("OUTTRAY_RULE_EXAMPLES", "0"))
HOUR, DAY = 3600, 24 * 3600

stores = st.sampled_from(STORES)
weather = st.lists(st.sampled_from(sorted(WEATHER)), max_size=3)
seconds = st.one_of(
    st.sampled_from([10, 1, 600, HOUR, 6 * HOUR, 15 * HOUR, 23 * HOUR, DAY, 25 * HOUR, 3 * DAY]),
    st.integers(1, 30 * HOUR),
)


def minutes(*far: int) -> st.SearchStrategy[int]:
    """Return steps of a clock: around the hours that matter, anything within a week, and `far` ones."""
    near = [-4320, -1500, -1440, -1200, -300, -10, -1, 1, 10, 300, 1200, 1440, 1500, 4320]
    return st.one_of(st.sampled_from([*near, *far]), st.integers(-7 * 1440, 7 * 1440))


def searched(machine: type[RuleBasedStateMachine], steps: int) -> Any:
    """Return a machine as a test: the same few examples each time, or as many as are asked for, of so many `steps`."""

    class Searched(machine.TestCase):  # type: ignore[name-defined,misc]
        settings = settings(
            max_examples=EXAMPLES or 20,
            stateful_step_count=steps if EXAMPLES else 20,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )

        def runTest(self) -> None:
            with long_sleeps():
                super().runTest()

    # To make a failing example small takes minutes.
    return pytest.mark.timeout(3600 if EXAMPLES else 600)(Searched)
