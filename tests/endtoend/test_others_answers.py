"""Portals, firewalls, gateways and half answers of the sandbox, met by a whole agent: what its README promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.practice import Practice
from tests.support.statement_files import csv
from tests.support.statements_practice import StatementsPractice

MAYBE_TAKEN = ("portal", "html:503", "html:400", "html:200", "empty", "empty:204", "says-no", "gateway", "gateway:504")
TAKEN = ("gateway-after", "gateway-after:504", "empty-after", "no-number", "truncated")


@pytest.mark.parametrize("kind", [*MAYBE_TAKEN, *TAKEN])
def test_what_proves_nothing_is_sent_again_and_marked(tmp_path: Path, kind: str) -> None:
    with Practice(tmp_path, plan=f"{kind}@1") as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        receipt = practice.receipts()["scan"]
        assert (receipt["attempts"], receipt["possibly_sent_twice"]) == (2, True)
        assert receipt["attachment_control_number"]
        assert len(practice.claims) == (2 if kind in TAKEN else 1)
        assert practice.problems() == {}


def test_what_was_never_read_is_not_marked(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="portal-before-body@1") as practice:
        practice.drop_packet(data=b"Narrative for the claim. " * 1_600_000, name="scan")
        practice.wait_for(lambda: practice.receipts() or practice.problems(), "an end")
    assert [receipt["possibly_sent_twice"] for receipt in practice.receipts().values()] in ([], [False])
    assert len(practice.claims) == len(practice.receipts())


@pytest.mark.slow
def test_fewer_ids_than_files_are_sent_and_someone_looks(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="fewer-ids@1") as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        practice.wait_for(lambda: practice.lane_status().get("needs_attention") == 1, "someone to be asked for")
        assert practice.receipts()["scan"]["warnings"]
        assert len(practice.claims) == 1


@pytest.mark.parametrize("kind", ["html", "html:451", "html:402"])
def test_a_firewalls_page_can_stop_the_lane_and_nothing_fails(tmp_path: Path, kind: str) -> None:
    with Practice(tmp_path, plan=f"{kind}@*") as practice:
        practice.drop_packet()
        practice.wait_for_lane("blocked")
        assert practice.problems() == practice.receipts() == {}


def test_while_a_portal_stands_between_the_lane_says_so_and_nothing_goes_out(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="portal@*, health/portal@*") as practice:
        practice.drop_packet()
        practice.wait_for(
            lambda: (practice.lane_status().get("problem") or {}).get("code") == "something-between",
            "the lane to say it",
        )
        assert practice.problems() == {}
        practice.sandbox.faults("")
        practice.ask("resume")
        practice.wait_until_sent(1)


@pytest.mark.parametrize("kind", ["gateway-after:504", "truncated", "drop-after-body"])
def test_statements_that_were_taken_unheard_are_confirmed_by_the_refusal_of_their_name(
    tmp_path: Path, kind: str
) -> None:
    with StatementsPractice(tmp_path, plan=f"{kind}@1") as practice:
        practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")))
        practice.wait_until_sent(1)
        [receipt] = practice.receipts().values()
        assert receipt["confirmed_by"] == "refusal"
        assert len(practice.sandbox.accepted) == 1
