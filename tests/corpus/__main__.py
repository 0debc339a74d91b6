"""Real files against independent judges: `python -m tests.corpus FOLDER...`, by hand.

Each file of a type that the attachments lane takes is checked as the lane would check it, with a sidecar of its own,
and then opened by the judges (`judges.py`). The table tells, a type: tried, refused, what of that is another kind of
file under the type's name, openable but refused, accepted but opened by nobody; `--list` names the last two, and
`README.md` has what came of it last.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.folder.real import RealFileSystem
from agent.intake.attachments import AttachmentsIntake, check_attachments
from tests.corpus.judges import PICTURES, open_among
from tests.support import files
from tests.support.bad_packets import TODAY
from tests.support.looks import put, scans_lane, settled_in

MOST_BYTES = 50_000_000
TYPES = (".pdf", ".dcm", ".docx", ".doc", ".rtf", *PICTURES)
ANOTHER_KIND = re.compile(
    r"but its name ends in|which the service does not take|has nothing in it|is empty|its picture is missing"
).search
"""What we say where a file is not of the type that its name says: that anything opens it says nothing of us."""

COLUMNS = {
    "tried": "Tried",
    "refused": "Refused",
    "other": "Of these, another kind of file, or nothing to see",
    "openable": "Openable, but refused",
    "closed": "Accepted, but not openable",
    "unjudged": "No judge there",
}


def refusal(path: Path, place: Path) -> str:
    """Return why the attachments lane would refuse a file, or an empty string."""
    name = f"file{path.suffix.lower()}"
    put(place, {name: path.read_bytes(), "file.json": files.sidecar()})
    fs = RealFileSystem()
    (candidate,) = AttachmentsIntake().gather(fs, place, settled_in(place))
    problem = check_attachments(fs, place, candidate, scans_lane(place, max_file_mb=100), TODAY).problem
    return "" if problem is None else problem.sentence


def found(folders: Iterable[Path], types: Iterable[str], most: int) -> dict[str, list[Path]]:
    """Return at most `most` files of each type, each content once, in an order that mixes where they come from."""
    kinds: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for path in _all_of(folders, frozenset(types)):
        kinds[path.suffix.lower()].setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    return {kind: [path for _, path in sorted(some.items())[:most]] for kind, some in sorted(kinds.items())}


def _all_of(folders: Iterable[Path], types: frozenset[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            ours = path.suffix.lower() in types and not path.is_symlink() and path.is_file()
            if ours and path.stat().st_size <= MOST_BYTES:
                yield path


def judged(paths: list[Path], *, named: bool) -> Counter[str]:
    """Return the row of one type."""
    row: Counter[str] = Counter()
    refused: dict[Path, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            place = Path(folder) / str(number)
            refused[path] = refusal(path, place)
            shutil.rmtree(place)
    verdicts = {
        **open_among([path for path in paths if refused[path]], strictly=True),
        **open_among([path for path in paths if not refused[path]], strictly=False),
    }
    for path, why in refused.items():
        opens = verdicts[path]
        row["tried"] += 1
        row["refused"] += bool(why)
        row["unjudged"] += opens is None
        if ANOTHER_KIND(why):
            row["other"] += 1
        elif opens is not None and opens is bool(why):
            row["openable" if why else "closed"] += 1
            if named:
                print(f"{'refused ' if why else 'accepted'} {path} {why}", flush=True)
    return row


def main() -> int:
    """Judge all files of the folders, and print the table."""
    asked = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    asked.add_argument("folders", nargs="+", type=Path)
    asked.add_argument("--types", nargs="+", default=TYPES, help="endings, such as .pdf")
    asked.add_argument("--most", type=int, default=10_000, help="files of each type")
    asked.add_argument("--list", action="store_true", help="name the files on which we and the judges differ")
    args = asked.parse_args()
    warnings.simplefilter("ignore")
    rows = {kind: judged(paths, named=args.list) for kind, paths in found(args.folders, args.types, args.most).items()}
    print(f"| Type | {' | '.join(COLUMNS.values())} |\n|---{'|---' * len(COLUMNS)}|")
    for kind, row in rows.items():
        print(f"| {kind} | " + " | ".join(f"{row[column]:,}" for column in COLUMNS) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
