"""Readers: the rows that a file shows to people, and no exception but the room's own, whatever the bytes."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import built_in
from agent.intake.statements.readers import json as json_reader
from agent.intake.statements.readers import text, workbook, xml
from agent.intake.statements.readers.text import blocks, rows_of
from agent.intake.statements.reading import begin
from agent.intake.statements.source import examine
from tests.support import statement_files as made
from tests.support.statement_files import uploads


def _rows(data: str, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    source = examine("a.csv", io.BytesIO(data.encode()))
    return [
        (n, list(row)) for block in blocks(source, delimiter) for n, row in zip(block.numbers, block.rows, strict=True)
    ]


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("a,b\nc,d\n", [(1, ["a", "b"]), (2, ["c", "d"])]),
        ("a,b\r\nc,d", [(1, ["a", "b"]), (2, ["c", "d"])]),
        ("a,b\rc,d\r", [(1, ["a", "b"]), (2, ["c", "d"])]),
        ('"a,b",c\n', [(1, ["a,b", "c"])]),
        ('a, "b,c"\n', [(1, ["a", "b,c"])]),
        ('"a ""b""",c\n', [(1, ['a "b"', "c"])]),
        ('"two\nlines",b\nc,d\n', [(1, ["two\nlines", "b"]), (3, ["c", "d"])]),
        ('"open,b\n1,2\n', [(1, ['"open', "b"]), (2, ["1", "2"])]),
        ('"open,b\n"1",2\n', [(1, ['"open', "b"]), (2, ["1", "2"])]),
        ('5" scar,b\n6" scar,c\n', [(1, ['5" scar', "b"]), (2, ['6" scar', "c"])]),
        ('"The "big" one",2\n', [(1, ['The "big" one', "2"])]),
        ('"The "big", old one","2"\n', [(1, ['The "big", old one', "2"])]),
        ('"",2\n', [(1, ["", "2"])]),
        ("a,b\n\nc,d\n", [(1, ["a", "b"]), (2, [""]), (3, ["c", "d"])]),
        ("a,b\r\r\nc,d\r\r\n", [(1, ["a", "b"]), (2, [""]), (3, ["c", "d"]), (4, [""])]),
        ("a,b\r\nc,d\re,f\r\n", [(1, ["a", "b"]), (2, ["c", "d"]), (3, ["e", "f"])]),
        ("a,\x1f\nc,d\n", [(1, ["a", "\x1f"]), (2, ["c", "d"])]),
        ('a,"b"\r\n"c, d",""\r\n', [(1, ["a", "b"]), (2, ["c, d", ""])]),
        ("a,b\n\x1a", [(1, ["a", "b"])]),
        ('"a",b\n\x1a', [(1, ["a", "b"])]),
    ],
)
def test_rows_and_their_numbers(written: str, rows: list[tuple[int, list[str]]]) -> None:
    assert [(n, r if any(r) else [""]) for n, r in _rows(written)] == rows


@given(st.lists(st.lists(st.text(st.sampled_from('ab",\n; '), max_size=6), min_size=2, max_size=4), max_size=8))
def test_the_fast_way_and_the_careful_way_agree(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["h1", "h2"], *rows])
    fast, careful = _rows(out.getvalue()), rows_of(io.StringIO(out.getvalue()), ",")
    assert [(n, [cell.strip(" ") for cell in row]) for n, row in fast] == [
        (n, [cell.strip(" ") for cell in row]) for n, row in careful
    ]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x1a")), min_size=2), min_size=1))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]]) -> None:
    lines = [["x", *(cell.strip(" ") for cell in row)] for row in rows if "\n" not in "".join(row)]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    if lines:
        assert [row for _, row in _rows(out.getvalue())] == lines


_QUOTED = st.sampled_from(["", "a", "1", '"b"', '"c,d"', '""', '"e ""f"""', 'g "h"', '"i" j', ' "k"', '"l\nm"', "n\r"])


@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(_QUOTED, min_size=width, max_size=width), min_size=1)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_columns_are_read_as_the_careful_way_reads_rows(rows: list[list[str]], end: str, ended: bool) -> None:
    written = end.join(map(",".join, [["h"] * len(rows[0]), *rows])) + end * ended
    fast, careful = _rows(written), rows_of(io.StringIO(written, newline=None), ",")
    assert [(n, [cell.strip(" ") for cell in row]) for n, row in fast] == [
        (n, [cell.strip(" ") for cell in row]) for n, row in careful
    ]


_STARTS = st.sampled_from(
    [
        b"",
        b"Account Number,Statement Date,Amount Due\r\n",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'{"pendingInvoiceUploads":[',
        b"<StatementFile><Statement>",
        b"<?xml version='1.0'?>",
        b"IMPSCIF|",
        b"Invoice/Statement Number,Date Created,Procedure Total,Ins Estimate,Total Amount,\r\n",
    ]
)


def _read(data: bytes) -> None:
    try:
        with examine("a.bin", io.BytesIO(data)) as source:
            for statements in begin(source, "auto", date(2026, 7, 31)).texts():
                json.loads(f"[{statements}]")
    except Unreadable:
        return


@settings(max_examples=300, deadline=None)
@given(_STARTS, st.binary(max_size=400))
def test_random_bytes_end_in_statements_or_in_a_problem(start: bytes, rest: bytes) -> None:
    _read(start + rest)


@settings(max_examples=200, deadline=None)
@given(_STARTS, st.text(st.sampled_from('AB"<>/{}[]:,|;\t\r\n 0123.-$()&'), max_size=300))
@example(b"", '{"pendingInvoiceUploads":[1]}')
@example(b"", '{"pendingInvoiceUploads":[{"lineItems":5}]}')
@example(b"", '{"a":NaN}')
@example(b"", "{}")
def test_random_text_ends_in_statements_or_in_a_problem(start: bytes, rest: str) -> None:
    _read(start + rest.encode())


BOOKS = [made.xlsx([made.HEADINGS, made.ROW]), made.xls([made.HEADINGS, made.ROW])]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BOOKS), st.data())
def test_a_workbook_with_broken_bytes_is_read_or_is_a_problem(book: bytes, data: st.DataObject) -> None:
    broken = bytearray(book)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    _read(bytes(broken))


XML = made.opendental(made.statement(items=made.details(made.item("D1 14 Exam", "07/01/2026", "Arya", "1.00"))))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(XML) - 1), st.binary(min_size=1, max_size=5))
def test_xml_with_broken_bytes_is_read_or_is_a_problem(at: int, new: bytes) -> None:
    _read(XML[:at] + new + XML[at + len(new) :])


def test_xml_comes_one_statement_after_another() -> None:
    source = examine("Statements.xml", io.BytesIO(made.opendental(*[made.statement()] * 500)))
    records = xml.records(source, built_in()["opendental-xml"].layout)
    assert next(records).number == 1
    assert source.stream.tell() < source.size


def test_json_comes_one_statement_after_another() -> None:
    item = '{"externalPatientId":"1","amountDue":5}'
    data = ('{"pendingInvoiceUploads":[' + ",".join([item] * 20_000) + '],"filename":"x"}').encode()
    source = examine("a.json", io.BytesIO(data))
    about: dict[str, object] = {}
    records = json_reader.records(source, about)
    assert next(records).cells == {"externalPatientId": "1", "amountDue": 5}
    assert source.stream.tell() < source.size
    assert sum(1 for _ in records) == 19_999
    assert json_reader.renamed_from(about) == "x"


def test_json_may_be_the_bare_list_of_statements() -> None:
    source = examine("a.json", io.BytesIO(b'[{"externalPatientId":"1"}, {"externalPatientId":"2"}]\n'))
    assert [record.cells["externalPatientId"] for record in json_reader.records(source, {})] == ["1", "2"]
    with pytest.raises(Unreadable):
        list(json_reader.records(examine("a.json", io.BytesIO(b'[{"externalPatientId":"1"}] []')), {}))


def test_a_long_quote_that_never_closes_costs_no_time_of_its_own() -> None:
    line = '"a,' * 100_000
    assert len(rows_of([line + "\n"], ",")[0][1]) == 100_001


def test_sheet_rows_have_the_numbers_that_excel_shows() -> None:
    with examine("a.xlsx", io.BytesIO(made.xlsx([[], [], ["a"], [], ["b"]]))) as source:
        (sheet,) = workbook.sheets(source)
        found = [(n, row[0]) for b in sheet.blocks() for n, row in zip(b.numbers, b.rows, strict=True) if row[0]]
    assert found == [(3, "a"), (5, "b")]


def test_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    rows = [made.HEADINGS, ("1001", date(2026, 7, 31), "John Snow", 12.1)]
    (statement,) = uploads(made.xlsx(rows, date_1904=True), "a.xlsx", tmp_path / "s")
    assert (statement["statementDate"], statement["amountDue"]) == ("2026-07-31", 1210)


def test_a_workbook_with_filled_cells_far_right_in_few_rows_is_read(tmp_path: Path) -> None:
    wide = [*made.HEADINGS, *[""] * 700, "Far"]
    (statement,) = uploads(made.xlsx([wide, [*made.ROW, *[""] * 700, "x"]]), "a.xlsx", tmp_path / "s")
    assert statement["amountDue"] == 1200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", "latin-1"])
def test_a_line_without_end_is_told_in_every_encoding(encoding: str) -> None:
    """U+0A0A and U+0D0D have the bytes of line ends, and are none."""
    looks_like_an_end = "\u0a0a\u0d0d" if encoding.startswith(("utf-16", "utf-32")) else "-"
    endless = "a,b\n1,2\n" + ("," * 5000 + looks_like_an_end) * 250
    with pytest.raises(Unreadable):
        examine("a.csv", io.BytesIO(endless.encode(encoding)))
    examine("a.csv", io.BytesIO(endless.replace("-", "\n").replace("\u0a0a", "\n").encode(encoding)))


def test_of_what_stands_beside_the_statements_in_json_only_names_are_kept() -> None:
    beside = ", ".join(f'"more {n}": [[], {{"a": "{n}"}}]' for n in range(50))
    data = f'{{"filename": "b.json", {beside}, "{"x" * 5000}": 1, "pendingInvoiceUploads": []}}'
    about: dict[str, Any] = {}
    assert list(json_reader.records(examine("a.json", io.BytesIO(data.encode())), about)) == []
    assert about.pop("filename") == "b.json"
    assert len(about) == 51
    assert set(about.values()) == {""}
    assert max(map(len, about)) == 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "beside", ['"k": [' + "[]," * 800_000 + "[]]", f'"{"k" * 2_400_000}": 1', '"k": 1, ' * 100 + '"k": 1']
)
def test_what_stands_beside_the_statements_in_json_is_bounded(beside: str) -> None:
    source = examine("a.json", io.BytesIO(f'{{"pendingInvoiceUploads": [], {beside}}}'.encode()))
    with pytest.raises(Unreadable):
        list(json_reader.records(source, {}))


def test_the_head_of_a_text_is_short_even_where_its_lines_are_long() -> None:
    source = examine("a.csv", io.BytesIO(b"a,b\n" + (b"," * 100_000 + b"\n") * 50))
    assert sum(map(len, text.head_lines(source))) < 200_000
