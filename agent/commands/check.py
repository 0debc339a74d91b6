"""`outtray check`: what each file would become, and every fault in it. Nothing is moved or sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, chosen_config
from agent.console import say, tell, terminal

if TYPE_CHECKING:
    from agent.desk.dry_run.run import Progress
    from agent.desk.dry_run.verdict import Verdict
    from agent.ledger.ledger import Ledger
    from agent.settings.schema import Settings

SOME_WAIT_OR_FAIL = 3
"""The exit code where something would wait or fail (agent/docs/contract.md, "Commands")."""


def check(
    ctx: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, lanes' folders, packet folders. They are only read.")
    ],
    lane: Annotated[
        str | None, typer.Option("--lane", metavar="STORE/KIND", help="Whose rules hold for files outside of any lane.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what each file would become, and every fault in it; nothing is moved or sent."""
    from agent.clock import SystemClock
    from agent.desk.dry_run.run import dry_run
    from agent.desk.dry_run.scope import NoSuchLane, NoSuchPath
    from agent.desk.dry_run.verdict import Expected
    from agent.folder.filesystem import FileSystemProblem
    from agent.folder.problems import folder_problem
    from agent.folder.real import RealFileSystem

    settings = _settings(config, ctx)
    try:
        with _ledger(settings) as ledger, _progress() as progress:
            verdicts = dry_run(
                paths,
                settings,
                fs=RealFileSystem(),
                clock=SystemClock(),
                ledger=ledger,
                lane=lane,
                progress=progress,
            )
    except (NoSuchPath, NoSuchLane) as reason:
        _stop(str(reason))
    except FileSystemProblem as trouble:
        problem = folder_problem(trouble, trouble.path)
        _stop(f"{problem.sentence} {problem.what_to_do}")
    if as_json:
        answer_json({"packets": [verdict.as_json for verdict in verdicts]})
    else:
        _tell(verdicts)
    if any(verdict.state is not Expected.READY for verdict in verdicts):
        raise typer.Exit(SOME_WAIT_OR_FAIL)


def _settings(config: Path | None, ctx: typer.Context) -> Settings | None:
    """Return the settings, or None where there are none; end with code 2 where they need mending."""
    from agent.settings.reading import SettingsProblem, load

    try:
        return load(chosen_config(config, ctx)).settings
    except SettingsProblem as problem:
        if problem.path is not None:
            for sentence in problem.sentences:
                tell(sentence)
            raise typer.Exit(USAGE_OR_SETTINGS) from None
        tell("No settings were found, so no store fills in what a sidecar leaves out.")
        return None


@contextmanager
def _ledger(settings: Settings | None) -> Iterator[Ledger | None]:
    """Give the ledger, or None where there is none that can be read: then nothing is known of what went before."""
    if settings is None:
        yield None
        return
    from sqlalchemy.exc import DatabaseError

    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import LedgerUnavailable, read_only
    from agent.settings.locations import ledger_file

    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        yield None
        return
    try:
        ledger.lanes()
    except DatabaseError:
        ledger.close()
        tell("The ledger cannot be read, so duplicates and used names are not told. See: outtray doctor")
        yield None
        return
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar on standard error where that is a terminal."""
    from rich.progress import Progress as Bar

    console = terminal(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Checking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(verdicts: list[Verdict]) -> None:
    from agent.desk.dry_run.verdict import Expected

    if not verdicts:
        say("Nothing here would be picked up.")
        return
    for verdict in verdicts:
        for line in _lines(verdict):
            say(line)
        say()
    ready = sum(verdict.state is Expected.READY for verdict in verdicts)
    rest = len(verdicts) - ready
    say(f"{ready} would be sent" + (f", {rest} would not go now." if rest else "."))


def _lines(verdict: Verdict) -> Iterator[str]:
    from agent.delivery.problems import moment
    from agent.desk.dry_run.verdict import Expected
    from agent.intake.statements.problems import listing

    headings = {
        Expected.READY: f"would be sent to the {verdict.kind} service",
        Expected.WAITING: f"would wait for {verdict.waits_for}" if verdict.waits_for else "would wait",
        Expected.HELD: f"would be held until {moment(verdict.until)}" if verdict.until else "would be held",
        Expected.DUPLICATE: "would fail: it was sent already",
        Expected.FAILED: "would fail",
    }
    yield f"{verdict.name} ({verdict.lane}): {headings[verdict.state]}"
    if verdict.claim:
        kind = "image intelligence" if verdict.endpoint == "image-intelligence" else "plain"
        yield f"  Claim {verdict.claim}, {kind} request"
    for file in verdict.files:
        yield f"  {file.name} ({', '.join(filter(None, (file.type, f'{file.size:,} bytes')))})"
    if verdict.statements is not None:
        held = verdict.statements
        count = f"{held.count:,} statement{'s' * (held.count != 1)}"
        yield f"  {count}, {held.amount_due_cents / 100:,.2f} due in all, as {held.upload_name}"
        yield f"  Profile {held.profile}, because {held.why}."
    for warning in verdict.warnings:
        yield f"  Note: {warning}"
    if verdict.problem is not None:
        yield f"  {verdict.problem.sentence}"
        for line in listing(verdict.problem.details):
            yield f"    {line}"
        yield f"  What to do: {verdict.problem.what_to_do}"


def _stop(sentence: str) -> NoReturn:
    tell(sentence)
    raise typer.Exit(USAGE_OR_SETTINGS)
