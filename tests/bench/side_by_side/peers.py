"""Who is timed: OutTray, and what people would use in its place. Each is a command over a folder of packets.

None of the others keeps a ledger, settles, checks, or knows what it has sent before; the probe keeps one SQLite row and
a digest a packet. They are the floor, not rivals.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SETTINGS = """\
[agent]
data_dir = '{data}'
[agent.page]
enabled = false
[[store]]
name = "bench"
  [store.attachments]
  folder = '{folder}'
  client_id = "bench"
  base_url = "{url}"
  token_url = "{url}/token"
  settle_seconds = {settle}
"""


@dataclass(frozen=True)
class Peer:
    """`command(folder, url, settle)` watches, or works off, `folder`; `lacks` says what has to be installed for it."""

    name: str
    command: Callable[[Path, str, float], list[str]]
    lacks: str = ""
    watches: bool = True  # it goes on by itself when new packets come


def outtray(folder: Path, url: str, settle: float) -> list[str]:
    """The agent as people run it, without tray and page."""
    data = folder.parent / "data"
    settings = folder.parent / "outtray.toml"
    settings.write_text(SETTINGS.format(data=data, folder=folder, url=url, settle=settle))
    return [sys.executable, "-m", "agent", "run", "--headless", "--config", str(settings)]


def _script(name: str) -> Callable[[Path, str, float], list[str]]:
    return lambda folder, url, _settle: [sys.executable, str(HERE / "scripts" / name), str(folder), url]


def _curl(folder: Path, url: str, _settle: float) -> list[str]:
    lines = []
    for scan in sorted(folder.glob("*.pdf")):
        sidecar = scan.with_suffix(".json")
        lines += [
            f'url = "{url}/attachments/documents"',
            'header = "Authorization: Bearer bench"',
            'header = "Expect:"',
            f'form = "request=<{sidecar};type=application/json"',
            f'form = "files=@{scan};type=application/pdf"',
            'output = "/dev/null"',
            "next",
        ]
    config = folder.parent / "curl.txt"
    config.write_text("\n".join(lines[:-1]))
    return ["curl", "-s", "-K", str(config)]


def _needs(*modules: str) -> str:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return f"pip install {' '.join(missing)}" if missing else ""


PEERS = (
    Peer("curl", _curl, "" if shutil.which("curl") else "curl", watches=False),
    Peer("probe (ledger and hash)", _script("probe.py")),
    Peer("watchdog + requests", _script("watchdog_requests.py"), _needs("watchdog", "requests")),
    Peer("watchfiles + httpx", _script("watchfiles_httpx.py"), _needs("watchfiles", "httpx")),
    Peer("OutTray", outtray),
)
