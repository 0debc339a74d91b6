"""The software bill of materials, CycloneDX: the lock by cyclonedx-bom, and the runtime's libraries."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

from installer.dependencies import LOCK
from installer.pe import file_version
from installer.tools import BuildFailed, run, source_date

RUNTIME = {
    "python311.dll": ("Python", "PSF-2.0", "pkg:generic/python@{}"),
    "libcrypto-3.dll": ("OpenSSL", "Apache-2.0", "pkg:generic/openssl@{}"),
    "sqlite3.dll": ("SQLite", "blessing", "pkg:generic/sqlite@{}"),
    "vcruntime140.dll": ("Microsoft Visual C++ runtime", "", "pkg:generic/vcruntime@{}"),
}
"""The libraries of the runtime that have versions, and weaknesses, of their own."""


def write_sbom(target: Path, folder: Path, packages: Path, version: str) -> None:
    """Write the bill of what is in `folder`, with its packages in `packages`. Raises `BuildFailed`."""
    tool = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--no-validate"]
    bill: dict[str, Any] = json.loads(
        run([*tool, "--of", "JSON", LOCK], environment={"SOURCE_DATE_EPOCH": str(source_date())}, may_grumble=True)
    )
    found = [PathDistribution(one).metadata for one in packages.glob("*.dist-info")]
    about = {_plain(one["Name"]): {key.lower(): one[key] for key in one} for one in found}
    for component in bill["components"]:
        if (known := about.get(_plain(component["name"]))) is None:
            raise BuildFailed(f"{component['name']} is in the lock and not in the package.")
        component["description"] = known.get("summary", "")
        component["bom-ref"] = component["purl"]
        if expression := known.get("license-expression"):
            component["licenses"] = [{"expression": expression}]
        elif name := known.get("license", "").strip():
            component["licenses"] = [{"license": {"name": name.splitlines()[0]}}]
    bill["components"] += _runtime(folder)
    bill["dependencies"] = [{"ref": component["bom-ref"]} for component in bill["components"]]
    bill["metadata"]["component"] = {
        "type": "application",
        "bom-ref": "outtray",
        "name": "OutTray",
        "version": version,
    }
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _runtime(folder: Path) -> list[dict[str, Any]]:
    files = {path.name.lower(): path for path in folder.iterdir()}
    components = []
    for name, (title, licence, link) in RUNTIME.items():
        found = file_version(files[name]).removesuffix(".0")
        component = {"type": "library", "name": title, "version": found, "purl": link.format(found)}
        component["bom-ref"] = component["purl"]
        components.append({**component, **({"licenses": [{"license": {"id": licence}}]} if licence else {})})
    return components


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
