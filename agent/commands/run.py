"""`outtray run`: the agent itself."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from agent import __version__
from agent.commands.options import (
    UNREACHABLE,
    USAGE_OR_SETTINGS,
    ConfigOption,
    JsonOption,
    answer_json,
    load_or_exit,
    tell,
)

if TYPE_CHECKING:
    from agent.delivery.once import Pass
    from agent.settings.schema import Settings

SOME_WAIT_OR_FAILED = 3


def run(
    ctx: typer.Context,
    headless: Annotated[bool, typer.Option("--headless", help="Without a tray icon.")] = False,
    once: Annotated[bool, typer.Option("--once", help="One pass over what is there, and out; for schedulers.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch the folders and deliver what arrives, until stopped."""
    del headless  # the tray is not there yet: every run is without it
    settings = load_or_exit(config, ctx).settings
    from agent.delivery.alone import AlreadyRunning
    from agent.ledger.opening import LedgerUnavailable
    from agent.log import log, write_to
    from agent.settings.locations import log_folder

    write_to(log_folder(settings.agent))
    log.info("started", extra={"version": __version__, "lanes": [str(lane) for lane in settings.lanes]})
    try:
        if once:
            raise typer.Exit(_once(settings, as_json))
        _until_stopped(settings, as_json)
    except (AlreadyRunning, LedgerUnavailable) as reason:
        tell(str(reason))
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def _until_stopped(settings: Settings, as_json: bool) -> None:
    from agent.delivery.engine import engine

    with engine(settings) as agent, stopped_by_signals(agent.control.stop):
        for note in agent.notes:
            tell(note)
        if as_json:
            answer_json({"running": True, "lanes": [str(lane) for lane in settings.lanes]})
        else:
            folders = ", ".join(str(lane.folder) for lane in settings.lanes.values())
            typer.echo(f"OutTray is running and watches {folders}. Ctrl+C ends it.")
        agent.run()
    if not as_json:
        typer.echo("OutTray has ended. What was not sent goes at the next start.")


def _once(settings: Settings, as_json: bool) -> int:
    from agent.delivery.engine import engine
    from agent.delivery.once import one_pass

    with engine(settings, watch=False) as agent, stopped_by_signals(agent.control.stop):
        for note in agent.notes:
            tell(note)
        done = one_pass(agent.control, _progress if sys.stderr.isatty() else _silence)
        snapshot = agent.snapshot().as_json
    if as_json:
        answer_json({**done.as_json, "lanes": snapshot["lanes"]})
    else:
        _tell(done)
    if done.unreachable:
        return UNREACHABLE
    return SOME_WAIT_OR_FAILED if done.failed or done.waiting else 0


def _progress(ended: int, left: int) -> None:
    """Say how far the pass is, on one line that is written over."""
    sys.stderr.write(f"\r{ended} done, {left} on their way \x1b[K" if left else "\r\x1b[K")
    sys.stderr.flush()


def _silence(_ended: int, _left: int) -> None:
    """Say nothing: nobody watches."""


def _tell(done: Pass) -> None:
    typer.echo(f"{len(done.sent)} sent, {len(done.failed)} failed, {len(done.waiting)} waiting.")
    for packet in done.failed:
        typer.echo(f"  failed: {packet['sentence']}")
    for packet in done.waiting:
        typer.echo(f"  {packet['state']}: {packet['name']}{'. ' + packet['why'] if packet['why'] else ''}")
    for lane, sentence in done.unreachable.items():
        typer.echo(f"  {lane}: {sentence}")


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on Ctrl+C and on SIGTERM. A second Ctrl+C is taken like the first: the end is under way."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGBREAK] if hasattr(signal, "SIGBREAK") else [])]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
