"""`outtray open`: the activity page of the running agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import UNREACHABLE, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.commands.requests import reachable
from agent.console import say, tell

if TYPE_CHECKING:
    from agent.settings.schema import Settings


def open_page(
    ctx: typer.Context,
    at: Annotated[str, typer.Option("--at", metavar="PATH", help="What to show, such as /history.")] = "/",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the activity page in the browser; without a screen, print its link, which opens once within a minute."""
    settings = load_or_exit(config, ctx).settings
    with reachable():
        link = link_of_running(settings, at)
    if link is None:
        tell("OutTray is not running. Start it with: outtray run")
        raise typer.Exit(UNREACHABLE)
    from agent.desk.browser import open_in_browser

    if as_json:
        answer_json({"url": link})
    elif not open_in_browser(link):
        say(link)


def link_of_running(settings: Settings, path: str = "/") -> str | None:
    """Return a link to the running agent's page, or None where none runs. Raises Unreachable."""
    from agent.desk.interface.remote import other_agent

    agent = other_agent(settings)
    return None if agent is None else agent.link(path)
