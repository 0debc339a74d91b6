"""A practice on real disks and sockets with a statements lane, and clocks that are moved by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.clock import Reading, SystemClock
from agent.folder.names import RECEIPT
from agent.model import LaneId, LaneKind
from agent.sandbox.server import Sandbox
from tests.support.practice import Practice, standing

LANE = LaneId("main-street", LaneKind.STATEMENTS)


class MovedClock:
    """The PC's own clocks, moved ahead: `advance` is time that passes, for the agent and for the sandbox alike."""

    def __init__(self) -> None:
        self._inner = SystemClock()
        self._ahead = 0.0

    def now(self) -> datetime:
        return self._inner.now() + timedelta(seconds=self._ahead)

    def steady(self) -> float:
        return self._inner.steady() + self._ahead

    def read(self) -> Reading:
        return Reading(self.now(), self.steady(), "boot")

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class StatementsPractice(Practice):
    """One store with a statements lane; keywords as of `Practice`. `rule`: further lines of the filename rule."""

    def __init__(
        self,
        root: Path,
        *,
        plan: str = "",
        sandbox: Sandbox | None = None,
        lane: str = "",
        rule: str = "",
        agent: str = "",
        **more: Any,
    ) -> None:
        self.moved = MovedClock()
        self._rule_lines, self._agent_lines = rule, agent
        # What the service says afterwards takes seconds: it is asked where a test is about that.
        self._lane_lines = lane if "verify" in lane else f"verify = false\n{lane}"
        # The sandbox lives by its own copy of the time, so that each of the two can be wrong.
        self.at_service = MovedClock()
        super().__init__(
            root,
            sandbox=sandbox or Sandbox(plan, clock=self.at_service),
            folder=root / "statements",
            clock=self.moved,
            **more,
        )
        self._own_sandbox = sandbox is None
        self.environment = {"OUTTRAY_SECRET_MAIN_STREET_API_KEY": self.sandbox.credentials.api_key}

    @property
    def settings_text(self) -> str:
        return f"""
[agent]
data_dir = '{self.data_dir}'
{self._agent_lines}
[[store]]
name = "main-street"
store_id = "{self.sandbox.credentials.store_id}"
[store.statements]
folder = '{self.folder}'
base_url = "{self.base_url or self.sandbox.url}"
settle_seconds = 0.2
rescan_seconds = 1
{self._lane_lines}
[store.statements.filename_rule]
{self._rule_lines}
"""

    # --- time -------------------------------------------------------------------------------------------------------

    def let_pass(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Let time pass, at the service too, and wake the agent."""
        self.at_service.advance(seconds + hours * 3600)
        self.moved.advance(seconds + hours * 3600)
        self.wake()

    def wake(self) -> None:
        """Let the agent notice that its clocks have moved."""
        assert self.engine is not None
        self.engine.control.inbox.hint(LANE)

    # --- what there is to see ---------------------------------------------------------------------------------------

    def write_slowly(self, name: str, data: bytes, pieces: int = 4) -> None:
        """Write a file in place over whatever stands there, each piece seen by the agent, seconds apart."""
        assert self.engine is not None
        lane = self.engine.control.state.lanes[LANE]
        step = len(data) // pieces + 1
        with (self.folder / name).open("wb", buffering=0) as file:
            for start in range(0, len(data), step):
                file.write(data[start : start + step])
                size = min(start + step, len(data))
                if size < len(data):
                    self.wait_for(
                        lambda size=size: any(look.observation.identity.size == size for look in lane.looks),
                        f"a look at the first {size} bytes of {name}",
                    )
                    self.let_pass(seconds=3)

    def sent_whole(self) -> list[bytes]:
        """Return the statement files that stand on `sent` with their receipts, by day and name."""
        found = standing(self.folder / "sent")
        return [data for name, data in found.items() if not name.endswith(RECEIPT) and ".outtray" not in name]

    def wait_until_sent(self, count: int) -> None:
        self.wait_for(lambda: len(self.sent_whole()) >= count and not self.sending(), f"{count} sent files")

    def held(self) -> list[str]:
        """Return the files on `held`, without what OutTray writes there."""
        held = self.folder / "held"
        return sorted(path.name for path in held.rglob("*") if path.is_file() and not path.name.startswith(".outtray"))

    def bodies(self) -> list[dict[str, Any]]:
        """Return what the sandbox has accepted, in order."""
        return [accepted.body() for accepted in self.sandbox.accepted]

    def accounts(self) -> list[list[str]]:
        """Return the account numbers of each accepted upload, in order."""
        return [[one["externalPatientId"] for one in body["pendingInvoiceUploads"]] for body in self.bodies()]
