"""One packet in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from agent.desk.page.views.receipt import MOST_OF_A_REPLY, Receipt, ordinal, receipt_of
from agent.desk.page.words import Almanac, plain
from agent.ledger.lookups import Attempt
from agent.ledger.records import JournalLine, PacketRecord
from agent.model import PacketState
from tests.support import activity
from tests.support.activity import NOW, ago
from tests.support.page import DeskPractice, desk_in, signed_in

ALMANAC = Almanac(NOW, timezone(timedelta(hours=-5)))


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


def told(record: PacketRecord, *, tries: tuple[Attempt, ...] = (), journal: tuple[JournalLine, ...] = ()) -> Receipt:
    return receipt_of(record, list(tries), list(journal), ALMANAC)


def facts(receipt: Receipt) -> dict[str, str]:
    return {heading: plain(said) for heading, said in receipt.facts}


def test_a_receipt_says_when_how_and_what() -> None:
    receipt = told(activity.sent_ones()[0])
    assert facts(receipt) == {
        "Delivered": "Tuesday, July 14, 2026, 9:38:06 AM, at the first attempt, 6 seconds after it was dropped",
        "To": "the attachments service, Main Street, attachments",
        "Claim": "CLM-20416",
        "Files": "10 files, 18.0 MB: FMX-20416.jpg, FMX-20416-02.jpg, FMX-20416-03.jpg and 7 more",
    }
    assert receipt.control_number == "CHC#65a4c0ffee12d34b5e6f7a81"
    assert receipt.item is None
    assert (receipt.files[0].attachment_id, receipt.files[-1].attachment_id) == ("CHC#204160000000", "")


def test_what_may_have_gone_twice_says_so() -> None:
    receipt = told(activity.sent_ones()[1])
    assert receipt.state == "Sent, perhaps twice"
    assert facts(receipt)["Perhaps sent twice"].endswith("Use this control number.")


def test_warnings_stand_once() -> None:
    record = replace(activity.sent_ones()[0], warnings=("1 phone number left out: row 3.",))
    record = replace(record, receipt={**(record.receipt or {}), "warnings": list(record.warnings)})
    assert told(record).warnings == ("1 phone number left out: row 3.",)


def test_a_failed_packet_has_its_item_and_a_mended_one_has_none() -> None:
    record = activity.failed_ones()[0]
    item = told(record).item
    assert item is not None
    assert item.heading.startswith("July-statements.xlsx has 3 rows")
    assert told(replace(record, resolved_at=ago(1))).item is None


def test_a_held_packet_says_when_it_goes() -> None:
    record = activity.packet("a.xml", lane=activity.STATEMENTS, state=PacketState.HELD, next_at=NOW + timedelta(days=1))
    assert facts(told(record))["Goes"] == "Tomorrow at 9:42 AM"


def test_the_journal_and_the_tries_in_words() -> None:
    tries = (
        Attempt(1, ago(3), ago(2), "unknown", 0, "reply-lost"),
        Attempt(2, ago(1), ago(0.5), "delivered", 201, ""),
        Attempt(3, ago(0), None, "", 0, ""),
    )
    journal = (
        JournalLine(ago(4), "admitted", detail={"state": "queued"}),
        JournalLine(ago(3), "outcome", detail={"outcome": "unknown", "code": "reply-lost"}),
        JournalLine(ago(2), "resolved", detail={"how": "retry"}, actor="rosa"),
        JournalLine(ago(1), "something-new"),
    )
    receipt = told(activity.sent_ones()[0], tries=tries, journal=journal)
    assert [line.said for line in receipt.attempts] == [
        "First try: sent, and the answer was lost (reply-lost), after 60 seconds.",
        "Second try: delivered, HTTP status 201, after 30 seconds.",
        "Third try: under way, or cut off.",
    ]
    assert [line.said for line in receipt.journal] == [
        "Taken from the folder.",
        "The try ended: sent, and the answer was lost.",
        "Dealt with: sent again, asked for by rosa.",
        "Something new.",
    ]


def test_a_long_reply_is_cut() -> None:
    record = replace(activity.sent_ones()[0], receipt={"response": "x" * (MOST_OF_A_REPLY + 7), "warnings": []})
    assert told(record).reply.endswith("… and 7 characters more")


@pytest.mark.parametrize(("number", "word"), [(1, "first"), (5, "fifth"), (11, "11th"), (22, "22nd"), (113, "113th")])
def test_ordinals(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_the_vendor_s_reply_is_shown_and_not_believed(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    with practice.ledger.transaction() as tx:
        record = activity.sent_ones()[0]
        tx._change(record, receipt=record.receipt)
    page = signed_in(practice.desk).get("/history/20260714-FMX-20416").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "Taken from the folder." in page
    assert 'data-copy="CHC#65a4c0ffee12d34b5e6f7a81"' in page


def test_the_transaction_of_an_image_examination_can_be_copied(practice: DeskPractice) -> None:
    record = activity.sent_ones()[0]
    activity.remember(practice.ledger, record)
    with practice.ledger.transaction() as tx:
        receipt = {**(record.receipt or {}), "image_intelligence_transaction_id": "TX-5550142"}
        tx._change(record, receipt=receipt)
    page = signed_in(practice.desk).get("/history/20260714-FMX-20416").text
    assert 'data-copy="TX-5550142"' in page
    assert 'Copy<span class="unseen"> the transaction ID of claim CLM-20416' in page


def test_an_unknown_packet_is_not_found(practice: DeskPractice) -> None:
    answer = signed_in(practice.desk).get("/history/nothing")
    assert answer.status_code == 404
    assert "There is no such packet" in answer.text
