"""`outtray machine`: what the Windows installer calls, and IT can call again. It needs an administrator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from agent.commands.options import USAGE_OR_SETTINGS
from agent.console import tell

app = typer.Typer(help="This PC, as the installer sets it up.", no_args_is_help=True)

REGISTRY_KEY = r"Software\OutTray\Setup"
"""Where the installer leaves its properties, below HKEY_LOCAL_MACHINE."""

_LOG = "setup.log"


@app.command("set-up")
def set_up() -> None:
    """Make the machine's folders, rights, settings file and tasks, of what the installer was told."""
    from agent.desk import machine_setup
    from agent.settings.locations import machine_settings_file
    from agent.settings.reading import SettingsProblem

    _only_on_windows()
    file = machine_settings_file()
    try:
        program = Path(sys.executable).with_name("outtray.exe")
        done = machine_setup.set_up(_properties(), file, program, _run, _is_systems)
    except SettingsProblem as problem:
        sentences = problem.sentences
    except (machine_setup.SetupFailed, OSError) as problem:
        sentences = [str(problem)]
    else:
        _note(file, done.sentences)
        return
    _note(file, sentences)
    raise typer.Exit(USAGE_OR_SETTINGS)


@app.command("take-down")
def take_down() -> None:
    """Take away the tasks that `set-up` made. Settings, ledger and logs stay."""
    from agent.desk import machine_setup

    _only_on_windows()
    machine_setup.take_down(_run)


def _only_on_windows() -> None:
    if sys.platform != "win32":
        tell("This is what the Windows installer calls. Elsewhere, write a settings file with: outtray config init")
        raise typer.Exit(USAGE_OR_SETTINGS)


def _properties() -> dict[str, str]:
    """Return what the installer was told."""
    if sys.platform != "win32":
        return {}
    import winreg

    found = {}
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, REGISTRY_KEY) as key:
        for number in range(winreg.QueryInfoKey(key)[1]):
            name, value, _kind = winreg.EnumValue(key, number)
            found[name] = str(value)
    return found


def _run(command: Sequence[str]) -> int:
    quiet = subprocess.DEVNULL
    words = [str(_system_folder() / f"{command[0]}.exe"), *command[1:]]
    done = subprocess.run(words, stdin=quiet, stdout=quiet, stderr=quiet, check=False)  # noqa: S603 - Windows' own
    return done.returncode


def _is_systems(path: Path) -> bool:
    if sys.platform == "win32":
        from agent.windows_rights import is_of_the_system

        return is_of_the_system(path)
    return True


def _system_folder() -> Path:
    """Return where Windows' own programs stand: the search path is not asked, as this runs with every right."""
    return Path(os.environ["SYSTEMROOT"]) / "System32"


def _note(settings_file: Path, sentences: Sequence[str]) -> None:
    """Say it, and write it where IT looks when the installer has failed: it shows nothing of what we print."""
    for sentence in sentences:
        tell(sentence)
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    with settings_file.with_name(_LOG).open("a", encoding="utf-8") as log:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        log.writelines(f"{at} {sentence}\n" for sentence in sentences)
