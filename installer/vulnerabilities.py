"""Whether anything in the package is known to be vulnerable: `python -m installer.vulnerabilities BILL`.

The bill of materials is held against the lists of `advisories.py`. What `judged.toml` says is not reached from OutTray
is left out, by name and with its reason. Exit code 0: nothing is known; 3: something is; 1: the lists did not come.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from installer.advisories import OF_RUNTIME, Advisory, of_debian, of_osv, of_the_list, plain
from installer.libraries import DATE
from installer.tools import BuildFailed

JUDGED = Path(__file__).parent / "judged.toml"
FOUND = 3


@dataclass(frozen=True)
class Part:
    """Something that is shipped: its name, version, and the day that it is of, where one is known."""

    name: str
    version: str
    day: date | None = None


@dataclass(frozen=True)
class Finding:
    """A vulnerability that is in a part. `certain`: by its version; else only by its day."""

    part: Part
    advisory: Advisory
    certain: bool

    def __str__(self) -> str:
        how = "" if self.certain else "perhaps, as it was mended elsewhere later: "
        words = f" ({self.advisory.words})" if self.advisory.words else ""
        return f"{self.part.name} {self.part.version}: {how}{self.advisory.identifier}{words}"


def parts_of(bill: dict[str, Any]) -> list[Part]:
    """Return what a bill of materials names, but for what wheels were linked with: of that their makers' lists tell."""
    parts = []
    for one in bill["components"]:
        days = [row["value"] for row in one.get("properties", ()) if row["name"] == DATE]
        parts.append(Part(one["name"], one["version"], date.fromisoformat(days[0]) if days else None))
    return parts


def findings(parts: Iterable[Part], advisories: Iterable[Advisory]) -> list[Finding]:
    """Return what is in the parts, each once, in the order of names."""
    known = {plain(part.name): part for part in parts}
    found: dict[tuple[str, str], Finding] = {}
    for advisory in advisories:
        if part := known.get(plain(advisory.component)):
            certain = advisory.affected is not None
            if certain:
                is_in = advisory.affected.contains(part.version, prereleases=True)  # type: ignore[union-attr]
            else:
                is_in = part.day is not None and advisory.day > part.day
            if is_in:
                found.setdefault((part.name, advisory.identifier), Finding(part, advisory, certain))
    return [found[key] for key in sorted(found)]


def judged(text: str | None = None) -> dict[str, str]:
    """Return what is not reached from OutTray, and why, by its identifier. Raises `BuildFailed` for one without why."""
    rows = tomllib.loads(JUDGED.read_text(encoding="utf-8") if text is None else text).get("not_reached", {})
    if empty := [name for name, why in rows.items() if not str(why).strip()]:
        raise BuildFailed(f"judged.toml gives no reason for {', '.join(empty)}.")
    return {name: str(why) for name, why in rows.items()}


def unjudged(found: Iterable[Finding], reasons: dict[str, str]) -> list[Finding]:
    """Return the findings that nobody has given a reason to live with."""
    return [one for one in found if one.advisory.identifier not in reasons]


def all_advisories(osv: Path | None = None) -> list[Advisory]:
    """Return all that is known. `osv`: OSV's own export, in the place of the packaged list. Raises `BuildFailed`."""
    with tempfile.TemporaryDirectory() as folder:
        return [*of_debian(), *(of_osv(osv) if osv else of_the_list(Path(folder)))]


def report(found: Sequence[Finding], advisories: Sequence[Advisory], today: date) -> Iterator[str]:
    """Yield what is said: how old the lists are, and what was found."""
    for what, of_runtime in (("the runtime's libraries", True), ("packages", False)):
        days = [one.day for one in advisories if (one.component in OF_RUNTIME) is of_runtime]
        if days:
            yield f"{len(days)} advisories on {what}, up to {max(days)}: {(today - max(days)).days} days ago."
    yield from (str(one) for one in found)


def check(bill: Path, osv: Path | None = None) -> list[Finding]:
    """Print what is known of a package's parts, and return what nobody has judged. Raises `BuildFailed`."""
    advisories = all_advisories(osv)
    found = findings(parts_of(json.loads(bill.read_text(encoding="utf-8"))), advisories)
    left = unjudged(found, judged())
    for line in report(left, advisories, datetime.now(UTC).date()):
        print(line)
    print(f"{len(left)} known; {len(found) - len(left)} more are judged in installer/judged.toml.")
    return left


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a bill of materials. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.vulnerabilities", description=__doc__)
    parser.add_argument("bill", type=Path, help="the build's outtray.cdx.json")
    parser.add_argument("--osv", type=Path, help="OSV's export for PyPI, all.zip; default: a packaged list")
    chosen = parser.parse_args(arguments)
    try:
        return FOUND if check(chosen.bill, chosen.osv) else 0
    except BuildFailed as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
