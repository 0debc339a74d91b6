"""Where OutTray's own files live on this computer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from agent.settings.schema import AgentSettings, Settings

_APP = "OutTray"
SETTINGS_FILE = "outtray.toml"
CONFIG_VARIABLE = "OUTTRAY_CONFIG"


def user_settings_file() -> Path:
    """Return where this user's settings file stands, if there is one."""
    return platformdirs.user_config_path(_APP, appauthor=False) / SETTINGS_FILE


def machine_settings_file() -> Path:
    """Return where the settings file for everyone on this computer stands, if there is one."""
    return platformdirs.site_config_path(_APP, appauthor=False) / SETTINGS_FILE


def machine_secrets_folder() -> Path:
    """Return where secrets for everyone on this computer stand, if there are any."""
    return platformdirs.site_config_path(_APP, appauthor=False) / "secrets"


def configured_settings_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the settings file that `OUTTRAY_CONFIG` names, or None."""
    named = environment.get(CONFIG_VARIABLE, "")
    return with_home(Path(named)) if named else None


def with_home(path: Path) -> Path:
    """Return a path with `~` put in; as it stands where nobody has such a home."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises where there is no such home


def data_folder(agent: AgentSettings) -> Path:
    """Return the folder for all that OutTray keeps: ledger, spool and logs."""
    return agent.data_dir or platformdirs.user_data_path(_APP, appauthor=False)


def ledger_file(agent: AgentSettings) -> Path:
    """Return the ledger's file."""
    return data_folder(agent) / "ledger.sqlite"


def spool_folder(agent: AgentSettings) -> Path:
    """Return the folder for request bodies that are ready to go."""
    return data_folder(agent) / "spool"


def profiles_folder(agent: AgentSettings) -> Path:
    """Return the folder for the stores' own statement profiles: `<store>.toml`."""
    return data_folder(agent) / "profiles"


def named_folders(settings: Settings) -> list[Path]:
    """Return the folders that the settings name: those that may themselves be reached through links.

    A shelf inside the watched folder is none of them, however it is written: whoever drops files there could link it.
    """
    folders = [data_folder(settings.agent)]
    for lane in settings.lanes.values():
        shelves = (lane.shelf(name) for name in ("held", "sending", "sent", "failed"))
        folders += [lane.folder, *(shelf for shelf in shelves if not shelf.is_relative_to(lane.folder))]
    return folders


def log_folder(agent: AgentSettings) -> Path:
    """Return the folder for logs: under `data_dir` where that is given, else where the system keeps logs."""
    return data_folder(agent) / "logs" if agent.data_dir else platformdirs.user_log_path(_APP, appauthor=False)
