"""`outtray provision`: settings and secrets from one file, for the scripts that set up PCs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent.commands.options import UNREACHABLE, USAGE_OR_SETTINGS, JsonOption, answer_json
from agent.console import say, tell

FILE_STILL_THERE = 3


def provision(
    file: Annotated[Path, typer.Argument(help="The file. It is overwritten and deleted when all of it is kept.")],
    machine: Annotated[
        bool, typer.Option("--machine", help="For everyone on this PC, and for agents that run where nobody signs in.")
    ] = False,
    reader: Annotated[
        list[str] | None,
        typer.Option(
            "--reader",
            metavar="ACCOUNT",
            help="With --machine: an account or group that may read the secrets, beside service and administrators.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take settings and secrets from one file, and delete the file.

    The file is an outtray.toml (or the same as JSON, named *.json) with one table more:

    \b
        [secrets]
        "main-street/client_secret" = "..."
        "main-street/api_key" = "..."

    Either half may be left out. Everything is checked before anything is kept. If it cannot be kept, the file stays.

    \b
    Exit codes: 0 all is kept and the file is gone; 2 the file or this account's rights need mending, and nothing was
    kept or it can be done again; 3 all is kept, but the file could not be deleted; 4 the keyring cannot be used.
    """
    from agent.settings import locations, provisioning
    from agent.settings.reading import SettingsProblem, load, text_of
    from agent.settings.secrets import Secrets, SecretsUnavailable

    if reader and not machine:
        _end(USAGE_OR_SETTINGS, ["--reader goes with --machine: other accounts' secrets are nobody else's."], as_json)
    try:
        opened = provisioning.opened(file)
    except SettingsProblem as problem:
        _end(USAGE_OR_SETTINGS, problem.sentences, as_json)
    with opened:
        try:
            standing = locations.machine_settings_file() if machine else None
            order = provisioning.order_of(text_of(opened, file), file, lambda: load(standing).settings)
            kept = provisioning.keep(order, Secrets(), machine=machine, readers=reader or ())
        except SettingsProblem as problem:
            _end(USAGE_OR_SETTINGS, [*problem.sentences, f"Nothing was kept, and {file} is as it was."], as_json)
        except provisioning.NotProvisioned as problem:
            _end(USAGE_OR_SETTINGS, [str(problem), _stays(file)], as_json)
        except SecretsUnavailable as unavailable:
            _end(UNREACHABLE, [str(unavailable), _stays(file)], as_json)
        try:
            provisioning.destroy(opened, file)
        except provisioning.FileStillThere as why:
            said = f"All is kept, but {file} could not be deleted ({why}). Delete it: it may hold secrets."
            _end(FILE_STILL_THERE, [said], as_json)
    if as_json:
        settings_file = kept.settings_file and str(kept.settings_file)
        answer_json({"ok": True, "settings": settings_file, "secrets": list(kept.secrets), "problems": []})
        return
    if kept.settings_file is not None:
        say(f"{kept.settings_file} is written.")
    if kept.before is not None:
        say(f"What stood there before is in {kept.before}.")
    for name in kept.secrets:
        say(f"{name} is kept {'for the whole PC' if machine else 'in the keyring'}.")
    say(f"{file} is deleted.")


def _stays(file: Path) -> str:
    return f"{file} stays where it is and still holds its secrets. The command can be given again."


def _end(code: int, sentences: list[str], as_json: bool) -> NoReturn:
    if as_json:
        answer_json({"ok": False, "settings": None, "secrets": [], "problems": sentences})
    else:
        for sentence in sentences:
            tell(sentence)
    raise typer.Exit(code)
