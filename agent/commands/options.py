"""What the commands share: options that mean the same everywhere, and how settings are loaded and told about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.console import say_whole, tell
from agent.shown import in_unicode

if TYPE_CHECKING:
    from agent.settings.reading import Loaded

USAGE_OR_SETTINGS = 2
"""The exit code where the command line or the settings need mending (agent/docs/contract.md, "Commands")."""

UNREACHABLE = 4
"""The exit code where something that is needed cannot be reached."""

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="The settings file; else OUTTRAY_CONFIG, the user's, the machine's."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]


def chosen_config(config: Path | None, ctx: typer.Context) -> Path | None:
    """Return the settings file that was named behind the command, else before it, else None."""
    from agent.settings.locations import with_home

    named = ctx.obj.get("config") if config is None and isinstance(ctx.obj, dict) else config
    return None if named is None else with_home(named)  # no shell does it behind --config=


def load_or_exit(config: Path | None, ctx: typer.Context) -> Loaded:
    """Return the settings; where they cannot be had, tell everything on standard error and end with code 2."""
    from agent.settings.reading import SettingsProblem, load

    try:
        return load(chosen_config(config, ctx))
    except SettingsProblem as problem:
        for sentence in problem.sentences:
            tell(sentence)
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def answer_json(answer: Any) -> None:
    """Write the answer for a script. In ASCII, which every console and pipe of Windows passes on unharmed."""
    say_whole(json.dumps(in_unicode(answer), indent=2))
