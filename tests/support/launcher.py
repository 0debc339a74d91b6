"""Starts `python -m agent` many times in short order: a process that has imported its modules, and forks.

Imports take most of a start's time. Each child has an environment of its own and runs `agent` as `__main__`. Where a
system cannot fork, and with `prepared=False`, the same is done the ordinary way.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
MODULES = (
    "agent.cli",
    "agent.commands.run",
    "agent.delivery.engine",
    "agent.delivery.once",
    "agent.desk.page.server",
    "agent.desk.page.serving",
    "agent.destinations.attachments",
    "agent.destinations.statements",
    "agent.destinations.transport",
    "agent.folder.real",
    "agent.intake.lanes",
    "alembic.command",
    "alembic.config",
    "alembic.context",
    "alembic.script",
    "sqlalchemy.dialects.sqlite",
    "truststore",
    "uvicorn.protocols.http.h11_impl",
    "watchdog.observers",
)


class Launched:
    """A process of the agent, started by hand or by the launcher."""

    def __init__(self, pid: int, launcher: Launcher | None, process: subprocess.Popen[bytes] | None) -> None:
        self.pid = pid
        self._launcher = launcher
        self._process = process
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return how the process ended (-9: by SIGKILL), None while it runs."""
        if self._code is None:
            if self._process is not None:
                self._code = self._process.poll()
            elif self._launcher is not None:
                self._code = self._launcher.ask(poll=self.pid)
        return self._code


class Launcher:
    """Starts agents. One for many tests; closing it ends those that still run."""

    def __enter__(self) -> Self:
        self._server: subprocess.Popen[str] | None = None
        self._started: list[Launched] = []
        if hasattr(os, "fork"):
            self._server = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        return self

    def __exit__(self, *_raised: object) -> None:
        for launched in self._started:
            if launched.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(launched.pid, 9)
        if self._server is not None:
            self._server.communicate()

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: Path, *, prepared: bool = True
    ) -> Launched:
        """Start `python -m agent` with these arguments; what it prints and says goes to the end of `output`."""
        whole = {**os.environ, **environment}
        if prepared and self._server is not None:
            pid = self.ask(start=list(arguments), environment=whole, output=str(output))
            launched = Launched(pid, self, None)
        else:
            with output.open("ab") as stream:
                process = subprocess.Popen(
                    [sys.executable, "-m", "agent", *arguments], env=whole, cwd=ROOT, stdout=stream, stderr=stream
                )
            launched = Launched(process.pid, None, process)
        self._started.append(launched)
        return launched

    def ask(self, **request: Any) -> Any:
        assert self._server is not None
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


def _serve() -> None:
    sys.path[0] = str(ROOT)
    for module in MODULES:
        importlib.import_module(module)
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                _become_agent(request)
        print(json.dumps(answer), flush=True)


def _become_agent(request: dict[str, Any]) -> None:
    from agent import crashpoints

    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, place)
    os.environ.clear()
    os.environ.update(request["environment"])
    crashpoints.arm(os.environ.get(crashpoints.VARIABLE, ""))
    sys.argv = ["agent", *request["start"]]
    code = 1
    try:
        runpy.run_module("agent", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
