from __future__ import annotations

import pytest

from agent.npi import is_npi


@pytest.mark.parametrize("text", ["1234567893", "1245319599"])
def test_an_npi_checks_with_the_issuer_before_it(text: str) -> None:
    assert is_npi(text)


@pytest.mark.parametrize(
    "text", ["1234567890", "1234567839", "123456789", "12345678930", "123456789a", " 1234567893", "", "١٢٣٤٥٦٧٨٩٣"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_npi(text)
