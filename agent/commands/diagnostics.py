"""`outtray diagnostics`: one file for support, with no patient data."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Annotated

import typer

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
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with file.open("xb"):  # taken before anything is gathered, and never written over
            pass
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in contents(checked.settings, findings):
                archive.writestr(name, text)
        unfinished.replace(file)
    except FileExistsError:
        tell(f"{file} is there already. Name another file.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    except OSError as trouble:
        for begun in (unfinished, file):
            begun.unlink(missing_ok=True)
        tell(f"{file} cannot be written: {trouble.strerror}.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None
    say(f"{file} is ready to be sent to support. It names no patient and no file; README.txt in it tells more.")
