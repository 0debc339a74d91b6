"""Sidecars from a fuzzer and from hand: fields or a problem, in bounded memory, and nothing out of the folder."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.folder.real import RealFileSystem
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.check import check_attachments, load_sidecar
from agent.intake.attachments.fields import claim_fields, file_fields
from agent.intake.attachments.pairing import pair
from agent.intake.attachments.sidecar import Sidecar, read_sidecar
from agent.intake.structure import incomplete_reason
from agent.model import Observation, Problem
from agent.shown import shown
from tests.support import files
from tests.support.bad_packets import TODAY
from tests.support.hostile import fuzzed, memory_below, mutated, sparse
from tests.support.looks import put, scans_lane, settled_in

GOOD = files.sidecar(files=["scan.pdf"])
FS = RealFileSystem()
MARKS = [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, b"\0", b"\x1a"]
PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"\\ud800",
        b"\\u0000",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"//",
        b"\xff",
        b"\xe2\x80\xae",
        b"\x1b[31m",
        b'"files"',
        b'"request":{',
        b'"fileMetadata":[{',
        b"..\\\\..\\\\x",
        b"\0",
    ]
) | st.binary(min_size=1, max_size=6)
CHANGES = st.lists(st.tuples(st.integers(0, 4096), PIECES, st.booleans()), max_size=10)
KEYS = st.sampled_from(
    [field.name for field in (*claim_fields(), *file_fields())] + ["files", "fileMetadata"]
) | st.text(max_size=8)
NAMES = st.sampled_from(
    ["..\\..\\x", "/etc/passwd", "C:x", "CON", "", "a/b", "..", "x:y", "\\\\pc\\s\\x", "a\0b", "a. "]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | NAMES,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


def judged(data: bytes, name: str = "scan.json") -> Sidecar | Problem:
    """Read a sidecar; hold whatever is said of it against what people can be shown."""
    found = read_sidecar(data, name)
    if isinstance(found, Problem):
        assert found.code == "sidecar-unreadable"
        told = [found.sentence, *(fault.message for fault in found.details)]
    else:
        assert len(found.faults) <= 1000
        assert all(set(one).isdisjoint('/\\:*?"<>|\0') and one not in ("", ".", "..") for one in found.files)
        assert len(found.file_metadata) <= 100
        told = [text for fault in found.faults for text in (fault.where, fault.value, fault.message)]
    assert all(len(text) < 1000 for text in told)
    return found


@fuzzed
@given(st.sampled_from(MARKS), CHANGES)
def test_a_mutated_sidecar(mark: bytes, changes: list[tuple[int, bytes, bool]]) -> None:
    judged(mark + mutated(GOOD, changes))


@fuzzed
@given(st.dictionaries(KEYS, VALUES, max_size=12), st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32"]))
def test_any_json_in_any_encoding(value: dict[str, object], encoding: str) -> None:
    judged(json.dumps(value, ensure_ascii=False).encode(encoding, "surrogatepass"))


@fuzzed
@given(st.dictionaries(KEYS, VALUES, max_size=12))
def test_any_sidecar_beside_a_scan_comes_to_a_request_or_to_a_problem(value: dict[str, object]) -> None:
    look = FileLook(Observation("scan.pdf", identity=None), FileStatus.SETTLED)  # type: ignore[arg-type]
    beside = FileLook(Observation("scan.json", identity=None), FileStatus.SETTLED)  # type: ignore[arg-type]
    said = judged(json.dumps(value).encode())
    for candidate in pair([look, beside], {"scan.json": said}):
        assert {member.name for member in candidate.members} <= {"scan.pdf", "scan.json"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 500_000,
        b'{"request":' * 80_000,
        b'{"files":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"claimId":"' + b"\\ud800" * 150_000 + b'"}',
        b'{"claimId":1' + b"0" * 900_000 + b"}",
        b'{"claimId":"a","claimId":"b","CLAIM ID":"c"}',
        b"{" + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}",
        b'{"files":[' + b'"a",' * 50_000 + b'"b"]}',
        b'{"fileMetadata":[' + b"{}," * 50_000 + b"{}]}",
        b'{"fileMetadata":{' + b",".join(b'"k%d":{}' % number for number in range(20_000)) + b"}}",
        b'{"request":{' + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}}",
        b"//" * 500_000,
        b" " * (1 << 20),
        b"\xff\xfe" + b"\x00\xd8" * 400_000,
    ],
    ids=lambda data: repr(data[:16]),
)
def test_much_of_one_thing(data: bytes) -> None:
    with memory_below(40):
        judged(data)


@pytest.mark.parametrize("name", ["..\\..\\x", "../x", "/etc/passwd", "C:x", "CON", "", "NUL.pdf", "x:stream", "a."])
def test_a_name_that_leads_elsewhere_is_told_and_nothing_is_opened_there(tmp_path: Path, name: str) -> None:
    lane = tmp_path / "lane"
    put(lane, {"scan.pdf": files.pdf(), "claim.json": files.sidecar(files=[name])})
    (tmp_path / "x").write_bytes(files.pdf())
    looks = settled_in(lane)
    said = load_sidecar(FS, lane, next(look.observation for look in looks if look.observation.name == "claim.json"))
    candidates = pair(looks, {"claim.json": said})
    assert {member.name for one in candidates for member in one.members} == {"scan.pdf", "claim.json"}
    (faulty,) = [one for one in candidates if one.sidecar is not None]
    checked = check_attachments(FS, lane, faulty, scans_lane(lane), TODAY)
    assert checked.request is None
    assert checked.problem is not None
    assert "files" in {fault.where for fault in checked.problem.details}


def test_what_acts_on_a_terminal_is_spelled_out() -> None:
    found = judged(json.dumps({"claimId\x1b[2J\u202e": "x", "files": ["a\x9b31m\u2066.pdf\n"]}).encode())
    assert isinstance(found, Sidecar)
    for fault in found.faults:
        for text in (fault.where, fault.value, fault.message):
            assert shown(text) == text


@pytest.mark.parametrize("end", [b"", b"}", b'"}'])
@pytest.mark.parametrize("beginning", [b"", b"{", b'{"claimId": "'])
def test_a_sidecar_of_2_gib(tmp_path: Path, beginning: bytes, end: bytes) -> None:
    path = tmp_path / "scan.json"
    sparse(path, 2 << 30, beginning, end)
    seen = Observation("scan.json", FS.identify(path))
    with memory_below(12):
        with path.open("rb") as file:
            incomplete_reason(file, "scan.json", 2 << 30)
        said = load_sidecar(FS, tmp_path, seen)
    assert isinstance(said, Problem)
    assert "larger than 1 MiB" in said.sentence
