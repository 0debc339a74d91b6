"""The filter language of the statements search."""

import pytest

from agent.sandbox.rsql import MAX_DEPTH, BadFilter, parse_filter

KEYS: dict[str, type] = {"status": str, "amountDue": int, "posOrderId": str}
ROWS: list[dict[str, str | int | None]] = [
    {"n": 1, "status": "pending", "amountDue": 600, "posOrderId": "A-1"},
    {"n": 2, "status": "failed", "amountDue": 1200, "posOrderId": None},
    {"n": 3, "status": "in progress", "amountDue": None, "posOrderId": "A,2"},
    {"n": 4, "status": "pending", "amountDue": -50, "posOrderId": "a-1"},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status==pending", [1, 4]),
        ("status!=pending", [2, 3]),
        ("status=='in progress'", [3]),
        ('status=="in progress"', [3]),
        ("status=in=(pending,failed)", [1, 2, 4]),
        ("status=in=( pending , 'in progress' )", [1, 3, 4]),
        ("amountDue==600", [1]),
        ("amountDue=ge=600", [1, 2]),
        ("amountDue=gt=600", [2]),
        ("amountDue=le=600", [1, 4]),
        ("amountDue=lt=600", [4]),
        ("amountDue==-50", [4]),
        ("amountDue=in=(600,1200)", [1, 2]),
        ("posOrderId==A-1", [1]),
        ("posOrderId=='A,2'", [3]),
        ("status==pending;amountDue=ge=600", [1]),
        ("status==failed,amountDue=lt=0", [2, 4]),
        ("status==failed,status==pending;amountDue=lt=0", [2, 4]),
        ("(status==failed,status==pending);amountDue=lt=0", [4]),
        ("((status==pending))", [1, 4]),
        (" status==pending ; amountDue==600 ", [1]),
        (r"posOrderId=='it\'s'", []),
    ],
)
def test_a_filter_keeps_the_rows_that_it_describes(text: str, expected: list[int]) -> None:
    holds = parse_filter(text, KEYS)
    assert [row["n"] for row in ROWS if holds(row)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "status",
        "status==",
        "status=pending",
        "==pending",
        "name==x",
        "status==pending;",
        "status==pending,,status==failed",
        "status==pending status==failed",
        "(status==pending",
        "status==pending)",
        "status=in=pending",
        "status=in=(",
        "status=in=()",
        "status=in=(pending",
        "amountDue==six",
        "amountDue=ge=6.5",
        "status=like=pend",
        "status=='pending",
        "(" * (MAX_DEPTH + 1) + "status==x" + ")" * (MAX_DEPTH + 1),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        parse_filter(text, KEYS)
