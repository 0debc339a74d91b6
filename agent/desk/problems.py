"""What the desk itself says of files."""

from __future__ import annotations

from agent.model import Words

LEFT_ALONE = Words(
    "left-alone",
    "{name} is never picked up: {reason}.",
    "{remedy}",
)
