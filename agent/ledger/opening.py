"""Opening the ledger: made when it is missing, brought up to date when it is older, set aside when it cannot be used.

A ledger that is damaged, or that a newer OutTray wrote, is renamed and kept; a new one begins, and the agent goes on
from what stands on the shelves. Nothing here ever overwrites a ledger.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

HEAD = "0001"


class LedgerUnavailable(Exception):
    """The ledger can be neither opened nor made, for the disk, the rights or another program's lock."""


@dataclass(frozen=True)
class Opened:
    """An engine that is ready, and what was set aside for it."""

    engine: Engine
    set_aside: Path | None = None
    why: str = ""  # "damaged" | "newer"


class _NewerLedgerError(Exception):
    """A newer OutTray wrote this ledger."""


def open_ledger(path: Path, now: datetime) -> Opened:
    """Open the SQLite ledger at `path`, making or migrating it.

    Raises LedgerUnavailable when the place cannot be written at all.
    """
    set_aside: Path | None = None
    why = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            engine = _ready(path)
        except (DatabaseError, _NewerLedgerError) as trouble:
            if not _is_beyond_use(trouble):
                raise
            why = "newer" if isinstance(trouble, _NewerLedgerError) else "damaged"
            set_aside = _put_aside(path, why, now)
            engine = _ready(path)
    except (OSError, OperationalError) as trouble:
        raise LedgerUnavailable(f"The ledger {path} cannot be opened: {_reason(trouble)}.") from trouble
    return Opened(engine, set_aside, why)


def memory_ledger() -> Engine:
    """Return a ledger that lives in memory only, for simulation and dry runs."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    _make(engine)
    return engine


def read_only(path: Path) -> Engine:
    """Open an existing ledger for reading beside a running agent. Raises LedgerUnavailable when there is none."""
    if not path.exists():
        raise LedgerUnavailable(f"There is no ledger at {path} yet.")
    return _engine(path)


def _ready(path: Path) -> Engine:
    engine = _engine(path)
    try:
        with engine.connect() as connection:
            if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
                raise DatabaseError("PRAGMA quick_check", None, sqlite3.DatabaseError("the file is malformed"))
            has_tables = connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar()
            version = _version(connection) if has_tables else None
        if not has_tables:
            _make(engine)
        elif version != HEAD:
            _migrate(engine, version)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 15, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine


def _version(connection: Connection) -> str | None:
    known = connection.execute(
        text("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'")
    ).scalar()
    if not known:
        raise DatabaseError("SELECT alembic_version", None, sqlite3.DatabaseError("not a ledger of OutTray"))
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _make(engine: Engine) -> None:
    _migrate(engine, None)


def _migrate(engine: Engine, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise _NewerLedgerError(version)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_beyond_use(trouble: Exception) -> bool:
    """Tell damage and a newer version apart from a disk, a right or a lock that may be well again in a moment."""
    if isinstance(trouble, OperationalError):
        return "malformed" in str(trouble.orig) or "not a database" in str(trouble.orig)
    return True


def _put_aside(path: Path, why: str, now: datetime) -> Path:
    stamp = now.strftime("%Y%m%dT%H%M%S")
    number = 0
    while True:
        suffix = f".{why}-{stamp}" + (f"-{number}" if number else "")
        target = path.with_name(path.name + suffix)
        if not target.exists():
            break
        number += 1
    path.rename(target)
    for extra in ("-wal", "-shm"):
        beside = path.with_name(path.name + extra)
        if beside.exists():
            beside.rename(target.with_name(target.name + extra))
    return target


def _reason(trouble: Exception) -> str:
    if isinstance(trouble, OperationalError):
        return str(trouble.orig)
    return trouble.strerror or str(trouble) if isinstance(trouble, OSError) else str(trouble)
