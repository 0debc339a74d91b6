"""What the suite of attacks counts with, and the table that it is told in (`agent/docs/security-attacks.md`).

@pytest.mark.attack("Host", "a name of somebody else's that leads to this PC")
def test_a_foreign_name(tries: Tries) -> None:
    tries.holds(client.get("/", headers={"Host": "x"}).status_code == 421, "x")
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import agent

SUITE = Path(__file__).parents[1] / "attack"
TABLE = Path(agent.__file__).parent / "docs" / "security-attacks.md"
WRITE = "OUTTRAY_WRITE_ATTACKS"
"""Set in the environment, the table is written anew from what the suite has just tried."""

HEAD = """\
# What was tried against OutTray

Each line is a kind of attack of `tests/attack`, with how many ways of it are tried in every run of `.ci/run`, and how
many of them held. The table is written by the suite itself, on Linux, as root, with Chromium:
`OUTTRAY_WRITE_ATTACKS=1 python -m pytest tests/attack -m attack -n 0`. A test fails where suite and table differ.

"""


@dataclass
class Tries:
    """Counts the ways in which one kind was tried."""

    tried: int = 0
    held: int = 0
    through: list[str] = field(default_factory=list)

    def holds(self, condition: object, way: object) -> None:
        """Count a way; `condition`: whether it came to nothing."""
        self.tried += 1
        if condition:
            self.held += 1
        else:
            self.through.append(str(way)[:200])


Kind = tuple[str, str]
"""A topic, and what is tried."""


def in_suite() -> list[Kind]:
    """Every kind of the suite, in the order of its files, without running it."""
    return [kind for source in sorted(SUITE.glob("test_*.py")) for kind in _kinds(source)]


def _kinds(source: Path) -> Iterator[Kind]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack":
                topic, what = (ast.literal_eval(one) for one in mark.args)
                yield topic, what


def in_table() -> dict[Kind, tuple[int, int]]:
    """Every kind of the table, with how often it was tried and held."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines() if TABLE.exists() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[2].isdigit():
            found[cells[0], cells[1]] = int(cells[2]), int(cells[3])
    return found


def table_of(results: dict[Kind, Tries], order: Iterable[Kind]) -> str:
    """The document."""
    rows = ["| Of | Tried | Ways | Held |", "|---|---|---|---|"]
    kinds = [kind for kind in order if kind in results]
    rows += [f"| {kind[0]} | {kind[1]} | {results[kind].tried} | {results[kind].held} |" for kind in kinds]
    ways, held = sum(one.tried for one in results.values()), sum(one.held for one in results.values())
    total = f"{len(kinds)} kinds, tried in {ways} ways; {held} held."
    return HEAD + "\n".join(rows) + f"\n\n{total}\n"
