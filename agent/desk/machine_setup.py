"""What the Windows installer leaves to OutTray: the machine's folders and rights, its settings file, its tasks.

Everything here may be done again: at an upgrade, at a repair, by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from agent.desk import windows_tasks
from agent.own_files import is_link
from agent.settings import from_installer
from agent.settings.from_installer import Kept
from agent.settings.schema import Settings

Run = Callable[[Sequence[str]], int]
"""Runs a program of Windows and returns its exit code."""

ADMINISTRATORS, SYSTEM, NETWORK_SERVICE = "*S-1-5-32-544", "*S-1-5-18", "*S-1-5-20"
USERS = "S-1-5-32-545"
_MEMORY, _SECRETS, _LEDGER = "installed.json", "secrets", "ledger.sqlite"


class SetupFailed(Exception):
    """A step was refused by Windows; the text says which."""


@dataclass(frozen=True)
class Done:
    """What was set up, in sentences for the log."""

    sentences: tuple[str, ...]


def set_up(
    properties: Mapping[str, str],
    settings_file: Path,
    program: Path,
    run: Run,
    is_systems: Callable[[Path], bool] = lambda _path: True,
) -> Done:
    """Set up the machine. `settings_file` is the machine's, in the folder that everything of the machine stands in.

    `program` is `outtray.exe`. `is_systems` tells whether something belongs to the system or to administrators: what
    stands there and does not was put there to be taken for IT's, and is set aside before anything of it is read.

    Raises `SettingsProblem` where the properties make no settings that hold, `SetupFailed`, OSError.
    """
    machine = settings_file.parent
    strange = list(_set_aside(machine, (settings_file.name, _MEMORY, _SECRETS), is_systems))
    given = {one.name: properties.get(one.name, "") or one.default for one in from_installer.PROPERTIES}
    group = given[from_installer.FRONT_DESK]
    data = _common_data(given, machine)
    text = from_installer.wanted_text(given, data, standing=settings_file.exists())
    _protect(machine, group or USERS, run)
    kept = _write_settings(text, settings_file)
    settings = None
    if settings_file.exists():
        settings = from_installer.settings_of(settings_file.read_text("utf-8-sig", "replace"), settings_file)
    sentences = [*strange, kept.value]
    if settings is not None:
        if settings.agent.data_dir is not None:
            sentences += _open_data(settings.agent.data_dir, group, run)
        sentences += _make_watched(settings)
    sentences += _tasks(given, program, machine, run)
    return Done(tuple(sentences))


def take_down(run: Run) -> None:
    """Take the tasks away. What is in the machine's folder stays: ledger, logs, settings."""
    for task in (windows_tasks.SERVICE_TASK, windows_tasks.START_TASK):
        run(["schtasks", "/End", "/TN", task])
        run(["schtasks", "/Delete", "/TN", task, "/F"])


def _set_aside(machine: Path, names: Sequence[str], is_systems: Callable[[Path], bool]) -> Iterator[str]:
    """Rename the machine's folder, or what stands in it under these names, where it is not the system's own.

    In a folder that was closed by an earlier set-up nobody else can have put anything: whose copy IT has put there then
    is IT's business.
    """
    memory = machine / _MEMORY
    was_closed = os.path.lexists(memory) and is_systems(machine) and is_systems(memory)
    for path in (machine, *(() if was_closed else (machine / name for name in names))):
        if not os.path.lexists(path) or (is_systems(path) and not is_link(path)):
            continue
        aside = next(
            place
            for place in (path.with_name(f"{path.name}.set-aside-{number}") for number in count(1))
            if not os.path.lexists(place)
        )
        path.rename(aside)
        yield f"{path} belonged to another account, was not read, and stands as {aside.name} now. Have IT look at it."


def _protect(machine: Path, group: str, run: Run) -> None:
    """Let who runs the agent read the machine's settings, and nobody but administrators write to them.

    ProgramData hands down the right to make files to everyone, and a folder's maker owns it: both are taken back.
    """
    machine.mkdir(parents=True, exist_ok=True)
    _must(run, ["icacls", str(machine), "/setowner", ADMINISTRATORS, "/Q"])
    rights = [f"{SYSTEM}:(OI)(CI)F", f"{ADMINISTRATORS}:(OI)(CI)F", f"{_named(group)}:(OI)(CI)RX"]
    rights.append(f"{NETWORK_SERVICE}:(OI)(CI)RX")
    _must(run, ["icacls", str(machine), "/inheritance:r", "/grant:r", *rights, "/Q"])


def _common_data(given: Mapping[str, str], machine: Path) -> Path | None:
    """Return the folder of a ledger in common: the front desk's, or the service's. None: each person has one.

    A ledger that stands there already stays the one in use: another would not know which files were sent.
    """
    folder = Path(given[from_installer.DATA_FOLDER] or machine / "data")
    is_common = given[from_installer.FRONT_DESK] or given[from_installer.SERVICE] == "1"
    return folder if is_common or given[from_installer.DATA_FOLDER] or os.path.lexists(folder / _LEDGER) else None


def _open_data(data: Path, group: str, run: Run) -> Iterator[str]:
    """Let the front desk's group and the service work with the ledger, and nobody else but administrators."""
    data.mkdir(parents=True, exist_ok=True)
    if not group and os.path.lexists(data / _LEDGER):
        yield (
            f"The ledger in {data} keeps the rights that it has, because no group is named that shares it. "
            "Name one with FRONTDESK: then nobody else of this PC can read it."
        )
        return
    rights = [f"{SYSTEM}:(OI)(CI)F", f"{ADMINISTRATORS}:(OI)(CI)F", f"{NETWORK_SERVICE}:(OI)(CI)M"]
    rights += [f"{_named(group)}:(OI)(CI)M"] if group else []
    _must(run, ["icacls", str(data), "/inheritance:r", "/grant:r", *rights, "/Q"])


def _make_watched(settings: Settings) -> Iterator[str]:
    """Make the watched folders that are not there. A share may be closed to the PC itself: then it is left to IT."""
    for name, lane in settings.lanes.items():
        try:
            lane.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            yield f"The folder of {name}, {lane.folder}, could not be made ({problem.strerror}). Make it by hand."


def _write_settings(text: str | None, settings_file: Path) -> Kept:
    memory = settings_file.with_name(_MEMORY)
    known = json.loads(memory.read_text(encoding="utf-8"))["settings_sha256"] if memory.exists() else ""
    present = settings_file.read_bytes() if settings_file.exists() else None
    if not memory.exists():  # from now on the folder is known to have been closed
        memory.write_text(json.dumps({"settings_sha256": ""}), encoding="utf-8")
    kept = from_installer.decide(text, present, known)
    if text is not None and kept is Kept.EDITED:
        settings_file.with_name(settings_file.name + ".new").write_bytes(text.encode())
    if text is not None and kept is Kept.WRITTEN:
        unfinished = settings_file.with_name(f"{settings_file.name}.{os.getpid()}.tmp")
        unfinished.write_bytes(text.encode())
        unfinished.replace(settings_file)
        memory.write_text(json.dumps({"settings_sha256": from_installer.digest(text.encode())}), encoding="utf-8")
    return kept


def _tasks(given: Mapping[str, str], program: Path, machine: Path, run: Run) -> list[str]:
    """Make the tasks that are asked for, and start what runs here. A service that IT has made or changed stays so."""
    sentences: list[str] = []
    is_there = run(["schtasks", "/Query", "/TN", windows_tasks.SERVICE_TASK]) == 0
    if given[from_installer.SERVICE] == "1" and not is_there:
        task = windows_tasks.service_task(program)
        _must(run, _creation(windows_tasks.SERVICE_TASK, task, machine / "service-task.xml"))
    if given[from_installer.SERVICE] == "1" or is_there:
        run(["schtasks", "/Run", "/TN", windows_tasks.SERVICE_TASK])
        return ["It runs from the PC's start, whether or not someone is logged in."]
    if given[from_installer.AUTOSTART] != "0":
        # Without this task whoever is logged in has the tray again at the next logon: no reason to fail.
        task = windows_tasks.start_task(program, given[from_installer.FRONT_DESK] or USERS)
        made = run(_creation(windows_tasks.START_TASK, task, machine / "start-task.xml")) == 0
        if made and run(["schtasks", "/Run", "/TN", windows_tasks.START_TASK]) == 0:
            sentences.append("It was started for whoever is logged in.")
        else:
            sentences.append("It starts at the next logon.")
    return sentences


def _creation(name: str, task: bytes, file: Path) -> list[str]:
    file.write_bytes(task)
    return ["schtasks", "/Create", "/TN", name, "/XML", str(file), "/F"]


def _named(group: str) -> str:
    """Return a group as icacls takes it: a SID behind an asterisk, a name as it is."""
    return f"*{group}" if group.upper().startswith("S-1-") else group


def _must(run: Run, command: Sequence[str]) -> None:
    if code := run(command):
        raise SetupFailed(f"Windows refused {' '.join(command)} (exit code {code}).")
