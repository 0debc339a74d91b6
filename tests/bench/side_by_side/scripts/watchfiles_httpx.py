"""The same in the newer manner: watchfiles yields changes, httpx sends."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
from watchfiles import watch

folder, url = Path(sys.argv[1]), sys.argv[2]
sent = folder / "sent"
sent.mkdir(exist_ok=True)


def sidecars() -> Iterator[Path]:
    yield from sorted(folder.glob("*.json"))
    for changes in watch(folder, recursive=False, debounce=50, step=5):
        yield from (Path(path) for _, path in sorted(changes) if path.endswith(".json"))


with httpx.Client(timeout=60, trust_env=False) as client:
    for sidecar in sidecars():
        scan = sidecar.with_suffix(".pdf")
        if not (sidecar.exists() and scan.exists()):
            continue
        with scan.open("rb") as file:
            reply = client.post(
                f"{url}/attachments/documents",
                headers={"Authorization": "Bearer bench"},
                files={
                    "request": (None, json.dumps(json.loads(sidecar.read_text())), "application/json"),
                    "files": (scan.name, file, "application/pdf"),
                },
            )
        reply.raise_for_status()
        (sent / f"{scan.stem}.receipt.json").write_text(reply.text)
        scan.rename(sent / scan.name)
        sidecar.rename(sent / sidecar.name)
