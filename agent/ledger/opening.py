"""Opening the ledger: made when it is missing, brought up to date when it is older, set aside when it cannot be used.

A ledger that is damaged, or that a newer OutTray wrote, is renamed and kept; a new one begins, and the agent goes on
from what stands on the shelves. Nothing here ever overwrites a ledger.
"""

from __future__ import annotations

import errno
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from agent import own_files
from agent.crashpoints import here
from agent.log import log, where

HEAD = "0004"


WAIT_TO_READ = 3.0  # seconds: a person waits for the answer
WAIT_FOR_A_LOCK = 15.0  # seconds for which another program's hold on the ledger is waited out
_MAY_PASS = ("locked", "busy", "full", "disk I/O")  # in the words of SQLite's own reasons (sqlite.org/rescode.html)


class LedgerUnavailable(Exception):
    """The ledger can be neither opened nor made, for the disk, the rights or another program's lock.

    `may_pass`: it may be well again in a moment, so that it is worth trying again.
    """

    def __init__(self, sentence: str, *, may_pass: bool = False) -> None:
        super().__init__(sentence)
        self.may_pass = may_pass


UNUSABLE = (SQLAlchemyError, LedgerUnavailable)
"""What whoever only reads the ledger meets while it cannot be used."""


@dataclass(frozen=True)
class Opened:
    """An engine that is ready, and what was set aside for it."""

    engine: Engine
    set_aside: Path | None = None
    why: str = ""  # "damaged" | "newer"


class _NewerLedgerError(Exception):
    """A newer OutTray wrote this ledger."""


def open_ledger(path: Path, now: datetime, *, patience: float = WAIT_FOR_A_LOCK) -> Opened:
    """Open the SQLite ledger at `path`, making or migrating it. `patience`: seconds to wait while others hold it.

    Raises LedgerUnavailable when it is locked for longer, or the place cannot be written at all.
    """
    set_aside: Path | None = None
    why = ""
    try:
        own_files.make_folder(path.parent, may_be_link=True)
        try:
            engine = _ready(path, patience)
        except (DatabaseError, sqlite3.DatabaseError, _NewerLedgerError) as trouble:
            if not _is_beyond_use(trouble):
                raise
            why = "newer" if isinstance(trouble, _NewerLedgerError) else "damaged"
            set_aside = _put_aside(path, why, now)
            here("ledger-set-aside")
            engine = _ready(path, patience)
    except (OSError, DatabaseError, sqlite3.DatabaseError) as trouble:
        sentence = f"The ledger {path} cannot be opened: {_reason(trouble)}."
        raise LedgerUnavailable(sentence, may_pass=_may_pass(trouble)) from trouble
    return Opened(engine, set_aside, why)


def memory_ledger() -> Engine:
    """Return a ledger that lives in memory only, for simulation and dry runs."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    _migrate(engine, None)
    return engine


def read_only(path: Path) -> Engine:
    """Open an existing ledger for reading beside a running agent. Raises LedgerUnavailable when there is none."""
    if not path.exists():
        raise LedgerUnavailable(f"There is no ledger at {path} yet.")
    return _engine(path, WAIT_TO_READ)


def _ready(path: Path, patience: float) -> Engine:
    own_files.touch(path)  # what SQLite puts beside it gets the same rights
    version = _inspect(path, patience) if path.stat().st_size else None
    if version != HEAD:
        migrating = _engine(path, patience)
        try:
            _migrate(migrating, version)
            if version is not None:
                _forget_what_was_removed(migrating)
        finally:
            migrating.dispose()
    return _engine(path)


def _inspect(path: Path, patience: float) -> str | None:
    """Return which version of the ledger stands there, None for an empty database, before anything is written to it."""
    if _has_forgotten(path):
        raise sqlite3.DatabaseError("its newest entries are missing")
    with closing(sqlite3.connect(path, timeout=patience)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("malformed")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return None
        if "alembic_version" not in tables:
            raise sqlite3.DatabaseError("not a database of OutTray")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def _has_forgotten(path: Path) -> bool:
    """Tell whether the write-ahead log was taken away with entries that are not in the database yet.

    The index beside it, which the database removes first at its end, has the number of frames that were written at
    byte 16, and of those that were carried over at byte 96 (sqlite.org/walformat.html, section 2.1).
    """
    if _beside(path, "-wal").exists() or not _beside(path, "-shm").exists():
        return False
    with _beside(path, "-shm").open("rb") as file:
        index = file.read(100)
    if len(index) < 100:
        return False
    (written,), (carried_over,) = struct.unpack_from("=I", index, 16), struct.unpack_from("=I", index, 96)
    return bool(written > carried_over)


def _engine(path: Path, patience: float = WAIT_FOR_A_LOCK) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": patience, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is removed is written over, not only let go of

    return engine


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
        connection.exec_driver_sql("BEGIN")  # the driver itself begins only before rows: tables would not be undone
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        here("migration-not-committed")


def _forget_what_was_removed(engine: Engine) -> None:
    """Leave nothing in the file of what an older OutTray has removed from it without writing it over."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except DatabaseError as trouble:  # no room for a second copy, say: the ledger itself is sound
        log.warning("the ledger could not be rewritten", extra={"trouble": where(trouble)})


def _is_beyond_use(trouble: Exception) -> bool:
    """Tell damage and a newer version apart from a disk, a right or a lock that may be well again in a moment."""
    original = trouble.orig if isinstance(trouble, DatabaseError) else trouble
    if isinstance(original, sqlite3.OperationalError):
        return "malformed" in str(original)
    return True


def _may_pass(trouble: Exception) -> bool:
    original = trouble.orig if isinstance(trouble, DatabaseError) else trouble
    if isinstance(original, sqlite3.OperationalError):
        return any(words in str(original) for words in _MAY_PASS)
    return isinstance(original, OSError) and original.errno in (errno.ENOSPC, errno.EIO)


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
    here("ledger-half-set-aside")
    for extra in ("-wal", "-shm"):
        beside = _beside(path, extra)
        if beside.exists():
            beside.rename(_beside(target, extra))
    return target


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _reason(trouble: Exception) -> str:
    if isinstance(trouble, DatabaseError):
        return str(trouble.orig)
    return (isinstance(trouble, OSError) and trouble.strerror) or str(trouble)
