"""The least that a ledger costs: httpx with a body of its own, a digest on the way, one synced commit a packet."""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

folder, url = Path(sys.argv[1]), sys.argv[2]
sent = folder / "sent"
sent.mkdir(exist_ok=True)
ledger = sqlite3.connect(folder.parent / "probe.sqlite")
ledger.execute("PRAGMA journal_mode=WAL")
ledger.execute("PRAGMA synchronous=FULL")
ledger.execute("CREATE TABLE IF NOT EXISTS sent (name TEXT, sha256 TEXT, number TEXT)")
BOUNDARY = "probe-boundary"


def around(sidecar: Path, scan: Path) -> tuple[bytes, bytes]:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    metadata = json.dumps(json.loads(sidecar.read_text()))
    head = f'{part}request"\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n'
    head += f'{part}files"; filename="{scan.name}"\r\nContent-Type: application/pdf\r\n\r\n'
    return head.encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


def body(head: bytes, scan: Path, tail: bytes, digest: "hashlib._Hash") -> Iterator[bytes]:
    yield head
    with scan.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            yield piece
    yield tail


def send(client: httpx.Client, sidecar: Path, scan: Path) -> None:
    head, tail = around(sidecar, scan)
    digest = hashlib.sha256()
    headers = {
        "Authorization": "Bearer bench",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(head) + scan.stat().st_size + len(tail)),
    }
    reply = client.post(f"{url}/attachments/documents", headers=headers, content=body(head, scan, tail, digest))
    reply.raise_for_status()
    with ledger:
        row = (scan.name, digest.hexdigest(), reply.json()["attachmentControlNumber"])
        ledger.execute("INSERT INTO sent VALUES (?, ?, ?)", row)
    scan.rename(sent / scan.name)
    sidecar.rename(sent / sidecar.name)


with httpx.Client(timeout=60, trust_env=False) as client:
    while True:
        for sidecar in sorted(folder.glob("*.json")):
            if (scan := sidecar.with_suffix(".pdf")).exists():
                send(client, sidecar, scan)
        time.sleep(0.2)
