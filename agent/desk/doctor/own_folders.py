"""What OutTray keeps for itself: data folder, ledger, logs; and whether it runs."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from agent.desk.doctor.finding import Check, Finding, State, found
from agent.desk.doctor.world import World
from agent.desk.interface.remote import Unreachable, agent_at
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.names import OWN_PREFIX
from agent.folder.problems import folder_problem
from agent.ledger.opening import HEAD
from agent.own_files import faults
from agent.settings.locations import data_folder, ledger_file, log_folder
from agent.settings.schema import Settings

TRIAL = f"{OWN_PREFIX}doctor-"
"""What the doctor's throw-away files begin with: names that are never picked up."""

_WHY = {"open": "open to others", "owner": "of another account", "link": "a link"}
_FEW = 5
_WORDS = b"The doctor's trial of the rights in this folder. It can be deleted.\n"


def check_own_folders(settings: Settings, world: World) -> Iterator[Finding]:
    """Check the data folder, the ledger in it, and the folder for logs."""
    yield _writable(Check.DATA, data_folder(settings.agent), world)
    yield _private(settings)
    yield _ledger(ledger_file(settings.agent))
    yield _writable(Check.LOGS, log_folder(settings.agent), world)


def try_rights(fs: FileSystem, folder: Path) -> None:
    """Write, read, rename and delete a throw-away file, and make and remove a folder.

    Raises the `FileSystemProblem` that was met. What was made is taken away again as far as the rights allow.
    """
    mark = secrets.token_hex(4)
    first, second, inside = (folder / f"{TRIAL}{mark}{suffix}" for suffix in ("", "-renamed", "-folder"))
    try:
        fs.write(first, _WORDS)
        with fs.open(first) as file:
            file.read()
        fs.move(first, second)
        fs.make_folder(inside)
        fs.remove_folder(inside)
        fs.remove(second)
    except FileSystemProblem:
        for leftover in (first, second):
            with suppress(FileSystemProblem):
                fs.remove(leftover)
        with suppress(FileSystemProblem):
            fs.remove_folder(inside)
        raise


def _writable(check: Check, folder: Path, world: World) -> Finding:
    standing = next((place for place in (folder, *folder.parents) if world.is_folder(place)), folder)
    try:
        try_rights(world.fs, standing)
    except FileSystemProblem as trouble:
        return found(check, folder_problem(trouble, folder))
    said = "Can be written." if standing == folder else "Is not there yet; OutTray makes it at its first start."
    return Finding(check, State.OK, said, detail=str(folder))


def _private(settings: Settings) -> Finding:
    """Tell whether other accounts of this PC can read or change what OutTray keeps, its keys and logs among it."""
    data = data_folder(settings.agent)
    logs = () if settings.agent.data_dir else faults(log_folder(settings.agent))
    if not (wrong := [*faults(data), *logs]):
        return Finding(Check.PRIVATE, State.OK, "Ledger, spool, logs and keys are this account's alone.")
    told = [f"{fault.path}: {_WHY[fault.why]}" for fault in wrong[:_FEW]]
    if len(wrong) > _FEW:
        told.append(f"and {len(wrong) - _FEW} more")
    is_mended_at_the_start = all(fault.why == "open" for fault in wrong)
    return Finding(
        Check.PRIVATE,
        State.WARN if is_mended_at_the_start else State.FAIL,
        "Other accounts of this PC can read or change what OutTray keeps.",
        "Stop OutTray and start it again under its own account: it closes what is its own. What still stands here then "
        "belongs to somebody else, or is a link: give it to OutTray's account, or take it away.",
        detail="; ".join(told),
    )


def _ledger(path: Path) -> Finding:
    """Read the ledger without writing to it: its integrity and its version."""
    if not path.exists():
        return Finding(Check.LEDGER, State.OK, "There is none yet; OutTray makes it at its first start.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            version = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]) if sound else ""
            packets = connection.execute("SELECT count(*) FROM packet").fetchone()[0] if sound else 0
    except (sqlite3.Error, OSError, TypeError) as trouble:
        busy = isinstance(trouble, sqlite3.OperationalError) and "locked" in str(trouble)
        if busy:
            remedy = "Look again in a minute. If it stays, see which other program has the data folder open."
            return Finding(Check.LEDGER, State.WARN, "Another program has it open just now.", remedy)
        return _damaged(type(trouble).__name__)
    if not sound:
        return _damaged("quick_check")
    if version > HEAD:
        return Finding(
            Check.LEDGER,
            State.FAIL,
            "A newer OutTray wrote it.",
            "Install that version again. This one would set the ledger aside and begin a new one.",
            detail=f"version {version}, this OutTray knows {HEAD}",
        )
    size = f"{path.stat().st_size / 1e6:,.1f} MB"
    later = "" if version == HEAD else " It is brought up to date at the next start."
    said = f"Sound; {packets:,} packet{'s' * (packets != 1)}, {size}.{later}"
    return Finding(Check.LEDGER, State.OK, said, detail=f"version {version}")


def _damaged(detail: str) -> Finding:
    return Finding(
        Check.LEDGER,
        State.FAIL,
        "It is damaged.",
        "Start OutTray again: it sets the damaged ledger aside and goes on from what stands on the shelves. "
        "Have IT check this PC's disk.",
        detail=detail,
    )


def check_agent(settings: Settings, world: World) -> Finding:
    """Tell whether the agent runs. There is never more than one with a data folder: it holds a lock on it."""
    try:
        running = world.running(settings)
    except OSError as trouble:
        sentence, remedy = "Whether OutTray runs cannot be told.", "Mend the rights of the data folder first."
        return Finding(Check.AGENT, State.WARN, sentence, remedy, detail=type(trouble).__name__)
    if not running:
        return Finding(
            Check.AGENT, State.WARN, "OutTray is not running; nothing is being sent.", "Start it with: outtray run"
        )
    try:
        agent = agent_at(data_folder(settings.agent))
    except Unreachable as reason:
        return Finding(Check.AGENT, State.WARN, "OutTray is running, and commands do not reach it.", str(reason))
    detail = f"process {agent.pid}" if agent else ""
    return Finding(Check.AGENT, State.OK, "OutTray is running, once.", detail=detail)


def check_autostart(world: World) -> Finding:
    """Tell whether OutTray starts by itself at logon."""
    try:
        found = world.autostart()
    except OSError as trouble:
        return Finding(Check.AUTOSTART, State.SKIPPED, "It cannot be told.", detail=type(trouble).__name__)
    if found.on:
        said = f"OutTray starts at logon, by {found.how}."
        return Finding(Check.AUTOSTART, State.OK, said, detail=f"{found.where}: {found.command}".removesuffix(": "))
    if found.held_back:
        said, remedy = "It is switched off in the system's settings.", "Turn it on again with: outtray autostart on"
        return Finding(Check.AUTOSTART, State.WARN, said, remedy, detail=found.where)
    remedy = "Turn it on with: outtray autostart on. Where a service or a scheduler starts OutTray, nothing is needed."
    return Finding(Check.AUTOSTART, State.WARN, "OutTray does not start by itself at logon.", remedy)
