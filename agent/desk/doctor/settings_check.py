"""The settings file: found and without faults; and what of it can be used where it has some."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.desk.doctor.finding import Check, Finding, State
from agent.settings.reading import SettingsProblem, find, group_could_write, load, read
from agent.settings.schema import AgentSettings, Settings, StoreSettings


@dataclass(frozen=True)
class SettingsChecked:
    """What was found, and the settings to go on with: None where nothing of them can be used."""

    findings: tuple[Finding, ...]
    settings: Settings | None = None


def check_settings(path: Path | None) -> SettingsChecked:
    """Read the settings file as the agent does, and tell every fault."""
    try:
        loaded = load(path)
    except SettingsProblem as problem:
        remedy = "IT can correct the settings file; outtray config check tells when it is in order."
        findings = (Finding(Check.SETTINGS, State.FAIL, sentence, remedy) for sentence in problem.sentences)
        return SettingsChecked(tuple(findings), _usable(path))
    stores, lanes = len(loaded.settings.store), len(loaded.settings.lanes)
    counted = f"{stores} store{'s' * (stores != 1)}, {lanes} lane{'s' * (lanes != 1)}"
    detail = f"{loaded.path} (found by: {loaded.found_by})"
    ok = Finding(Check.SETTINGS, State.OK, f"Read without faults; {counted}.", detail=detail)
    return SettingsChecked((ok, *_of_a_group(loaded.path)), loaded.settings)


def _of_a_group(path: Path) -> list[Finding]:
    """Tell where a group may change the settings: it decides where everything is sent."""
    if (shared := group_could_write(path)) is None:
        return []
    return [
        Finding(
            Check.SETTINGS,
            State.WARN,
            "A group of this PC may change the settings, and with them where everything is sent.",
            "If that group is not meant to, take its right to write away (chmod g-w).",
            detail=str(shared),
        )
    ]


def _usable(path: Path | None) -> Settings | None:
    """Return the tables of a broken file that are right by themselves, so that the rest can still be checked."""
    try:
        tables = tomllib.loads(read(*find(path)))
        agent = AgentSettings.model_validate(tables.get("agent", {}))
    except (SettingsProblem, tomllib.TOMLDecodeError, RecursionError, ValidationError):
        return None
    stores = tables.get("store", [])
    right = [store for table in (stores if isinstance(stores, list) else []) for store in _store(table)]
    try:
        return Settings(agent=agent, store=tuple(right))
    except ValidationError:  # they clash with each other
        return Settings(agent=agent)


def _store(table: object) -> list[StoreSettings]:
    """Return a store as far as it is right: whole, else with one of its lanes alone."""
    if not isinstance(table, dict):
        return []
    for left_out in (set(), {"statements"}, {"attachments"}):
        try:
            return [StoreSettings.model_validate({key: table[key] for key in table if key not in left_out})]
        except ValidationError:
            continue
    return []
