"""What is asked before OutTray ends, and that it is asked only where something would be cut off."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.desk.tray import question
from agent.desk.tray.clipboard import copy
from agent.desk.tray.question import may_quit, words


@pytest.mark.parametrize(
    ("sending", "asked"),
    [
        (1, "1 is being sent. Quit now and it goes again at the next start."),
        (3, "3 are being sent. Quit now and they go again at the next start."),
    ],
)
def test_the_words(sending: int, asked: str) -> None:
    assert words(sending) == asked


def test_nothing_is_asked_while_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "_command", lambda _text: pytest.fail("it asked"))
    assert may_quit(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks by itself")
@pytest.mark.parametrize(("code", "may"), [(0, True), (1, False), (127, True)])
def test_the_answer_is_the_programs_exit_code(monkeypatch: pytest.MonkeyPatch, code: int, may: bool) -> None:
    """0 is Quit, 1 is Keep running or a closed window; a program that could not ask stands in nobody's way."""
    monkeypatch.setattr(question, "_command", lambda _text: [sys.executable, "-c", f"raise SystemExit({code})"])
    assert may_quit(3) is may


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks by itself")
def test_where_nothing_can_ask_it_quits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert may_quit(3)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Linux has several clipboards")
def test_the_clipboard_of_the_screen_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path / 'copied'}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert not copy("CHC#1")
    monkeypatch.setenv("DISPLAY", ":1")
    assert copy("CHC#1")
    assert (tmp_path / "copied").read_text() == "CHC#1"
