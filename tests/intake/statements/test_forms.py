"""Many cells looked at as one text come to the same as each by itself."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.statements import wire
from agent.intake.statements.columns import Column, compiled
from agent.intake.statements.profile import Layout
from agent.intake.statements.values.contacts import NORTH_AMERICAN, ORDINARY_EMAIL
from agent.intake.statements.values.forms import Form
from agent.intake.statements.values.money import ASKED

# fmt: off
_CELLS = {
    "account": ["1001", "", " 12", "A\\7", 'the "old" one', "né", 12.0, None, "1E+5", "a\nb"],
    "email": ["ann@example.com", "", "j.snow@mail.example.org", "ann@", "a@b.com\nc@d.com", "none", "ünal@example.com",
              "a-b_c+d@x-y-z.example.com", ".a@example.com", "a..b@example.com", "a@-x.com", "a@x-.com"],
    "phone": ["(212) 555-0123", "", "2125550124", "1-212-555-0123", "+12125550123", "55", "2125550123\n", 2125550123.0],
    "amount_due": ["$1,234.56", "12.00", "", "0.50", "-3.00", "1,2.00", 12.5, 0.125, "12.00\n13.00", "12345678.00"],
}
# fmt: on


def _column(field: str) -> Column:
    return compiled(wire.FIELDS[field], field, Layout(), date(2026, 7, 31))


@pytest.mark.parametrize("field", _CELLS)
@given(data=st.data())
def test_a_block_of_cells_makes_the_pieces_that_its_cells_make(field: str, data: st.DataObject) -> None:
    few = data.draw(st.lists(st.sampled_from(_CELLS[field]), min_size=1, unique=True, max_size=3))
    cells = data.draw(st.lists(st.sampled_from(few), min_size=1))
    pieces = _column(field).pieces(cells)
    again = [pieces.between + text if pieces.between else "" for text in pieces.texts]
    whole = [f"{pieces.opening}{text}{more}{pieces.closing}" for text, more in zip(pieces.texts, again, strict=True)]
    assert whole == [_column(field)[cell] for cell in cells]


@pytest.mark.parametrize(
    ("form", "cells", "values"),
    [
        (ORDINARY_EMAIL, ["ann@example.com", ""], ["ann@example.com", ""]),
        (ORDINARY_EMAIL, ["ann@example.com", "x ann@example.com"], None),
        (ORDINARY_EMAIL, ["ann@example.com\njohn@example.com"], None),
        (NORTH_AMERICAN, ["(212) 555-0123", "1 212.555.0124"], ["2125550123", "2125550124"]),
        (NORTH_AMERICAN, ["(212) 555-0123", "", "212/555-0124"], ["2125550123", "", "2125550124"]),
        (NORTH_AMERICAN, ["(212) 555-0123", "112-555-0124"], None),
        (NORTH_AMERICAN, ["212-555-0123\n212-555-0124"], None),
        (NORTH_AMERICAN, ["(212) 555-0123", 2125550124.0], None),
        (ASKED, ["$1,234,567.89", "12.00"], ["123456789", "1200"]),
        (ASKED, ["12.00", "0.00"], None),
        (ASKED, ["12.00", "1,23.00"], None),
    ],
)
def test_many_cells_are_read_where_each_is_in_the_form_or_blank(
    form: Form, cells: list[object], values: list[str] | None
) -> None:
    assert form.values(cells) == values
    if values is not None:
        assert [form.value(cell) for cell in cells] == values
