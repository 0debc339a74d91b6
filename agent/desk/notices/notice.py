"""A notice as it is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """`title` and `text`, and the place of the page that a click opens."""

    title: str
    text: str
    target: str = "/"
