"""The agent is stopped, killed, or loses its ledger in mid-upload: nothing is lost, and nothing goes twice unsaid."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.folder.names import MANIFEST
from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from tests.support import files
from tests.support.good_packets import good_packets
from tests.support.practice import PROMPT, Practice, standing

pytestmark = pytest.mark.slow

LARGE = b"Narrative for the claim. " * 80_000  # 2 MB: a hundred seconds at the speed below
SLOWLY = 'upload_limit = "20 kB/s"'


def in_mid_upload(practice: Practice) -> None:
    """Drop a large packet, and wait until it is on its way."""
    practice.drop("scan.txt", LARGE)
    practice.drop("scan.json", files.sidecar())
    practice.wait_for(lambda: [seen for seen in practice.sandbox.requests if seen.traffic == "upload"], "an upload")


def full_speed(practice: Practice) -> Practice:
    practice.agent = ""
    return practice


def as_if_killed(practice: Practice) -> None:
    """Leave the ledger as a kill in mid-upload does: the try has begun, and nothing says how it ended."""
    ledger = Ledger(open_ledger(practice.data_dir / "ledger.sqlite", datetime.now(UTC)).engine)
    [packet] = ledger.unfinished()
    with ledger.transaction() as tx:
        tx.start_attempt(packet, datetime.now(UTC))
    ledger.close()


@pytest.fixture
def stopped(tmp_path: Path) -> Practice:
    """A practice whose agent was stopped in mid-upload."""
    return Practice(tmp_path, agent=SLOWLY)


def test_stopped_in_mid_upload_it_ends_at_once_and_the_next_start_sends_it_whole_and_once(stopped: Practice) -> None:
    with stopped as practice:
        in_mid_upload(practice)
        assert practice.stop() < PROMPT
        assert practice.sending()
        full_speed(practice).start()
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-2026-000123"]
        assert practice.sent()["scan.txt"] == LARGE
        assert practice.receipts()["scan"]["possibly_sent_twice"] is False
        assert practice.receipts()["scan"]["attempts"] == 2


def test_killed_in_mid_upload_it_is_sent_again_and_marked(stopped: Practice) -> None:
    with stopped as practice:
        in_mid_upload(practice)
        practice.stop()
        as_if_killed(practice)
        full_speed(practice).start()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["possibly_sent_twice"] is True
        assert practice.sent()["scan.txt"] == LARGE


@pytest.mark.parametrize("loss", ["deleted", "damaged", "emptied"])
def test_without_its_ledger_it_goes_on_from_the_shelves_and_says_so(stopped: Practice, loss: str) -> None:
    with stopped as practice:
        in_mid_upload(practice)
        practice.stop()
        ledger = practice.data_dir / "ledger.sqlite"
        if loss == "damaged":
            ledger.write_bytes(b"no ledger" * 1000)
        elif loss == "emptied":
            ledger.write_bytes(b"")
        else:
            ledger.unlink()
        full_speed(practice).start()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["possibly_sent_twice"] is True
        assert practice.sent()["scan.txt"] == LARGE
        [note] = practice.status()["notes"]
        assert "ledger" in note
        assert "shelves" in note


def test_a_first_start_has_nothing_to_say(tmp_path: Path) -> None:
    with Practice(tmp_path, running=False) as practice:
        (practice.data_dir / "ledger.sqlite").unlink()
        practice.start()
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert not practice.status()["notes"]
        assert practice.receipts()["scan"]["possibly_sent_twice"] is False


@pytest.mark.parametrize(
    "packet_id", ["form-stem", "form-full-name", "form-upper-case", "form-list", "form-folder", "ii-1"]
)
def test_a_lost_ledger_does_not_forget_what_was_sent(tmp_path: Path, packet_id: str) -> None:
    [packet] = [packet for packet in good_packets() if packet.id == packet_id]
    with Practice(tmp_path) as practice:
        for loss in ("none", "lost"):
            for name, data in packet.drops.items():
                practice.drop(name, data)
            practice.wait_for(
                lambda: practice.receipts() and not practice.waiting() and not practice.sending(), "an end"
            )
            practice.stop()
            if loss == "none":
                (practice.data_dir / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
                practice.start()
        assert [problem["code"] for problem in practice.problems().values()] == ["duplicate"]
        assert practice.claims == [packet_id]


def test_a_failed_packet_can_be_retried_after_the_ledger_was_lost(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="400@1") as practice:
        practice.drop_packet()
        practice.wait_until_failed(1)
        practice.stop()
        (practice.data_dir / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
        practice.start()
        practice.wait_for(lambda: practice.status().get("needs_attention") == 1, "the failed packet to be known")
        practice.ask("retry", practice.problems()["scan"]["packet"])
        practice.wait_until_sent(1)
        assert practice.problems() == {}


def test_what_another_pc_is_sending_from_the_shared_folder_is_left_alone(tmp_path: Path) -> None:
    with Practice(tmp_path, running=False) as practice:
        theirs = practice.folder / "sending" / "20260704-090000-ABCDE"
        theirs.mkdir(parents=True)
        manifest = {
            "packet": theirs.name,
            "lane": "main-street/attachments",
            "installation": "the other PC",
            "name": "theirs",
            "arrived_at": "2026-07-04T09:00:00+00:00",
            "folder": "",
            "keep_names": False,
            "files": [{"name": "theirs.pdf", "role": "document", "size": 5, "mtime_ns": 1, "file_id": ""}],
        }
        (theirs / MANIFEST).write_text(json.dumps(manifest))
        (theirs / "theirs.pdf").write_bytes(files.pdf())
        before = standing(theirs)
        for loss in (lambda: None, lambda: (practice.data_dir / "ledger.sqlite").write_bytes(b"no ledger" * 1000)):
            loss()
            practice.start()
            practice.drop_packet(claimId=f"CLM-{loss}")
            practice.wait_for(lambda: practice.receipts() or practice.problems(), "an end")
            practice.stop()
            assert standing(theirs) == before


def test_many_restarts_while_packets_come_in_send_each_once(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        for number in range(6):
            for part in range(3):
                practice.drop_packet(f"{number}-{part}", claimId=f"CLM-{number}-{part}")
            practice.restart()
        practice.wait_until_sent(18)
        sent = practice.claims
        twice = [name for name, receipt in practice.receipts().items() if receipt["possibly_sent_twice"]]
        assert len(set(sent)) == 18
        assert len(sent) - 18 <= len(twice)
        assert practice.problems() == {}
