"""OutTray where nobody signs in: a task of Windows' scheduler that runs from the PC's start.

A task and not a service proper: Windows runs it in the same way, restarts it when it fails, and needs no program
besides OutTray itself.
"""

from __future__ import annotations

import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.desk.windows_tasks import NETWORK_SERVICE, SERVICE_TASK, service_task
from agent.settings.schema import Settings

BUILT_IN = {"NETWORK SERVICE": NETWORK_SERVICE, "LOCAL SERVICE": "S-1-5-19", "SYSTEM": "S-1-5-18"}
"""The accounts of Windows itself, in its installers' language: a name differs from one language to the next."""

_TASK_ELEMENTS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

Ask = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program of Windows; returns its exit code and what it printed."""


class ServiceRefused(Exception):
    """Windows, or the settings, do not allow it: a sentence, with what to do."""


@dataclass(frozen=True)
class Service:
    """The task as Windows knows it. `account` is a name or a SID."""

    program: str
    arguments: str
    account: str


def fault_of(settings: Settings, path: Path) -> str:
    """Return why these settings cannot be a service's, and what to do; an empty text where they can."""
    if settings.agent.data_dir is None:
        return (
            f"{path} does not say where the ledger is, so the service and whoever signs in would keep one each, and a "
            "statement could go twice. Write below [agent] a line such as data_dir = 'C:\\ProgramData\\OutTray\\data'."
        )
    return ""


def install(ask: Ask, program: Path, account: str = "NETWORK SERVICE", *, with_password: bool = False) -> None:
    """Make the task, over one that stands there, and start it. Raises `ServiceRefused`.

    `with_password`: Windows asks for the account's password at the console. Without it an account of a person reaches
    no share and no keyring; managed service accounts (`DOMAIN\\name$`) and those of Windows itself need none.
    """
    user = BUILT_IN.get(account.upper(), account)
    task = service_task(program, user, logon_of(user, with_password=with_password))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "service.xml"
        file.write_bytes(task)
        password = ["/RU", user, "/RP", "*"] if with_password else []
        code, said = ask(["schtasks", "/Create", "/TN", SERVICE_TASK, "/XML", str(file), *password, "/F"])
    if code:
        raise ServiceRefused(
            f"Windows did not take the task ({_one_line(said) or f'exit code {code}'}). Run the command as "
            "administrator, and check that the account exists and may log on as a batch job."
        )
    ask(["schtasks", "/Run", "/TN", SERVICE_TASK])


def remove(ask: Ask) -> bool:
    """End the task and take it away. Return whether there was one. Raises `ServiceRefused`."""
    if found(ask) is None:
        return False
    ask(["schtasks", "/End", "/TN", SERVICE_TASK])
    code, said = ask(["schtasks", "/Delete", "/TN", SERVICE_TASK, "/F"])
    if code:
        raise ServiceRefused(
            f"Windows did not take the task away ({_one_line(said) or f'exit code {code}'}). Run the command as "
            "administrator."
        )
    return True


def found(ask: Ask) -> Service | None:
    """Return the task that Windows knows, or None."""
    code, said = ask(["schtasks", "/Query", "/TN", SERVICE_TASK, "/XML"])
    return None if code else service_of(said)


def service_of(text: str) -> Service:
    """Return what the scheduler's XML says of the task; nothing but blanks where it says nothing."""
    if "<Task" not in text:
        return Service("", "", "")
    root = ET.fromstring(re.sub(r"^[^<]*|<\?xml[^>]*\?>", "", text))  # noqa: S314 - it is Windows' own
    words = {name: root.findtext(f".//{_TASK_ELEMENTS}{name}") or "" for name in ("Command", "Arguments", "UserId")}
    return Service(words["Command"], words["Arguments"], words["UserId"])


def logon_of(user: str, *, with_password: bool) -> str:
    """Return how the scheduler signs an account in, in the words of its XML; empty for accounts of Windows itself."""
    if user in BUILT_IN.values():
        return ""
    return "Password" if with_password or user.endswith("$") else "S4U"


def _one_line(said: str) -> str:
    return " ".join(said.split())
