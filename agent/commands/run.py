"""`outtray run`: the agent itself."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from agent import __version__
from agent.commands.options import UNREACHABLE, USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.console import say, say_over, tell
from agent.delivery.glance import status_json

if TYPE_CHECKING:
    from agent.delivery.control import Control
    from agent.delivery.engine import Engine
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
        while _until_stopped(settings, as_json, tray=not headless):
            log.info("started again", extra={"version": __version__})
    except AlreadyRunning as reason:
        if not headless and not once:
            if _opened_page_of_the_other(settings):
                tell(f"{reason} Its page is opened in the browser.")
                return
            starts = _in_the_tray_as_a_guest(settings)
            if starts is not None:
                if starts:
                    run(ctx, config=config, as_json=as_json)
                return
        tell(str(reason))
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except LedgerUnavailable as reason:
        tell(str(reason))
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def _opened_page_of_the_other(settings: Settings) -> bool:
    """Open the page of the agent that runs already; tell whether a browser was started with it."""
    from agent.desk.browser import has_display, open_in_browser
    from agent.desk.interface.remote import Unreachable, other_agent

    if not has_display():
        return False
    try:
        agent = other_agent(settings)
        return agent is not None and agent.is_own and open_in_browser(agent.link())
    except Unreachable:
        return False


def _in_the_tray_as_a_guest(settings: Settings) -> bool | None:
    """Show the state of another user's agent in the tray, until someone quits.

    Return whether an agent is to be started here; None where there is no such agent, or no tray.
    """
    from agent.clock import SystemClock
    from agent.desk.interface.remote import Unreachable, other_agent
    from agent.desk.session_end import stopped_by_session_end
    from agent.desk.tray.errands import Wish
    from agent.desk.tray.face import NoTray
    from agent.desk.tray.guest import GuestTray
    from agent.desk.tray.screen import face_on_screen

    try:
        agent = other_agent(settings)
        if agent is None or agent.is_own:
            return None
        tray = GuestTray(agent.snapshot, agent.user, SystemClock(), face_on_screen)
    except (Unreachable, NoTray):
        return None
    tell(f"OutTray was started by {agent.user}; its icon shows how it is.")
    with stopped_by_signals(tray.close), stopped_by_session_end(tray.close, lambda: None):
        return tray.run() is Wish.START


def _until_stopped(settings: Settings, as_json: bool, *, tray: bool) -> bool:
    """Run the agent until something ends it. Return whether it is to be started again."""
    from agent.delivery.engine import engine
    from agent.desk.desk import desk_of
    from agent.desk.page.server import page_server

    with (
        engine(settings) as agent,
        _stopped_from_outside(agent.control),
        page_server(desk_of(agent, lambda: agent.is_running)) as page,
    ):
        for note in agent.notes:
            tell(note)
        if as_json:
            answer_json({"running": True, "lanes": [str(lane) for lane in settings.lanes]})
        else:
            folders = ", ".join(str(lane.folder) for lane in settings.lanes.values())
            _mention(f"OutTray is running and watches {folders}. Ctrl+C ends it.")
        again = tray and _in_the_tray(agent, page.open if settings.agent.page.enabled else None)
        if again is None or not tray:
            agent.run()
    if not as_json and not again:
        _mention("OutTray has ended. What was not sent goes at the next start.")
    return bool(again)


def _mention(sentence: str) -> None:
    """Say how it goes on standard output, if anyone still listens there: the agent outlives whatever started it."""
    with suppress(OSError):
        say(sentence)


def _in_the_tray(agent: Engine, open_page: Callable[[str], None] | None) -> bool | None:
    """Run the agent with its icon; `open_page` shows a place of the page.

    Return whether it is to be started again; None where there is no tray for it.
    """
    from agent.desk.desk import desk_of
    from agent.desk.notices.announcer import Announcer
    from agent.desk.tray.face import NoTray
    from agent.desk.tray.screen import face_on_screen
    from agent.desk.tray.staying import stay
    from agent.desk.tray.tray import Tray
    from agent.log import log

    def seen(docked: bool) -> None:
        log.info("the icon is on the screen" if docked else "no tray has taken the icon")
        if not docked:
            tell("No tray has taken the icon yet. OutTray runs on, and its icon appears when there is one.")

    desk = desk_of(agent, lambda: agent.is_running)
    try:
        tray = Tray(
            desk,
            face_on_screen,
            open_page=open_page,
            notices=Announcer(desk),
            died=lambda: agent.failed is not None,
            seen=seen,
        )
    except NoTray as reason:
        log.info("no tray")
        tell(f"{reason} OutTray runs without an icon.")
        return None
    return stay(agent, tray)


def _once(settings: Settings, as_json: bool) -> int:
    from agent.delivery.engine import engine
    from agent.delivery.once import one_pass
    from agent.desk.desk import desk_of
    from agent.desk.page.server import page_server

    with (
        engine(settings, watch=False) as agent,
        _stopped_from_outside(agent.control),
        page_server(desk_of(agent, lambda: True), with_pages=False),
    ):
        for note in agent.notes:
            tell(note)
        done = one_pass(agent.control, _progress if sys.stderr.isatty() else _silence)
        snapshot = status_json(agent.snapshot())
    if as_json:
        answer_json({**done.as_json, "lanes": snapshot["lanes"]})
    else:
        _tell(done)
    if done.unreachable:
        return UNREACHABLE
    return 0 if done.is_clean else SOME_WAIT_OR_FAILED


def _progress(ended: int, left: int) -> None:
    """Say how far the pass is, on one line that is written over."""
    say_over(f"{ended} done, {left} on their way " if left else "")


def _silence(_ended: int, _left: int) -> None:
    """Say nothing: nobody watches."""


def _tell(done: Pass) -> None:
    say(f"{len(done.sent)} sent, {len(done.failed)} failed, {len(done.waiting)} waiting.")
    for packet in done.sent:
        if packet["sentence"]:
            say(f"  sent, and someone has to look: {packet['sentence']}")
    for packet in done.failed:
        say(f"  failed: {packet['sentence']}")
    for packet in done.waiting:
        say(f"  {packet['state']}: {packet['name']}{'. ' + packet['why'] if packet['why'] else ''}")
    for lane, sentence in (*done.unreachable.items(), *done.left_alone.items(), *done.needs_someone.items()):
        say(f"  {lane}: {sentence}")


@contextmanager
def _stopped_from_outside(control: Control) -> Iterator[None]:
    """End the agent when a person, the session's end or an installer asks for it; look anew after the PC has slept."""
    from agent.desk.session_end import stopped_by_session_end

    def look_everywhere() -> None:
        for lane in control.state.lanes:
            control.inbox.hint(lane)

    with stopped_by_signals(control.inbox.stop), stopped_by_session_end(control.inbox.stop, look_everywhere):
        yield


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
