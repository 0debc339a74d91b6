"""Numbers as Excel shows them."""

from __future__ import annotations

import pytest

from agent.intake.statements.values.number_formats import BUILT_IN, shown


@pytest.mark.parametrize(
    ("number", "code", "text", "whole"),
    [
        (123.0, "00000", "00123", True),
        (123.0, "0", "123", True),
        (123.6, "0", "124", False),
        (0.0, "00000", "00000", True),
        (-12.0, "0000", "-0012", True),
        (123456789.0, "000-00-0000", "123-45-6789", True),
        (12345.0, "000-00-0000", "000-01-2345", True),
        (2075550142.0, r"\(###\)\ ###\-####", "(207) 555-0142", True),
        (5550142.0, r"[<=9999999]###\-####;\(###\)\ ###\-####", "555-0142", True),
        (2075550142.0, "[<=9999999]###-####;(###) ###-####", "(207) 555-0142", True),
        (41011234.0, "00000-0000", "04101-1234", True),
        (123.0, '"A-"0000', "A-0123", True),
        (123.0, r"\A\-0000", "A-0123", True),
        (123.0, "General", "123", True),
        (123.0, '"No "General', "No 123", True),
        (123.0, "0.00", "123.00", False),
        (123.0, "0.##", "123.", False),
        (1234.0, "#,##0", "1,234", False),
        (123.0, "#,##0", "123", True),
        (1234567.0, "#,##0.00", "1,234,567.00", False),
        (1234567.0, "#,##0,", "1,235", False),
        (0.5, "0%", "50%", False),
        (12.0, "[Red]0", "12", True),
        (12.0, "[$-409]0", "12", True),
        (12.0, "[$\u20ac-2] 0.00", "\u20ac 12.00", False),
        (-12.5, '#,##0.00_);(#,##0.00)', "(12.50)", False),
        (12.5, '#,##0.00_);(#,##0.00)', "12.50", False),
        (0.0, BUILT_IN[44], "$-", True),
        (1234.5, BUILT_IN[44], "$1,234.50", False),
        (12.0, ";;;", "", False),
        (12.345, "0.00", "12.35", False),
    ],
)  # fmt: skip
def test_what_a_cell_shows(number: float, code: str, text: str, whole: bool) -> None:
    found = shown(number, code)
    assert found is not None
    assert (found.text, found.whole) == (text, whole)


@pytest.mark.parametrize("code", ["0.00E+00", "# ?/?", "mm/dd/yyyy", "[h]:mm", "0.0.0", "0" * 300])
def test_what_cannot_be_told(code: str) -> None:
    assert shown(12.0, code) is None
