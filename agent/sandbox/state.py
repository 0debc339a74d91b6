"""What one sandbox knows while it runs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from agent.sandbox.clock import SandboxClock
from agent.sandbox.faults import FaultPlan, PlannedFault
from agent.sandbox.journal import Journal
from agent.sandbox.paths import Traffic
from agent.sandbox.records import Seen
from agent.sandbox.tokens import Tokens

REMEMBERED_REQUESTS = 100_000


@dataclass(frozen=True)
class Credentials:
    """One store's credentials for both services. Made up: they open nothing but a sandbox."""

    client_id: str = "outtray-sandbox"
    client_secret: str = "made-up-client-secret"  # noqa: S105 - opens nothing but a loopback sandbox
    store_id: str = "01GDG5BZA29R3SZMZ63Y2GFENV"
    api_key: str = "made-up-api-key"
    submitter_id: str = "SUBMITTER-1"
    billing_provider_tax_id: str = "123456789"
    provider_npi: str = "1234567893"


@dataclass
class State:
    """Shared by all addresses of one sandbox. Changed by the server's thread; tests read it from theirs."""

    clock: SandboxClock
    tokens: Tokens
    journal: Journal
    stores: tuple[Credentials, ...]
    folder: Path  # temporary files
    plan: FaultPlan
    keep_files: bool = True
    filename_rule: bool = True
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=REMEMBERED_REQUESTS))
    counts: dict[Traffic, int] = field(default_factory=dict)

    def set_plan(self, plan: FaultPlan) -> None:
        """Follow another plan from now on: the next request of each traffic is number 1 again."""
        self.plan, self.counts = plan, {}

    def register(self, traffic: Traffic, path: str) -> tuple[Seen, PlannedFault | None]:
        """Number a request that comes in, and tell what the plan has for it."""
        number = self.counts.get(traffic, 0) + 1
        self.counts[traffic] = number
        fault = self.plan.find(traffic, number)
        seen = Seen(traffic, number, path, "" if fault is None else fault.text)
        self.seen.append(seen)
        return seen, fault
