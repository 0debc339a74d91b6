"""Settings and secrets from one file, which is gone afterwards: for scripts that set up many PCs.

The file is an `outtray.toml`, or the same as JSON, with one table more: `[secrets]`, whose keys are STORE/NAME. It may
leave out either half. All of it is checked before any of it is kept.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from agent import own_files
from agent.settings import locations, reading
from agent.settings.reading import SettingsProblem
from agent.settings.schema import Settings
from agent.settings.secrets import SECRET_OF, Secrets, unfit
from agent.settings.values import quoted

SECRETS_TABLE = "secrets"
BEFORE = ".before"
"""What the name of the settings file that stood there before ends in."""

_ADMINISTRATOR_WANTED = {5, 1307, 1314}  # ERROR_ACCESS_DENIED, _INVALID_OWNER, _PRIVILEGE_NOT_HELD


class NotProvisioned(Exception):
    """What came in between while it was being kept: a sentence, with what to do. The file still stands."""


class FileStillThere(Exception):
    """All was kept, but the file could not be taken away."""


@dataclass(frozen=True)
class Order:
    """What a file asks for. `settings` is None where it has secrets only."""

    settings: Settings | None
    text: str
    secrets: Mapping[tuple[str, str], str]

    def __repr__(self) -> str:
        return f"Order({len(self.secrets)} secrets)"  # never their values


def order_of(text: str, path: Path, standing: Callable[[], Settings]) -> Order:
    """Return what a provisioning file asks for. `standing` gives the settings that hold where the file has none.

    Raises `SettingsProblem` with everything that is wrong. No sentence of it holds a secret.
    """
    tables = _tables(text, path)
    given = tables.pop(SECRETS_TABLE, {})
    if not tables and not given:
        raise SettingsProblem([f"{path}: there is nothing in it. Write settings, a table [secrets], or both."], path)
    found: list[str] = []
    settings: Settings | None = None
    try:
        settings = reading.checked(tables, path) if tables else standing()
    except SettingsProblem as problem:
        found += problem.sentences
    secrets, faults = _secrets(given, settings)
    if found + faults:
        raise SettingsProblem(found + faults, path)
    return Order(settings if tables else None, as_toml(tables) if tables else "", secrets)


def _tables(text: str, path: Path) -> dict[str, Any]:
    if path.suffix.lower() != ".json":
        return reading.tables_of(text, path)
    try:
        tables = json.loads(text)
    except (ValueError, RecursionError) as problem:
        place = f", line {problem.lineno}" if isinstance(problem, json.JSONDecodeError) else ""
        raise SettingsProblem([f"{path}{place}: this is not JSON. Check commas, quotes and braces there."]) from None
    if not isinstance(tables, dict):
        raise SettingsProblem([f"{path}: the outermost value is no object. Begin the file with a brace."], path)
    return tables


def _secrets(given: object, settings: Settings | None) -> tuple[dict[tuple[str, str], str], list[str]]:
    if not isinstance(given, dict):
        return {}, [
            'secrets: this is no table. Write [secrets], and below it lines such as "main-street/api_key" = ...'
        ]
    stores = {store.name: store for store in settings.store} if settings else {}
    names = sorted(SECRET_OF.values())
    secrets: dict[tuple[str, str], str] = {}
    faults: list[str] = []
    for key, value in given.items():
        store, slash, name = key.partition("/")
        if not slash or name not in names:
            faults.append(f"secrets.{quoted(key)}: a secret is named STORE/NAME, and NAME is {' or '.join(names)}.")
        elif settings and store not in stores:
            known = ", ".join(sorted(stores))
            faults.append(f'secrets.{quoted(key)}: the settings know no store "{store}". They know: {known}.')
        elif not isinstance(value, str):
            faults.append(f"secrets.{quoted(key)}: this is no text. Write the secret in quotes.")
        elif fault := unfit(value):
            faults.append(f"secrets.{quoted(key)}: {fault}")
        else:
            secrets[store, name] = value
    return secrets, faults


def as_toml(tables: Mapping[str, Any]) -> str:
    """Return the tables as the text of a settings file."""
    lines = ["# Written by: outtray provision"]
    _write_table(tables, (), lines)
    return "\n".join(lines) + "\n"


def _write_table(table: Mapping[str, Any], at: tuple[str, ...], lines: list[str]) -> None:
    inner = {key: value for key, value in table.items() if isinstance(value, dict) or _is_list_of_tables(value)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in inner]
    for key, value in inner.items():
        name = ".".join(map(_key, (*at, key)))
        for one in value if isinstance(value, list) else [value]:
            lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            _write_table(one, (*at, key), lines)


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else quoted(key)


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


# --- Keeping it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What was kept. `settings_file` is None where the file brought no settings, `before` where none stood there."""

    settings_file: Path | None
    before: Path | None
    secrets: tuple[str, ...]


def keep(order: Order, secrets: Secrets, *, machine: bool = False, readers: Sequence[str] = ()) -> Kept:
    """Keep the secrets, then the settings: for this account, or with `machine` for everyone on this PC.

    Made again it ends the same. Raises `NotProvisioned`, and `SecretsUnavailable` for a keyring that cannot be used.
    """
    for (store, name), value in order.secrets.items():
        if machine:
            keep_for_machine(secrets, store, name, value, readers)
        else:
            secrets.set(store, name, value)
    target = before = None
    if order.settings is not None:
        target = locations.machine_settings_file() if machine else locations.user_settings_file()
        before = _replace(target, order.text, machine)
    return Kept(target, before, tuple(f"{store}/{name}" for store, name in order.secrets))


def keep_for_machine(secrets: Secrets, store: str, name: str, value: str, readers: Sequence[str] = ()) -> None:
    """Keep a secret for the whole PC. Raises `NotProvisioned`."""
    if not secrets.has_machine:
        raise NotProvisioned(
            "Secrets for the whole computer can be kept on Windows only. Leave out --machine, or give them in the "
            "environment of the account that runs OutTray."
        )
    try:
        secrets.set_for_machine(store, name, value, readers)
    except LookupError as unknown:
        raise NotProvisioned(
            f'This PC knows no account "{unknown.args[0]}". Write it as DOMAIN\\name or as its SID.'
        ) from None
    except OSError as problem:
        raise _refused(locations.machine_secrets_folder(), problem) from problem


def forget_for_machine(secrets: Secrets, store: str, name: str) -> bool:
    """Take away a secret that is kept for the whole PC. Return whether there was one. Raises `NotProvisioned`."""
    try:
        return secrets.forget_for_machine(store, name)
    except OSError as problem:
        raise _refused(locations.machine_secrets_folder(), problem) from problem


def _replace(target: Path, text: str, machine: bool) -> Path | None:
    """Write the settings file whole or not at all, and keep the one that stood there beside it."""
    data = text.encode("utf-8")
    try:
        standing = target.read_bytes() if target.exists() else None
        if standing == data:
            return None
        write = _write_for_all if machine else _write_for_one
        before = target.with_name(target.name + BEFORE)
        if standing is not None:
            write(before, standing)
        write(target, data)
    except OSError as problem:
        raise _refused(target, problem) from problem
    return before if standing is not None else None


def _write_for_all(path: Path, data: bytes) -> None:
    if sys.platform == "win32":
        from agent.settings import on_windows

        on_windows.write_for_all(path, data)
    else:
        _write_aside(path, data, 0o644)


def _write_for_one(path: Path, data: bytes) -> None:
    _write_aside(path, data, 0o600)


def _write_aside(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{token_hex(8)}.new")
    try:
        with own_files.create(fresh) as file:
            file.write(data)
            if sys.platform != "win32":
                os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _refused(path: Path, problem: OSError) -> NotProvisioned:
    number = getattr(problem, "winerror", None) or problem.errno
    if isinstance(problem, PermissionError) or number in _ADMINISTRATOR_WANTED:
        return NotProvisioned(f"This account may not write {path}. Run the command as administrator, or as SYSTEM.")
    return NotProvisioned(f"{path} could not be written ({problem.strerror}). Check the disk.")


# --- The file itself ------------------------------------------------------------------------------------------------


def opened(path: Path) -> BinaryIO:
    """Open a provisioning file, so that it can also be overwritten. Raises `SettingsProblem`."""
    try:
        if path.is_symlink():
            raise SettingsProblem([f"{path}: this is a link. Name the file itself, which is deleted at the end."], path)
        return path.open("r+b")
    except FileNotFoundError:
        raise SettingsProblem([f"{path}: there is no such file. Check the path."], path) from None
    except (OSError, ValueError) as problem:
        if getattr(problem, "errno", None) == errno.EISDIR or path.is_dir():
            raise SettingsProblem([f"{path}: this is a folder. Name the file in it."], path) from None
        raise SettingsProblem(
            [
                f"{path}: this account may not read and change the file, so it could not be deleted at the end. "
                "Copy it to a folder of this PC first, and name the copy."
            ],
            path,
        ) from None


def destroy(file: BinaryIO, path: Path) -> None:
    """Overwrite an open file and delete it. Raises `FileStillThere`.

    What was written may outlast this in a backup, a shadow copy, or the spare cells of an SSD.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)
        file.close()
        path.unlink()
    except OSError as problem:
        raise FileStillThere(problem.strerror) from problem
