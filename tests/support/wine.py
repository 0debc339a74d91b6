"""Windows on Linux: a real Windows Python and real Windows programs under Wine.

What takes long is made once and kept in the folder `OUTTRAY_WINDOWS_CACHE`, else in the system's temporary folder.

    with Prefix.made(tmp_path / "prefix") as prefix:
        prefix.run(windows_python() / "python.exe", "-c", "print(1)").stdout
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
CACHE_VARIABLE = "OUTTRAY_WINDOWS_CACHE"
NEEDED = ("wine", "wineserver", "x86_64-w64-mingw32-gcc")
PACKAGES = "wine wine64 xvfb gcc-mingw-w64-x86-64-win32 wixl msitools osslsigncode imagemagick xdotool"
"""The Debian packages with all that the tests below tests/windows use."""

_DIGEST = "[0-9a-f]" * 16
_LAST_WORDS = 5.0  # seconds in which what a program printed has come through

# Wine 8 has no bcryptprimitives.dll, which compiled Rust packages ask for random bytes. Windows has it: never shipped.
_RANDOM_BYTES = """\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count)
{ return SystemFunction036(bytes, (ULONG)count); }
"""


def missing(*more: str) -> str:
    """Return what these tests would need and is not there, as a reason to skip; an empty text where all is there."""
    if sys.platform != "linux":
        return "these tests run Windows programs under Wine, on Linux"
    absent = [name for name in (*NEEDED, *more) if shutil.which(name) is None]
    return f"{', '.join(absent)} not installed (apt-get install {PACKAGES})" if absent else ""


def cache() -> Path:
    """Return the folder for what is made once."""
    folder = Path(os.environ.get(CACHE_VARIABLE) or Path(tempfile.gettempdir()) / "outtray-windows")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def kept(name: str, inputs: Sequence[bytes], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` has filled for these inputs, now or in an earlier run. Safe among processes."""
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(one).digest() for one in inputs)).hexdigest()[:16]
    folder = cache() / f"{name}-{digest}"
    with FileLock(cache() / f"{name}.lock"):
        if not folder.exists():
            for old in cache().glob(f"{name}-{_DIGEST}"):  # of this name alone: another begins with it as well
                shutil.rmtree(old, ignore_errors=True)
            unfinished = cache() / f".{name}-{os.getpid()}"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    return folder


def windows_python(*more_locks: Path) -> Path:
    """Return a folder with `python.exe`, the locked dependencies and, on its path, this checkout.

    `more_locks`: requirements with hashes, of packages that the tests need on top.
    """
    from installer.dependencies import LOCK

    locks = (LOCK, *more_locks)
    code = [path.read_bytes() for path in sorted((ROOT / "installer").rglob("*")) if _makes_runtime(path)]
    inputs = [*code, *(path.read_bytes() for path in locks), str(ROOT).encode()]
    name = "-".join(("python", *(path.stem for path in more_locks)))
    return kept(name, inputs, lambda folder: _make_python(folder, locks))


def _makes_runtime(path: Path) -> bool:
    return path.name in {"runtime.py", "runtimes.txt", "assembled.py", "dependencies.py"}


def _make_python(folder: Path, locks: Sequence[Path]) -> None:
    from installer.dependencies import install_locked
    from installer.runtime import SEARCH_PATH, TAG, unpack_runtime

    unpack_runtime(runtime_source(), folder, interpreter=True)
    for lock in locks:
        install_locked(lock, folder / "Lib" / "site-packages")
    (folder / f"python{TAG}._pth").write_bytes((SEARCH_PATH + windows_path(ROOT) + "\r\n").encode())


@contextmanager
def wine_for_a_build(work: Path) -> Iterator[None]:
    """Have what is built meanwhile use a Windows that is copied to `work`, and not make one."""
    from installer.interpreter import PREFIX_VARIABLE

    with Prefix.made(work / "wine") as prefix, pytest.MonkeyPatch.context() as patch:
        patch.setenv(PREFIX_VARIABLE, str(prefix.folder))
        yield


def runtime_source() -> Path:
    """Return the file that the Windows Python is made of, fetched at the first time."""
    from installer.assembled import assembled_runtime

    with FileLock(cache() / "downloads.lock"):
        return assembled_runtime(cache() / "downloads")


def windows_path(path: Path) -> str:
    r"""Return how a Windows program names a file of this system: `Z:\...`."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


@dataclass
class Ended:
    """How a Windows program ended. Wine cuts exit codes to 8 bits: 1603 is 67, 3010 is 194."""

    code: int
    stdout: str


class Prefix:
    """One Windows: its disk C: below `folder/drive_c`, its registry, its processes.

    Programs see no screen unless `environment` brings a `Screen`'s.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._left: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "WINEPREFIX": str(folder),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "DISPLAY": "",
        }

    @classmethod
    def made(cls, folder: Path) -> Self:
        """Return a fresh Windows 10 at `folder`, copied from one that is made once."""
        shutil.copytree(_template(), folder, symlinks=True)
        return cls(folder)

    def __enter__(self) -> Self:
        # Its services stay between two programs: a start takes 0.2 s then, not 3.
        subprocess.run(["wineserver", "-p"], env={**os.environ, **self.environment}, check=True)
        return self

    def __exit__(self, *_raised: object) -> None:
        self.end()

    def run(
        self,
        program: str | Path,
        *arguments: str | Path,
        seconds: float = 300,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Ended:
        """Run a program to its end and return what it printed, both streams in one, with plain line ends."""
        with tempfile.TemporaryFile() as kept_output:
            # Through cat: Wine 8 gives a regular file as standard output in a form that Python does not take, and a
            # pipe of ours would stay open as long as any process that the program leaves behind.
            collector = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=kept_output)
            assert collector.stdin is not None
            process = self._launch(program, arguments, collector.stdin, environment, cwd)
            collector.stdin.close()
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                try:
                    collector.wait(_LAST_WORDS)
                except subprocess.TimeoutExpired:  # a program that was left behind still holds the pipe
                    collector.kill()
                    collector.wait()
            kept_output.seek(0)
            return Ended(code, kept_output.read().decode("utf-8", "replace").replace("\r\n", "\n"))

    @contextmanager
    def running(
        self, program: str | Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program, which is killed at the end. Its output goes to a pipe, `stdout` of the process."""
        process = self._launch(program, arguments, subprocess.PIPE, environment, None)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def start(self, program: str | Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Start a program and leave it until `end`; what it prints is lost."""
        self._left.append(self._launch(program, arguments, subprocess.DEVNULL, environment, None))

    def path(self, name: str) -> Path:
        r"""Return where a file of this Windows stands: `C:\a\b` is `drive_c/a/b`."""
        return self.folder / "drive_c" / name.removeprefix("C:\\").replace("\\", "/")

    def set_environment(self, name: str, value: str) -> None:
        """Set an environment variable for every program that starts from now on, as IT would with setx."""
        self.run("reg", "add", r"HKCU\Environment", "/v", name, "/d", value, "/f")

    def end(self) -> None:
        """End everything that runs in this Windows, at once."""
        environment = {**os.environ, **self.environment}
        subprocess.run(["wineserver", "-k"], env=environment, check=False, capture_output=True)
        subprocess.run(["wineserver", "-w"], env=environment, check=False, capture_output=True)
        for process in self._left:
            process.wait()
        self._left.clear()

    def _launch(
        self,
        program: str | Path,
        arguments: Sequence[str | Path],
        output: Any,
        environment: Mapping[str, str] | None,
        cwd: Path | None,
    ) -> subprocess.Popen[bytes]:
        words = [windows_path(word) if isinstance(word, Path) else word for word in (program, *arguments)]
        return subprocess.Popen(
            ["wine", *words],
            env={**os.environ, **self.environment, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _template() -> Path:
    return kept("prefix", [_RANDOM_BYTES.encode(), b"Windows 10"], _make_prefix)


def _make_prefix(folder: Path) -> None:
    prefix = Prefix(folder)
    prefix.run("wineboot", "-i")
    prefix.run("winecfg", "/v", "win10")
    source = folder / "bcryptprimitives.c"
    source.write_text(_RANDOM_BYTES, encoding="ascii")
    library = folder / "drive_c/windows/system32/bcryptprimitives.dll"
    compiler = ["x86_64-w64-mingw32-gcc", "-Os", "-s", "-shared", str(source), "-o", str(library), "-ladvapi32"]
    subprocess.run(compiler, check=True)
    prefix.end()


class Screen:
    """A screen that nobody looks at: an X server of its own, for windows and the tray."""

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        command = ["Xvfb", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-displayfd", str(writing)]
        quiet = subprocess.DEVNULL
        self._server = subprocess.Popen(command, pass_fds=[writing], stdout=quiet, stderr=quiet)
        os.close(writing)
        with os.fdopen(reading) as told:
            self.environment = {"DISPLAY": f":{told.readline().strip()}"}
        return self

    def __exit__(self, *_raised: object) -> None:
        self._server.terminate()
        self._server.wait()

    def picture(self, path: Path) -> Path:
        """Take a picture of the whole screen, as PNG."""
        environment = {**os.environ, **self.environment}
        subprocess.run(["import", "-window", "root", str(path)], env=environment, check=True)
        return path


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 180) -> Any:
    """Return what `condition` gives once that is true. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} has not come within {seconds:g} s"
        time.sleep(0.1)
    return found
