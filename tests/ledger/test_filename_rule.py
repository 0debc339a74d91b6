"""The 24-hour filename rule as a table: claims in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.folder.names import name_key
from agent.ledger.filename_rule import Continues, Duplicate, Free, Taken, judge, turn
from agent.ledger.records import ClaimState
from tests.support.packets import NOW, accepted, claim, hours

MINE = claim("mine", sha256="mm", claimed_at=NOW)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Statements.xml", "STATEMENTS.XML", True),
        ("Müller.csv", "Mu\u0308ller.csv", True),
        ("STRASSE.csv", "straße.csv", True),
        ("Statements.xml", "Statements.csv", False),
        ("Statements.xml", "Statements .xml", False),
    ],
)
def test_two_filenames_are_the_same_by_nfc_and_case_folding_with_the_extension(
    one: str, other: str, same: bool
) -> None:
    assert (name_key(one) == name_key(other)) is same


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], Free()),
        ([accepted("p0", hours(24))], Free()),
        ([accepted("p0", hours(24) - timedelta(seconds=1))], "taken"),
        ([accepted("p0", hours(1), name="other.xml")], Free()),
        ([accepted("p0", hours(1), sha256="mm")], "duplicate"),
        ([claim("p0", sha256="mm")], "duplicate"),
        ([replace(accepted("p0", hours(1), sha256="mm"), state=ClaimState.UNKNOWN)], "continues"),
        ([replace(accepted("p0", hours(1), sha256="mm"), state=ClaimState.UNKNOWN, active=True)], "duplicate"),
        ([claim("p0")], "taken"),
        ([claim("p0", claimed_at=NOW + hours(1))], Free()),
        ([replace(MINE, state=ClaimState.UNKNOWN, accepted_at=NOW - hours(1))], Free()),
    ],
    ids=[
        "nothing claimed",
        "exactly 24 hours ago",
        "a second short of 24 hours",
        "another name",
        "the same bytes within the window",
        "the same bytes still on their way",
        "the same bytes, given up after a lost reply",
        "the same bytes, being tried again after a lost reply",
        "an earlier packet still on its way",
        "a later packet still on its way",
        "its own lost reply",
    ],
)
def test_judge(claims: list, expected: object) -> None:
    verdict = judge(claims, MINE, scope="filename", now=NOW)
    names = {"taken": Taken, "duplicate": Duplicate, "continues": Continues}
    if isinstance(expected, str):
        assert isinstance(verdict, names[expected])
    else:
        assert verdict == expected


@pytest.mark.parametrize(
    ("claims", "goes_in"),
    [
        ([accepted("p0", hours(3))], 21),
        ([accepted("p0", hours(3)), accepted("p1", hours(1))], 23),
        ([claim("p0", claimed_at=NOW - hours(2))], 22),
        ([accepted("p0", hours(3)), claim("p1", claimed_at=NOW - hours(1), not_before=NOW + hours(21))], 45),
        ([claim("p0", claimed_at=NOW - hours(30))], 18),
    ],
    ids=[
        "one upload",
        "the latest upload counts",
        "one ahead that is on its way",
        "one upload and one held",
        "one ahead that is late: the estimate is whole windows from when it should have gone",
    ],
)
def test_how_long_a_name_is_taken(claims: list, goes_in: float) -> None:
    verdict = judge(claims, MINE, scope="filename", now=NOW)
    assert isinstance(verdict, Taken)
    assert verdict.until - NOW == hours(goes_in)


def test_with_the_scope_of_a_store_any_upload_counts_but_only_the_same_name_is_a_duplicate() -> None:
    claims = [accepted("p0", hours(2), name="other.xml", sha256="mm")]
    assert isinstance(judge(claims, MINE, scope="store", now=NOW), Taken)


def test_once_admitted_equal_bytes_do_not_let_a_packet_pass_the_line() -> None:
    assert isinstance(turn([accepted("p0", hours(2), sha256="mm")], MINE, scope="filename", now=NOW), Taken)


def test_the_line_is_by_the_time_of_the_claim_however_the_claims_are_listed() -> None:
    first = claim("p9", claimed_at=NOW - hours(3))
    second = claim("p1", claimed_at=NOW - hours(2), not_before=NOW + hours(30))
    third = claim("p5", claimed_at=NOW - hours(2))
    for listed in ([first, second, third], [third, second, first], [second, third, first]):
        assert turn(listed, MINE, scope="filename", now=NOW) == Taken(by=third, until=NOW + hours(30 + 24 + 24))


def test_an_upload_that_is_in_the_way_is_named() -> None:
    latest = accepted("p1", hours(1))
    assert turn([accepted("p0", hours(3)), latest], MINE, scope="filename", now=NOW) == Taken(latest, NOW + hours(23))


def test_an_estimate_lies_ahead_even_where_the_one_ahead_should_go_at_this_moment() -> None:
    ahead = claim("p0", claimed_at=NOW - hours(24))
    assert turn([ahead], MINE, scope="filename", now=NOW) == Taken(ahead, NOW + hours(24))
