"""The small protocol behind which each vendor's service stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Protocol

from agent.model import AttachmentRequest, AttemptResult, Problem, StatementUpload

Progress = Callable[[int, int], None]
"""Called with (bytes sent, bytes in all) as the body goes out; must return at once."""


@dataclass(frozen=True)
class Health:
    """What a look at the service found; `problem` is None where all is well.

    `service_date`: the Date of a reply of the service's own. `cannot_be_asked`: it is not the network that was in the
    way, but this look broke down, and would again.
    """

    problem: Problem | None
    detail: str = ""  # for IT: status, address, seconds
    service_date: datetime | None = None
    cannot_be_asked: bool = False


class Destination(Protocol):
    """Where a lane's packets go. One object a lane, used by several sender threads at once."""

    name: str  # for the receipt: the address without credentials

    def send(
        self,
        request: AttachmentRequest | StatementUpload,
        place: Path,
        progress: Progress,
        cancel: Event,
    ) -> AttemptResult:
        """Send one packet whose files stand in `place`, and tell what became of it.

        Never raises: whatever happens on the wire is an outcome. `cancel` ends it within a second; a body that was
        cut short is *retry*, one that had gone out whole is *unknown*.
        """
        ...

    def health(self) -> Health:
        """Ask for a token (where there are tokens) and for the service's health."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
