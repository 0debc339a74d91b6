"""`outtray retry`, `pause`, `resume`: asked of the running agent, or done at once when none runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import (
    USAGE_OR_SETTINGS,
    ConfigOption,
    JsonOption,
    answer_json,
    load_or_exit,
    tell,
)

if TYPE_CHECKING:
    from agent.delivery.requests import Verb
    from agent.settings.schema import Settings

LaneArgument = Annotated[list[str] | None, typer.Argument(metavar="[LANE]...", help="Such as main-street/attachments.")]


def retry(
    ctx: typer.Context,
    packets: Annotated[list[str] | None, typer.Argument(metavar="PACKET...")] = None,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Every failed packet that still needs someone.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put failed packets back into their folder, so that they are tried again."""
    from agent.delivery.asking import Unwilling, ask_retry

    settings = load_or_exit(config, ctx).settings
    if bool(packets) == all_failed:
        tell("Name the packets to try again, or say --all-failed.")
        raise typer.Exit(USAGE_OR_SETTINGS)
    try:
        chosen = ask_retry(settings, packets or None)
    except Unwilling as reason:
        tell(str(reason))
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    if as_json:
        answer_json({"retry": chosen})
    else:
        typer.echo(f"To be tried again: {', '.join(chosen)}" if chosen else "No failed packet needs to be tried again.")


def pause(
    ctx: typer.Context, lanes: LaneArgument = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Stop taking and sending files, in one lane or in all, until `resume`."""
    _lanes("pause", load_or_exit(config, ctx).settings, lanes or [], as_json)


def resume(
    ctx: typer.Context, lanes: LaneArgument = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Go on after `pause`; a blocked lane tries again at once."""
    _lanes("resume", load_or_exit(config, ctx).settings, lanes or [], as_json)


def _lanes(verb: Verb, settings: Settings, lanes: list[str], as_json: bool) -> None:
    from agent.delivery.asking import ask_lanes

    known = [str(lane) for lane in settings.lanes]
    for lane in lanes:
        if lane not in known:
            tell(f'There is no lane "{lane}". The lanes are: {", ".join(known)}.')
            raise typer.Exit(USAGE_OR_SETTINGS)
    ask_lanes(settings, verb, lanes)
    chosen = lanes or known
    if as_json:
        answer_json({verb: chosen})
    else:
        typer.echo(f"{'Paused' if verb == 'pause' else 'Going on'}: {', '.join(chosen)}")
