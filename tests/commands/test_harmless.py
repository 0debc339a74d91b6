"""No command lets a terminal obey what came from outside: names, cells, settings, paths, words, arguments."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import agent
from agent.cli import app
from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from agent.model import Fault, PacketState, Problem
from agent.settings.locations import ledger_file
from agent.settings.reading import parse
from tests.support import activity
from tests.support.desk import practice, settings_text
from tests.support.practice import new_ledger

ATTACKS = {
    "csi": "\x1b[2J\x1b[1;1H",
    "colour": "\x1b[8mhidden\x1b[0m",
    "osc title": "\x1b]0;owned\x07",
    "osc link": "\x1b]8;;https://example.com\x1b\\click\x1b]8;;\x1b\\",
    "osc clipboard": "\x1b]52;c;ZWNobw==\x07",
    "dcs": '\x1bP$q"p\x1b\\',
    "c1 csi": "\x9b2J",
    "c1 osc": "\x9d0;owned\x9c",
    "over": "safe\rover",
    "back": "pay\b\b\bnot",
    "bell and delete": "\x07\x7f",
    "next line": "one\x85two\u2028three\u2029four",
    "vertical": "a\x0bb\x0cc",
    "override": "\u202egpj.exe\u202c",
    "isolate": "\u2067txt\u2069",
    "marks": "\u200e\u200f\u061c",
}
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What may stand in no output: everything that acts but the end of a line."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)


def file_name(attack: str) -> str:
    return attack.replace("/", "∕")


TOGETHER = ["".join(list(ATTACKS.values())[start::3]) for start in range(3)]
"""A name holds at most 255 bytes, and a command is run for each of these."""


@pytest.fixture(params=TOGETHER, ids=["first third", "second third", "third third"])
def evil(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path, evil: str) -> Path:
    """A practice in which every text from outside is the attack, at rest and under way."""
    if sys.platform == "win32":
        pytest.skip("Windows knows no such names")
    return practice_full_of(evil, tmp_path)


def practice_full_of(evil: str, tmp_path: Path) -> Path:
    practice(tmp_path)
    config = tmp_path / "outtray.toml"
    config.write_text(settings_text(tmp_path), encoding="utf-8")
    where = ledger_file(parse(config.read_text(), config).agent)
    new_ledger(where.parent)
    ledger = Ledger(open_ledger(where, NOW).engine)
    problem = Problem("refused", evil, evil, (Fault(evil, evil, evil),))
    name = f"{file_name(evil)}.pdf"
    activity.remember(
        ledger,
        activity.sent(name, evil, evil, packet_id="sent-1", warnings=(evil,)),
        activity.failed(name, problem, packet_id="failed-1", claim=evil),
        activity.packet(name, packet_id="held-1", state=PacketState.HELD, problem=problem, lane=activity.STATEMENTS),
        replace(activity.packet(name, packet_id="queued-1", state=PacketState.QUEUED), problem=problem),
    )
    with ledger.transaction() as tx:
        tx.note(NOW, "noted", packet="sent-1", name=evil)
    ledger.close()
    (tmp_path / "scans" / name).write_bytes(b"%PDF-1.4 " + evil.encode())
    (tmp_path / "scans" / f"{name}.json").write_text(
        f'{{"claimId": "x", "{evil.encode("unicode_escape").decode()}": 1}}'
    )
    cell = evil.replace("\r", " ").replace('"', '""')
    rows = f'Account,Patient Name,"{cell}"\n"{cell}","{cell}","{cell}"\n'
    (tmp_path / f"{file_name(evil)}.csv").write_bytes(rows.encode())
    return tmp_path


Words = Callable[[Path, str], list[str]]
COMMANDS: dict[str, Words] = {
    "profile try": lambda place, evil: ["profile", "try", str(place / f"{file_name(evil)}.csv")],
    "profile try, not there": lambda _place, evil: ["profile", "try", f"/nowhere/{file_name(evil)}.csv"],
    "profile show": lambda _place, evil: ["profile", "show", file_name(evil).replace("\0", "")],
    "check": lambda place, _evil: ["check", str(place / "scans")],
    "check, one file": lambda place, evil: ["check", str(place / f"{file_name(evil)}.csv")],
    "check, not there": lambda _place, evil: ["check", f"/nowhere/{file_name(evil)}"],
    "status": lambda _place, _evil: ["status"],
    "history": lambda _place, _evil: ["history"],
    "history, no such store": lambda _place, evil: ["history", "--store", evil],
    "history, no such date": lambda _place, evil: ["history", "--since", evil],
    "trace": lambda _place, _evil: ["trace", "sent-1"],
    "trace, none": lambda _place, evil: ["trace", evil],
    "retry, none": lambda _place, evil: ["retry", evil],
    "retry": lambda _place, _evil: ["retry", "failed-1"],
    "pause, none": lambda _place, evil: ["pause", evil],
    "doctor": lambda _place, _evil: ["doctor", "--offline"],
    "config show": lambda _place, _evil: ["config", "show"],
    "config check": lambda _place, _evil: ["config", "check"],
    "config init, there": lambda place, evil: ["config", "init", str(place / f"{file_name(evil)}.csv")],
    "secret set, none": lambda _place, evil: ["secret", "set", f"{evil}/api_key"],
    "diagnostics": lambda place, evil: ["diagnostics", str(place / f"{file_name(evil)}.zip")],
    "autostart": lambda _place, _evil: ["autostart", "status"],
}


def outtray(place: Path, words: list[str]) -> str:
    done = CliRunner().invoke(app, ["--config", str(place / "outtray.toml"), *words], catch_exceptions=True)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_a_terminal_obeys(place: Path, evil: str, command: str) -> None:
    told = outtray(place, COMMANDS[command](place, evil))
    assert ACTS.findall(told) == []


@pytest.mark.parametrize("command", ["profile try", "check", "status", "history", "trace"])
def test_what_was_there_is_spelled_out_and_not_left_out(place: Path, evil: str, command: str) -> None:
    told = "".join(outtray(place, COMMANDS[command](place, evil)).split())
    acting = ACTS.findall(evil if command != "profile try" else evil.replace("\r", " "))
    for character in acting if command != "trace" else []:
        assert f"\\u{ord(character):04x}" in told


@pytest.mark.parametrize("key", ["folder", "client_id", "environment", "unknown", "name"])
def test_settings_that_hold_it_are_told_harmlessly(tmp_path: Path, evil: str, key: str) -> None:
    said = '"' + "".join(f"\\u{ord(one):04x}" for one in evil) + '"'
    lanes = settings_text(tmp_path)
    broken = {
        "folder": lanes.replace(f"folder = '{tmp_path / 'scans'}'", f"folder = {said}"),
        "client_id": lanes.replace('client_id = "CLIENT"', f"client_id = {said}"),
        "environment": lanes.replace('client_id = "CLIENT"', f'client_id = "x"\nenvironment = {said}'),
        "unknown": lanes.replace('client_id = "CLIENT"', f'client_id = "x"\n{said} = 1'),
        "name": lanes.replace('name = "main-street"', f"name = {said}"),
    }[key]
    (tmp_path / "outtray.toml").write_text(broken, encoding="utf-8")
    for words in (["config", "check"], ["config", "show"], ["doctor", "--offline"], ["status"]):
        assert ACTS.findall(outtray(tmp_path, words)) == []


# --- Behind the commands --------------------------------------------------------------------------------------------


def test_every_command_writes_through_the_one_writer() -> None:
    found = []
    root = Path(agent.__file__).parent
    for source in [*(root / "commands").rglob("*.py"), *(root / "demo").rglob("*.py"), root / "cli.py"]:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "typer.echo", "typer.secho", "Console", "sys.stdout.write", "sys.stderr.write"):
                found.append(f"{source.relative_to(root)}:{node.lineno} {called}")  # type: ignore[attr-defined]
    assert [one for one in found if not one.startswith("commands/sandbox.py")] == []  # its one line is JSON in ASCII


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_streams_do_it_for_whoever_else_writes(evil: str, stream: str) -> None:
    program = (
        "import sys; from agent.console import make_ready; make_ready(); "
        f"print({evil!a}, file=sys.{stream}); sys.{stream}.writelines([{evil!a}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=Path(agent.__file__).parents[1]
    )
    assert ACTS.findall(getattr(done, stream).decode().replace("\r\n", "\n")) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("command", ["profile try", "status", "check"])
def test_on_a_real_terminal_nothing_but_our_own_colours_is_obeyed(tmp_path: Path, command: str) -> None:
    import pty

    evil = "".join(ATTACKS[name] for name in ("csi", "osc title", "c1 csi", "dcs", "back", "next line", "override"))
    place = practice_full_of(evil, tmp_path)
    words = [*COMMANDS[command](place, evil)]
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "agent", "--config", str(place / "outtray.toml"), *words]
    root = Path(agent.__file__).parents[1]
    surroundings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    running = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, cwd=root, env=surroundings)
    os.close(theirs)
    told = b""
    try:
        while data := os.read(ours, 65536):
            told += data
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    running.wait(60)
    text = told.decode().replace("\r\n", "\n")
    assert "u001b" in text, "nothing was told: it proves nothing"
    bar = re.compile(r"\r?\x1b\[(2K|1A|\?25[lh])|\r")  # a bar that is drawn and taken away
    assert ACTS.findall(bar.sub("", COLOURS.sub("", text))) == []
