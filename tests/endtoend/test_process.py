"""The agent as a process: signals, exit codes, what it prints, and that there is one of it."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import files
from tests.support.practice import PROMPT, Practice
from tests.support.process import run, running

pytestmark = pytest.mark.slow

LARGE = b"Narrative for the claim. " * 80_000  # 2 MB: a hundred seconds at the speed below
SLOWLY = 'upload_limit = "20 kB/s"'


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with Practice(tmp_path, running=False) as practice:
        yield practice


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_mid_upload_ends_it_in_good_order_and_the_next_run_sends(
    practice: Practice, number: signal.Signals
) -> None:
    practice.agent = SLOWLY
    practice.drop("scan.txt", LARGE)
    practice.drop("scan.json", files.sidecar())
    with running(practice) as process:
        practice.wait_for(lambda: [seen for seen in practice.sandbox.requests if seen.traffic == "upload"], "an upload")
        process.send_signal(number)
        begun = time.monotonic()
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - begun < PROMPT
        assert process.returncode == 0
        assert err == ""
        assert "What was not sent goes at the next start." in out
    assert practice.claims == []
    assert sorted(Path(name).name for name in practice.sending() if "/.outtray" not in name) == [
        "scan.json",
        "scan.txt",
    ]
    assert list(practice.data_dir.glob("private-*/*")) == []
    practice.agent = ""
    done = run(practice, "run", "--once", "--json")
    assert done.returncode == 0
    assert practice.claims == ["CLM-2026-000123"]
    assert practice.sent()["scan.txt"] == LARGE
    assert practice.receipts()["scan"]["possibly_sent_twice"] is False


def test_once_ends_with_0_when_all_went(practice: Practice) -> None:
    practice.drop_packet()
    done = run(practice, "run", "--once", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert [packet["name"] for packet in answer["sent"]] == ["scan"]
    assert answer["failed"] == answer["waiting"] == []
    assert practice.waiting() == []


def test_once_with_nothing_to_do_ends_with_0(practice: Practice) -> None:
    assert run(practice, "run", "--once").returncode == 0


def test_once_ends_with_3_when_something_failed_or_waits(practice: Practice) -> None:
    practice.drop_packet("good")
    practice.drop_packet("bad", payerId="1")
    practice.drop("alone.pdf", files.pdf())
    done = run(practice, "run", "--once", "--json")
    assert (done.returncode, done.stderr) == (3, "")
    answer = json.loads(done.stdout)
    assert [packet["name"] for packet in answer["sent"]] == ["good"]
    assert [(packet["name"], packet["code"]) for packet in answer["failed"]] == [("bad", "sidecar-fields")]
    assert [(packet["name"], packet["state"]) for packet in answer["waiting"]] == [("alone", "waiting")]


def test_once_ends_with_4_when_the_lane_is_blocked(practice: Practice) -> None:
    practice.environment = dict.fromkeys(practice.environment, "wrong")
    practice.drop_packet()
    done = run(practice, "run", "--once", "--json")
    assert (done.returncode, done.stderr) == (4, "")
    answer = json.loads(done.stdout)
    assert "main-street/attachments" in answer["unreachable"]
    assert practice.problems() == {}
    assert done.stdout.isascii()


def test_once_ends_with_4_and_names_the_shelf_when_nothing_can_be_shelved(practice: Practice) -> None:
    (practice.folder / "sent").write_bytes(b"a file that someone called so")
    practice.drop_packet()
    done = run(practice, "run", "--once")
    assert (done.returncode, done.stderr) == (4, "")
    assert str(practice.folder / "sent") in done.stdout
    assert "delivered: scan" in done.stdout


def test_a_second_agent_for_the_same_data_folder_is_refused(practice: Practice) -> None:
    with running(practice, "--json") as process:
        practice.wait_for(lambda: practice.status().get("running"), "the first agent to run")
        second = run(practice, "run", "--headless")
        assert second.returncode == 2
        assert "already running" in second.stderr
        assert process.poll() is None
        practice.drop_packet()
        practice.wait_until_sent(1)
        process.terminate()
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert json.loads(out)["running"] is True


def test_commands_reach_the_running_agent(practice: Practice) -> None:
    with running(practice) as process:
        practice.wait_for(lambda: practice.status().get("running"), "the agent to run")
        assert run(practice, "pause").returncode == 0
        practice.wait_for_lane("paused")
        practice.drop_packet(payerId="1")
        assert run(practice, "resume").returncode == 0
        practice.wait_until_failed(1)
        (practice.folder / "failed" / "scan.json").write_bytes(files.sidecar())
        retried = run(practice, "retry", "--all-failed")
        assert retried.returncode == 0
        practice.wait_until_sent(1)
        assert process.poll() is None


def test_no_name_of_a_file_or_a_patient_is_in_the_log(practice: Practice) -> None:
    practice.drop_packet("Sample Sally x-ray", patientLastName="Uncommonname", claimId="CLM-SECRET")
    practice.drop_packet("Other Person", patientLastName="Raritysson", payerId="1")
    run(practice, "run", "--once")
    log = "".join(path.read_text() for path in (practice.data_dir / "logs").iterdir())
    assert log
    for name in ("Sally", "Uncommonname", "Raritysson", "Other Person", "CLM-SECRET", "made-up-client-secret"):
        assert name not in log
