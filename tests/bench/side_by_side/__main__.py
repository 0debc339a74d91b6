"""`python -m tests.bench.side_by_side [ROW ...] [--quick] [--runs N]`: the table, as Markdown.

Peers are timed in turn within each run, so that a machine whose speed changes does not favour one; a cell is the median
of the runs, a ratio that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial

from tests.bench.side_by_side import measures
from tests.bench.side_by_side.peers import PEERS, Peer

Measure = Callable[[Peer], dict[str, float]]
WATCHERS = tuple(peer for peer in PEERS if peer.watches)
OUTTRAY = tuple(peer for peer in PEERS if peer.name == "OutTray")
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def rows(quick: bool) -> dict[str, tuple[str, Measure, tuple[Peer, ...]]]:
    """The rows by name: what is measured, how, and of whom."""
    few = 10 if quick else 1
    return {
        "backlog": (
            f"{2000 // few:,} packets of 50 KiB waiting",
            partial(measures.backlog, count=2000 // few, size=50 * KIB),
            PEERS,
        ),
        "large": (
            f"{200 // few} packets of 5 MiB waiting",
            partial(measures.backlog, count=200 // few, size=5 * MIB),
            PEERS,
        ),
        "latency": (
            "one a second, settle 0.5 s: close to first byte, ms",
            partial(measures.latency, count=60 // few, every=1.0, settle=0.5),
            WATCHERS,
        ),
        "alone": (
            "alone, settle 2 s: close to first byte, ms",
            partial(measures.latency, count=10 if not quick else 3, every=3.5, settle=2.0),
            WATCHERS,
        ),
        "sent": (
            f"{50_000 // few:,} files in the day's `sent`",
            partial(measures.among_many_sent, standing=50_000 // few, count=100),
            OUTTRAY,
        ),
        "sent-none": ("none there", partial(measures.among_many_sent, standing=0, count=100), OUTTRAY),
        "waiting": (
            f"{10_000 // few:,} scans waiting, and 100 packets come",
            partial(measures.among_many_waiting, standing=10_000 // few, count=100),
            OUTTRAY,
        ),
        "idle": (
            f"{10_000 // few:,} scans waiting, nothing happens",
            partial(measures.waiting_idle, standing=10_000 // few, seconds=60.0 if not quick else 10.0),
            OUTTRAY,
        ),
        "gigabyte": (
            f"one file of {'1 GiB' if not quick else '100 MiB'}",
            partial(measures.one_large, size=GIB if not quick else 100 * MIB),
            OUTTRAY,
        ),
    }


def main() -> None:
    """Measure and print."""
    known = rows(quick=False)
    parser = argparse.ArgumentParser(prog="python -m tests.bench.side_by_side", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(known)}, start; all by default")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to see that it runs")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    print("| What | Who | Figures | Times the first |\n|---|---|---|---|")
    for name, (what, measure, peers) in rows(asked.quick).items():
        if not asked.rows or name in asked.rows:
            _row(what, measure, peers, asked.runs)
    if not asked.rows or "start" in asked.rows:
        figures = measures.start()
        print(f"| start, ms | OutTray | {_shown(figures)} | |")


def _row(what: str, measure: Measure, peers: tuple[Peer, ...], runs: int) -> None:
    able = [peer for peer in peers if not peer.lacks]
    for peer in peers:
        if peer.lacks:
            print(f"| {what} | {peer.name} | not here: {peer.lacks} | |")
    found: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in able}
    for _ in range(runs):
        for peer in able:
            found[peer.name].append(measure(peer))
    medians = {
        name: {figure: statistics.median(one[figure] for one in several) for figure in several[0]}
        for name, several in found.items()
    }
    first = next(iter(next(iter(medians.values())).values()))
    for name, figures in medians.items():
        ratio = f"{next(iter(figures.values())) / first:.1f}" if first > 0 else ""
        print(f"| {what} | {name} | {_shown(figures)} | {ratio} |", flush=True)


def _shown(figures: dict[str, float]) -> str:
    return ", ".join(f"{value:.3g} {name}" for name, value in figures.items())


if __name__ == "__main__":
    main()
