"""A program with the real tray over an agent that is made up: `python -m tests.support.tray_program FOLDER`.

It reads what the agent does from its standard input, a line each (`idle`, `working` ... or a number of updates), and
writes what it hears from the tray: `shown`, `opened PLACE`, `asked VERB`, `memory BYTES`, `left WISH`.
"""

from __future__ import annotations

import resource
import sys
import threading
from pathlib import Path

from agent.desk.notices.notice import Notice
from agent.desk.tray.screen import face_on_screen
from agent.desk.tray.tray import Tray
from agent.model import LaneState
from tests.support.page import desk_in
from tests.support.tray import LAKE_STATEMENTS, at, lane, packets, snapshot

STATES = {
    "idle": snapshot(lane(sent=41), lane(LAKE_STATEMENTS)),
    "working": snapshot(packets=packets(3, "sending") + packets(5, "queued")),
    "attention": snapshot(lane(needs=3)),
    "paused": snapshot(lane(state=LaneState.PAUSED, since=at(9, 15)), packets=packets(6, "queued")),
    "blocked": snapshot(lane(LAKE_STATEMENTS, LaneState.BLOCKED), packets=packets(14, "queued", LAKE_STATEMENTS)),
    "not-running": snapshot(running=False),
}


def say(*words: object) -> None:
    print(*words, flush=True)


def main(folder: Path) -> None:
    with desk_in(folder) as practice:
        practice.answer = lambda request: say("asked", request.verb, *request.lanes) or (_ for _ in ()).throw(Heard)
        practice.board.put(STATES["idle"])
        tray = Tray(
            practice.desk,
            face_on_screen,
            open_page=lambda place: say("opened", place),
            seen=lambda docked: say("shown" if docked else "alone"),
        )

        def hear() -> None:
            for line in sys.stdin:
                word = line.strip()
                if word in STATES:
                    practice.board.put(STATES[word])
                elif word == "notice":
                    tray._say(Notice("A scan has no sidecar", "Complete the metadata on the page, and it goes."))
                else:
                    for number in range(int(word)):
                        practice.board.put(snapshot(lane(needs=number + 1, sent=number)))
                    say("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
            tray.close()

        threading.Thread(target=hear, daemon=True).start()
        say("left", tray.run())
        tray.end()


class Heard(Exception):
    """What was asked is not answered here."""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
