"""No module of the agent needs itself: imports run one way, those for types alone among them."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def test_there_is_no_circle_of_imports() -> None:
    graph = grimp.build_graph("agent", cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as circle:
        raise AssertionError(f"a circle of imports: {' needs '.join(reversed(circle.args[1]))}") from None
