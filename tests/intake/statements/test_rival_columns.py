"""Two columns that say different things for one field are asked about; where they say the same, the file goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.statement_files import body, check, csv

NAMED = {"Account Number": "A1", "Statement Date": "07/20/2026", "Patient Name": "John Snow", "Amount Due": "12.00"}
_OF_GUARANTOR = {"Account Number": "A1", "Statement Date": "07/20/2026", "Guarantor Name": "Cat Stark",
                 "Amount Due": "12.00"}  # fmt: skip
_OF_PARTS = {"Account Number": "A1", "Statement Date": "07/20/2026", "First Name": "John", "Last Name": "Snow",
             "Amount Due": "12.00"}  # fmt: skip


def _checked(row: dict[str, str], spool: Path):  # type: ignore[no-untyped-def]
    return check(csv([f'"{cell}"' for cell in row.values()], headings=[f'"{h}"' for h in row]), "a.csv", spool)


RIVALS = [
    (_OF_GUARANTOR, {"Patient Email": "arya@example.com", "Guarantor Email": "cat@example.com"}),
    (_OF_GUARANTOR, {"Patient Phone": "212-555-0100", "Guarantor Phone": "212-555-0101"}),
    (_OF_GUARANTOR, {"Patient Address": "1 Main St", "Guarantor Address": "9 Bay Rd"}),
    (NAMED, {"Email": "a@example.com", "E-mail Address": "b@example.com"}),
    (NAMED, {"Cell": "212-555-0100", "Mobile": "212-555-0101"}),
    (NAMED, {"Patient ID": "P9"}),
    (NAMED, {"Chart Number": "77"}),
    (NAMED, {"External Patient ID": "X1", "Patient ID": "P9"}),
    (NAMED, {"Guarantor ID": "G1"}),
    (NAMED, {"Bill Date": "07/25/2026"}),
    (NAMED, {"Invoice Date": "07/25/2026"}),
    (_OF_PARTS, {"Name": "Arya Stark"}),
    (_OF_PARTS, {"Given Name": "Arya"}),
    (NAMED, {"Last Name": "Stark"}),
    (NAMED, {"City": "Salem", "State": "OR", "Mailing City": "Boston"}),
    (NAMED, {"Street": "1 Main St", "City": "Salem", "Mailing Street": "9 Bay Rd", "Mailing Zip": "02101"}),
    (NAMED, {"City": "Salem", "City State Zip": "Boston, MA 02101"}),
    (NAMED, {"City State Zip": "Boston, MA 02101", "Zip": "97301"}),
    (NAMED, {"Address 2": "Suite 4", "Apt": "3B"}),
    (NAMED, {"Location ID": "1", "Clinic ID": "2"}),
    (NAMED, {"Provider ID": "1", "Provider Number": "2"}),
]


@pytest.mark.parametrize(("base", "more"), RIVALS)
def test_what_two_columns_say_differently_is_asked_about(
    base: dict[str, str], more: dict[str, str], tmp_path: Path
) -> None:
    problem = _checked({**base, **more}, tmp_path / "s.json").problem
    assert problem is not None
    assert problem.code == "columns-rival"
    heading = list(more)[-1]
    assert any("says" in fault.message and fault.where.startswith("row 2") for fault in problem.details), heading


@pytest.mark.parametrize(
    ("base", "more"),
    [
        (NAMED, {"Email": "a@example.com", "Patient Email": "A@example.com"}),
        (NAMED, {"Email": "a@example.com", "Email 1": ""}),
        (NAMED, {"Cell": "(212) 555-0100", "Mobile": "2125550100"}),
        (NAMED, {"Cell": "212-555-0100", "Home Phone": "212-555-0101", "Phone": "212-555-0102"}),
        (NAMED, {"Patient ID": "A1"}),
        (NAMED, {"Bill Date": "2026-07-20"}),
        (NAMED, {"Date Created": "07/21/2026"}),
        (_OF_PARTS, {"Name": "SNOW, JOHN A"}),
        (NAMED, {"First Name": "John", "Last Name": "Snow"}),
        (NAMED, {"City": "Salem", "State": "OR", "Zip": "97301", "City State Zip": "Salem, OR 97301-1234"}),
        (NAMED, {"City": "Salem", "Mailing City": "SALEM", "Mailing Zip": "97301"}),
        (NAMED, {"Location ID": "1", "Office": "Main Street"}),
        (_OF_GUARANTOR, {"Patient Name": "Arya Stark"}),
    ],
)
def test_what_two_columns_say_alike_goes(base: dict[str, str], more: dict[str, str], tmp_path: Path) -> None:
    checked = _checked({**base, **more}, tmp_path / "s.json")
    assert checked.problem is None
    assert len(body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]) == 1


def test_identifiers_go_both_where_their_headings_say_which_is_which(tmp_path: Path) -> None:
    checked = _checked({"External Patient ID": "A1", "PMS Patient ID": "P9", **NAMED}, tmp_path / "s.json")
    (sent,) = body(checked, tmp_path / "s.json")["pendingInvoiceUploads"]
    assert (sent["externalPatientId"], sent["externalPmsPatientId"]) == ("A1", "P9")
