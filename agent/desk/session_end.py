"""Ends the agent in good order when Windows ends the session: logoff, shutdown, an installer, a closed console.

Signals cannot do that there: Python sees Ctrl+C only when its main thread wakes, a closed console not in time, and a
logoff of a program with windows never. Elsewhere the session's end comes as SIGTERM, which the command handles itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_session_end(stop: Callable[[], None], resumed: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Call `stop` when the session ends, and `resumed` when the PC wakes from sleep; both from threads of their own.

    The system is kept waiting, for the few seconds that it grants, until the block is left.
    """
    if sys.platform == "win32":
        from agent.desk.session_window import SessionWindow

        with SessionWindow(stop, resumed):
            yield
    else:
        yield
