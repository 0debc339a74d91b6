"""`outtray demo` as a process: what scripts read of it, what it leaves on the shelves, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "agent", "demo"]
ENDS_WITHIN = 20.0  # seconds, on a busy machine as well


def surroundings(temporary: Path) -> dict[str, str]:
    """A temporary folder of its own, a keyring that fails whoever asks it, and no screen to open a browser on."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, **places, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "COLUMNS": "80"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    temporary = tmp_path_factory.mktemp("temporary")
    return subprocess.run(
        [*COMMAND, "--json"], env=surroundings(temporary), cwd=ROOT, capture_output=True, text=True, timeout=280
    )


@pytest.fixture(scope="module")
def summary(ran: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_it_ends_with_0_and_says_nothing_but_json(ran: "subprocess.CompletedProcess[str]") -> None:
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["finished"] is True


def test_it_sends_scans_of_many_types_each_with_a_control_number(summary: dict[str, Any]) -> None:
    scans = [packet for packet in summary["sent"] if packet["lane"] == "attachments"]
    types = {Path(name).suffix for packet in scans for name in packet["files"]}
    assert types == {".pdf", ".tif", ".jpg", ".png", ".dcm", ".docx"}
    assert len({packet["attachment_control_number"] for packet in scans}) == len(scans) == 7


def test_it_sends_statements_of_three_kinds(summary: dict[str, Any]) -> None:
    statements = {packet["name"] for packet in summary["sent"] if packet["lane"] == "statements"}
    assert statements == {"Statements.xml", "july-balances.csv", "balances.xlsx"}


def test_each_kind_of_bad_file_fails_with_a_sentence_and_what_to_do(summary: dict[str, Any]) -> None:
    assert Counter(packet["code"] for packet in summary["failed"]) == {
        "sidecar-fields": 2,
        "files-unsuitable": 2,
        "two-sidecars": 1,
        "statement-rows": 1,
        "duplicate": 2,
    }
    assert all(packet["sentence"] and packet["what_to_do"] for packet in summary["failed"])


def test_a_name_that_was_used_is_held_and_a_scan_without_sidecar_waits(summary: dict[str, Any]) -> None:
    assert [(packet["name"], packet["code"]) for packet in summary["held"]] == [("Statements.xml", "name-used")]
    assert summary["held"][0]["until"] is not None
    assert [packet["name"] for packet in summary["waiting"]] == ["SCN_0007.jpg"]


def test_the_shelves_hold_a_receipt_or_a_reason_for_every_packet(summary: dict[str, Any]) -> None:
    for lane, folder in summary["folders"].items():
        counted = {state: sum(packet["lane"] == lane for packet in summary[state]) for state in ("sent", "failed")}
        receipts = list(Path(folder).glob("sent/*/*.receipt.json"))
        assert (len(receipts), len(list(Path(folder).glob("failed/*.problem.txt")))) == tuple(counted.values())


@pytest.fixture
def started(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """The command with the options of the test's parameter."""
    process = subprocess.Popen(
        [*COMMAND, *request.param],
        env=surroundings(tmp_path),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("started", [["--stay", "--json"]], indirect=True)
def test_with_stay_it_ends_at_ctrl_c_with_0(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    answer = ""
    for line in started.stdout:
        answer += line
        if line == "}\n":
            break
    assert json.loads(answer)["finished"] is True
    begun = time.monotonic()
    started.send_signal(signal.SIGINT)
    more, _ = started.communicate(timeout=60)
    assert time.monotonic() - begun < ENDS_WITHIN
    assert (started.returncode, more) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("started", [["--page"]], indirect=True)
def test_without_a_screen_the_page_is_where_it_says(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    assert "once" in started.stdout.readline()
    link = started.stdout.readline().strip()
    with httpx.Client(trust_env=False, timeout=30) as person:
        assert person.get(link).status_code == 200
        assert "OutTray" in person.get(link.partition("/open/")[0]).text
        assert person.get(link).status_code == 403
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=60)
    assert started.returncode == 130


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("started", [[]], indirect=True)
def test_ctrl_c_before_the_end_is_told_and_has_its_own_exit_code(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    first = started.stdout.readline()
    started.send_signal(signal.SIGINT)
    _, told = started.communicate(timeout=60)
    assert first.startswith("sent ")
    assert started.returncode == 130
    assert "ended before it was through" in told
