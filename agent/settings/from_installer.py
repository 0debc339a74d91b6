"""The machine's settings as the Windows installer asks for them: its properties, and the settings file that they make.

The installer leaves the properties in the registry, where the next version finds them again. The file is then IT's:
one that was edited is never written over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from agent.settings.reading import SettingsProblem, parse, read
from agent.settings.schema import Settings
from agent.settings.values import quoted

SETTINGS = "SETTINGS"
DATA_FOLDER = "DATAFOLDER"
AUTOSTART = "AUTOSTART"
SERVICE = "SERVICE"
FRONT_DESK = "FRONTDESK"
_STORE_NAME = "STORENAME"
_USUAL_NAME = "practice"


@dataclass(frozen=True)
class Property:
    """One public property: its name on msiexec's line, what it means, and the key of the settings that it becomes."""

    name: str
    meaning: str
    at: tuple[str, ...] = ()
    default: str = ""


PROPERTIES = (
    Property(SETTINGS, "a settings file to copy; the properties of a store are then left aside"),
    Property(AUTOSTART, "1: whoever logs in has the tray icon; 0, and where SERVICE is 1: nobody", default="1"),
    Property(SERVICE, "1: runs from the PC's start, whether or not someone logs in", default="0"),
    Property(DATA_FOLDER, "a ledger in common; default: `data` below the machine's folder", ("agent", "data_dir")),
    Property(FRONT_DESK, "the group, by name or SID, that shares one ledger; nobody: each person has one of their own"),
    Property(_STORE_NAME, "the store's short name", ("store", "name")),
    Property("STOREID", "the store's id at the statements service", ("store", "store_id")),
    Property("ATTACHMENTSFOLDER", "where scans are dropped", ("store", "attachments", "folder")),
    Property("ENVIRONMENT", "sandbox or production", ("store", "attachments", "environment")),
    Property("ATTACHMENTSURL", "in place of ENVIRONMENT, with TOKENURL", ("store", "attachments", "base_url")),
    Property("TOKENURL", "see ATTACHMENTSURL", ("store", "attachments", "token_url")),
    Property("CLIENTID", "from the attachments service", ("store", "attachments", "client_id")),
    Property("SUBMITTERID", "for sidecars that leave it out", ("store", "attachments", "submitter_id")),
    Property("TAXID", "for sidecars that leave it out", ("store", "attachments", "billing_provider_tax_id")),
    Property("NPI", "for sidecars that leave it out", ("store", "attachments", "provider_npi")),
    Property("STATEMENTSFOLDER", "where the PMS lands statements", ("store", "statements", "folder")),
    Property("STATEMENTSURL", "the billing service's address", ("store", "statements", "base_url")),
    Property("LOCATIONID", "the location's id in the PMS", ("store", "statements", "external_location_id")),
)
"""Every property that is remembered from one version to the next."""

_HEAD = """\
# Written by OutTray's installer from its properties. Edit it as you like: from then on the installer leaves it alone.
# All keys, with their meaning: outtray config init EXAMPLE.toml
"""


class Kept(Enum):
    """What becomes of the machine's settings file, and why."""

    NOTHING_ASKED = "No settings were given: the settings file is left to IT."
    WRITTEN = "The settings file is written."
    SAME = "The settings file says so already."
    EDITED = (
        "The settings file was edited since it was installed and stays as it is. What was asked for stands beside it."
    )


def wanted_text(properties: Mapping[str, str], data_dir: Path | None, *, standing: bool = False) -> str | None:
    """Return the settings file that the properties ask for, None where they ask for none.

    `data_dir`: of a ledger in common; None: each account has one of its own. `standing`: a file was installed before.
    SETTINGS may then name one that was taken away since: it is remembered for years.

    Raises `SettingsProblem` where the file would not hold, and where the one that SETTINGS names cannot be read.
    """
    if named := properties.get(SETTINGS, ""):
        path = Path(named)
        if standing and not _is_there(path):
            return None
        text = read(path)
        parse(text, path)
        return text
    given = {name: value for name, value in properties.items() if value}
    made = _one_store(({DATA_FOLDER: str(data_dir)} if data_dir else {}) | given)
    if made is not None:
        parse(made, Path("the installer's properties"))
    return made


def decide(wanted: str | None, present: bytes | None, installed_digest: str) -> Kept:
    """Tell what becomes of the file: `present` is what stands there, `installed_digest` is of what was put there."""
    if wanted is None:
        return Kept.NOTHING_ASKED
    if present is None or digest(present) == installed_digest:
        return Kept.WRITTEN if present != wanted.encode() else Kept.SAME
    return Kept.SAME if present == wanted.encode() else Kept.EDITED


def digest(data: bytes) -> str:
    """Return how a written file is known again."""
    return hashlib.sha256(data).hexdigest()


def settings_of(text: str, path: Path) -> Settings | None:
    """Return the settings in a file that may be of any age; None where they do not hold."""
    try:
        return parse(text, path)
    except SettingsProblem:
        return None


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a share that is away
        return False


def _one_store(properties: Mapping[str, str]) -> str | None:
    tables: dict[tuple[str, ...], list[str]] = {}
    for one in PROPERTIES:
        if one.at and (value := properties.get(one.name, "")):
            tables.setdefault(one.at[:-1], []).append(f"{one.at[-1]} = {quoted(value)}")
    lanes = [table for table in tables if len(table) > 1]
    if not lanes:
        return None
    if ("store",) not in tables or _STORE_NAME not in properties:
        tables[("store",)] = [f"name = {quoted(_USUAL_NAME)}", *tables.get(("store",), [])]
    parts = [_HEAD]
    for table in (("agent",), ("store",), *lanes):
        head = f"[[{table[0]}]]" if table == ("store",) else f"[{'.'.join(table)}]"
        parts.append("\n".join([head, *tables.get(table, [])]) + "\n")
    return "\n".join(parts)
