"""The page over a practice in memory: forms are posted, the agent works, and the services say what became of each file.

There are no sockets and no waiting: the agent works while time passes, and at once when it is asked for something.

desk = SimulatedDesk(tmp_path)
desk.drop("PA.tif", files.tiff())
desk.pass_(minutes=1)
Form.of(desk.client.get(desk.scan_form("PA.tif"))).send(desk.client, claimId="CLM-1")
desk.pass_(minutes=1)
desk.went()  # [("CLM-1", [the TIFF's bytes])]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.delivery.board import Board
from agent.delivery.requests import Answer, Request
from agent.delivery.snapshot import Snapshot
from agent.delivery.status import snapshot_of
from agent.desk.desk import Desk
from agent.desk.page.tokens import file_token
from agent.model import LaneId, PacketState
from tests.support import files
from tests.support.page import Browser, signed_in
from tests.support.simulated_practice import SCANS, SETTINGS, STATEMENTS, SimulatedPractice


class _Board(Board):
    """Shows how things stand at each look, as the control thread does once it has stepped."""

    def __init__(self, practice: SimulatedDesk) -> None:
        super().__init__()
        self._practice = practice

    @property
    def latest(self) -> Snapshot:
        return snapshot_of(self._practice.control.state, ())


class SimulatedDesk(SimulatedPractice):
    """A practice whose people use the page. `client` is a browser that is signed in.

    `asks`: what happens to a request in place of being carried out; `alive`: whether the engine runs.
    """

    def __init__(self, folder: Path, settings: str = "", **options: Any) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        text = f"[agent]\ndata_dir = '{folder / 'data'}'\n{settings or SETTINGS}"
        super().__init__(folder / "spool", text, profiles=folder / "data" / "profiles", **options)
        self.alive = True
        self.asks: Callable[[Request], Future[Answer]] | None = None
        (folder / "spool").mkdir(exist_ok=True)

    @cached_property
    def client(self) -> Browser:
        """A browser at the page."""
        return signed_in(self.desk)

    @property
    def desk(self) -> Desk:
        """The desk over the agent that runs now."""
        return Desk(
            settings=self.settings,
            clock=self.clock,
            files=self.fs,
            ledger=self.ledger,
            board=_Board(self),
            ask=self.answer,
            progress=_nothing_moves,
            is_alive=lambda: self.alive,
            stop=lambda: None,
        )

    def restart(self, **how: Any) -> None:
        super().restart(**how)
        self.__dict__.pop("client", None)  # sessions end with the agent

    def answer(self, request: Request) -> Future[Answer]:
        """Let the agent carry out what is asked, at its next step."""
        if self.asks is not None:
            return self.asks(request)
        answered = self.control.inbox.ask(request)
        self.step()
        return answered

    def drop_packet(self, name: str, **said: Any) -> None:
        """Put a PDF and its sidecar into the scans' folder."""
        self.drop(f"{name}.pdf", files.pdf())
        self.drop(f"{name}.json", files.sidecar(**said))

    # --- addresses --------------------------------------------------------------------------------------------------

    def scan_form(self, name: str) -> str:
        """The form of a scan that waits without a sidecar."""
        return f"/scan/{SCANS}/{file_token(str(SCANS), name)}/form"

    def failed_one(self, lane: LaneId = SCANS, code: str = "") -> str:
        """The id of the one packet that has failed (with this problem) and was not dealt with."""
        [packet] = self.failed_ones(lane, code)
        return packet

    def failed_ones(self, lane: LaneId = SCANS, code: str = "") -> list[str]:
        """The ids of the packets that have failed and were not dealt with."""
        found = [one for one in self.ledger.history(states=[PacketState.FAILED]) if one.resolved_at is None]
        return [one.id for one in found if one.lane == lane and one.problem and (not code or one.problem.code == code)]

    # --- the files' fate --------------------------------------------------------------------------------------------

    def went(self) -> list[tuple[str, list[bytes]]]:
        """What the attachments service has: each claim with the bytes of its files, sorted."""
        return [(one.metadata.get("claimId", ""), sorted(one.files.values())) for one in self.service().accepted]

    def statements(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """What the statements service has: each upload's name and its statements."""
        return [
            (one.filename, json.loads(one.files[one.filename])["pendingInvoiceUploads"])
            for one in self.service(STATEMENTS).accepted
        ]

    def stands(self, data: bytes, lane: LaneId = SCANS) -> list[str]:
        """Where a file with these bytes stands, on whatever shelf."""
        return [name for name, held in self.standing(lane).items() if held == data]


def _nothing_moves() -> Mapping[str, tuple[int, int]]:
    return {}
