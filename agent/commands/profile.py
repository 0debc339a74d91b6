"""`outtray profile`: the statement mapping profiles, and what one makes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, chosen_config
from agent.console import say, tell, terminal
from agent.shown import shown

if TYPE_CHECKING:
    from agent.intake.statements.own_profiles import Kept
    from agent.intake.statements.preview import Preview
    from agent.intake.statements.profile import Profile
    from agent.model import Problem

FAULTS = 3
"""The exit code where the file could not be sent as it is (agent/docs/contract.md, "Commands")."""

app = typer.Typer(help="Statement mapping profiles: which column of an export is which field.", no_args_is_help=True)

ProfileArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A profile's name, STORE/NAME of a store's own, or a path to a profile file."),
]
OwnArgument = Annotated[
    str, typer.Argument(metavar="STORE/NAME", help="One of a store's own, as `profile list` shows.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A statement file. It is only read.")]
WithOption = Annotated[str, typer.Option("--profile", metavar="NAME", help="auto, a profile's name, or a path to one.")]


@app.command("list")
def list_profiles(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the stores' own profiles, which are tried first, and those that come with OutTray."""
    from agent.intake.statements.profile import built_in

    profiles = [*_own(ctx, config), *(("", profile) for profile in built_in().values())]
    if as_json:
        answer_json(
            [
                {"name": p.name, "title": p.title, "format": p.recognise.format, "note": p.note, "store": store}
                for store, p in profiles
            ]
        )
        return
    rows: list[tuple[str, ...]] = [
        (p.name, p.title, f"{store}'s own. {p.note}".strip() if store else p.note) for store, p in profiles
    ]
    _table("Statement profiles", ("Name", "For", "Note"), rows)


@app.command("show")
def show_profile(
    ctx: typer.Context, name: ProfileArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show a profile: which columns it knows, and how it reads dates, amounts and names."""
    own = next((profile for store, profile in _own(ctx, config) if f"{store}/{profile.name}" == name), None)
    profile = own or _profile(name)
    if as_json:
        answer_json(profile.model_dump(mode="json"))
        return
    layout = {key: value for key, value in profile.layout.model_dump().items() if value not in ("", (), False, 0)}
    say(f"{profile.name}: {profile.title}")
    say(profile.note)
    _table("Columns", ("Field", "Headings that fill it"), [(f, ", ".join(h)) for f, h in profile.columns.items()])
    _table("Layout", ("Setting", "Value"), [(key, _spoken(value)) for key, value in layout.items()])
    if profile.ignore:
        say(f"Known and not sent: {', '.join(profile.ignore)}")


@app.command("change")
def change_own(
    ctx: typer.Context,
    name: OwnArgument,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="HEADING=FIELD", help="What a column is; HEADING= leaves it out. May be repeated."),
    ] = None,
    dates: Annotated[str | None, typer.Option(help="MDY, DMY or YMD.")] = None,
    amounts: Annotated[str | None, typer.Option(help="dollars or cents.")] = None,
    names: Annotated[str | None, typer.Option(help="auto, first-last or last-first.")] = None,
    config: ConfigOption = None,
) -> None:
    """Change what was said of a store's columns. Look at the result with `profile try FILE`."""
    from agent.intake.statements.own_profiles import Answered, changed, keep
    from agent.intake.statements.problems import Unreadable

    folder, store, kept = _answer(ctx, config, name)
    layout = {key: value for key, value in (("dates", dates), ("amounts", amounts), ("names", names)) if value}
    try:
        keep(
            folder,
            store,
            changed(kept.profile, [entry.rpartition("=")[::2] for entry in column or []], layout),
            kept.version,
        )
    except ValueError as wrong:
        tell(str(wrong))
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except Unreadable as unreadable:
        tell(unreadable.problem.sentence)
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except Answered:
        tell(f"{name} was changed by somebody else meanwhile. Look at it, then change it.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    say(f"{name} is changed. It holds from the next file on.")


@app.command("remove")
def remove_own(ctx: typer.Context, name: OwnArgument, config: ConfigOption = None) -> None:
    """Remove what was said of a store's columns: the next file with these columns is asked about again."""
    from agent.intake.statements.own_profiles import Answered, forget

    folder, store, kept = _answer(ctx, config, name)
    try:
        forget(folder, store, kept.version)
    except Answered:
        tell(f"{name} was changed by somebody else meanwhile. Look at it, then remove it.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    say(f"{name} is removed. The next file with these columns is asked about again.")


def _answer(ctx: typer.Context, config: Path | None, name: str) -> tuple[Path, str, Kept]:
    """Return one of a store's own profiles, with the folder and the store that it is kept for; or end with 2."""
    from agent.commands.options import load_or_exit
    from agent.intake.statements.own_profiles import answers
    from agent.intake.statements.problems import Unreadable
    from agent.settings.locations import profiles_folder

    settings = load_or_exit(config, ctx).settings
    folder = profiles_folder(settings.agent)
    store, _, wanted = name.rpartition("/")
    try:
        known = answers(folder, store) if store in [one.name for one in settings.store] else []
    except Unreadable as unreadable:
        tell(unreadable.problem.sentence)
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    kept = next((one for one in known if one.profile.name == wanted), None)
    if kept is None:
        tell(f"No store has a profile {name} of its own. `outtray profile list` shows them all.")
        raise typer.Exit(USAGE_OR_SETTINGS)
    return folder, store, kept


@app.command("try")
def try_profile(file: FileArgument, profile: WithOption = "auto", as_json: JsonOption = False) -> None:
    """Show what would become of a statement file: nothing is moved or sent."""
    from datetime import datetime

    from agent.folder.filesystem import FileSystemProblem
    from agent.folder.real import RealFileSystem
    from agent.intake.statements.preview import preview

    try:
        found = preview(RealFileSystem(), file.absolute(), profile, datetime.now().astimezone().date())
    except (FileSystemProblem, OSError):
        tell(f"{file.name} cannot be opened. Check that it is there, and that no other program has it open.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    if as_json:
        answer_json(_as_json(found))
    else:
        _show(found)
    if found.problem:
        raise typer.Exit(FAULTS)


def _own(ctx: typer.Context, config: Path | None) -> list[tuple[str, Profile]]:
    """Return every store's own profiles; none where there are no settings."""
    from agent.intake.statements.own_profiles import own_profiles
    from agent.intake.statements.problems import Unreadable
    from agent.settings.locations import profiles_folder
    from agent.settings.reading import SettingsProblem, load

    chosen = chosen_config(config, ctx)
    try:
        settings = load(chosen).settings
    except SettingsProblem as problem:
        if chosen is not None:
            for sentence in problem.sentences:
                tell(sentence)
            raise typer.Exit(USAGE_OR_SETTINGS) from None
        return []
    folder = profiles_folder(settings.agent)
    found: list[tuple[str, Profile]] = []
    for store in settings.store:
        try:
            found.extend((store.name, profile) for profile in own_profiles(folder, store.name))
        except Unreadable as unreadable:
            tell(unreadable.problem.sentence)
    return found


def _profile(name: str) -> Profile:
    from agent.intake.statements.problems import Unreadable
    from agent.intake.statements.profile import find

    try:
        return find(name)
    except Unreadable as unreadable:
        tell(unreadable.problem.sentence)
        tell(unreadable.problem.what_to_do)
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def _show(found: Preview) -> None:
    from agent.intake.statements.preview import summary

    if found.profile:
        say(f"Profile {found.profile}, because {found.why}.")
        _table("Columns that are sent", ("Column", "Field"), list(found.columns.items()))
    if found.unknown:
        say(f"Not sent, because no profile knows them: {', '.join(found.unknown)}")
    if found.unused:
        say(f"Known and not sent: {', '.join(found.unused)}")
    if found.first:
        columns = ("Row", "Account", "Name", "Date", "Due", "Lines")
        _table(f"The first of {found.count:,} statements", columns, [summary(statement) for statement in found.first])
    for warning in found.warnings:
        say(warning)
    if found.problem:
        _show_problem(found.problem)
    else:
        say(f"{found.count:,} statement{'s' * (found.count != 1)} can be sent.")


def _show_problem(problem: Problem) -> None:
    from agent.intake.statements.problems import listing

    say(problem.sentence)
    for line in listing(problem.details):
        say(f"  {line}")
    say(problem.what_to_do)


def _as_json(found: Preview) -> dict[str, Any]:
    problem = found.problem
    return {
        "profile": found.profile,
        "why": found.why,
        "columns": found.columns,
        "unknown": found.unknown,
        "not_sent": found.unused,
        "statements": found.count,
        "first": found.first,
        "warnings": found.warnings,
        "problem": problem
        and {
            "code": problem.code,
            "sentence": problem.sentence,
            "what_to_do": problem.what_to_do,
            "details": [{"where": d.where, "value": d.value, "message": d.message} for d in problem.details],
        },
    }


def _spoken(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _table(title: str, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == headings[0])
    for row in rows:
        table.add_row(*map(shown, row))
    terminal().print(table)
