"""What people ask of a running agent: `retry`, `pause`, `resume`. Each request is a small file in the data folder.

A request is written whole before it gets its name, and removed once it is carried out: one that was asked for while no
agent ran, or that a crash cut off, is carried out at the next start.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from agent.log import log, where

Verb = Literal["retry", "pause", "resume", "withdraw", "look", "stop"]


@dataclass(frozen=True)
class Request:
    """One wish: `packets` for retry and withdraw; `lanes` for pause, resume and look (empty: every lane).

    `actor` is the OS user who asks.
    """

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

    def collect(self) -> Iterator[Request]:
        """Yield every request that waits, and remove each when the next is asked for.

        One that cannot be read is noted in the log.
        """
        for path in sorted(self.folder.glob("[!.]*.json")):
            try:
                fields = json.loads(path.read_text(encoding="utf-8"))
                request = Request(
                    verb=fields["verb"],
                    packets=tuple(fields["packets"]),
                    lanes=tuple(fields["lanes"]),
                    actor=str(fields["actor"]),
                )
            except (OSError, ValueError, KeyError, TypeError) as trouble:
                log.warning("a request could not be read", extra={"trouble": where(trouble)})
            else:
                yield request
            path.unlink(missing_ok=True)
