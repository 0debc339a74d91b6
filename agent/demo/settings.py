"""The demo's settings: the real file, written into the demo's folder, so that every other command works on it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from agent.model import LaneKind
from agent.settings.locations import SETTINGS_FILE
from agent.settings.secrets import API_KEY, CLIENT_SECRET, Secrets, variable

if TYPE_CHECKING:
    from agent.sandbox.server import Sandbox

STORE = "main-street"
FOLDERS = {LaneKind.ATTACHMENTS: "Scans", LaneKind.STATEMENTS: "Statements"}

# A truncated scan is given up after so many minutes; a practice's scanner gets ten.
_INCOMPLETE_MINUTES = 0.05
_UPLOAD_LIMIT = "60 kB/s"  # slow enough to be seen


def write_settings(folder: Path, sandbox: Sandbox) -> Path:
    """Make the watched folders and write the settings file that leads to the sandbox; return the file."""
    for name in FOLDERS.values():
        (folder / name).mkdir()
    path = folder / SETTINGS_FILE
    path.write_text(_text(folder, sandbox), encoding="utf-8")
    return path


def made_up_secrets(sandbox: Sandbox) -> Secrets:
    """Return the sandbox's secrets as if they stood in the environment: the system's keyring is never asked."""
    store = sandbox.credentials
    given = {CLIENT_SECRET: store.client_secret, API_KEY: store.api_key}
    return Secrets({variable(STORE, name): secret for name, secret in given.items()})


def _text(folder: Path, sandbox: Sandbox) -> str:
    store = sandbox.credentials
    scans, statements = (folder / FOLDERS[kind] for kind in (LaneKind.ATTACHMENTS, LaneKind.STATEMENTS))
    pace = f"settle_seconds = 0.4\nincomplete_minutes = {_INCOMPLETE_MINUTES}"
    return f"""\
# Written by outtray demo. The services that it names live only as long as the demo.
[agent]
data_dir = {_quoted(folder / "data")}
upload_limit = {_quoted(_UPLOAD_LIMIT)}

[[store]]
name = {_quoted(STORE)}
store_id = {_quoted(store.store_id)}

[store.attachments]
folder = {_quoted(scans)}
base_url = {_quoted(sandbox.attachments_url)}
token_url = {_quoted(sandbox.token_url)}
client_id = {_quoted(store.client_id)}
submitter_id = {_quoted(store.submitter_id)}
billing_provider_tax_id = {_quoted(store.billing_provider_tax_id)}
provider_npi = {_quoted(store.provider_npi)}
{pace}

[store.statements]
folder = {_quoted(statements)}
base_url = {_quoted(sandbox.url)}
{pace}
"""


def _quoted(value: str | Path) -> str:
    """Return a text as TOML has it between double quotes; JSON's escapes are among TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
