"""`outtray autostart`: whether OutTray starts by itself at logon."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, chosen_config
from agent.console import say, tell

app = typer.Typer(help="Start by itself at logon.", no_args_is_help=True)

SystemdOption = Annotated[
    bool, typer.Option("--systemd", help="As a unit of the user's systemd, without a tray, instead of the desktop's.")
]
_UNEXPECTED = 1


@app.command()
def on(ctx: typer.Context, systemd: SystemdOption = False, config: ConfigOption = None) -> None:
    """Start OutTray at every logon of this user, with the settings that are found now or named by --config."""
    from agent.desk.autostart.places import place
    from agent.desk.autostart.program import command

    settings = chosen_config(config, ctx)
    if settings is not None and not settings.is_file():
        tell(f"There is no settings file {settings}.")
        raise typer.Exit(USAGE_OR_SETTINGS)
    here = place(systemd=systemd)
    try:
        here.turn_on(command(settings, headless=systemd))
        found = here.look()
    except OSError as trouble:
        _cannot(trouble)
    say(f"OutTray starts at every logon, by {found.how}: {found.where}")
    if systemd:
        say("Start it now with: systemctl --user daemon-reload && systemctl --user start outtray")
        say("So that it runs also while nobody is logged in: loginctl enable-linger")


@app.command()
def off(systemd: SystemdOption = False) -> None:
    """Do not start OutTray at logon any more. A running one runs on."""
    from agent.desk.autostart.places import place, state

    try:
        place(systemd=systemd).turn_off()
        left = state()
    except OSError as trouble:
        _cannot(trouble)
    if left.on and left.by_it:
        tell(f"It still starts for everyone on this PC, which IT has set: {left.where}")
    elif left.on:
        tell(f"It still starts by {left.how}: {left.where}")
    else:
        say("OutTray does not start by itself.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Say whether OutTray starts at logon, by what, and with which command."""
    from agent.desk.autostart.places import state

    try:
        found = state()
    except OSError as trouble:
        _cannot(trouble)
    if as_json:
        answer_json(asdict(found))
    elif found.on:
        everyone = " for everyone on this PC" if found.by_it else ""
        say(f"OutTray starts at logon{everyone}, by {found.how}: {found.where}")
        if found.command:
            say(f"It runs: {found.command}")
    elif found.held_back:
        say(f"OutTray does not start by itself: {found.where} is there, but switched off in the system's settings.")
    else:
        say("OutTray does not start by itself. Turn it on with: outtray autostart on")


def _cannot(trouble: OSError) -> NoReturn:
    tell(f"Autostart cannot be read or changed: {trouble.strerror}.")
    raise typer.Exit(_UNEXPECTED) from None
