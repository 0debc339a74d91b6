"""What somebody can put into a watched folder beside scans: nothing is followed out of it, nothing stops the rest,
and whatever a name does to a terminal, it does not do it to ours."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.cli import app
from agent.delivery.documents import as_bytes
from agent.folder.names import PROBLEM_JSON
from agent.folder.real import RealFileSystem
from agent.ledger.schema import NameText
from agent.shown import in_unicode, shown
from tests.support import files
from tests.support.hostile import fuzzed
from tests.support.practice import Practice

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such names, or wants rights for such entries"
)

NASTY_NAMES = [
    "scan\x1b[31m\x1b]0;title\x07",
    "scan\u202egnp.exe",
    "two\nlines\r",
    "c1\x9b2J",
    os.fsdecode(b"code page \xe9\xff"),
    "'; rm -rf; $(x) `y` %s {0} <b>",
    "[bold red]markup",
    "e" * 200,
    " leading and trailing ",
    "-rf",
    "NUL",
]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder that is nobody's business; what it holds must stay as it is, and go nowhere."""
    place = tmp_path / "elsewhere"
    (place / "inner").mkdir(parents=True)
    secret = files.pdf(3) + b"% nobody's business\n%%EOF\n"
    (place / "secret.pdf").write_bytes(secret)
    (place / "secret.json").write_bytes(files.sidecar(claimId="STOLEN"))
    (place / "inner" / "1.pdf").write_bytes(secret)
    (place / "inner" / "claim.json").write_bytes(files.sidecar(claimId="STOLEN"))
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    yield place
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


@pytest.mark.slow
@posix
def test_links_pipes_sockets_and_devices_are_left_alone_and_the_rest_goes(tmp_path: Path, elsewhere: Path) -> None:
    with Practice(tmp_path) as practice:
        lane = practice.folder
        (lane / "linked.pdf").symlink_to(elsewhere / "secret.pdf")
        (lane / "linked.json").write_bytes(files.sidecar(claimId="LINKED"))
        (lane / "led.pdf").write_bytes(files.pdf())
        (lane / "led.json").symlink_to(elsewhere / "secret.json")
        (lane / "Packet").symlink_to(elsewhere / "inner", target_is_directory=True)
        (lane / "Own").mkdir()
        (lane / "Own" / "1.pdf").symlink_to(elsewhere / "secret.pdf")
        (lane / "Own" / "claim.json").write_bytes(files.sidecar(claimId="OWN"))
        (lane / "nowhere.pdf").symlink_to(tmp_path / "nowhere")
        (lane / "itself.pdf").symlink_to(lane / "itself.pdf")
        (lane / "listed.json").write_bytes(files.sidecar(claimId="LISTED", files=["pipe.pdf", "linked.pdf"]))
        os.mkfifo(lane / "pipe.pdf")
        os.mkfifo(lane / "pipe.json")
        with socket.socket(socket.AF_UNIX) as bound:
            here = Path.cwd()
            os.chdir(lane)  # a socket's path must be short
            try:
                bound.bind("socket.pdf")
            finally:
                os.chdir(here)
            with suppress(PermissionError):
                os.mknod(lane / "device.pdf", 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero, which never ends
            (lane / "scan.pdf.json").mkdir()
            (lane / "folder.pdf").mkdir()
            practice.drop_packet("good", claimId="GOOD")
            practice.wait_until_sent(1)
            practice.drop_packet("second", claimId="SECOND")
            practice.wait_until_sent(2)
        assert practice.claims == ["GOOD", "SECOND"]
        assert practice.problems() == {}
        assert {path.name for path in lane.iterdir()} >= {"linked.pdf", "Packet", "pipe.pdf", "led.pdf", "folder.pdf"}


def own(place: Path) -> list[Path]:
    """What OutTray has there of its own: the folders of packets that are on their way."""
    return [path for path in place.iterdir() if path.name not in {"secret.pdf", "secret.json", "inner"}]


@posix
def test_a_shelf_that_is_a_link_costs_nothing_that_stands_behind_it(tmp_path: Path, elsewhere: Path) -> None:
    with Practice(tmp_path, running=False) as practice:
        (practice.folder / "sending").symlink_to(elsewhere, target_is_directory=True)
        practice.drop_packet()
        practice.start()
        practice.wait_for(lambda: practice.status().get("lanes"), "a first look")
        practice.drop_packet("more", claimId="MORE")
        practice.wait_for(
            lambda: practice.lane_status().get("problem") or (len(practice.receipts()) == 2 and not own(elsewhere)),
            "both to be dealt with",
        )
        names = {path.name for path in elsewhere.iterdir()}
        assert {"secret.pdf", "secret.json", "inner"} <= names


# --- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@posix
def test_names_that_act_or_are_no_text_come_to_an_end_like_any_other(tmp_path: Path) -> None:
    with Practice(tmp_path, lane="waiting_hours = 0.0005", running=False) as practice:
        for name in NASTY_NAMES:
            practice.drop(f"{name}.pdf", files.pdf())
            practice.drop(f"{name}.json", b"{}")
            practice.drop(f"{name} alone.pdf", files.pdf())
        practice.drop_packet("good", claimId="GOOD")
        practice.start()  # no file waits for its other half for longer than the test means it to
        practice.wait_until_sent(1)
        practice.wait_until_failed(2 * len(NASTY_NAMES))
        assert practice.waiting() == []
        shelf = practice.folder / "failed"
        standing = {in_unicode(path.name) for path in shelf.iterdir()}
        for path in shelf.iterdir():
            if path.name.endswith(PROBLEM_JSON):
                problem = json.loads(path.read_bytes())
                assert {file["name"] for file in problem["files"]} <= standing
            if path.name.endswith((PROBLEM_JSON, ".problem.txt")):
                text = path.read_bytes().decode().replace("\r\n", "").replace("\n", "")
                assert shown(text) == text
        practice.stop()
        practice.drop_packet("after", claimId="AFTER")
        practice.start()
        practice.wait_until_sent(2)
        practice.stop()
        config = tmp_path / "outtray.toml"
        config.write_text(practice.settings_text, encoding="utf-8")
        for name in NASTY_NAMES:
            practice.drop(f"{name}.pdf", files.pdf())
        for words in (["status"], ["history"], ["check", str(practice.folder)]):
            result = CliRunner().invoke(app, ["--config", str(config), *words])
            assert result.exit_code in (0, 3), result.output
            for line in (result.stdout + result.stderr).split("\n"):
                assert shown(line) == line


@fuzzed
@given(st.text(st.characters(), max_size=20))
def test_any_name_can_be_kept_and_is_the_same_afterwards(name: str) -> None:
    kept = NameText()
    written = kept.process_bind_param(name, None)  # type: ignore[arg-type]
    assert written is not None
    written.encode()
    assert kept.process_result_value(written, None) == name  # type: ignore[arg-type]


@fuzzed
@given(st.text(st.characters(), max_size=20))
def test_any_name_can_stand_in_a_document(name: str) -> None:
    assert json.loads(as_bytes({"name": name})) == {"name": name}


@fuzzed
@given(st.text(st.characters(), max_size=60))
def test_what_is_shown_is_one_line_that_does_nothing(text: str) -> None:
    line = shown(text)
    line.encode()
    assert line.isprintable() or all(character.isprintable() or ord(character) > 0x9F for character in line)
    assert len(line.splitlines()) <= 1
    assert shown(line) == line


# --- Between a look and what follows ---------------------------------------------------------------------------------


@posix
def test_a_file_that_becomes_a_link_after_the_look_is_neither_read_nor_taken(tmp_path: Path, elsewhere: Path) -> None:
    fs = RealFileSystem()
    (tmp_path / "scan.pdf").write_bytes(files.pdf())
    (tmp_path / "scan.pdf").unlink()
    (tmp_path / "scan.pdf").symlink_to(elsewhere / "secret.pdf")
    for step in (fs.open, fs.identify, lambda path: fs.move(path, tmp_path / "moved.pdf")):
        with pytest.raises(Exception, match=r"."):
            step(tmp_path / "scan.pdf")
    assert not (tmp_path / "moved.pdf").exists()
