"""The grammar of fault plans."""

import re
from pathlib import Path

import pytest

from agent.sandbox import faults
from agent.sandbox.faults import BadPlan, Mishap, parse_plan
from agent.sandbox.paths import Traffic

WITH_A_NUMBER = (
    *(Mishap.STATUS, Mishap.HANG, Mishap.SLOW_REPLY),
    *(Mishap.HTML, Mishap.EMPTY, Mishap.GATEWAY, Mishap.GATEWAY_AFTER),
)


@pytest.mark.parametrize(
    ("plan", "hit", "missed"),
    [
        ("429:3@2", [2], [1, 3]),
        ("503@9-12", [9, 10, 11, 12], [8, 13]),
        ("503@3-", [3, 4, 5000], [1, 2]),
        ("500@%5", [5, 10, 15], [1, 4, 6]),
        ("503@*", [1, 2, 3000], []),
        ("503@7-7", [7], [6, 8]),
        (" hang@7 ,, 503@9 ", [7, 9], [8]),
        ("", [], [1, 2]),
    ],
)
def test_an_item_covers_the_requests_that_it_names(plan: str, hit: list[int], missed: list[int]) -> None:
    parsed = parse_plan(plan)
    assert [number for number in hit + missed if parsed.find(Traffic.UPLOAD, number)] == hit


@pytest.mark.parametrize(
    ("plan", "mishap", "status", "seconds"),
    [
        ("429:3@1", Mishap.STATUS, 429, "3"),
        ("503@1", Mishap.STATUS, 503, ""),
        ("hang@1", Mishap.HANG, 0, ""),
        ("hang:0.5@1", Mishap.HANG, 0, "0.5"),
        ("slow-reply:2@1", Mishap.SLOW_REPLY, 0, "2"),
        ("html@1", Mishap.HTML, 403, ""),
        ("html:451@1", Mishap.HTML, 451, ""),
        ("empty@1", Mishap.EMPTY, 200, ""),
        ("empty:204@1", Mishap.EMPTY, 204, ""),
        ("gateway@1", Mishap.GATEWAY, 502, ""),
        ("gateway:408@1", Mishap.GATEWAY, 408, ""),
        ("gateway-after@1", Mishap.GATEWAY_AFTER, 502, ""),
        ("gateway-after:504@1", Mishap.GATEWAY_AFTER, 504, ""),
        *[(f"{kind}@1", kind, 0, "") for kind in Mishap if kind not in WITH_A_NUMBER],
    ],
)
def test_every_kind_reads(plan: str, mishap: Mishap, status: int, seconds: str) -> None:
    found = parse_plan(plan).find(Traffic.UPLOAD, 1)
    assert found is not None
    assert (found.mishap, found.status, found.seconds) == (mishap, status, seconds)


@pytest.mark.parametrize("traffic", list(Traffic))
def test_a_prefix_chooses_the_traffic(traffic: Traffic) -> None:
    parsed = parse_plan(f"{traffic}/500@1")
    assert [other for other in Traffic if parsed.find(other, 1)] == [traffic]


def test_the_first_item_that_fits_is_used() -> None:
    found = parse_plan("429@2, 503@*").find(Traffic.UPLOAD, 2)
    assert found is not None
    assert found.text == "429@2"


@pytest.mark.parametrize(
    "item",
    [
        "503",
        "@2",
        "503@",
        "503@0",
        "503@0-3",
        "503@5-3",
        "503@two",
        "503@%0",
        "503@2-3-4",
        "99@1",
        "600@1",
        "1000@1",
        "status@1",
        "explode@1",
        "mail/503@1",
        "slow-reply@1",
        "garbage:3@1",
        "portal:200@1",
        "gateway:99@1",
        "html:600@1",
        "empty:2.5@1",
        "hang:soon@1",
        "429:-1@1",
        "token/revoke@1",
        "token/expired@*",
    ],
)
def test_a_bad_plan_is_refused_naming_the_item(item: str) -> None:
    with pytest.raises(BadPlan) as refused:
        parse_plan(f"429:3@2, {item}, hang@7")
    assert f'"{item}"' in str(refused.value)


def test_the_page_for_people_names_every_kind() -> None:
    page = Path(faults.__file__).with_name("README.md").read_text(encoding="utf-8")
    for kind in Mishap:
        assert kind is Mishap.STATUS or re.search(f"`{kind}[:`]", page), kind
