"""Finds the settings file, reads it, and tells everything that is wrong with it at once."""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

from pydantic import ValidationError

from agent.settings import locations
from agent.settings.schema import Settings, clashes_between_tables
from agent.settings.sentences import secret_sentence, secrets_in, sentences

FoundBy = Literal["--config", "OUTTRAY_CONFIG", "user", "machine"]

_LARGEST_FILE = 1_000_000


class SettingsProblem(Exception):
    """What is wrong with the settings: plain sentences, each with the key, the value and what to do."""

    def __init__(self, sentences: list[str], path: Path | None = None) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
        self.path = path


@dataclass(frozen=True)
class Loaded:
    """The settings, the file that they came from, and how that file was found."""

    settings: Settings
    path: Path
    found_by: FoundBy


def load(path: Path | None = None) -> Loaded:
    """Find, read and check the settings file. Raises `SettingsProblem`."""
    file, found_by = find(path)
    if found_by in ("user", "machine") and (stranger := others_could_write(file, found_by)) is not None:
        _stop(
            file,
            f"another account of this PC could have written it ({stranger} is not this account's or root's alone), so "
            "it is not read. See that it says what it should, and give it and its folder to root or to this account.",
        )
    return Loaded(parse(read(file, found_by), file), file, found_by)


def find(path: Path | None = None) -> tuple[Path, FoundBy]:
    """Return the settings file and how it was found: `path`, else OUTTRAY_CONFIG, else the user's, else the machine's.

    Raises `SettingsProblem` where there is none. A file that is named is never passed over for another.
    """
    if path is not None:
        return path, "--config"
    if (configured := locations.configured_settings_file()) is not None:
        return configured, "OUTTRAY_CONFIG"
    user, machine = locations.user_settings_file(), locations.machine_settings_file()
    if user.exists():
        return user, "user"
    if machine.exists():
        return machine, "machine"
    raise SettingsProblem(
        [
            f"There is no settings file yet: none is named by --config or {locations.CONFIG_VARIABLE}, and none stands "
            f"at {user} or {machine}. Write one with: outtray config init"
        ]
    )


def others_could_write(file: Path, found_by: FoundBy = "machine") -> Path | None:
    """Return what of a settings file and its folder another account owns, or others may write to; None: neither.

    A group may be IT's, where it is not the user's own file.

    It decides where everything is sent, and an agent can have more rights than whoever might have put it there. Always
    None on Windows, where the installer sees to it.
    """
    if sys.platform == "win32":
        return None
    for path in (file, file.parent):
        try:
            found = path.stat()
        except OSError:
            continue  # whether it can be read is told elsewhere
        if found.st_uid not in (0, os.geteuid()) or (found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX):
            return path
    return group_could_write(file) if found_by == "user" else None


def group_could_write(file: Path) -> Path | None:
    """Return what of a settings file and its folder a group of several may write to; None: neither. On Windows None."""
    if sys.platform == "win32":
        return None
    for path in (file, file.parent):
        try:
            found = path.stat()
        except OSError:
            continue
        if found.st_mode & stat.S_IWGRP and not found.st_mode & stat.S_ISVTX and _is_shared(found.st_gid, found.st_uid):
            return path
    return None


def _is_shared(gid: int, owner: int) -> bool:
    """Tell whether a group may have others in it than the owner: many systems give each account one of its own."""
    if sys.platform == "win32" or gid == 0:
        return False
    import grp
    import pwd

    try:
        account, group = pwd.getpwuid(owner), grp.getgrgid(gid)
    except KeyError:
        return True
    return account.pw_gid != gid or not set(group.gr_mem) <= {account.pw_name}


def read(path: Path, found_by: FoundBy = "--config") -> str:
    """Return the text of a settings file. Raises `SettingsProblem`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        _stop(
            path,
            f"there is no such file, and {found_by} names it. Check the path, or write a new file with: "
            "outtray config init",
        )
    except (IsADirectoryError, PermissionError):
        if path.is_dir():
            _stop(path, f"this is a folder. Name the file in it, such as {path / locations.SETTINGS_FILE}.")
        _stop(path, "this account may not read the file. Give it the right to read.")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "the path cannot be used"
        _stop(path, f"the file cannot be read ({reason}). Check the disk or the share that it is on.")
    return _text(data, path)


def text_of(file: BinaryIO, path: Path) -> str:
    """Return the text of an open file, which stands at `path`. Raises `SettingsProblem`."""
    try:
        return _text(file.read(_LARGEST_FILE + 1), path)
    except OSError as problem:
        _stop(path, f"the file cannot be read ({problem.strerror}). Check the disk or the share that it is on.")


def _text(data: bytes, path: Path) -> str:
    if len(data) > _LARGEST_FILE:
        _stop(path, "the file is far larger than any settings file. Check the path.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _stop(path, "the file is saved as UTF-16. Save it as UTF-8 (in Notepad: Save as, Encoding).")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        _stop(path, f"line {line} holds a letter that is not UTF-8. Save the file as UTF-8 (in Notepad: Encoding).")


def parse(text: str, path: Path) -> Settings:
    """Return the settings in `text`, which stood at `path`. Raises `SettingsProblem` with everything that is wrong."""
    return checked(tables_of(text, path), path)


def tables_of(text: str, path: Path) -> dict[str, Any]:
    """Return the tables in `text`, which stood at `path`, whatever they say. Raises `SettingsProblem`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsProblem([f"{path}, {_not_toml(str(problem), text)}"], path) from problem
    except RecursionError:
        _stop(path, "the lists or tables in it are nested too deep. Compare it with: outtray config init")


def checked(tables: dict[str, Any], path: Path) -> Settings:
    """Return the settings that these tables are. Raises `SettingsProblem` with everything that is wrong."""
    found = [secret_sentence(at, tables) for at in secrets_in(tables)]
    for at in list(secrets_in(tables)):
        _take_out(tables, at)
    if not tables.get("store"):
        found.append("store: the file names no store, so there is nothing to send. Add one with a line [[store]].")
        tables.pop("store", None)
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as problem:
        found += sentences(problem.errors(include_url=False), tables)
        found += [sentence for sentence in _clashes(tables) if sentence not in found]
    if found:
        raise SettingsProblem(found, path)
    return settings


def _clashes(tables: dict[str, Any]) -> list[str]:
    clashes = clashes_between_tables(tables)
    if not clashes:
        return []
    return sentences(ValidationError.from_exception_data("Settings", clashes).errors(include_url=False), tables)


def _take_out(tables: dict[str, Any], at: tuple[str | int, ...]) -> None:
    table: Any = tables
    for part in at[:-1]:
        table = table[part]
    del table[at[-1]]


def _stop(path: Path, sentence: str) -> NoReturn:
    raise SettingsProblem([f"{path}: {sentence}"], path)


def _not_toml(reason: str, text: str) -> str:
    """Return where the text stops being TOML and what to do. The line itself is not told: a secret may stand in it."""
    lines = text.splitlines()
    at = re.search(r"\(at line (\d+), column (\d+)\)", reason)
    place = f"line {at[1]}, column {at[2]}" if at else f"line {max(len(lines), 1)}, at the end of the file"
    line = lines[int(at[1]) - 1] if at and int(at[1]) <= len(lines) else ""
    return f"{place}: {_hint(reason, line, bool(at))}"


def _hint(reason: str, line: str, has_place: bool) -> str:
    if re.search(r'"[^"\']*\\', line):
        return (
            "a backslash in double quotes begins a special character. Write the path in single quotes, such as "
            r"folder = 'C:\Scans\Claims'."
        )
    if "Cannot declare" in reason:
        return "this table stands here for the second time. Write it once; each further store begins with [[store]]."
    if "Cannot overwrite" in reason or "Cannot mutate" in reason or "Cannot redefine" in reason:
        return (
            "this key or table has a value already. Write each key once in its table, and head each store with "
            "[[store]], in two pairs of brackets."
        )
    if "table declaration" in reason:
        return "a bracket is missing. A table is headed by a line such as [agent], a store by [[store]]."
    if "Expected '='" in reason:
        return "a key stands here without a value. Write it as key = value, or put # before a comment."
    if not has_place or "Illegal character" in reason:
        return "a quote or a bracket that was opened is not closed. Close it."
    if "Invalid value" in reason:
        return (
            "this value cannot be read. Write a text in quotes, a number in digits, and true or false in small letters."
        )
    if "Expected newline" in reason:
        return (
            "something stands behind the value. Write one key a line; a number has no 0 before it; a text is in quotes."
        )
    return "this is neither a table such as [agent], nor key = value, nor a # comment. Write it as one of these."
