"""Scans from a fuzzer, and odd ones that libraries ship: whole, or told why not, in bounded steps."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.filetypes import Content, content_of
from agent.intake.structure import incomplete_reason
from tests.support import files
from tests.support.hostile import Metered, fuzzed, memory_below, mutated

GOOD = files.every_type()
NUMBERS = [struct.pack(order + "I", number) for order in "<>" for number in (0, 1, 8, 0x7FFFFFFF, 0xFFFFFFFF)]
PIECES = st.sampled_from(NUMBERS) | st.binary(min_size=1, max_size=12)
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 20), PIECES, st.booleans()), min_size=1, max_size=12)


def judge(data: bytes, name: str = "scan") -> str | None:
    """Do all that the intake does with a scan's bytes; hold the answers against their form."""
    why = incomplete_reason(Metered(data), name, len(data))
    content = content_of(Metered(data), len(data))
    assert why is None or (why and len(why) < 200 and not why.endswith("."))
    assert isinstance(content, Content)
    assert content.words
    return why


@fuzzed
@given(st.sampled_from(sorted(GOOD)), CHANGES)
def test_a_mutated_scan(name: str, changes: list[tuple[int, bytes, bool]]) -> None:
    judge(mutated(GOOD[name], changes), name)


@fuzzed
@given(st.sampled_from(sorted(GOOD)), st.sampled_from(sorted(GOOD)), st.integers(0, 4000), st.integers(0, 4000))
def test_two_scans_in_one(one: str, other: str, at: int, start: int) -> None:
    judge(GOOD[one][:at] + GOOD[other][start:], one)


@fuzzed
@given(st.binary(min_size=1, max_size=6), st.integers(1, 3000), st.sampled_from(sorted(GOOD)))
def test_one_thing_again_and_again(piece: bytes, times: int, name: str) -> None:
    judge(GOOD[name][:140] + piece * times, name)


# --- TIFF ------------------------------------------------------------------------------------------------------------


def pages(*entries: tuple[int, int, int, int], count: int, chain: bool = True) -> bytes:
    """Pages that all have the same entries (tag, kind, count, value), one directory behind the other."""
    size = 2 + 12 * len(entries) + 4
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    following = [8 + size * (page + 1) for page in range(count - 1)] + [0]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(body + struct.pack("<I", place) for place in following)


@pytest.mark.slow
def test_pages_that_all_name_one_long_list_of_strips() -> None:
    strips, count = 250_000, 50
    place = 8 + count * (2 + 24 + 4)
    tiff = pages((273, 4, strips, place), (279, 4, strips, place), count=count) + bytes(4 * strips)
    assert judge(tiff) == "its pages name more than a scan can hold"


@pytest.mark.slow
def test_directories_that_lie_in_each_other() -> None:
    entries = 40_000  # in each of 60 directories, which begin 6 bytes apart
    tiff = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(6 * 100 + 12 * entries + 100))
    for page in range(60):
        at = 8 + 6 * page
        tiff[at : at + 2] = struct.pack("<H", entries)
        tiff[at + 2 + 12 * entries : at + 6 + 12 * entries] = struct.pack("<I", at + 6)
    assert judge(bytes(tiff)) == "its pages name more than a scan can hold"


def test_a_document_of_many_pages_is_not_too_much() -> None:
    one = pages((256, 4, 1, 64), (257, 4, 1, 64), (273, 4, 1, 8), (279, 4, 1, 4), count=5000)
    assert judge(one) is None


@pytest.mark.parametrize("place", [0x7FFFFFFF, 0xFFFFFFFF, 71, 1])
def test_a_directory_beyond_the_end_or_in_the_header(place: int) -> None:
    assert judge(b"II*\0" + struct.pack("<I", place) + bytes(64)) is not None


def test_pages_in_a_circle() -> None:
    assert judge(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)) is None


# --- The others ------------------------------------------------------------------------------------------------------


def test_a_gif_of_nothing_but_blocks() -> None:
    judge(b"GIF89a" + bytes(7) + b"\x21\xf9\x01\x00" * 500_000)


def test_a_jpeg_of_nothing_but_segments() -> None:
    judge(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 500_000)


def test_a_jpeg_of_nothing_but_fill_bytes() -> None:
    judge(b"\xff" * 2_000_000)


def test_a_dicom_nested_without_end() -> None:
    head = bytes(128) + b"DICM"
    judge(head + struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) * 20_000)
    judge(head + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) * 20_000)


def test_an_ole_file_whose_sectors_run_in_a_circle() -> None:
    ole = bytearray(files.doc())
    table = (struct.unpack_from("<I", ole, 76)[0] + 1) * 512
    for entry in range(table, table + 512, 4):
        ole[entry : entry + 4] = struct.pack("<I", 1)
    judge(bytes(ole))


@pytest.mark.slow
def test_a_zip_that_names_the_same_part_five_thousand_times() -> None:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(5_000):
            archive.writestr("../../word/document.xml", b"")
    with memory_below(32):
        assert content_of(Metered(made.getvalue()), len(made.getvalue())).kind is None


def test_a_pdf_of_nothing_but_trailers() -> None:
    judge(b"%PDF-1.7\n" + b"trailer<</Encrypt 1 0 R" * 50_000 + b"startxref 99999999999\n%%EOF\n")


def test_an_rtf_of_nothing_but_braces() -> None:
    judge(b"{\\rtf" + b"{" * 900_000 + b"}")


# --- What libraries ship ---------------------------------------------------------------------------------------------


def odd_files() -> list[Path]:
    """The test files that pydicom brings along: every transfer syntax, and broken ones."""
    import pydicom.data

    place = Path(pydicom.data.__file__).parent / "test_files"
    return sorted(path for path in place.rglob("*") if path.is_file() and path.stat().st_size < 3_000_000)


def test_every_odd_file_that_pydicom_ships() -> None:
    found = odd_files()
    if not found:
        pytest.skip("pydicom came without its test files")
    assert len(found) > 50
    for path in found:
        judge(path.read_bytes(), path.name)


@fuzzed
@given(st.integers(0, 10_000), CHANGES, st.integers(1, 60_000))
def test_an_odd_file_mutated_and_cut(number: int, changes: list[tuple[int, bytes, bool]], cut: int) -> None:
    found = odd_files()
    if not found:
        pytest.skip("pydicom came without its test files")
    path = found[number % len(found)]
    judge(mutated(path.read_bytes()[:200_000], changes)[:cut], path.name)
