"""What the commands write to: a console, a pipe, or nothing at all.

Windows gives a redirected program the code page of old consoles, which lacks most letters, and a program without a
console no streams at all. Neither may keep a command from its work.
"""

from __future__ import annotations

import io
import os
import sys


def make_ready() -> None:
    """Let standard output and standard error take every text: in UTF-8 where they are redirected.

    An encoding that was asked for with PYTHONIOENCODING holds. What an encoding lacks is written as an escape.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _Nothing())
        elif isinstance(stream, io.TextIOWrapper):
            chosen = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if chosen else "utf-8", errors="backslashreplace")


class _Nothing(io.TextIOBase):
    """Takes every text and keeps none. Not the null device, which Windows calls a terminal."""

    def write(self, text: str) -> int:
        return len(text)
