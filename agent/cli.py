"""The command line: `outtray`. Each command is a module of `agent.commands`, loaded when it is called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from agent import __version__
from agent.commands import audit, autostart, config, machine, profile, secret, service
from agent.commands.check import check
from agent.commands.diagnostics import diagnostics
from agent.commands.doctor import doctor
from agent.commands.history import history
from agent.commands.open import open_page
from agent.commands.options import UNREACHABLE
from agent.commands.provision import provision
from agent.commands.requests import adopt, pause, resume, retry, stop
from agent.commands.run import run as run_agent
from agent.commands.sandbox import sandbox
from agent.commands.status import status
from agent.commands.trace import trace
from agent.console import say, tell
from agent.demo import demo

UNEXPECTED = 1

app = typer.Typer(
    name="outtray",
    help="An out-tray for the practice: drop a scan or a statement file, and it is delivered, with a receipt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "run": run_agent,
    "demo": demo,
    "check": check,
    "status": status,
    "history": history,
    "trace": trace,
    "retry": retry,
    "pause": pause,
    "resume": resume,
    "adopt": adopt,
    "stop": stop,
    "open": open_page,
    "doctor": doctor,
    "diagnostics": diagnostics,
    "provision": provision,
    "sandbox": sandbox,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(secret.app, name="secret", help="The stores' secrets, in the system's credential store.")
app.add_typer(config.app, name="config", help="The settings file.")
app.add_typer(profile.app, name="profile", help="How statement files are read.")
app.add_typer(autostart.app, name="autostart", help="Start by itself at logon.")
app.add_typer(service.app, name="service", help="Run from the PC's start, where nobody signs in (Windows).")
app.add_typer(audit.app, name="audit", help="The journal: who did what, and whether it is as it was written.")
app.add_typer(machine.app, name="machine", hidden=True)


@app.callback()
def _before_every_command(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", metavar="PATH", help="The settings file.")] = None,
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Say which version this is.")] = False,
) -> None:
    if version:
        say(f"outtray {__version__}")
        raise typer.Exit
    ctx.obj = {"config": config}


def run() -> None:
    """Run the command that was asked for. What nobody expected is told in one line and logged in full; exit code 1.

    A ledger that is locked, or on a full disk, is something that cannot be reached: exit code 4.
    """
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as trouble:  # noqa: BLE001 - the last place: told, logged and turned into the exit code
        from agent.delivery.troubles import is_ledgers
        from agent.log import log, where

        if is_ledgers(trouble):
            log.error("the ledger cannot be used", extra={"trouble": where(trouble)})
            tell("OutTray's ledger cannot be used just now. For what to do, see: outtray doctor")
            sys.exit(UNREACHABLE)
        log.critical("unexpected", extra={"trouble": where(trouble)})
        tell(f"OutTray met something unexpected: {where(trouble)}")
        sys.exit(UNEXPECTED)
