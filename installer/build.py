"""Builds the Windows package: `python -m installer.build`. installer/README.md says what it needs and what it makes."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from installer import signing, vulnerabilities
from installer.application import version
from installer.assembled import assembled_runtime
from installer.dependencies import lock
from installer.msi.package import build_msi
from installer.payload import ICON, SBOM, Payload, build_payload
from installer.tools import ROOT, BuildFailed
from installer.winget import write_manifests

TARGET = ROOT / "dist"
ADDRESS = "https://example.com/outtray/{name}"
"""Where a release is downloaded from; the releaser's own goes here."""


@dataclass(frozen=True)
class Built:
    """The finished package."""

    msi: Path
    sha256: str
    payload: Payload
    seconds: float


def build(
    target: Path,
    *,
    runtime: Path | None = None,
    number: str = "",
    work: Path | None = None,
    osv: Path | None = None,
) -> Built:
    """Build the MSI, its bill of materials and its winget manifests into the folder `target`.

    `runtime`: one of the pinned files, by default the assembled one. `number`: another version's. `work`: a folder for
    scratch files, where the payload stays. `osv`: the newest export of its advisories, for what is signed. Raises
    `BuildFailed`.
    """
    started = time.monotonic()
    number = number or version()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = work or Path(scratch)
        source = runtime or assembled_runtime(place / "downloads")
        payload = build_payload(source, place / "payload", place, number)
        if signing.is_asked_for():
            refuse_known_vulnerabilities(payload.folder / SBOM, osv)
            for file in sorted(payload.folder.iterdir()):
                if file.suffix in signing.ENDINGS:
                    signing.sign(file)
        msi = target / f"outtray-{number}-x64.msi"
        build_msi(payload.folder, number, ICON, msi, place)
        if signing.is_asked_for():
            signing.sign(msi)
        (target / SBOM).write_bytes((payload.folder / SBOM).read_bytes())
    digest = hashlib.sha256(msi.read_bytes()).hexdigest()
    write_manifests(msi, digest, ADDRESS.format(name=msi.name), target / "winget")
    return Built(msi, digest, payload, time.monotonic() - started)


def refuse_known_vulnerabilities(bill: Path, osv: Path | None) -> None:
    """See that nothing is signed, which is what a release is, while something in it is known to be vulnerable."""
    if left := vulnerabilities.check(bill, osv):
        raise BuildFailed(f"{len(left)} known vulnerabilities: it is not signed. installer/README.md says what to do.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, and say what was built. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.build", description="Builds the Windows package.")
    parser.add_argument("--target", type=Path, default=TARGET, help="where the MSI goes; default: dist")
    parser.add_argument(
        "--runtime", type=Path, help="the vendor's embeddable Python; default: one put together of what pip fetches"
    )
    parser.add_argument("--osv", type=Path, help="OSV's export for PyPI, all.zip, to check what is signed against")
    parser.add_argument("--lock", action="store_true", help="write requirements-windows.lock anew, and build nothing")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.lock:
            lock()
            return 0
        done = build(chosen.target, runtime=chosen.runtime, osv=chosen.osv)
    except BuildFailed as reason:
        print(reason, file=sys.stderr)
        return 1
    payload = done.payload
    print(f"{done.msi}: {_megabytes(done.msi.stat().st_size)}, built in {done.seconds:.0f} s")
    print(f"installed: {payload.files} files, {_megabytes(payload.size)}; pruned: {_megabytes(payload.pruned)}")
    print(f"runtime: {payload.runtime.name}; signed: {'yes' if signing.is_asked_for() else 'no'}")
    print(f"SHA-256: {done.sha256}")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
