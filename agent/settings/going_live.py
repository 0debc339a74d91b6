"""Leaving the sandbox in a settings file: the lines that say where a lane sends are written anew, the others stay."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from agent import own_files
from agent.model import LaneId, LaneKind
from agent.settings.environment import Environment, environment_of
from agent.settings.reading import SettingsProblem, parse
from agent.settings.schema import Settings
from agent.settings.values import quoted

BEFORE = ".before"
_STORE = re.compile(r"\s*\[\[\s*store\s*\]\]")
_TABLE = re.compile(r"(\s*)\[\s*store\s*\.\s*(attachments|statements)\s*\]")
_ANY_TABLE = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*([a-z_]+)\s*=")
_WHERE = frozenset(("environment", "base_url", "token_url", "create_path"))


class NotLive(Exception):
    """The file cannot be changed so; the text says why, and what to do."""


def on_a_sandbox(settings: Settings) -> list[LaneId]:
    """Return the lanes that do not send to the real service."""
    return [lane for lane, one in settings.lanes.items() if environment_of(one) is not Environment.PRODUCTION]


def live_text(
    text: str, path: Path, lanes: Collection[LaneId], *, statements_url: str = "", client_id: str = ""
) -> tuple[str, Settings]:
    """Return the file's text and its settings with these lanes at the real services. Nothing else in it changes.

    Raises NotLive, also where the new settings would not hold.
    """
    before = parse(text, path)
    said = {
        LaneKind.ATTACHMENTS: {"environment": "production"} | ({"client_id": client_id} if client_id else {}),
        LaneKind.STATEMENTS: {"base_url": statements_url},
    }
    if not statements_url and any(lane.kind is LaneKind.STATEMENTS for lane in lanes):
        raise NotLive("Say where statements go: --statements-url https://... is the real service's address.")
    changed = "".join(_lines(text, [store.name for store in before.store], lanes, said))
    try:
        after = parse(changed, path)
    except SettingsProblem as problem:
        raise NotLive(" ".join(problem.sentences)) from None
    if left := [str(lane) for lane in on_a_sandbox(after) if lane in lanes]:
        raise NotLive(f"{', '.join(left)} would still send to a sandbox. Give the real service's address.")
    if _others(before, lanes) != _others(after, lanes):
        raise NotLive(f"{path} is written in a way that OutTray does not change by itself. Change it by hand.")
    return changed, after


def replace(path: Path, text: str) -> Path:
    """Write a settings file anew, whole, with the rights that it has; return where the former one stands now.

    Raises OSError.
    """
    kept = path.with_name(path.name + BEFORE)
    for target, data in ((kept, path.read_bytes()), (path, text.encode())):
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
        try:
            with own_files.create(fresh) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _give_rights_of(path, fresh)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    return kept


def _give_rights_of(path: Path, fresh: Path) -> None:
    if os.name == "nt":
        return  # those of the folder are handed down
    found = path.stat()
    if os.geteuid() == 0:
        os.chown(fresh, found.st_uid, found.st_gid, follow_symlinks=False)
    fresh.chmod(found.st_mode & 0o777)


def _lines(
    text: str, stores: list[str], lanes: Collection[LaneId], said: dict[LaneKind, dict[str, str]]
) -> Iterator[str]:
    number, at = -1, None
    for line in text.splitlines(keepends=True):
        table = _TABLE.match(line)
        if _STORE.match(line):
            number, at = number + 1, None
        elif table:
            lane = LaneId(stores[number], LaneKind(table[2])) if 0 <= number < len(stores) else None
            at = lane if lane in lanes else None
            yield line if line.endswith("\n") else f"{line}\n"
            if at is not None:
                yield from (f"{table[1]}{key} = {quoted(value)}\n" for key, value in said[at.kind].items())
            continue
        elif _ANY_TABLE.match(line) and at is not None and not line.strip().startswith(('["', "['")):
            at = None
        key = _KEY.match(line)
        if at is None or key is None or key[1] not in (*_WHERE, *said[at.kind]):
            yield line


def _others(settings: Settings, lanes: Collection[LaneId]) -> dict[str, Any]:
    """Return what the settings say beside where these lanes send."""
    told = settings.model_dump(mode="json")
    for store in told["store"]:
        for kind in LaneKind:
            if LaneId(store["name"], kind) in lanes:
                store[str(kind)] = {
                    key: one for key, one in store[str(kind)].items() if key not in (*_WHERE, "client_id")
                }
    return told
