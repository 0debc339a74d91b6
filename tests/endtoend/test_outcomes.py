"""What becomes of a packet when wire, service or settings are in trouble: design section 4, on real sockets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from agent.destinations import transport
from agent.ledger.lookups import attempts
from agent.sandbox.server import Sandbox
from tests.support import files
from tests.support.practice import SECRET, Practice, reserved_port, trusting
from tests.support.simulated_practice import BLOCKED, SETTINGS, TROUBLED, SimulatedPractice

pytestmark = pytest.mark.slow

LARGE = b"Narrative for the claim. " * 1_600_000  # 40 MB: more than fits on the way, so that a drop is met in mid-body


def drop_large(practice: Practice) -> None:
    practice.drop("scan.txt", LARGE)
    practice.drop("scan.json", files.sidecar())


# --- Tried again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["408@1", "425@1", "429@1", "500@1", "502@1", "503@1", "504@1"])
def test_a_busy_or_broken_service_is_tried_again(tmp_path: Path, plan: str) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.receipts()["scan"]["possibly_sent_twice"] is False
        assert len(practice.claims) == 1
        assert practice.problems() == {}


@pytest.mark.parametrize("plan", ["429:1@1", "503:1@1"])
def test_retry_after_is_honoured(tmp_path: Path, plan: str) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.engine is not None
        refused, sent = attempts(practice.engine.control.state.ledger, practice.receipts()["scan"]["packet"])
        assert refused.ended_at is not None
        assert sent.started_at - refused.ended_at > timedelta(seconds=0.9)


@pytest.mark.parametrize("plan", ["drop-before-body@1", "drop-mid-body@1"])
def test_a_connection_that_breaks_before_the_body_is_out_is_tried_again_and_cannot_have_arrived(
    tmp_path: Path, plan: str
) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        drop_large(practice)
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.receipts()["scan"]["possibly_sent_twice"] is False
        assert len(practice.claims) == 1
        assert practice.sent()["scan.txt"] == LARGE


@pytest.mark.parametrize(("plan", "arrived"), [("drop-after-body@1", 2), ("drop-unaccepted@1", 1)])
def test_a_lost_reply_is_sent_again_and_marked(tmp_path: Path, plan: str, arrived: int) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.receipts()["scan"]["possibly_sent_twice"] is True
        assert (
            practice.receipts()["scan"]["attachment_control_number"]
            == practice.sandbox.journal[-1]["reply"]["attachmentControlNumber"]
        )
        assert len(practice.claims) == arrived


def test_a_service_that_hangs_is_given_up_on_and_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", httpx.Timeout(connect=60, write=60, read=3, pool=None))
    with Practice(tmp_path, plan="hang@1") as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.receipts()["scan"]["possibly_sent_twice"] is True


def test_two_lost_replies_and_a_refusal_of_the_third_try_are_no_delivery(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="drop-after-body@1-2, 400@3") as practice:
        practice.drop_packet()
        practice.wait_until_failed(1)
        assert practice.problems()["scan"]["code"] == "refused"
        assert practice.receipts() == {}


@pytest.mark.parametrize("plan", ["garbage@1", "truncated@1", "huge@1"])
def test_an_answer_that_proves_nothing_is_a_lost_one_and_the_next_try_is_marked(tmp_path: Path, plan: str) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 2
        assert practice.receipts()["scan"]["attachment_control_number"]
        assert practice.receipts()["scan"]["possibly_sent_twice"]


@pytest.mark.parametrize("plan", ["revoke@1", "expired@1", "401@1"])
def test_a_token_that_is_no_longer_good_is_renewed_within_the_same_try(tmp_path: Path, plan: str) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["attempts"] == 1
        assert len([seen for seen in practice.sandbox.requests if seen.traffic == "token"]) == 2


def test_all_tokens_revoked_between_two_packets_cost_nothing_but_a_new_one(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet("one", claimId="CLM-1")
        practice.wait_until_sent(1)
        practice.sandbox.revoke_tokens()
        practice.drop_packet("two", claimId="CLM-2")
        practice.wait_until_sent(2)
        assert practice.receipts()["two"]["attempts"] == 1


def test_a_service_that_is_down_gets_everything_once_it_is_up(tmp_path: Path) -> None:
    with reserved_port() as port:
        down = Sandbox(port=port)
        down.url = f"http://127.0.0.1:{port}"
        with Practice(tmp_path, sandbox=down) as practice:
            practice.sandbox = down
            for number in range(5):
                practice.drop(f"{number}.pdf", files.pdf())
                practice.drop(f"{number}.json", files.sidecar(claimId=f"CLM-{number}"))
            practice.wait_for(lambda: "could not be reached" in str(practice.lane_status()), "the trouble to be shown")
            assert practice.lane_status()["state"] == "running"
            assert practice.problems() == {}
            down.start()
            try:
                practice.wait_until_sent(5)
                assert sorted(practice.claims) == [f"CLM-{number}" for number in range(5)]
                assert not any(receipt["possibly_sent_twice"] for receipt in practice.receipts().values())
                practice.wait_for(lambda: practice.lane_status()["problem"] is None, "the trouble to be over")
            finally:
                down.stop()


# --- Refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "code"), [("400@1", "refused"), ("409@1", "refused"), ("413@1", "too-large"), ("422@1", "refused")]
)
def test_a_refused_packet_fails_and_is_not_tried_again(tmp_path: Path, plan: str, code: str) -> None:
    with Practice(tmp_path, plan=plan) as practice:
        scan = practice.drop_packet()
        practice.wait_until_failed(1)
        assert practice.problems()["scan"]["code"] == code
        assert practice.failed() == {"scan.pdf": scan, "scan.json": files.sidecar()}
        practice.drop_packet("next", claimId="CLM-2")
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-2"]


# --- Blocked --------------------------------------------------------------------------------------------------------


def blocked(practice: Practice, code: str, packets: int = 3) -> None:
    """The lane stops and says why; nothing fails, and what was taken waits whole."""
    for number in range(packets):
        practice.drop_packet(f"scan-{number}", claimId=f"CLM-{number}")
    assert practice.wait_for_lane("blocked")["problem"]["code"] == code
    assert practice.problems() == {}
    assert practice.claims == []
    assert practice.receipts() == {}


def all_go(practice: Practice, packets: int = 3) -> None:
    practice.wait_until_sent(packets)
    assert sorted(practice.claims) == [f"CLM-{number}" for number in range(packets)]
    assert not any(receipt["possibly_sent_twice"] for receipt in practice.receipts().values())
    assert practice.wait_for_lane("running")["problem"] is None


def test_a_wrong_address_blocks_the_lane_until_the_settings_are_mended(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.stop()
        practice.base_url = f"{practice.sandbox.url}/nowhere"
        practice.start()
        blocked(practice, "wrong-address")
        practice.stop()
        practice.base_url = None
        practice.start()
        practice.ask("resume")
        all_go(practice)


def test_wrong_credentials_block_the_lane_until_they_are_mended_and_it_is_resumed(tmp_path: Path) -> None:
    with Practice(tmp_path, secret="wrong") as practice:
        blocked(practice, "key-not-accepted")
        practice.environment[SECRET] = practice.sandbox.credentials.client_secret
        practice.ask("resume")
        all_go(practice)


def test_a_service_that_forbids_blocks_the_lane(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="403@*") as practice:
        blocked(practice, "not-allowed")
        practice.sandbox.faults("")
        practice.ask("resume")
        all_go(practice)


def test_a_certificate_that_is_not_trusted_blocks_the_lane_and_nothing_is_sent(tmp_path: Path) -> None:
    with Practice(tmp_path, tls=True) as practice:
        blocked(practice, "certificate-not-trusted")
        assert practice.sandbox.requests == []
        practice.stop()
        practice.ssl_context = trusting(practice.sandbox)
        practice.start()
        practice.ask("resume")
        all_go(practice)


def test_a_trusted_certificate_just_works(tmp_path: Path) -> None:
    with Practice(tmp_path, tls=True, running=False) as practice:
        practice.ssl_context = trusting(practice.sandbox)
        practice.start()
        practice.drop_packet()
        practice.wait_until_sent(1)
        assert practice.receipts()["scan"]["destination"].startswith("https://")


def test_a_blocked_lane_tries_again_by_itself_with_one_packet_alone(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [BLOCKED, BLOCKED, BLOCKED]
    for number in range(6):
        practice.drop(f"{number}.pdf", files.pdf())
        practice.drop(f"{number}.json", files.sidecar(claimId=f"CLM-{number}"))
    practice.pass_(hours=1)
    assert len(practice.service().accepted) == 6
    assert len(practice.service().received) == 9
    assert practice.problems() == []


def test_after_its_hours_of_trying_a_packet_fails_and_says_why(tmp_path: Path) -> None:
    practice = SimulatedPractice(
        tmp_path, SETTINGS.replace("[store.statements]", "give_up_after = 4\n[store.statements]")
    )
    practice.service().rule = lambda _filename, _accepted: TROUBLED
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(hours=3.7)
    assert practice.problems() == []
    tries = len(practice.service().received)
    practice.pass_(minutes=40)
    [problem] = practice.problems()
    assert problem["code"] == "gave-up"
    assert 20 <= tries <= 60  # full jitter below a ceiling of 15 minutes, and quicker in the first half hour
