"""The Windows package, built once, and the next version of it; and a PC on which it is installed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.sandbox.server import Sandbox
from tests.support.wine import (
    ROOT,
    Ended,
    Prefix,
    Screen,
    kept,
    runtime_source,
    wait_for,
    wine_for_a_build,
)

if TYPE_CHECKING:
    from installer.interpreter import Interpreter

NEXT = "99.0.0"
INSTALLED = "C:\\Program Files\\OutTray"
MACHINE = "C:\\ProgramData\\OutTray"
SCANS = "C:\\Front Desk\\Scans"
STATEMENTS = "C:\\PMS\\Statements"
ON_SCREEN = "the icon is on the screen"  # as the log says it


@dataclass(frozen=True)
class Packages:
    """This version's MSI, the next one's, and the folder of files that the first was made of."""

    msi: Path
    following: Path
    payload: Path


def packages() -> Packages:
    """Return the packages of this checkout, built now or in an earlier run."""
    folder = kept("package", list(_inputs()), _build)
    (msi,) = (path for path in folder.glob("*.msi") if NEXT not in path.name)
    return Packages(msi, folder / f"outtray-{NEXT}-x64.msi", folder / "work" / "payload")


def _inputs() -> Iterator[bytes]:
    """Yield all that a package is made of: its files, and the commit's time, which every file in it bears."""
    from installer.tools import source_date

    yield str(source_date()).encode()
    subject = [ROOT / "pyproject.toml"]
    for room in ("agent", "installer", "assets/samples"):
        subject += [path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in sorted(subject):
        yield str(path.relative_to(ROOT)).encode()
        yield path.read_bytes()


def _build(folder: Path) -> None:
    from installer.build import build
    from installer.interpreter import interpreter_of

    with tempfile.TemporaryDirectory() as scratch, wine_for_a_build(Path(scratch)):
        build(folder, runtime=runtime_source(), work=folder / "work")
        with interpreter_of(runtime_source(), Path(scratch)) as python:
            _build_following(folder / "work", folder / f"outtray-{NEXT}-x64.msi", python)


def _build_following(work: Path, target: Path, python: Interpreter) -> None:
    """Build the next version of the same files: another number in the program, its launchers and the MSI."""
    from installer.bytecode import compile_beside
    from installer.launchers import CONSOLE, WINDOWED, build_launcher
    from installer.msi.package import build_msi
    from installer.payload import ICON, PACKAGES

    payload = work / "following"
    shutil.copytree(work / "payload", payload)
    package = payload / PACKAGES / "agent"
    module = package / "__init__.py"
    lines = module.read_text(encoding="utf-8").splitlines()
    module.write_text("\n".join([*lines, f'__version__ = "{NEXT}"', ""]), encoding="utf-8")
    with tempfile.TemporaryDirectory() as alone:  # of the rest there is the byte code already
        shutil.copy(module, alone)
        compile_beside(Path(alone), python, shown_in="agent")
        shutil.copytree(Path(alone) / "__pycache__", package / "__pycache__", dirs_exist_ok=True)
    for launcher in (WINDOWED, CONSOLE):
        build_launcher(launcher, payload, NEXT, work, ICON)
    build_msi(payload, NEXT, ICON, target, work)
    shutil.rmtree(payload)


@dataclass
class PracticePC:
    """A Windows PC of a practice, its screen, and both services on this computer."""

    prefix: Prefix
    screen: Screen
    sandbox: Sandbox
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def properties(self) -> list[str]:
        """What the installer is told, for a store with both lanes."""
        store = self.sandbox.credentials
        return [
            "STORENAME=main-street",
            "FRONTDESK=S-1-5-21-0-0-0-513",
            f"STOREID={store.store_id}",
            f"ATTACHMENTSFOLDER={SCANS}",
            f"ATTACHMENTSURL={self.sandbox.attachments_url}",
            f"TOKENURL={self.sandbox.token_url}",
            f"CLIENTID={store.client_id}",
            f"STATEMENTSFOLDER={STATEMENTS}",
            f"STATEMENTSURL={self.sandbox.url}",
        ]

    def msiexec(self, what: str, *arguments: str | Path) -> Ended:
        """Run the installer silently. `what` names the log and the time that is kept."""
        log = self.prefix.folder.parent / f"{what}.log"
        started = time.monotonic()
        ended = self.prefix.run("msiexec", *arguments, "/qn", "/l*v", log, seconds=600)
        self.timings[what] = time.monotonic() - started
        return ended

    def outtray(self, *arguments: str, seconds: float = 300) -> Ended:
        """Run a command as IT would at a prompt."""
        return self.prefix.run(f"{INSTALLED}\\outtray.com", *arguments, seconds=seconds)

    def give_secrets(self) -> None:
        """Hand over the secrets as a script of IT does."""
        store = self.sandbox.credentials
        file = self.prefix.path("C:\\secrets.json")
        names = {"main-street/client_secret": store.client_secret, "main-street/api_key": store.api_key}
        file.write_text(json.dumps({"secrets": names}), encoding="utf-8")
        ended = self.outtray("provision", "--machine", "C:\\secrets.json")
        assert ended.code == 0, ended.stdout
        assert not file.exists()

    def open_desktop(self) -> None:
        """Open a desktop with a taskbar, as it stands before anything of ours has started."""
        self.prefix.start("explorer", "/desktop=shell,1024x768", environment=self.screen.environment)

    def log_on(self) -> None:
        """Start what starts at logon."""
        self.prefix.start("explorer", "/desktop=shell", "wineboot.exe", environment=self.screen.environment)

    @property
    def log(self) -> str:
        """All that the agent has logged."""
        folder = self.prefix.path(f"{MACHINE}\\data\\logs")
        return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*")) if path.is_file())

    def wait_for_icon(self, times: int = 1) -> None:
        """Wait until the agent has had its icon on the screen so many times."""
        wait_for(lambda: self.log.count(ON_SCREEN) >= times, f"icon number {times}")

    def folder(self, name: str) -> Path:
        """Return a folder of the PC as this system names it."""
        return self.prefix.path(name)

    def drop(self, folder: str, name: str, data: bytes) -> Path:
        """Put a file into a folder, whole at once, as a copy over the network arrives."""
        path = self.folder(folder) / name
        path.write_bytes(data)
        return path

    def sent(self, folder: str) -> list[str]:
        """Return the names of what stands on the shelf of sent files."""
        return sorted(path.name for path in (self.folder(folder) / "sent").glob("*/*"))

    def receipt(self, folder: str, stem: str) -> dict[str, object]:
        """Return a receipt. Fails where there is not just one."""
        (path,) = (self.folder(folder) / "sent").glob(f"*/{stem}.receipt.json")
        receipt: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return receipt

    def product_code(self) -> str:
        """Return the code of the installed product; an empty text where none is installed."""
        lines = self.prefix.run("uninstaller", "--list").stdout.splitlines()
        return next((line.partition("|||")[0] for line in lines if line.endswith("OutTray")), "")


@contextmanager
def practice_pc(folder: Path) -> Iterator[PracticePC]:
    """Give a fresh PC with nothing installed yet."""
    with Sandbox() as sandbox, Screen() as screen, Prefix.made(folder / "windows") as prefix:
        yield PracticePC(prefix, screen, sandbox)
