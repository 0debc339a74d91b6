"""The check as a whole: all or nothing, what is warned of, and what stands on disk afterwards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.folder.filesystem import Missing
from agent.folder.simulated import SimulatedFileSystem
from agent.intake.statements.check import check_statements
from agent.intake.statements.content import Content
from agent.intake.statements.problems import listing
from agent.intake.statements.spool import Spool
from agent.model import Candidate, Fault, Observation, StatementUpload
from agent.settings.schema import StatementsSettings
from tests.support.statement_files import HEADINGS, LANE, ROW, TODAY, body, check, csv, opendental, statement, uploads


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "packet.json"


def test_a_file_that_can_go_stands_as_one_request(spool: Path) -> None:
    data = csv(ROW, ("1002", *ROW[1:]))
    checked = check(data, "july.csv", spool)
    written = spool.read_bytes()
    assert checked.request == StatementUpload("july.csv", spool, len(written), 2)
    assert checked.sha256 == (hashlib.sha256(data).hexdigest(),)
    assert checked.claim == ""
    assert written.startswith(
        b'{"filename":"july.csv","pendingInvoiceUploads":[{"rowNum":1,"statementDate":"2026-07-31",'
    )
    assert [p.name for p in spool.parent.iterdir()] == ["packet.json"]


def test_the_upload_goes_under_the_name_that_it_is_given(spool: Path) -> None:
    fs = SimulatedFileSystem(SystemClock())
    fs.make_folder(LANE)
    fs.put(LANE / "july.csv", csv(ROW))
    candidate = Candidate("july", (Observation("july.csv", fs.identify(LANE / "july.csv")),))
    settings = StatementsSettings(folder=LANE, base_url="https://billing.example.com")
    checked = check_statements(fs, LANE, candidate, settings, spool, TODAY, 'j"uly 2026-07-31.csv')
    assert body(checked, spool)["filename"] == 'j"uly 2026-07-31.csv'


def test_one_bad_row_among_thousands_fails_the_file_and_leaves_no_spool(spool: Path) -> None:
    rows = [(str(n), "07/31/2026", "John Snow", "12.00") for n in range(5000)]
    rows[4000] = ("4000", "07/31/2026", "John Snow", "12.345")
    checked = check(csv(*rows), "july.csv", spool)
    assert checked.problem is not None
    assert checked.problem.sentence == "july.csv has 1 row that cannot be sent as it is."
    assert checked.problem.details == (
        Fault(
            "row 4002, column Amount Due",
            "12.345",
            "This amount has a part of a cent. Round it to two decimals, such as 12.35.",
        ),
    )
    assert list(spool.parent.iterdir()) == []


def test_faults_stand_in_the_order_of_the_rows(spool: Path) -> None:
    checked = check(csv(("1", "x", "A", "y"), ("2", "x", "A", "1.00"), ("", "x", "A", "y")), "a.csv", spool)
    assert checked.problem is not None
    assert checked.problem.sentence == "a.csv has 3 rows that cannot be sent as they are."
    assert [f.where.partition(",")[0] for f in checked.problem.details] == ["row 2", "row 2", "row 3", *["row 4"] * 3]


def test_at_most_ten_thousand_faults_are_kept(spool: Path) -> None:
    checked = check(csv(*[("1", "x", "A", "1.00")] * 20_000), "a.csv", spool)
    assert checked.problem is not None
    assert len(checked.problem.details) == 10_000
    assert "at least 10,000 rows" in checked.problem.sentence


def test_the_text_lists_some_and_counts_the_rest() -> None:
    faults = tuple(Fault(f"row {n}", "x", "Correct it.") for n in range(1, 1001))
    lines = listing(faults)
    assert len(lines) == 201
    assert lines[0] == "row 1: x - Correct it."
    assert lines[-1] == "... and 800 more"


CONTACTS = (*HEADINGS, "Phone", "Email", "Zip", "State", "Invoice #")


def test_contact_details_are_left_out_and_told_once(spool: Path) -> None:
    rows = [(str(n), *ROW[1:], "call her", "nobody", "4501", "Narnia", "x" * 250) for n in range(1, 4)]
    checked = check(csv(*rows, headings=CONTACTS), "a.csv", spool)
    assert checked.warnings == (
        "3 statements have neither an e-mail address, a phone number nor an address: rows 2, 3, 4.",
        "3 e-mail addresses left out: rows 2, 3, 4.",
        "3 phone numbers left out: rows 2, 3, 4.",
        "3 states are not ones that OutTray knows: rows 2, 3, 4.",
        "3 ZIP codes had lost their leading zeros, which were put back: rows 2, 3, 4.",
        "3 references were cut after 200 characters: rows 2, 3, 4.",
    )
    (first, *_) = body(checked, spool)["pendingInvoiceUploads"]
    assert "email" not in first
    assert "smsPhoneNumber" not in first
    assert first["addressZip"] == "04501"
    assert first["addressState"] == "Narnia"
    assert first["posOrderId"] == "x" * 200


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        (("1", "07/31/2026", "A B", "0.00"), "1 statement asks for nothing: row 3."),
        (("1", "07/31/2026", "A B", "-5.00"), "1 statement asks for nothing: row 3."),
        (("1", "09/30/2026", "A B", "5.00"), "1 statement is dated more than a month ahead: row 3."),
        (("1001", "07/31/2026", "A B", "5.00"), "1 account stands in more than one statement: row 3."),
        (("", "Total", "", "5.00"), "1 row of totals, counts or page numbers left out: row 3."),
        (("Grand Total:", "", "", "5.00"), "1 row of totals, counts or page numbers left out: row 3."),
    ],
)
def test_what_is_sent_with_a_word(row: tuple[str, ...], warning: str, spool: Path) -> None:
    assert check(csv(ROW, row), "a.csv", spool).warnings == (warning,)


def test_warnings_list_ten_places_and_count_the_rest(spool: Path) -> None:
    checked = check(csv(*[(str(n), "07/31/2026", "A B", "0.00") for n in range(3000)]), "a.csv", spool)
    assert checked.warnings == (
        "3,000 statements ask for nothing: rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2,990 more.",
    )


def test_an_account_that_comes_twice_in_xml_is_warned_of(spool: Path) -> None:
    assert check(
        opendental(statement(), statement().replace("<AmountDue>", "<AmountDue>1")), "a.xml", spool
    ).warnings == ("1 account stands in more than one statement: statement 2.",)


@pytest.mark.parametrize("name", ['John "Jack"', "Back\\slash", "José", "Tab\tbed", "\u2028Line"])
def test_text_that_json_writes_in_its_own_way_comes_through(name: str, spool: Path) -> None:
    headings = ("Account Number", "Statement Date", "First Name", "Amount Due")
    (found,) = uploads(csv(("1", "07/31/2026", name, "5.00"), headings=headings), "a.csv", spool)
    assert found["firstName"] == " ".join(name.split())


def test_columns_that_nobody_knows_are_named(spool: Path) -> None:
    checked = check(csv((*ROW, "9"), headings=(*HEADINGS, "Shoe Size")), "a.csv", spool)
    assert checked.warnings == ("Columns that are not sent: Shoe Size.",)


def test_sums_that_do_not_add_up_are_warned_of(spool: Path) -> None:
    item = {"charges": 500, "credit": 100, "balance": 450}
    upload = {"statementDate": "2026-07-31", "externalPatientId": "1", "externalPmsPatientId": "1", "amountDue": 400}
    data = json.dumps({"pendingInvoiceUploads": [{**upload, "email": "a@example.com", "lineItems": [item]}]}).encode()
    assert check(data, "a.json", spool).warnings == (
        "1 line's balance is not its charges less its credit: statement 1.",
        "1 amount due is not the sum of its lines' balances: statement 1.",
    )


def test_the_location_of_the_settings_fills_what_the_file_leaves_blank(spool: Path) -> None:
    data = csv((*ROW, "north"), ("1002", *ROW[1:], ""), headings=(*HEADINGS, "Location"))
    found = uploads(data, "a.csv", spool, external_location_id="main")
    assert [statement["externalLocationId"] for statement in found] == ["north", "main"]
    assert uploads(csv(ROW), "a.csv", spool, external_location_id="main")[0]["externalLocationId"] == "main"
    assert uploads(opendental(statement()), "a.xml", spool, external_location_id="m")[0]["externalLocationId"] == "m"


@pytest.mark.parametrize(
    ("headings", "cells", "external", "pms"),
    [
        (["Account"], ["7"], "7", "7"),
        (["Account", "External Patient ID"], ["7", "x7"], "x7", "7"),
        (["External Patient ID", "PMS Patient ID"], ["x7", "7"], "x7", "7"),
        (["External Patient ID"], ["x7"], "x7", "x7"),
        (["PMS Patient ID"], ["7"], "7", "7"),
        (["Account", "PMS Patient ID"], ["7", "p7"], "7", "p7"),
    ],
)
def test_one_identifier_serves_for_both(
    headings: list[str], cells: list[str], external: str, pms: str, spool: Path
) -> None:
    data = csv((*cells, "07/31/2026", "5.00"), headings=(*headings, "Statement Date", "Amount Due"))
    (found,) = uploads(data, "a.csv", spool)
    assert (found["externalPatientId"], found["externalPmsPatientId"]) == (external, pms)


def test_a_ulid_is_the_payment_systems_own_identifier_and_no_other(spool: Path) -> None:
    upload = {"statementDate": "2026-07-31", "patientId": "01GDG5BZA29R3SZMZ63Y2GFENV", "amountDue": 5}
    problem = check(json.dumps({"pendingInvoiceUploads": [upload]}).encode(), "a.json", spool).problem
    assert problem is not None
    assert "missing" in problem.details[0].message


def test_a_file_beyond_the_lanes_size_is_not_read(spool: Path) -> None:
    problem = check(csv(*[ROW] * 100), "a.csv", spool, max_file_mb=0.001).problem
    assert problem is not None
    assert problem.sentence == "a.csv is larger than 0.001 MB."


def test_a_request_beyond_the_lanes_size_leaves_no_spool(spool: Path) -> None:
    problem = check(csv(*[(str(n), *ROW[1:]) for n in range(9000)]), "a.csv", spool, max_request_mb=0.1).problem
    assert problem is not None
    assert problem.sentence == "a.csv is larger than 0.1 MB as a request."
    assert list(spool.parent.iterdir()) == []


def test_a_file_that_changes_while_it_is_read_is_not_sent(spool: Path) -> None:
    fs = SimulatedFileSystem(SystemClock())
    fs.make_folder(LANE)
    fs.put(LANE / "a.csv", csv(ROW))
    candidate = Candidate("a", (Observation("a.csv", fs.identify(LANE / "a.csv")),))
    opened = fs.open

    def open_and_change(path: Path) -> object:
        stream = opened(path)
        fs.append(path, b"more")
        return stream

    fs.open = open_and_change  # type: ignore[method-assign,assignment]
    settings = StatementsSettings(folder=LANE, base_url="https://billing.example.com")
    checked = check_statements(fs, LANE, candidate, settings, spool, TODAY, "a.csv")
    assert checked.problem is not None
    assert checked.problem.code == "changed"
    assert list(spool.parent.iterdir()) == []


def test_a_file_that_is_gone_is_the_callers_business(spool: Path) -> None:
    fs = SimulatedFileSystem(SystemClock())
    fs.make_folder(LANE)
    fs.put(LANE / "a.csv", csv(ROW))
    candidate = Candidate("a", (Observation("a.csv", fs.identify(LANE / "a.csv")),))
    fs.delete(LANE / "a.csv")
    settings = StatementsSettings(folder=LANE, base_url="https://billing.example.com")
    with pytest.raises(Missing):
        check_statements(fs, LANE, candidate, settings, spool, TODAY, "a.csv")


def test_a_spool_that_is_not_finished_leaves_nothing_not_even_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("old")
    with Spool(path, "a", 1000) as spool:
        spool.add("{}")
        assert [p.name for p in tmp_path.iterdir() if p != path] == ["p.json.part"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_says_is_known_whatever_it_is_called_and_however_it_is_written(spool: Path) -> None:
    data = csv(ROW, ("1002", *ROW[1:]))
    said = check(data, "july.csv", spool).fingerprint
    assert len(said) == 64
    for again in (data, b"\xef\xbb\xbf" + data, data.replace(b"\r\n", b"\n"), data.decode().encode("utf-16")):
        assert check(again, "july - Copy (1).csv", spool).fingerprint == said
    for other in (csv(ROW), csv(ROW, ("1003", *ROW[1:]))):
        assert check(other, "july.csv", spool).fingerprint != said


ROWS = [(str(1000 + n), "07/31/2026", f"John Snow{n}", f"{n + 1}.00") for n in range(5)]


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [1, 0, 2, 3, 4], [2, 4, 0, 3, 1]])
def test_rows_in_another_order_say_the_same(spool: Path, order: list[int]) -> None:
    said = check(csv(*ROWS), "july.csv", spool).fingerprint
    assert check(csv(*(ROWS[at] for at in order)), "july.csv", spool).fingerprint == said


def test_statements_of_records_in_another_order_say_the_same(spool: Path) -> None:
    made = [
        {"externalPatientId": str(n), "externalPmsPatientId": str(n), "statementDate": "2026-07-31", "amountDue": 500,
         "lineItems": [{"date": "2026-07-01", "description": what, "balance": at} for at, what in enumerate("},{ab")]}
        for n in range(3)
    ]  # fmt: skip

    def said(statements: object) -> str:
        data = json.dumps({"pendingInvoiceUploads": statements}).encode()
        return check(data, "july.json", spool).fingerprint

    assert said(made)
    assert said(made[::-1]) == said(made)
    assert said([{**one, "lineItems": one["lineItems"][::-1]} for one in made]) == said(made)
    assert said(made[:2]) != said(made)
    assert said([made[0], made[0]]) != said([made[0]])
    swapped = [{**made[0], "lineItems": made[0]["lineItems"][1:]}, *made[1:]]
    assert said(swapped) != said(made)


@pytest.mark.parametrize("twice", [2, 3])
def test_what_comes_twice_is_not_what_comes_once(twice: int) -> None:
    one, other = '{"rowNum":1,"amountDue":5}', '{"rowNum":2,"amountDue":6}'
    contents = [Content(), Content(), Content()]
    for content, said in zip(contents, ([one, other], [one] * twice, [one, other] * twice), strict=True):
        for text in said:
            content.add(text)
    assert len({content.hexdigest() for content in contents}) == 3


def test_how_many_statements_come_in_one_text_makes_no_difference() -> None:
    one, two = Content(), Content()
    one.add('{"rowNum":1,"patientNote":",{\\"rowNum\\":7","amountDue":5},{"rowNum":2,"amountDue":6}')
    two.add('{"rowNum":9,"amountDue":6}')
    two.add('{"rowNum":10,"patientNote":",{\\"rowNum\\":7","amountDue":5}')
    assert one.hexdigest() == two.hexdigest()
