"""The practice of `simulated_practice`, with the real destinations over a simulated network and the real watchers."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from agent.delivery import control as control_module
from agent.delivery import lane as lane_module
from agent.delivery import telling
from agent.delivery.engine import terms_of
from agent.delivery.lane import Lane
from agent.destinations.attachments import AttachmentsDestination
from agent.destinations.limiter import UploadLimiter
from agent.destinations.statements import StatementsDestination
from agent.destinations.transport import build_client
from agent.folder import watching as watching_module
from agent.folder.filesystem import FileSystemProblem
from agent.folder.real import RealFileSystem
from agent.folder.watching import Watcher
from agent.intake.lanes import intake_for
from agent.ledger.opening import memory_ledger
from agent.model import LaneId
from agent.settings.schema import AttachmentsSettings, LaneSettings
from tests.support import simulated_practice as harness
from tests.support.simulation.hints import Hints
from tests.support.simulation.network import SimulatedNetwork

POLLED_EVERY = 7200.0
"""Seconds; a real lane that hears nothing is looked at every 5. Two weeks of that are a quarter of a million looks."""


class RealPartsPractice(harness.SimulatedPractice):
    """Replaces the made-up services and events of the harness."""

    def __init__(self, spool: Path, settings: str, network: SimulatedNetwork, hints: Hints, **how: Any) -> None:
        self._network = network
        self._hints = hints
        super().__init__(spool, settings, **how)

    def copy_of_ledger(self) -> sqlite3.Connection:
        """Return the ledger as it is now, to be restored some day."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        _raw(self._database).backup(copy)
        return copy

    def restore_ledger(self, backup: sqlite3.Connection | None) -> None:
        """Put a ledger of old in the place of this one; None: an empty one."""
        (backup or _empty_ledger(os.getpid())).backup(_raw(self._database))

    def _lanes_of(self, store: Any) -> Iterable[tuple[LaneId, Lane]]:
        self._network.clock = self.clock
        for lane_id, lane in store.lanes.items():
            if not hasattr(self, "control"):  # the first agent: the PC's folders are made before it starts
                self.fs.make_folder(lane.folder)
            made = Lane(
                lane_id,
                lane,
                terms_of(store, lane),
                self.fs,
                self.clock,
                intake_for(lane, lane_id, self.fs, self._spool),
                self._destination(store, lane),
                duplicate_days=lane.duplicate_days if isinstance(lane, AttachmentsSettings) else 0,
                dice=self._dice,
                watcher=self._watcher(lane_id, lane),
                installation=self.installation,
            )
            if made.watcher is not None:
                made.watcher.start(self.clock.steady())
            yield lane_id, made

    def _watcher(self, lane_id: LaneId, lane: LaneSettings) -> Watcher:
        try:
            remote = self.fs.is_remote(lane.folder)
        except FileSystemProblem:
            remote = False

        def hint() -> None:
            self.control.inbox.hint(lane_id)

        return Watcher(lane, hint, remote=remote, listen=self._hints.listen, touch=self._hints.touch)

    def _destination(self, store: Any, lane: LaneSettings) -> AttachmentsDestination | StatementsDestination:
        client = build_client(transport=self._network)
        limiter = UploadLimiter(None, self.clock.steady)
        if isinstance(lane, AttachmentsSettings):
            return AttachmentsDestination(
                store=store.name,
                base_url=lane.service_url,
                token_url=lane.service_token_url,
                client_id=lane.client_id,
                secret=lambda: "the-secret",
                client=client,
                files=self.fs,
                limiter=limiter,
                clock=self.clock,
            )
        return StatementsDestination(
            store=store.name,
            base_url=lane.base_url,  # type: ignore[attr-defined]
            store_id=store.store_id,
            api_key=lambda: "the-key",
            client=client,
            files=RealFileSystem(),  # the spool is a real folder
            limiter=limiter,
            clock=self.clock,
        )


def _raw(engine: Engine) -> sqlite3.Connection:
    connection = engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


@cache
def _empty_ledger(_process: int) -> sqlite3.Connection:
    """Return a ledger as the migrations make it, to be copied: they take as long as a simulated day."""
    return _raw(memory_ledger())


@cache
def _engine(_process: int) -> Engine:
    """Return the engine of every practice, one after the other: it remembers how queries are put."""
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def _copied_ledger() -> Engine:
    engine = _engine(os.getpid())
    _empty_ledger(os.getpid()).backup(_raw(engine))
    return engine


@contextmanager
def made_cheap() -> Iterator[None]:
    """Let days be cheap: ledgers are copied, and a lane without events is looked at every quarter of an hour."""
    with (
        patch.object(harness, "memory_ledger", _copied_ledger),
        patch.object(control_module, "LONGEST_SLEEP", 24 * 3600.0),
        patch.object(telling, "TELL_APART", -1.0),  # nobody is told
        patch.object(os, "fsync", lambda _file: None),  # the power never goes
        patch.object(lane_module, "POLL_SECONDS", POLLED_EVERY),
        patch.object(watching_module, "POLL_SECONDS", POLLED_EVERY),
        patch.object(watching_module, "_CANARY_EVERY", POLLED_EVERY),
        patch.object(watching_module, "_identity_of", lambda _folder: (1, 1)),
    ):
        yield
