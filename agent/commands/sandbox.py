"""`outtray sandbox`: both services on loopback, for trying OutTray and for tests."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from types import FrameType

import typer


def sandbox(
    port: int = typer.Option(0, min=0, max=65535, help="The port on 127.0.0.1; 0: any free one."),
    fault: str = typer.Option("", metavar="PLAN", help="What goes wrong when, such as 429:3@2, hang@7, 503@9-12."),
    journal: Path | None = typer.Option(None, metavar="FILE", help="Note every accepted request there, as JSON lines."),  # noqa: B008 - typer's way
    tls: bool = typer.Option(False, "--tls", help="Speak HTTPS, with a throw-away CA whose path is printed."),
    token_seconds: int = typer.Option(3600, min=0, metavar="N", help="How long access tokens are good."),
) -> None:
    """Run both services on loopback until Ctrl+C. The first line is their address and credentials as JSON."""
    from agent.sandbox.faults import BadPlan
    from agent.sandbox.server import Sandbox

    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        server = Sandbox(fault, tls=tls, journal=journal, port=port, token_seconds=token_seconds)
        server.start()
    except BadPlan as bad:
        raise typer.BadParameter(str(bad), param_hint="--fault") from bad
    except OSError as closed:
        hint = "--port" if closed.filename is None else "--journal"
        raise typer.BadParameter(f"This one cannot be opened: {closed.strerror}", param_hint=hint) from closed
    try:
        print(json.dumps(server.describe()), flush=True)
        while not stopped.wait(0.5):  # on Windows a wait without an end does not hear Ctrl+C
            pass
    finally:
        server.stop()
