"""`outtray doctor`: whether everything that OutTray needs is in order, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import ConfigOption, JsonOption, answer_json, chosen_config
from agent.console import terminal
from agent.shown import shown

if TYPE_CHECKING:
    from agent.desk.doctor.finding import Finding
    from agent.desk.doctor.world import World


def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the services.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check settings, folders, rights, disk, clock, proxy, TLS, token, services and keyring."""
    from agent.desk.doctor.examination import NEEDS_SOMEONE, exit_code, run_checks
    from agent.desk.doctor.finding import Check, Finding, State
    from agent.desk.doctor.settings_check import check_settings

    checked = check_settings(chosen_config(config, ctx))
    findings = list(checked.findings)
    if checked.settings is not None:
        findings += run_checks(checked.settings, the_world(), offline=offline)
    else:
        said = "Not checked: the settings have to be in order first."
        rest = (Check.FOLDER, Check.DISK, Check.KEYRING, Check.HEALTH, Check.AUTOSTART)
        findings += [Finding(check, State.SKIPPED, said) for check in rest]
    code = exit_code(findings)
    if as_json:
        answer_json({"ok": code in (0, NEEDS_SOMEONE), "findings": [finding.as_json for finding in findings]})
    else:
        _tell(findings)
    if code:
        raise typer.Exit(code)


def the_world() -> World:
    """Return the PC as it is."""
    from agent.desk.doctor.world import World

    return World()


def _tell(findings: list[Finding]) -> None:
    from rich.table import Table

    from agent.desk.doctor.finding import TITLES, State

    words = {State.OK: "OK", State.WARN: "look at this", State.FAIL: "does not work", State.SKIPPED: "not checked"}
    console = terminal()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    for _ in ("check", "lane", "what it found"):
        table.add_column(overflow="fold")
    for finding in findings:
        said = shown(finding.sentence)
        if finding.what_to_do and finding.state is not State.OK:
            said += f"\nWhat to do: {shown(finding.what_to_do)}"
        if finding.detail and finding.state in (State.WARN, State.FAIL):
            said += f"\nFor IT: {shown(finding.detail)}"
        table.add_row(words[finding.state], TITLES[finding.check], shown(finding.lane), said)
    console.print(table)
    needs = sum(finding.state in (State.WARN, State.FAIL) for finding in findings)
    console.print()
    console.print(f"{needs} of {len(findings)} checks need someone." if needs else "Everything that was checked is OK.")
