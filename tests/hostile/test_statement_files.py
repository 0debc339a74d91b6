"""Statement files from a fuzzer and from hand: statements or a problem, in bounded steps and memory."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.statements.problems import Unreadable
from agent.intake.statements.reading import begin
from agent.intake.statements.source import examine
from agent.intake.structure import incomplete_reason
from agent.shown import shown
from tests.support import statement_files as made
from tests.support.hostile import Metered, fuzzed, memory_below, mutated, peak_of

DAY = date(2026, 7, 31)
ITEMS = made.details(made.item("D1 14 Exam", "07/01/2026", "Arya", "1.00"))
GOOD = {
    "a.xml": made.opendental(made.statement(items=ITEMS), made.statement()),
    "b.xml": made.opendental_ehg(made.statement()),
    "a.csv": made.csv(made.ROW, made.ROW),
    "a.tsv": made.csv(made.ROW, delimiter="\t"),
    "a.xlsx": made.xlsx([made.HEADINGS, made.ROW]),
    "a.xls": made.xls([made.HEADINGS, made.ROW]),
    "a.json": json.dumps(
        {"filename": "x", "pendingInvoiceUploads": [{"externalPatientId": "1", "amountDue": 5, "firstName": "A"}]}
    ).encode(),
}
PIECES = st.sampled_from(
    [
        b"<",
        b">",
        b"</",
        b"&",
        b"&lt;",
        b"<!DOCTYPE a [",
        b"<!ENTITY b 'c'>",
        b"]>",
        b"<![CDATA[",
        b"<!--",
        b"&#0;",
        b'"',
        b'""',
        b",",
        b"\r",
        b"\n",
        b"\0",
        b"\x1a",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"1e999999999",
        b"{",
        b"[",
        b"=HYPERLINK(1)",
        b"\xff",
        b"\xc0\x80",
        b"encoding='utf-7'",
        b"encoding='utf-16'",
    ]
) | st.binary(min_size=1, max_size=8)
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 16), PIECES, st.booleans()), min_size=1, max_size=10)


def judge(data: bytes, name: str) -> str:
    """Read a file as the check does; return why it cannot go, or an empty string."""
    stream = Metered(data)
    incomplete_reason(Metered(data), name, len(data))
    try:
        with examine(name, stream) as source:
            reading = begin(source, "auto", DAY)
            for text in reading.texts():
                assert isinstance(json.loads(f"[{text}]"), list)
            problem = reading.findings.problem(name)
    except Unreadable as unreadable:
        problem = unreadable.problem
    if problem is None:
        return ""
    told = [problem.sentence, *(fault.message for fault in problem.details)]
    assert all(told)
    assert all(len(text) < 2000 for text in told)
    return problem.sentence


@fuzzed
@given(st.sampled_from(sorted(GOOD)), CHANGES)
def test_a_mutated_file(name: str, changes: list[tuple[int, bytes, bool]]) -> None:
    judge(mutated(GOOD[name], changes), name)


@fuzzed
@given(
    st.sampled_from(["a.xml", "b.xml", "a.csv"]), st.sampled_from(["utf-16", "utf-16-be", "utf-32", "cp500"]), CHANGES
)
def test_a_mutated_file_in_another_encoding(name: str, encoding: str, changes: list[tuple[int, bytes, bool]]) -> None:
    judge(mutated(GOOD[name].decode().encode(encoding), changes), name)


@fuzzed
@given(st.binary(min_size=1, max_size=8), st.integers(1, 20_000), st.sampled_from(sorted(GOOD)), st.integers(0, 300))
def test_one_thing_again_and_again(piece: bytes, times: int, name: str, at: int) -> None:
    judge(GOOD[name][:at] + piece * times, name)


@fuzzed
@given(
    st.sampled_from(["amountDue", "rowNum", "statementDate", "externalPatientId", "email", "lineItems"]),
    st.sampled_from(
        [
            "1e999999999",
            "1E-999999999",
            "-0",
            "9" * 4000,
            "9" * 5000,
            "1e400",
            "NaN",
            "-Infinity",
            "0.1e-5",
            "null",
            "true",
            '"\\ud800"',
            '"\\u0000"',
            "[]",
            "{}",
            "[[1e99999999]]",
            '[{"charges":1e99999999}]',
        ]
    ),
)
def test_a_value_of_json_that_is_no_value(field: str, value: str) -> None:
    row = {"statementDate": "2026-01-01", "externalPatientId": "1", "firstName": "A", "lastName": "B", "amountDue": 100}
    text = json.dumps({"filename": "x", "pendingInvoiceUploads": [row | {field: "HERE"}]}).replace('"HERE"', value)
    judge(text.encode(), "a.json")


# --- XML -------------------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
QUADRATIC = f'<!ENTITY l "{"ha" * 10_000}">'
EXTERNAL = '<!ENTITY l SYSTEM "file:///etc/passwd">'


def document(body: str, declared: str = "") -> bytes:
    doctype = f"<!DOCTYPE StatementFile [{declared}]>" if declared else ""
    return f'<?xml version="1.0"?>{doctype}<StatementFile><Statements>{body}</Statements></StatementFile>'.encode()


@pytest.mark.parametrize(
    "data",
    [
        document("<Statement><Notes>&l9;</Notes></Statement>", '<!ENTITY l0 "ha">' + LAUGHS),
        document("<Statement><Notes>" + "&l;" * 10_000 + "</Notes></Statement>", QUADRATIC),
        document("<Statement><Notes>&l;</Notes></Statement>", EXTERNAL),
        document("<Statement/>", '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;'),
        b'<?xml version="1.0"?><!DOCTYPE StatementFile SYSTEM "http://127.0.0.1:9/x"><StatementFile/>',
    ],
    ids=["a billion laughs", "quadratic", "external", "parameter", "external document type"],
)
def test_entities_and_document_types_are_not_followed(data: bytes) -> None:
    with memory_below(16):
        assert "declares a document type or entities" in judge(data, "a.xml")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "<a>" * 100_000,
        "<Statement>" * 5000,
        f"<Statement a='{'x' * 8_000_000}'/>",
        "<Statement " + " ".join(f"a{n}=''" for n in range(250_000)) + "/>",
        f"<!--{'c' * 8_000_000}-->",
        f"<?pi {'c' * 8_000_000}?>",
        f"<{'n' * 8_000_000}/>",
        "<Statement>" + "<x/>" * 200_001 + "</Statement>",
    ],
    ids=["deep", "deep statements", "attribute", "attributes", "comment", "instruction", "name", "elements"],
)
def test_xml_with_too_much_of_one_thing(body: str) -> None:
    with memory_below(40):
        assert "nested deeper or its statements are longer" in judge(document(body), "a.xml")


@pytest.mark.parametrize(
    "encoding", ["utf-7", "nothing", "utf-16", "utf-32", "cp500", "idna", "punycode", "rot13", "zlib"]
)
def test_xml_that_lies_about_its_encoding(encoding: str) -> None:
    judge(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + GOOD["a.xml"].partition(b"?>")[2], "a.xml")


# --- CSV -------------------------------------------------------------------------------------------------------------

HEADING = ",".join(made.HEADINGS).encode() + b"\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "rest",
    [
        b"1," + b"x" * 10_000_000 + b",2\r\n",
        b'"' + b"x" * 400_000 + b"\n" + b"1,2\n" * 1000,
        b'"never closed\n' * 4_000,
        b'"a" ,' * 50_000 + b"\n",
        b'"' * 400_000 + b"\n",
        b"," * 400_000 + b"\r\n",
        b"1001,07/31/2026,A B,1.00\0\r\n",
        b"\r" * 50_000,
        b"1001,07/31/2026,\xff\xfeA,1.00\r\n" * 100 + "1001,07/31/2026,É B,1.00\r\n".encode("utf-16"),
        b"1001,07/31/2026,\xc3\xa9 B,1.00\r\n" + b"1002,07/31/2026,\xe9 B,1.00\r\n",
    ],
    ids=[
        "10 MB line",
        "open quote",
        "open quotes",
        "odd quotes",
        "quotes",
        "commas",
        "NUL",
        "CR",
        "two encodings",
        "cp1252",
    ],
)
def test_csv_with_too_much_of_one_thing(rest: bytes) -> None:
    with memory_below(90):
        judge(HEADING + rest, "a.csv")


@pytest.mark.slow
def test_more_lines_than_any_list_has() -> None:
    assert "more than 2,000,000 lines" in judge(HEADING + b"\n" * 2_100_000, "a.csv")


def test_json_with_many_names_beside_its_statements() -> None:
    many = b",".join(b'"k%d":1' % number for number in range(100_000))
    assert "damaged" in judge(b"{" + many + b"}", "a.json")


# --- Workbooks -------------------------------------------------------------------------------------------------------


def workbook(parts: dict[str, bytes]) -> bytes:
    """The good workbook with parts of its own replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD["a.xlsx"])) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in good.namelist():
            if name not in parts:
                new.writestr(name, good.read(name))
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def claiming(data: bytes, size: int) -> bytes:
    """A ZIP whose last part says, in the directory, that it unpacks to `size` bytes."""
    changed = bytearray(data)
    at = changed.rfind(b"PK\x01\x02")
    changed[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(changed)


def zeros_squared(mebibytes: int) -> bytes:
    """Packed zeros, a thousand times smaller than they are: one mebibyte again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return once * mebibytes + packer.flush()


def bomb(mebibytes: int) -> bytes:
    """A workbook whose one sheet unpacks to zeros, though the directory says it has but a few bytes."""
    name, packed = b"xl/worksheets/sheet1.xml", zeros_squared(mebibytes)
    size = (mebibytes << 20) & 0xFFFFFFFF
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0) + name + packed
    head = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0, 0, 0, 0, 0, 0)
        + name
    )
    book = b"xl/workbook.xml"
    more = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(book), 0) + book
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(book), 0, 0, 0, 0, 0, len(local))
        + book
    )
    directory = head + entry
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), len(local) + len(more), 0)
    return local + more + directory + end


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bomb(64), "unpacks to more data"),
        (claiming(workbook({"xl/x.bin": b"x" * 1000}), 0xFFFFFFF0), "unpacks to more data"),
        (claiming(workbook({"xl/x.bin": b"x" * 1000}), 10), "damaged"),
        (workbook({f"xl/x{number}.bin": b"" for number in range(2100)}), "unpacks to more data"),
        (workbook({"xl/worksheets/sheet1.xml": b"<worksheet/>"}), ""),
        (workbook({"xl/workbook.xml": document("", LAUGHS)}), ""),
        (workbook({"xl/sharedStrings.xml": document("&l;", EXTERNAL)}), ""),
        (workbook({"../../evil.txt": b"out of the folder", "/etc/evil": b"x", "C:\\evil": b"x"}), None),
        (workbook({"xl/media/inner.xlsx": bomb(20)}), None),
        (GOOD["a.xlsx"].replace(b"PK\x03\x04\x14", b"PK\x03\x04\x15", 1), None),
    ],
    ids=[
        "bomb",
        "says too much",
        "says too little",
        "parts",
        "empty sheet",
        "laughs",
        "external",
        "paths",
        "nested",
        "odd",
    ],
)
def test_a_hostile_workbook(data: bytes, words: str | None) -> None:
    with memory_below(60):
        said = judge(data, "a.xlsx")
    assert words is None or (said and words in said)


def test_a_wrong_checksum_in_a_workbook() -> None:
    data = bytearray(GOOD["a.xlsx"])
    at = data.rfind(b"PK\x01\x02")
    data[at + 16 : at + 20] = b"\xde\xad\xbe\xef"
    judge(bytes(data), "a.xlsx")


@pytest.mark.slow
def test_a_workbook_that_would_unpack_to_10_gb_costs_little_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("bomb")
    (place / "a.xlsx").write_bytes(bomb(10 * 1024))
    script = """
import sys
from datetime import date
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.reading import begin
from agent.intake.statements.source import examine
with open(sys.argv[1], "rb") as file:
    try:
        begin(examine("a.xlsx", file), "auto", date(2026, 7, 31))
    except Unreadable as unreadable:
        print(unreadable.problem.sentence)
"""
    peak, said = peak_of(script, str(place / "a.xlsx"))
    assert "unpacks to more data" in said
    assert peak < 250


@pytest.mark.parametrize("name", ["a\ud800.csv", "a\x1b[2J.csv", "a\u202evsc.csv", "a\nb.csv"])
def test_a_name_that_the_wire_cannot_carry_asks_for_another_name(tmp_path: Path, name: str) -> None:
    checked = made.check(made.csv(made.ROW), name, tmp_path / "spool")
    assert checked.request is None
    assert checked.problem is not None
    assert checked.problem.code == "statement-name"
    assert shown(checked.problem.sentence) == checked.problem.sentence
