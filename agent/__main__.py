"""The way in: `outtray`, or `python -m agent`."""

from __future__ import annotations

import sys

from agent import __version__

READER = "--read-foreign-bytes"
"""How OutTray starts the child in which files are read (`agent.worker`)."""


def main() -> None:
    """Run the command line. `--version` is answered before anything is imported: installers ask it often."""
    if sys.argv[1:] == ["--version"]:
        print(f"outtray {__version__}")
        return
    if sys.argv[1:] == [READER]:
        from agent.worker.child import main as read_foreign_bytes

        read_foreign_bytes()
        return
    from agent.console import make_ready

    make_ready()
    from agent.cli import run

    run()


if __name__ == "__main__":
    main()
