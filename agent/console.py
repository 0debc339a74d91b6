"""What the commands write to: a console, a pipe, or nothing at all; and that nothing they write is obeyed by it.

Windows gives a redirected program the code page of old consoles, which lacks most letters, and a program without a
console no streams at all. Neither may keep a command from its work.

A file's name, a cell, a service's words can hold what a terminal obeys: it would be cleared, retitled, or made to show
another text than what stands there. So text goes out through `say`, `tell` and `terminal` alone, which spell such
characters out; standard output and standard error do it once more, for whatever else writes there.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from agent.shown import ACTING, shown, spelled_out

if TYPE_CHECKING:
    from rich.console import Console

_OBEYED = re.compile(f"[\x00-\x08\x0b-\x1f{ACTING}]")
"""What a text of several lines may not hold: all that acts but tab and line feed."""


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
            setattr(sys, name, cast(TextIO, _Harmless(stream)))


def say(line: str = "") -> None:
    """Write a line of the answer for a person."""
    _write(sys.stdout, f"{shown(line)}\n")


def say_whole(text: str) -> None:
    """Write an answer of several lines, such as JSON."""
    _write(sys.stdout, f"{harmless(text)}\n")


def tell(sentence: str) -> None:
    """Say something to the person, beside the answer: on standard error. Whether anyone listens makes no difference."""
    with suppress(OSError):  # whoever started the program may have closed the pipe long ago
        _write(sys.stderr, f"{shown(sentence)}\n")


def say_over(line: str) -> None:
    """Write a line on standard error in the place of the one before; an empty one takes it away. For terminals only."""
    _write(_obeyed(sys.stderr), f"\r{shown(line)}\x1b[K")


def terminal(*, stderr: bool = False) -> Console:
    """Return a console for tables and bars. Its own colours are obeyed, and nothing of the texts that it is given.

    What acts in a text is spelled out after the layout; so whoever minds the width of columns gives it `shown` texts.
    """
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Terminal(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(harmless(segment.text), segment.style)

    stream = sys.stderr if stderr else sys.stdout
    return Terminal(file=_obeyed(stream), stderr=stderr, markup=False, highlight=False, emoji=False)


def harmless(text: str) -> str:
    """Return a text of any number of lines in which nothing acts but their ends and tabs."""
    return spelled_out(_OBEYED, text)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _obeyed(stream: TextIO) -> TextIO:
    """Return the stream behind the harmless one: only for what is OutTray's own to the last character."""
    return stream.wrapped if isinstance(stream, _Harmless) else stream


class _Harmless:
    """Standard output or standard error that is given harmless text only, whoever writes."""

    def __init__(self, wrapped: io.TextIOWrapper) -> None:
        self.wrapped = wrapped

    def write(self, text: str) -> int:
        self.wrapped.write(harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)


class _Nothing(io.TextIOBase):
    """Takes every text and keeps none. Not the null device, which Windows calls a terminal."""

    def write(self, text: str) -> int:
        return len(text)
