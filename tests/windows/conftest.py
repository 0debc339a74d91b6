"""Everything here builds or runs Windows programs; where what they need is missing, it skips with a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import wine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(wine.ROOT / "tests" / "windows")]
    reason = wine.missing() if here else ""
    for item in here:
        item.add_marker(pytest.mark.windows)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Print what the tests have measured."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    measured = [pair for report in reports for pair in getattr(report, "user_properties", ()) if pair[0] == "measured"]
    for _name, sentence in dict.fromkeys(measured):
        terminalreporter.write_line(f"measured: {sentence}")
    yield
