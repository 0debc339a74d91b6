"""The manifests with which winget installs a release: the templates in `winget`, filled in for one MSI."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from installer.msi.tables import read_table
from installer.tools import source_date

_TEMPLATES = Path(__file__).parent / "winget"


def write_manifests(msi: Path, sha256: str, address: str, target: Path) -> list[Path]:
    """Write the manifests for an MSI that people download from `address` into the folder `target`."""
    properties = {row["Property"]: row["Value"] for row in read_table(msi, "Property").dicts()}
    words = {
        "version": properties["ProductVersion"],
        "product_code": properties["ProductCode"],
        "upgrade_code": properties["UpgradeCode"],
        "sha256": sha256.upper(),
        "address": address,
        "date": datetime.fromtimestamp(source_date(), UTC).date().isoformat(),
    }
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for template in sorted(_TEMPLATES.glob("*.yaml")):
        written.append(target / template.name)
        written[-1].write_text(template.read_text(encoding="utf-8").format(**words), encoding="utf-8")
    return written
