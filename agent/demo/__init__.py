"""`outtray demo`: the whole way of sample scans and statements, with nothing to set up and nothing leaving the PC."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from agent.commands.options import JsonOption, answer_json
from agent.console import tell

UNEXPECTED = 1
INTERRUPTED = 130


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Keep running, for files of your own, until Ctrl+C.")] = False,
    page: Annotated[
        bool | None,
        typer.Option("--page/--no-page", help="With the activity page, the rule on a screen, or not."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the whole way with samples: both services on this PC, files good and bad, to sent and failed."""
    from agent.demo.place import NoPlace, demo_folder
    from agent.demo.samples import SamplesMissing, samples_folder
    from agent.demo.screen import screen_for
    from agent.desk.browser import has_display

    screen = screen_for(as_json=as_json)
    with_page = page if page is not None else has_display() and not as_json
    try:
        samples = samples_folder()
        with closing(screen), demo_folder() as folder:
            screen.begin()
            from agent.demo.show import show_in  # with all of the agent behind it: what is shown comes first

            with show_in(folder, samples, screen) as show:
                if with_page:
                    show.open_page()
                summary = show.play()
                if as_json:
                    answer_json(summary.as_json(folder))
                elif summary.finished:
                    screen.conclude(summary, folder, page=with_page and not stay)
                if stay and summary.finished:
                    screen.invite(folder)
                    show.stay()
    except (NoPlace, SamplesMissing) as reason:
        tell(str(reason))
        raise typer.Exit(UNEXPECTED) from None
    if show.interrupted and not summary.finished:
        tell(f"The demo was ended before it was through. What it did stands in {folder}.")
        raise typer.Exit(INTERRUPTED)
    if not summary.finished:
        tell(f"The demo did not come to its end in time. What it did stands in {folder}.")
        for trouble in summary.troubles:
            tell(trouble)
        raise typer.Exit(UNEXPECTED)
