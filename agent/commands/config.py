"""`outtray config`: the settings file, written, shown and checked."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent import own_files
from agent.commands.go_live import go_live
from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, chosen_config, load_or_exit
from agent.console import say, tell

if TYPE_CHECKING:
    from agent.settings.schema import Settings

app = typer.Typer(help="The settings file: write, show and check it.", no_args_is_help=True)
app.command()(go_live)


class Environment(StrEnum):
    """What `config init` can be told."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


_NEXT = {
    Environment.SANDBOX: (
        "Scans go to the sandbox: nothing of them reaches an insurer. When the trying is done, leave it with:",
        "  outtray config go-live",
    ),
    Environment.PRODUCTION: ("Scans go to the real service: everything that is sent counts.",),
}


@app.command()
def init(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(help="Where to write it. Default: this user's settings file.")] = None,
    config: ConfigOption = None,
    environment: Annotated[
        Environment | None,
        typer.Option(
            "--environment", help="Where scans go: the vendor's sandbox for trying, or production. Else asked."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a settings file to fill in. A file that stands there is left alone."""
    from agent.settings import locations
    from agent.settings.template import template

    target = (
        path or chosen_config(config, ctx) or locations.configured_settings_file() or locations.user_settings_file()
    )
    if target.is_dir():
        target = target / locations.SETTINGS_FILE
    if target.exists():
        _there_already(target)
    chosen = environment or (Environment.SANDBOX if as_json else _asked_environment())
    try:
        if not target.parent.exists() or target == locations.user_settings_file():
            own_files.make_folder(target.parent, may_be_link=True)
        with own_files.create(target) as file:
            file.write(template(environment=chosen).encode())
    except FileExistsError:
        _there_already(target)
    except OSError as problem:
        tell(f"{target} could not be written ({problem.strerror}). Choose a folder in which this account may write.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    if as_json:
        answer_json({"path": str(target), "environment": str(chosen)})
        return
    say(f"{target} is written. Fill in folder and client_id, then run:")
    say("  outtray secret set main-street/client_secret")
    say("  outtray config check")
    for line in _NEXT[chosen]:
        say(line)


def _there_already(target: Path) -> NoReturn:
    tell(f"{target} is there already and was left as it is. Edit it, or name another path.")
    raise typer.Exit(USAGE_OR_SETTINGS)


def _asked_environment() -> Environment:
    """Ask for the environment; the sandbox where nobody answers, as for a script."""
    ask = "Where do scans go: to the vendor's sandbox, to try it out, or to production? (sandbox, production)"
    try:
        while True:
            said = str(typer.prompt(ask, default=str(Environment.SANDBOX), err=True)).strip().lower()
            if said in set(Environment):
                return Environment(said)
    except typer.Abort:
        tell("")
        return Environment.SANDBOX


@app.command()
def show(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every setting as it holds, and whether the file says so or it is the default."""
    from agent.settings.effective import effective, nested
    from agent.settings.sentences import in_file, where

    loaded = load_or_exit(config, ctx)
    keys = list(effective(loaded.settings))
    tables = nested(keys)
    if as_json:
        answer_json(
            {
                "path": str(loaded.path),
                "found_by": loaded.found_by,
                "settings": tables,
                "sources": {where(key.at, {}): key.source for key in keys},
            }
        )
        return
    say(f"# {loaded.path} (found by: {loaded.found_by})")
    for key in keys:
        say(f"{key.source:8} {where(key.at, tables)} = {in_file(key.value)}")


@app.command()
def check(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell everything that is wrong with the settings, which secrets are missing, and what they leave behind."""
    from agent.delivery.reconcile.going_live import leaving_the_sandbox
    from agent.delivery.reconcile.settings_changed import left_by_settings
    from agent.settings.reading import SettingsProblem, load
    from agent.settings.secrets import Secrets

    try:
        loaded = load(chosen_config(config, ctx))
    except SettingsProblem as problem:
        _refuse(problem.path, problem.sentences, as_json=as_json)
    unknown = _without_profile(loaded.settings)
    if unknown:
        _refuse(loaded.path, unknown, as_json=as_json)
    needed = [entry.problem for entry in Secrets().listing(loaded.settings) if entry.problem is not None]
    needed += [problem for _lane, problem in left_by_settings(loaded.settings)]
    needed += [problem for _lane, problem in leaving_the_sandbox(loaded.settings)]
    warnings = [f"{problem.sentence} {problem.what_to_do}" for problem in needed]
    if as_json:
        answer_json({"ok": True, "path": str(loaded.path), "problems": [], "warnings": warnings})
        return
    stores, lanes = _counted(loaded.settings.store, "store"), _counted(loaded.settings.lanes, "lane")
    say(f"{loaded.path} is in order: {stores}, {lanes}.")
    for warning in warnings:
        tell(warning)


@app.command()
def schema(as_json: JsonOption = False) -> None:
    """Print the JSON schema of the settings file, for editors and scripts."""
    del as_json  # it is JSON anyway: scripts that say --json everywhere are right here, too
    from agent.settings.schema import Settings

    answer_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()})


def _without_profile(settings: Settings) -> list[str]:
    """Return a sentence for each statements lane whose profile is not there or cannot be used."""
    from agent.intake.statements.problems import Unreadable
    from agent.intake.statements.profile import find
    from agent.settings.sentences import where

    sentences = []
    for index, store in enumerate(settings.store):
        if store.statements is None or store.statements.profile == "auto":
            continue
        try:
            find(store.statements.profile)
        except Unreadable as unreadable:
            problem = unreadable.problem
            place = where(("store", index, "statements", "profile"), settings.model_dump())
            sentences.append(f"{place}: {problem.sentence} {problem.what_to_do}")
    return sentences


def _refuse(path: Path | None, sentences: Sequence[str], *, as_json: bool) -> NoReturn:
    if as_json:
        answer_json(
            {"ok": False, "path": None if path is None else str(path), "problems": list(sentences), "warnings": []}
        )
    else:
        for sentence in sentences:
            tell(sentence)
    raise typer.Exit(USAGE_OR_SETTINGS)


def _counted(things: Sized, word: str) -> str:
    return f"{len(things)} {word}" + ("" if len(things) == 1 else "s")
