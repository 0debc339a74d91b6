"""A practice for tests of the desk: settings over a sandbox, its secrets, and what a folder looked like."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from agent.desk.autostart.places import Autostart
from agent.desk.doctor.world import World
from agent.sandbox.server import Sandbox
from agent.settings.reading import parse
from agent.settings.schema import Settings
from agent.settings.secrets import Secrets
from tests.support.settings import MemoryKeyring


def settings_text(folder: Path, sandbox: Sandbox | None = None, **changes: str) -> str:
    """The settings of one store with both lanes below `folder`; changes replace addresses or the data folder."""
    known = {
        "store_id": sandbox.credentials.store_id if sandbox else "01GDG5BZA29R3SZMZ63Y2GFENV",
        "client_id": sandbox.credentials.client_id if sandbox else "CLIENT",
        "attachments": sandbox.attachments_url if sandbox else "https://example.com/v1",
        "token": sandbox.token_url if sandbox else "https://example.com/token",
        "statements": sandbox.url if sandbox else "https://example.com",
        "agent": "",
        "in_attachments": "",
        "in_statements": "",
    } | changes
    return f"""
[agent]
data_dir = '{folder / "data"}'
{known["agent"]}
[[store]]
name = "main-street"
store_id = "{known["store_id"]}"
[store.attachments]
folder = '{folder / "scans"}'
base_url = "{known["attachments"]}"
token_url = "{known["token"]}"
client_id = "{known["client_id"]}"
{known["in_attachments"]}
[store.statements]
folder = '{folder / "statements"}'
base_url = "{known["statements"]}"
{known["in_statements"]}
"""


def practice(folder: Path, sandbox: Sandbox | None = None, **changes: str) -> Settings:
    """Make the lanes' folders and return their settings."""
    for name in ("scans", "statements"):
        (folder / name).mkdir(exist_ok=True)
    return parse(settings_text(folder, sandbox, **changes), folder / "outtray.toml")


def secrets_of(sandbox: Sandbox | None, **changes: str) -> dict[str, str]:
    """The environment that holds the sandbox's secrets; an empty change takes one away."""
    known = {
        "OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET": sandbox.credentials.client_secret if sandbox else "one",
        "OUTTRAY_SECRET_MAIN_STREET_API_KEY": sandbox.credentials.api_key if sandbox else "two",
    }
    return known | {f"OUTTRAY_SECRET_MAIN_STREET_{name.upper()}": value for name, value in changes.items()}


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    """Trust the sandbox's own authority and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sandbox.ca is not None:
        context.load_verify_locations(sandbox.ca)
    return context


def world_of(sandbox: Sandbox | None, **parts: Any) -> World:
    """A PC on which everything is in order, but for the parts that are given."""
    usual: dict[str, Any] = {
        "secrets": Secrets(secrets_of(sandbox), MemoryKeyring),
        "ssl_context": trusting(sandbox) if sandbox else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        "system_proxies": dict,
        "running": lambda _settings: True,
        "autostart": lambda: Autostart(True, "a test"),
    }
    return World(**(usual | parts))


def everything_in(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and folder below `folder` with its size, time and bytes."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_size,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
