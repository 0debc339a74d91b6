"""`outtray retry`, `pause`, `resume`, `adopt`, `stop`: asked of the running agent, or done at once when none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import UNREACHABLE, USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.console import say, tell

if TYPE_CHECKING:
    from agent.delivery.requests import Verb
    from agent.settings.schema import Settings

LaneArgument = Annotated[list[str] | None, typer.Argument(metavar="[LANE]...", help="Such as main-street/attachments.")]


def retry(
    ctx: typer.Context,
    packets: Annotated[list[str] | None, typer.Argument(metavar="PACKET...")] = None,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="All that failed, but for what was withdrawn or may have arrived.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put failed packets back into their folder, so that they are tried again."""
    from agent.desk.asking import ask_retry

    settings = load_or_exit(config, ctx).settings
    if bool(packets) == all_failed:
        tell("Name the packets to try again, or say --all-failed.")
        raise typer.Exit(USAGE_OR_SETTINGS)
    with reachable():
        answer = ask_retry(settings, packets or None)
    for sentence in answer.sentences:
        tell(sentence)
    if as_json:
        answer_json({"retry": list(answer.done)})
    elif answer.done:
        say(f"To be tried again: {', '.join(answer.done)}")
    elif not answer.sentences:
        say("No failed packet needs to be tried again.")
    if answer.sentences:
        raise typer.Exit(UNREACHABLE)


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


def adopt(
    ctx: typer.Context, lanes: LaneArgument = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take over the packets that a PC has left behind which is not heard of any more."""
    from agent.desk.asking import ask_adopt

    settings = load_or_exit(config, ctx).settings
    with reachable():
        answer = ask_adopt(settings, lanes or [])
    for sentence in answer.sentences:
        tell(sentence)
    if as_json:
        answer_json({"adopt": list(answer.done)})
    elif answer.done:
        say(f"Taken over: {', '.join(answer.done)}")
    elif not answer.sentences:
        say("No other PC has left packets behind.")


def stop(
    ctx: typer.Context,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="For how long to wait for it.")] = 60,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the running agent, and wait until it has ended. What is being sent goes again at the next start."""
    from agent.desk.asking import ask_stop

    settings = load_or_exit(config, ctx).settings
    with reachable():
        ended = ask_stop(settings, wait)
    if as_json:
        answer_json({"was_running": ended is not None, "ended": ended is not False})
    elif ended is False:
        tell(f"OutTray has been asked to end, and had not ended after {wait:g} seconds.")
    else:
        say("OutTray is not running." if ended is None else "OutTray has ended.")
    if ended is False:
        raise typer.Exit(UNREACHABLE)


@contextmanager
def reachable() -> Iterator[None]:
    """Say why what was asked could not be done, and end: code 4 where the agent cannot be reached, else 2."""
    from agent.desk.asking import Unwilling
    from agent.desk.interface.remote import Unreachable

    try:
        yield
    except Unwilling as reason:
        tell(str(reason))
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except Unreachable as reason:
        tell(str(reason))
        raise typer.Exit(UNREACHABLE) from None


def _lanes(verb: Verb, settings: Settings, lanes: list[str], as_json: bool) -> None:
    from agent.desk.asking import ask_lanes

    known = [str(lane) for lane in settings.lanes]
    for lane in lanes:
        if lane not in known:
            tell(f'There is no lane "{lane}". The lanes are: {", ".join(known)}.')
            raise typer.Exit(USAGE_OR_SETTINGS)
    with reachable():
        answer = ask_lanes(settings, verb, lanes)
    if as_json:
        answer_json({verb: list(answer.done)})
    else:
        say(f"{'Paused' if verb == 'pause' else 'Going on'}: {', '.join(answer.done)}")
