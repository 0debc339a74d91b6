"""What an office's programmer writes in an afternoon: watchdog tells of sidecars, requests sends, shutil moves."""

import json
import queue
import shutil
import sys
from pathlib import Path

import requests
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

folder, url = Path(sys.argv[1]), sys.argv[2]
sent = folder / "sent"
sent.mkdir(exist_ok=True)
waiting: "queue.Queue[Path]" = queue.Queue()


class Handler(FileSystemEventHandler):
    def on_closed(self, event: FileSystemEvent) -> None:
        path = Path(str(event.src_path))
        if path.suffix == ".json" and path.parent == folder:
            waiting.put(path)


observer = Observer()
observer.schedule(Handler(), str(folder))
observer.start()
for sidecar in sorted(folder.glob("*.json")):
    waiting.put(sidecar)
session = requests.Session()
while True:
    sidecar = waiting.get()
    scan = sidecar.with_suffix(".pdf")
    if not (sidecar.exists() and scan.exists()):
        continue
    metadata = json.loads(sidecar.read_text())
    with scan.open("rb") as file:
        reply = session.post(
            f"{url}/attachments/documents",
            headers={"Authorization": "Bearer bench"},
            files={
                "request": (None, json.dumps(metadata), "application/json"),
                "files": (scan.name, file, "application/pdf"),
            },
            timeout=60,
        )
    reply.raise_for_status()
    (sent / f"{scan.stem}.receipt.json").write_text(reply.text)
    shutil.move(scan, sent / scan.name)
    shutil.move(sidecar, sent / sidecar.name)
