"""Made-up tables, read twice by different code: either both send the same, or both ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import statement_reference as reference
from tests.support.statement_files import check, uploads
from tests.support.statement_generator import made

_WIRE = {
    "id": "externalPatientId", "date": "statementDate", "amount": "amountDue", "first": "firstName", "last": "lastName",
    "email": "email", "phone": "smsPhoneNumber", "zip": "addressZip", "reference": "posOrderId",
}  # fmt: skip


def difference(seed: int, spool: Path) -> str:
    """Return how the two readers differ about the file of a seed, or an empty string."""
    data, name = made(seed)
    try:
        expected = reference.read(data, name)
    except reference.Asks:
        expected = None
    problem = check(data, name, spool).problem
    if (problem is None) != (expected is not None):
        return f"seed {seed}: {'asked: ' + repr(problem) if problem else 'sent, though it is to be asked'}"
    if expected is None:
        return ""
    sent = [{key: one[wire] for key, wire in _WIRE.items() if wire in one} for one in uploads(data, name, spool)]
    return "" if sent == expected else f"seed {seed}: {_first_unlike(sent, expected)}"


def _first_unlike(sent: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    if len(sent) != len(expected):
        return f"{len(sent)} statements instead of {len(expected)}"
    return next(f"{here} instead of {there}" for here, there in zip(sent, expected, strict=True) if here != there)


@pytest.mark.parametrize("block", range(8))
def test_two_readers_agree(block: int, tmp_path: Path) -> None:
    assert [d for n in range(25) if (d := difference(block * 25 + n, tmp_path / "s.json"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("block", range(1, 21))
def test_two_readers_agree_at_length(block: int, tmp_path: Path) -> None:
    assert [d for n in range(200) if (d := difference(block * 1000 + n, tmp_path / "s.json"))] == []


def test_the_files_are_of_both_kinds(tmp_path: Path) -> None:
    asked = [check(*made(seed), tmp_path / "s.json").problem is not None for seed in range(60)]
    assert 10 < sum(asked) < 50
