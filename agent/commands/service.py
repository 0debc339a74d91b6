"""`outtray service`: the agent on a Windows PC where nobody signs in."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent.commands.options import USAGE_OR_SETTINGS, JsonOption, answer_json
from agent.console import say, tell

app = typer.Typer(help="Run from the PC's start, where nobody signs in (Windows).", no_args_is_help=True)

_PATIENCE = 60.0
ELSEWHERE = "This is for Windows PCs. Here a systemd unit does it: outtray autostart"


@app.command()
def install(
    account: Annotated[
        str,
        typer.Option(
            "--account",
            metavar="ACCOUNT",
            help="Who it runs as: NETWORK SERVICE, LOCAL SERVICE, SYSTEM, DOMAIN\\name, or a managed DOMAIN\\name$.",
        ),
    ] = "NETWORK SERVICE",
    with_password: Annotated[
        bool,
        typer.Option("--with-password", help="Windows asks for the account's password; shares need it."),
    ] = False,
) -> None:
    """Run the agent from the PC's start, with the machine's settings, and start it now. Needs an administrator."""
    from agent.desk import windows_service
    from agent.settings.locations import machine_settings_file
    from agent.settings.reading import SettingsProblem, load

    _only_on_windows()
    path = machine_settings_file()
    try:
        fault = windows_service.fault_of(load(path).settings, path)
    except SettingsProblem as problem:
        fault = "\n".join(problem.sentences)
    if fault:
        _end(fault)
    program = Path(sys.executable).with_name("outtray.exe")
    try:
        windows_service.install(
            _ask if not with_password else _ask_at_console, program, account, with_password=with_password
        )
    except windows_service.ServiceRefused as refused:
        _end(str(refused))
    say(f"OutTray runs from this PC's start, as {account}, whether or not someone is signed in.")


@app.command()
def remove() -> None:
    """End the service and take it away. Settings, ledger and shelves stay. Needs an administrator."""
    from agent.desk import windows_service

    _only_on_windows()
    try:
        was_there = windows_service.remove(_ask)
    except windows_service.ServiceRefused as refused:
        _end(str(refused))
    say("The service is taken away." if was_there else "There was no service.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Tell whether the service is there, who it runs as, and whether an agent runs with its settings."""
    from agent.delivery.alone import is_running
    from agent.desk import windows_service
    from agent.settings.locations import machine_settings_file
    from agent.settings.reading import SettingsProblem, load

    _only_on_windows()
    service = windows_service.found(_ask)
    try:
        runs = is_running(load(machine_settings_file()).settings)
    except SettingsProblem:
        runs = False
    if as_json:
        answer_json({"installed": service is not None, "account": service and service.account, "running": runs})
        return
    said = f"The service is there and runs as {service.account}." if service else "There is no service."
    say(f"{said} {'An agent is' if runs else 'No agent is'} running with the machine's settings.")


def _ask(command: Sequence[str]) -> tuple[int, str]:
    """Run a program of Windows; into a file, since a pipe stays open for as long as anything that it starts."""
    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(  # noqa: S603 - a program of Windows, by name
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, check=False, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            return 1, f"no answer for {_PATIENCE:g} seconds"
        said.seek(0)
        return done.returncode, _text(said.read())


def _ask_at_console(command: Sequence[str]) -> tuple[int, str]:
    """Run a program that asks the person at the console for a password: it never comes through our hands."""
    return subprocess.run(command, check=False).returncode, ""  # noqa: S603 - a program of Windows, by name


def _text(said: bytes) -> str:
    """Return what a program of Windows printed: in UTF-16, or in the console's code page."""
    if said.startswith((b"\xff\xfe", b"\xfe\xff")):
        return said.decode("utf-16", "replace")
    return said.decode("oem" if sys.platform == "win32" else "utf-8", "replace")


def _only_on_windows() -> None:
    if sys.platform != "win32":
        _end(ELSEWHERE)


def _end(sentence: str) -> NoReturn:
    tell(sentence)
    raise typer.Exit(USAGE_OR_SETTINGS)
