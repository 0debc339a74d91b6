"""Damages files by the thousand and has the checks judge each: `python -m tests.fuzz --count 100000 --seed 1`.

The file that is being looked at stands in `--keep` meanwhile; where the process ends over one, that is the one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from agent.worker import shared
from tests.fuzz.damage import damaged, verdict


def main() -> int:
    """Judge the files, and print how many of each kind go and how many do not."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--count", type=int, default=2_000)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--first", type=int, default=0, help="number of the first file")
    asked.add_argument("--keep", type=Path, default=None, help="where the file stands that is being looked at")
    args = asked.parse_args()
    told: Counter[tuple[str, str]] = Counter()
    slowest: tuple[float, str] = (0.0, "")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        for number in range(args.first, args.first + args.count):
            file = damaged(args.seed, number)
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / "now").write_bytes(file.data)
                (args.keep / "now.txt").write_text(f"{file.name} of seed {args.seed}\n", encoding="utf-8")
            folder = Path(place) / str(number)
            folder.mkdir()
            start, deaths = time.monotonic(), shared().deaths
            found = verdict(file, folder)
            if shared().deaths > deaths:
                said = found.problem.sentence if found.problem else "goes"
                print(
                    f"A child died over {file.name} of seed {args.seed} (--first {number} --count 1): {said}",
                    flush=True,
                )
            slowest = max(slowest, (time.monotonic() - start, file.name))
            told[file.kind, "goes" if found.problem is None else "refused"] += 1
            for left in folder.iterdir():
                left.unlink()
            folder.rmdir()
    kinds = sorted({kind for kind, _ in told})
    print("| Kind | Tried | Goes | Refused |\n|---|---|---|---|")
    for kind in kinds:
        goes, refused = told[kind, "goes"], told[kind, "refused"]
        print(f"| {kind} | {goes + refused:,} | {goes:,} | {refused:,} |")
    print(f"\n{args.count:,} files of seed {args.seed}, each with its verdict, in {time.monotonic() - began:,.0f} s; "
          f"children that died: {shared().deaths:,}; slowest: {slowest[1]}, {slowest[0]:.1f} s")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
