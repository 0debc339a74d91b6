"""Whether a file is all there, told by its structure and with few reads."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.structure import incomplete_reason
from agent.intake.structure.signatures import signature
from tests.support import files

WHOLE = files.every_type()
TEXT = ("scan.txt",)  # plain text has no end that could be missing


def reason(data: bytes, name: str = "scan") -> str | None:
    return incomplete_reason(io.BytesIO(data), name, len(data))


class Counted(io.BytesIO):
    """Counts the bytes that are read."""

    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


class Huge(Counted):
    """A file of any size with a given beginning and end, and zeros between, that takes no room."""

    def __init__(self, beginning: bytes, end: bytes, size: int) -> None:
        super().__init__()
        self._beginning, self._end, self._size, self._at = beginning, end, size, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        start, stop = self._at, self._size if size is None or size < 0 else min(self._size, self._at + size)
        tail_at = self._size - len(self._end)
        made = self._beginning[start:stop].ljust(max(0, min(stop, tail_at) - start), b"\0")
        if stop > tail_at:
            made += self._end[max(0, start - tail_at) : stop - tail_at]
        self._at = stop
        self.bytes_read += len(made)
        return made


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_complete(name: str) -> None:
    assert reason(WHOLE[name], name) is None


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in TEXT])
def test_a_file_cut_anywhere_is_not_complete(name: str) -> None:
    data = WHOLE[name]
    last = len(data.rstrip(b"\r\n\0")) - {".doc": 512, ".pdf": 8}.get(name[-4:], 0)
    # Some cut a document's last sector, and a right pointer is a PDF's end, with its mark or without.
    cuts = {*range(200, last, max(1, last // 200)), last // 2, last - 1}
    assert [cut for cut in sorted(cuts) if cut > 0 and reason(data[:cut], name) is None] == []


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in TEXT])
def test_the_name_counts_for_nothing_where_the_content_tells(name: str) -> None:
    assert reason(WHOLE[name][:-700] if len(WHOLE[name]) > 2000 else WHOLE[name][:-40], "scan.txt") is not None


@pytest.mark.parametrize("name", ["scan.pdf", "scan.jpg", "scan.png", "scan.gif", "scan.rtf", "scan.tif", "scan.bmp"])
@pytest.mark.parametrize("padding", [b"\0" * 4096, b"\r\n\r\n", b"\0" * 100_000], ids=["sector", "lines", "cluster"])
def test_padding_at_the_end_does_not_hide_it(name: str, padding: bytes) -> None:
    assert reason(WHOLE[name] + padding) is None


def test_an_empty_file_is_empty() -> None:
    assert reason(b"", "scan.pdf") == "it is empty"


def test_room_that_a_copy_has_reserved_is_not_a_file_yet() -> None:
    assert reason(bytes(100_000), "scan.dcm") is not None


@pytest.mark.parametrize("name", ["july.csv", "july.txt", "july.tsv"])
def test_text_that_ends_in_reserved_room_waits(name: str) -> None:
    data = b"Account Number,Amount Due\r\nA1,12.00\r\n" + bytes(300)
    assert reason(data, name) == "it ends in empty space so far"
    wide = "Account Number\r\n".encode("utf-16-le")
    assert reason(wide, name) is None


def test_bytes_of_no_known_kind_are_complete() -> None:
    assert reason(b"\x01\x02 whatever", "scan.xyz") is None


# --- Pictures --------------------------------------------------------------------------------------------------------


def test_the_end_of_an_embedded_thumbnail_is_not_the_end_of_the_picture() -> None:
    data = files.jpeg(thumbnail=True)
    assert data.count(b"\xff\xd9") == 2
    assert reason(data[:-2]) is not None


def test_what_a_camera_appends_to_a_picture_is_no_harm() -> None:
    assert reason(files.jpeg() + b"ftypmp42" * 100) is None
    assert reason(files.jpeg() + b"ftypmp42" * 300_000) is None


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
def test_every_page_of_a_tiff_must_be_there(big: bool) -> None:
    whole = files.tiff(3, big)
    assert reason(whole) is None
    first_page = len(files.tiff(1, big))
    assert first_page < len(whole)
    assert reason(whole[: first_page + 10]) is not None


def test_a_tiff_whose_header_names_no_page_yet_is_being_written() -> None:
    assert reason(b"II*\0\0\0\0\0" + bytes(100)) == "it holds no page yet"


def test_a_tiff_whose_pages_run_in_a_circle_comes_to_an_end() -> None:
    assert reason(b"II*\0" + struct.pack("<IHI", 8, 0, 8)) is None  # what it shows is for its reader to say


def test_a_tiff_with_pages_without_end_comes_to_an_end() -> None:
    pages = b"".join(struct.pack("<HI", 0, 8 + 6 * (page + 1)) for page in range(10_050))
    assert reason(b"II*\0" + struct.pack("<I", 8) + pages) == "it names more than 10,000 pages"


def test_a_tiffs_image_data_must_be_inside_the_file() -> None:
    def page(offset: int, length: int) -> bytes:
        entries = struct.pack("<HHII", 273, 4, 1, offset) + struct.pack("<HHII", 279, 4, 1, length)
        return b"II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0) + bytes(100)

    size = len(page(0, 0))
    assert reason(page(size - 100, 100)) is None
    assert reason(page(size - 100, 101)) is not None
    assert reason(page(size + 1, 1)) is not None


# --- Documents -------------------------------------------------------------------------------------------------------


def test_a_linearized_pdf_ends_where_it_says() -> None:
    part = b"%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 5000 /N 1 >>\nendobj\nstartxref\n0\n%%EOF\n"
    assert reason(part) == f"only {len(part):,} of its 5,000 bytes are there"
    assert reason(part.ljust(4990) + b"%%EOF\n    ") is None
    shrunk = b"%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 5000 >>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n54\n%%EOF\n"
    assert reason(shrunk) is None


def test_a_huge_pdf_costs_a_few_reads() -> None:
    data = files.pdf()
    huge = Huge(data[:1000], data[-1000:], 1024**3)
    assert incomplete_reason(huge, "scan.pdf", 1024**3) is None
    assert huge.bytes_read < 200_000


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in TEXT])
def test_no_kind_of_file_is_read_through_when_large(name: str) -> None:
    size = 1024**3
    huge = Huge(WHOLE[name][:1000], b"", size)
    incomplete_reason(huge, name, size)
    assert huge.bytes_read < 40 * 1024**2


def test_rtf_with_raw_bytes_inside_is_judged_by_its_last_brace() -> None:
    assert reason(b"{\\rtf1 {\\pict\\bin3 {{{}}") is None
    assert reason(b"{\\rtf1 {\\b x}") is not None
    assert reason(b"{\\rtf1 \\{ x}") is None


def _pydicoms_own() -> list[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydicom

    found = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
    return [path for path in found if path.read_bytes()[128:132] == b"DICM" and "truncated" not in path.name]


@pytest.mark.parametrize("path", _pydicoms_own(), ids=lambda path: path.stem)
def test_whole_dicom_files_of_every_making_are_complete(path: Path) -> None:
    assert reason(path.read_bytes()) is None


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "rtplan_truncated.dcm"])
def test_dicom_files_that_break_off_are_not_complete(name: str) -> None:
    assert reason(files.dicom(name)) == "part of its data is missing"


def test_dicom_may_have_another_formats_header_in_its_preamble() -> None:
    data = files.dicom()
    assert data.startswith(b"II*\0")
    assert signature(data) == "dicom"


# --- JSON and XML ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ('{"a": [1, {"b": "}"}]}\r\n', True),
        ("[]", True),
        ('{"a": 1,}', True),  # wrong, but closed: its reader names the place
        ("{'a': 1}", True),
        ('{"a": "x}', True),
        ('{"a": 1', False),
        ('{"a": {"b": 1}', False),
        ('{"a": "x', False),
        ('{"a": "x",', False),
        ('[{"a": 1}, {"a": 2}', False),
        ("{", False),
        ("  \n", False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_complete_when_it_is_closed(text: str, complete: bool, encoding: str) -> None:
    assert (reason(text.encode(encoding), "scan.JSON") is None) is complete


def test_json_cut_inside_a_character_is_not_complete() -> None:
    assert reason('{"patientLastName": "Peñ'.encode()[:-1], "scan.json") is not None


def test_json_deep_beyond_reading_is_complete_for_its_reader_to_refuse() -> None:
    assert reason(b"[" * 100_000 + b"]" * 100_000, "scan.json") is None


def test_long_json_is_followed_to_its_end() -> None:
    row = b'{"note": "a \\" quote, a } brace, a \\\\", "list": [1, 2]},\n'
    whole = b'{"rows": [' + row * 40_000 + b"{}]}"
    assert len(whole) > 2 * 1024**2
    assert reason(whole, "statements.json") is None
    for cut in (1, 2, 3, 40, 1_000_000):
        assert reason(whole[:-cut], "statements.json") is not None


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("<?xml version='1.0'?>\n<a><b/></a>\n", True),
        ("<a/>", True),
        ("<!-- <x> --><!DOCTYPE a [<!ENTITY b '>'>]><a x='>'></a ><!-- end --><?done?>", True),
        ("<n:a xmlns:n='urn:x'></n:a>", True),
        ("<a><b></b>", False),
        ("<a><b/>", False),
        ("<a></a", False),
        ("<a>", False),
        ("<?xml version='1.0'?>", False),
        ("<!-- <a></a> -->", False),
        ("<!-- never", False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_xml_is_complete_when_its_root_is_closed(text: str, complete: bool, encoding: str) -> None:
    assert (reason(text.encode(encoding), "statements.xml") is None) is complete


# --- Anything at all -------------------------------------------------------------------------------------------------

BITMAP = b"BM" + bytes(12) + b"\x28"
BEGINNINGS = st.sampled_from([b"", *(data[:140] for data in WHOLE.values()), b"<?xml ", b"{", BITMAP])
NAMES = st.sampled_from(["scan", "scan.json", "scan.xml", "scan.pdf", ".", ""])


@given(BEGINNINGS, st.binary(max_size=400), NAMES)
def test_any_bytes_are_complete_or_told_why_not(beginning: bytes, rest: bytes, name: str) -> None:
    found = reason(beginning + rest, name)
    assert found is None or (found and not found.endswith("."))


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 60_000), st.binary(min_size=1, max_size=8))
def test_a_real_file_with_any_bytes_changed_does_no_harm(name: str, at: int, change: bytes) -> None:
    data = bytearray(WHOLE[name])
    at %= len(data)
    data[at : at + len(change)] = change
    reason(bytes(data), name)
