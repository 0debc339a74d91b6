"""The agent and its icon in one process: the engine in a thread of its own, the icon in the main one."""

from __future__ import annotations

import threading

from agent.delivery.engine import Engine
from agent.desk.tray.errands import Wish
from agent.desk.tray.tray import Tray


def stay(agent: Engine, tray: Tray) -> bool:
    """Run both until someone quits or the agent is stopped; return whether it is to be started again.

    An agent that ended by itself stays in the tray as switched off. What ended it is raised when that is left with
    Quit, so that the exit code tells.
    """
    thread = agent.start()

    def leave_with_the_agent() -> None:
        thread.join()
        if agent.failed is None:
            tray.close()

    threading.Thread(target=leave_with_the_agent, name="tray-end", daemon=True).start()
    try:
        wish = tray.run()
    finally:
        agent.control.inbox.stop()
        thread.join()
        tray.end()
    if agent.failed is not None and wish is not Wish.START:
        raise agent.failed
    return wish is Wish.START
