"""Consoles, pipes and their absence: no text of ours may end a command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.console import make_ready, tell

ROOT = Path(__file__).parents[2]
NAME = "Müller 漢字 \N{GRINNING FACE}"


def printed(program: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from agent.console import make_ready; make_ready()\n"
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    return subprocess.run(
        [sys.executable, "-c", start + program], env=kept | environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("surroundings", [{}, {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_what_is_redirected_is_utf8(surroundings: dict[str, str]) -> None:
    done = printed(f"print({NAME!a}); print({NAME!a}, file=sys.stderr)", **surroundings)
    assert done.returncode == 0
    assert done.stdout.decode("utf-8").strip() == NAME
    assert done.stderr.decode("utf-8").strip() == NAME


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii"])
def test_an_encoding_that_was_asked_for_holds_and_what_it_lacks_is_written_as_an_escape(encoding: str) -> None:
    done = printed(f"print({NAME!a})", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == NAME.encode(encoding, "backslashreplace")


def test_half_a_letter_in_a_file_name_is_written_as_an_escape() -> None:
    done = printed(r"print('scan \udcff.pdf')")
    assert (done.returncode, done.stdout.strip()) == (0, rb"scan \udcff.pdf")


def test_a_program_without_a_console_writes_into_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    make_ready()
    print(NAME)
    print(NAME, file=sys.stderr, flush=True)
    assert not sys.stderr.isatty()


def test_nobody_listening_to_what_is_told_beside_the_answer_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("the pipe has been ended")

    monkeypatch.setattr(sys, "stderr", Closed())
    tell("The ledger was missing.")
