"""What one check found. The command, the activity page and the diagnostics show the same findings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from agent.model import Problem


class Check(StrEnum):
    """What is looked at."""

    SETTINGS = "settings"
    DATA = "data-folder"
    PRIVATE = "private"
    LEDGER = "ledger"
    LOGS = "log-folder"
    FOLDER = "folder"
    RIGHTS = "rights"
    WATCHING = "watching"
    SHELVES = "shelves"
    DISK = "disk"
    KEYRING = "keyring"
    PROXY = "proxy"
    CLOCK = "clock"
    TLS = "tls"
    TOKEN = "token"  # noqa: S105 - a check's name
    HEALTH = "health"
    ENVIRONMENT = "environment"
    AGENT = "agent"
    AUTOSTART = "autostart"


TITLES = {
    Check.SETTINGS: "Settings",
    Check.DATA: "Data folder",
    Check.PRIVATE: "Kept from others",
    Check.LEDGER: "Ledger",
    Check.LOGS: "Log folder",
    Check.FOLDER: "Folder",
    Check.RIGHTS: "Rights",
    Check.WATCHING: "Watching",
    Check.SHELVES: "Shelves",
    Check.DISK: "Disk",
    Check.KEYRING: "Credential store",
    Check.PROXY: "Proxy",
    Check.CLOCK: "Clock",
    Check.TLS: "Secure connection",
    Check.TOKEN: "Token",
    Check.HEALTH: "Service",
    Check.ENVIRONMENT: "Sandbox",
    Check.AGENT: "Agent",
    Check.AUTOSTART: "Autostart",
}
"""The checks as people read them."""


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check found. `lane` is empty where it holds for the whole PC; `detail` is for IT.

    Names no file, no patient and no secret: it may be shown, copied and sent to support as it is.
    """

    check: Check
    state: State
    sentence: str
    what_to_do: str = ""
    lane: str = ""
    detail: str = ""

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "title": TITLES[self.check]}


def found(check: Check, problem: Problem, lane: object = "", state: State = State.FAIL) -> Finding:
    """Return a finding that says what a problem says; its details are for IT."""
    detail = "; ".join(f"{fault.where}: {fault.message or fault.value}" for fault in problem.details)
    return Finding(check, state, problem.sentence, problem.what_to_do, str(lane), detail)
