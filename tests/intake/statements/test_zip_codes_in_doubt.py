"""A ZIP code, or a cell of city, state and ZIP code, that can be read in two ways is asked about or told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.statement_files import body, check, csv

HEADINGS = ("Account Number", "Statement Date", "Amount Due", "Email")
ONE = ("A1", "2026-07-20", "40.00", "a@example.com")


@pytest.mark.parametrize(
    ("code", "state"),
    [("6270", "IL"), ("62701123", "IL"), ("6270112", "IL"), ("9730", "Oregon"), ("62701123", ""), ("627", "TX")],
)
def test_a_zero_that_the_state_does_not_bear_out_is_asked_about(code: str, state: str, tmp_path: Path) -> None:
    problem = check(csv((*ONE, code, state), headings=(*HEADINGS, "Zip", "State")), "a.csv", tmp_path / "s").problem
    assert problem is not None
    assert "row 2, column Zip" in problem.details[0].where


@pytest.mark.parametrize(("code", "state", "sent"), [("4101", "ME", "04101"), ("21011234", "MA", "02101-1234")])
def test_a_zero_that_the_state_bears_out_is_put_back_and_told(code: str, state: str, sent: str, tmp_path: Path) -> None:
    checked = check(csv((*ONE, code, state), headings=(*HEADINGS, "Zip", "State")), "a.csv", tmp_path / "s")
    assert body(checked, tmp_path / "s")["pendingInvoiceUploads"][0]["addressZip"] == sent
    assert "1 ZIP code had lost its leading zero, which was put back: row 2." in checked.warnings


@pytest.mark.parametrize("code", ["62701-12", "627012", '"62,701"', "62701-1234.0", "0", "Salem"])
def test_what_is_no_zip_code_is_told(code: str, tmp_path: Path) -> None:
    checked = check(csv((*ONE, code), headings=(*HEADINGS, "Zip")), "a.csv", tmp_path / "s")
    assert "1 ZIP code is not in the form of one and goes as it stands: row 2." in checked.warnings


@pytest.mark.parametrize("cell", ["Springfield, IL 627", "Charleston W VA 25301", "Charleston W. Va. 25301"])
def test_a_place_that_may_be_another_is_asked_about(cell: str, tmp_path: Path) -> None:
    problem = check(csv((*ONE, f'"{cell}"'), headings=(*HEADINGS, "City State Zip")), "a.csv", tmp_path / "s").problem
    assert problem is not None
    assert "row 2, column City State Zip" in problem.details[0].where


@pytest.mark.parametrize("cell", ["Boston MA 2101", "West Virginia 25301", "Salem OR 97301 / Salem OR 97302"])
def test_what_was_put_back_or_not_taken_apart_is_told(cell: str, tmp_path: Path) -> None:
    checked = check(csv((*ONE, cell), headings=(*HEADINGS, "City State Zip")), "a.csv", tmp_path / "s")
    assert checked.problem is None
    assert any("ZIP code" in warning for warning in checked.warnings)
