"""What people ask of a running agent: `retry`, `pause`, `resume`. Each request is a small file in the data folder.

A request is written whole before it gets its name, and taken by reading and removing it: one that was asked for while
no agent ran is carried out at the next start.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from agent.log import log, where

Verb = Literal["retry", "pause", "resume"]


@dataclass(frozen=True)
class Request:
    """One wish: `packets` for retry; `lanes` for pause and resume (empty: every lane). `actor` is the OS user."""

    verb: Verb
    packets: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    actor: str = ""


class RequestBox:
    """The folder in which requests wait for the agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "requests"

    def post(self, request: Request) -> None:
        """Leave a request. Raises OSError when the folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(asdict(request)), encoding="utf-8")
        temporary.rename(self.folder / f"{name}.json")

    def collect(self) -> list[Request]:
        """Take every request that waits. One that cannot be read is removed and noted in the log."""
        found = []
        for path in sorted(self.folder.glob("[!.]*.json")):
            try:
                fields = json.loads(path.read_text(encoding="utf-8"))
                found.append(
                    Request(
                        verb=fields["verb"],
                        packets=tuple(fields["packets"]),
                        lanes=tuple(fields["lanes"]),
                        actor=str(fields["actor"]),
                    )
                )
            except (OSError, ValueError, KeyError, TypeError) as trouble:
                log.warning("a request could not be read", extra={"trouble": where(trouble)})
            path.unlink(missing_ok=True)
        return found
