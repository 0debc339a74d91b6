"""Takes one mend out at a time, and holds what is written to find that against it.

    python -m tests.simulation.mutants [NAME ...]                      # what is written finds it, or exit code 1
    python -m tests.simulation.mutants --search 150 [NAME ...]         # the first seed of its theme that finds it
    python -m tests.simulation.mutants --table                         # the table of the README beside this file

Each mutant (`mended.py`) puts something in the place of a part of the agent at run time.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from unittest.mock import patch

import pytest

from tests.simulation.mended import MUTANTS, Mutant
from tests.support.simulation.history import history, run

NEXT_SEEDS = 20
_QUIETLY = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--assert=plain", "--timeout", "120", "-m", ""]


@contextmanager
def taken_out(mutant: Mutant) -> Iterator[None]:
    """Let the agent be without a mend."""
    with ExitStack() as stack:
        for place, name, other in mutant.instead:
            where = import_module(place) if isinstance(place, str) else place
            stack.enter_context(patch.object(where, name, other))
        yield


def broken_by(mutant: Mutant, seed: int) -> str:
    """Return the promise that a seed of the mutant's theme finds broken; empty where it finds none."""
    with taken_out(mutant):
        said = run(history(seed, mutant.theme)).broken
    return said.splitlines()[0] if said else ""


def fails(mutant: Mutant) -> bool:
    """Tell whether the mutant's test fails. Raises RuntimeError where it cannot be run."""
    with taken_out(mutant), redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
        ended = pytest.main([*_QUIETLY, mutant.test])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{mutant.test}: {said.getvalue()[-500:]}")
    return ended is not pytest.ExitCode.OK


def is_found(mutant: Mutant) -> bool:
    """Tell whether what is written to find a mutant does; of a theme whose acts have changed, the next seeds may."""
    if mutant.test:
        return fails(mutant)
    written = () if mutant.seed is None else (mutant.seed,)
    return any(broken_by(mutant, seed) for seed in (*written, *range(NEXT_SEEDS)))


def table() -> str:
    """Return the table of all mutants."""
    rows = ["| Kind | Mend taken out: forgotten is that | Mutant | Found by |", "|---|---|---|---|"]
    for name, mutant in MUTANTS.items():
        seed = f"`{mutant.theme}` {mutant.seed}" if mutant.seed is not None else "not found"
        found = f"`{mutant.test.removeprefix('tests/')}`" if mutant.test else seed
        rows.append(f"| {mutant.kind} | {mutant.forgets} | `{name}` | {found} |")
    return "\n".join(rows) + "\n"


def _search(name: str, mutant: Mutant, seeds: int) -> None:
    found = next(((seed, said) for seed in range(seeds) if (said := broken_by(mutant, seed))), None)
    seed, said = found or (f"none of {seeds}", "")
    print(f"{name}: {mutant.theme} {seed}  {said[:110]}", flush=True)


def main() -> int:
    """Hold the mutants that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", type=int, default=0, metavar="SEEDS", help="look for the first seed")
    parser.add_argument("--table", action="store_true", help="print the table")
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; all if none is named")
    asked = parser.parse_args()
    if asked.table:
        print(table(), end="")
        return 0
    logging.disable(logging.CRITICAL)
    missed = 0
    for name in asked.names or MUTANTS:
        mutant = MUTANTS[name]
        if asked.search:
            if mutant.theme:
                _search(name, mutant, asked.search)
            continue
        found = is_found(mutant)
        missed += not found
        print(f"{'found' if found else 'NOT FOUND'}: {name}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
