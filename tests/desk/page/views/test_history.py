"""*History*: what is found, how it is paged, and what its CSV does to a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.desk.page.views.history import A_PAGE, unharmed
from agent.model import PacketState
from tests.support import activity
from tests.support.page import Browser, DeskPractice, desk_in, signed_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


def searched(client: Browser, **asked: str) -> str:
    """The address to which a search leads."""
    return client.post("/history", data=asked).headers["location"]


def names(client: Browser, address: str = "/history", **asked: str) -> list[str]:
    """The names of the packets that an address or a search shows, in order."""
    page = client.get(searched(client, **asked) if asked else address).text
    return [part.partition("<")[0] for part in page.split('<span class="name">')[1:]]


def test_everything_is_listed_the_newest_first(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    assert names(signed_in(practice.desk)) == [
        "FMX-20416.jpg and 9 more",
        "aging-july.csv",
        "PAN-20411.pdf",
        "PA-20402.tif",
        "PAN-20398.pdf",
        "July-statements.xlsx",
        "PERIO-20400.pdf",
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "clm-20411"}, ["PAN-20411.pdf"]),
        ({"q": "65A4C0FFEE"}, ["FMX-20416.jpg and 9 more"]),
        ({"q": "FMX-20416-07"}, ["FMX-20416.jpg and 9 more"]),
        ({"q": "100%_"}, []),
        ({"state": "failed", "q": "july"}, ["aging-july.csv", "July-statements.xlsx"]),
        ({"store": "lakeside"}, ["PERIO-20400.pdf"]),
        ({"since": "2026-07-16"}, []),
        ({"state": "held"}, []),
        ({"state": "nonsense", "since": "nonsense", "page": "nonsense", "q": "PERIO"}, ["PERIO-20400.pdf"]),
    ],
)
def test_a_search_by_file_claim_and_control_number(
    practice: DeskPractice, asked: dict[str, str], found: list[str]
) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    assert names(signed_in(practice.desk), **asked) == found


def test_a_search_can_be_reloaded_and_gone_back_to(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    client = signed_in(practice.desk)
    first, second = searched(client, q="PAN"), searched(client, q="PERIO")
    assert names(client, first) == names(client, first) == ["PAN-20411.pdf"]
    assert names(client, second) == ["PERIO-20400.pdf"]
    assert searched(client, q="PAN") == first
    assert 'value="PAN"' in client.get(first).text


def test_a_state_alone_may_stand_in_the_address_as_other_views_lead_to_it(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    client = signed_in(practice.desk)
    assert len(names(client, "/history?state=failed")) == 4
    assert "/history.csv?state=failed" in client.get("/history?state=failed").text
    assert len(names(client, "/history?state=failed&q=july")) == 4


def test_a_search_for_nothing_shows_everything_under_the_plain_address(practice: DeskPractice) -> None:
    assert searched(signed_in(practice.desk), q=" ", state="", store="", since="") == "/history"


def test_a_search_belongs_to_its_session_and_ends_with_it(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    client = signed_in(practice.desk)
    address = searched(client, q="PERIO")
    client.post("/lock")
    client.sign_in()
    page = client.get(address).text
    assert "not kept any more" in page
    assert "PAN-20411.pdf" in page


@pytest.mark.parametrize("number", ["0", "-1", "nonsense", "9" * 5000, "²", ""])
def test_a_page_that_is_no_number_is_the_first_or_the_last(practice: DeskPractice, number: str) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    assert len(names(signed_in(practice.desk), f"/history?page={number}")) == 3


def test_what_is_not_found_is_said_without_becoming_markup(practice: DeskPractice) -> None:
    page = signed_in(practice.desk)
    page = page.post("/history", data={"q": '"><script>alert(1)</script>'}, follow_redirects=True).text
    assert "Nothing found for &#34;&gt;&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_name_from_a_mac_is_found_as_it_is_typed(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, activity.packet("Rene\u0301e.pdf", packet_id="one"))
    assert len(names(signed_in(practice.desk), q="Renée")) == 1


def test_only_a_page_of_a_long_history_is_shown(practice: DeskPractice) -> None:
    activity.fill(practice.ledger, 60)
    client = signed_in(practice.desk)
    first, second, third = (names(client, f"/history?page={page}") for page in (1, 2, 3))
    assert (len(first), len(second), len(third)) == (A_PAGE, A_PAGE, 10)
    assert len({*first, *second, *third}) == 60
    address = searched(client, q="CLM")
    page = client.get(f"{address}&page=2").text
    assert "26 to 50 of 60 found among 60" in page
    assert f'href="{address}" rel="prev"' in page
    assert f'href="{address}&amp;page=3" rel="next"' in page
    assert names(client, "/history?page=99") == third
    assert 'href="/history?page=2" rel="prev"' in client.get("/history?page=99").text


def test_a_state_is_a_word_and_a_glyph(practice: DeskPractice) -> None:
    held = activity.packet("a.xml", lane=activity.STATEMENTS, state=PacketState.HELD)
    mended = activity.failed("b.pdf", activity.BAD_FIELDS, resolved_at=activity.ago(1))
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones()[:1], held, mended)
    page = signed_in(practice.desk).get("/history").text
    for word in ("Sent<br>", "Sent, perhaps twice<br>", "Failed<br>", "Failed, dealt with<br>", "Held<br>"):
        assert word in page
    assert 'href="/#packet-20260714-July-statements">Mend it' in page
    assert 'Mend it<span class="unseen">: b.pdf' not in page
    assert "The first reply was lost. Use this number." in page


# --- CSV ------------------------------------------------------------------------------------------------------------


def rows(client: Browser, **asked: str) -> list[dict[str, str]]:
    address = searched(client, **asked) if asked else "/history"
    answer = client.get(address.replace("/history", "/history.csv"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="outtray-')
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_csv_has_what_the_search_finds(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    client = signed_in(practice.desk)
    assert len(rows(client)) == 7
    (row,) = rows(client, q="CLM-20411")
    assert (row["Files"], row["Control number"], row["State"], row["Attempts"]) == (
        "PAN-20411.pdf",
        "CHC#65a4bf90d81c27aa4039b6e2",
        "Sent, perhaps twice",
        "2",
    )


def test_a_long_history_is_exported_whole(practice: DeskPractice) -> None:
    activity.fill(practice.ledger, 1200)
    assert len({row["Packet"] for row in rows(signed_in(practice.desk))}) == 1200


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0.pdf",
        "+1.pdf",
        "-1.pdf",
        "@SUM(A1).pdf",
        " =1.pdf",
        "\t=1.pdf",
        "＝1.pdf",
        "\ufeff=1.pdf",
        "\u3000－1.pdf",
        "\n=1.pdf",
    ],
)
def test_no_name_becomes_a_formula(practice: DeskPractice, name: str) -> None:
    activity.remember(practice.ledger, activity.packet(name, packet_id="one", claim=name))
    (row,) = rows(signed_in(practice.desk))
    assert row["Files"] == row["Claim"] == f"'{name}"


@pytest.mark.parametrize("name", ["PAN-1.pdf", "a=b", "", "CHC#1", "'=1"])
def test_a_harmless_cell_stays_as_it_is(name: str) -> None:
    assert unharmed(name) == name


def test_a_name_that_is_not_unicode_can_be_exported() -> None:
    assert unharmed("caf\udce9.pdf") == r"caf\udce9.pdf"
