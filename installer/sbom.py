"""The software bill of materials, CycloneDX: the lock by cyclonedx-bom, the runtime's libraries, and what wheels
were linked with."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

from installer.dependencies import LOCK
from installer.libraries import Library, runtime_libraries
from installer.tools import BuildFailed, run, source_date


def write_sbom(
    target: Path, folder: Path, packages: Path, linked: Mapping[str, Sequence[Library]], version: str
) -> None:
    """Write the bill of what is in `folder`, with its packages in `packages`. Raises `BuildFailed`.

    `linked`: what wheels were linked with, by their folder of information.
    """
    tool = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--no-validate"]
    bill: dict[str, Any] = json.loads(
        run([*tool, "--of", "JSON", LOCK], environment={"SOURCE_DATE_EPOCH": str(source_date())}, may_grumble=True)
    )
    about, inside = {}, {}
    for information in packages.glob("*.dist-info"):
        metadata = PathDistribution(information).metadata
        name = _plain(metadata["Name"])
        about[name] = {key.lower(): metadata[key] for key in metadata}
        inside[name] = linked.get(information.name, ())
    for component in bill["components"]:
        if (known := about.get(_plain(component["name"]))) is None:
            raise BuildFailed(f"{component['name']} is in the lock and not in the package.")
        component["description"] = known.get("summary", "")
        component["bom-ref"] = component["purl"]
        if expression := known.get("license-expression"):
            component["licenses"] = [{"expression": expression}]
        elif name := known.get("license", "").strip():
            component["licenses"] = [{"license": {"name": name.splitlines()[0]}}]
        if parts := [one.component() for one in inside[_plain(component["name"])]]:
            for part in parts:
                part["bom-ref"] = f"{component['purl']}#{part['bom-ref']}"
            component["components"] = parts
    bill["components"] += [one.component() for one in runtime_libraries(folder)]
    bill["dependencies"] = [{"ref": component["bom-ref"]} for component in bill["components"]]
    bill["metadata"]["component"] = {
        "type": "application",
        "bom-ref": "outtray",
        "name": "OutTray",
        "version": version,
    }
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
