"""`outtray diagnostics`: one file for support, with no patient data."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from agent import own_files
from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, chosen_config
from agent.console import say, tell


def diagnostics(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="What to write; it must not be there yet.")],
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the services.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write what support needs: versions, settings without texts, findings, figures, log. No patient data."""
    from agent.commands.doctor import the_world
    from agent.desk.diagnostics.contents import contents
    from agent.desk.doctor.examination import run_checks
    from agent.desk.doctor.settings_check import check_settings

    checked = check_settings(chosen_config(config, ctx))
    findings = list(checked.findings)
    if checked.settings is not None:
        findings += run_checks(checked.settings, the_world(), offline=offline)
    try:
        with own_files.create(file) as made:
            _write(made, contents(checked.settings, findings), file)
    except FileExistsError:
        tell(f"{file} is there already. Name another file.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except OSError as trouble:
        tell(f"{file} cannot be written: {trouble.strerror}.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    say(f"{file} is ready to be sent to support. It names no patient and no file; README.txt in it tells more.")


def _write(made: BinaryIO, contents: Iterable[tuple[str, str]], file: Path) -> None:
    """Write the archive, or leave no file behind."""
    try:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in contents:
                archive.writestr(name, text)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
