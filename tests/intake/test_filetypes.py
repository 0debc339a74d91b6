"""What a file is, by its content and by its name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.filetypes import DICOM, FILE_TYPES, JPEG, TIFF, TXT, content_of, type_by_name
from tests.support import files

WHOLE = files.every_type()


@pytest.mark.parametrize("name", WHOLE)
def test_name_and_content_agree_for_every_type_of_the_contract(name: str) -> None:
    data = WHOLE[name]
    content = content_of(io.BytesIO(data), len(data))
    assert content.kind is type_by_name(name)
    assert content.kind is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("scan.JPG", JPEG),
        ("scan.Jpeg", JPEG),
        ("scan.tif", TIFF),
        ("scan.tiff", TIFF),
        ("scan.dcm", DICOM),
        ("scan.DICOM", DICOM),
        ("scan.pdf.txt", TXT),
        ("scan.csv", None),
        ("scan", None),
        ("pdf", None),
        (".pdf", None),
    ],
)
def test_the_extension_counts_in_any_spelling(name: str, kind: object) -> None:
    assert type_by_name(name) is kind


def test_five_spellings_of_four_types_go_to_payers_that_want_the_claims_standard() -> None:
    taken = {extension for kind in FILE_TYPES if kind.claims_standard for extension in kind.extensions}
    assert {"jpg", "jpeg", "tif", "tiff", "pdf", "png"} <= taken
    assert {kind.mime for kind in FILE_TYPES if kind.claims_standard} == {
        "image/jpeg",
        "image/tiff",
        "image/png",
        "application/pdf",
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (files.xlsx(), "an Excel workbook"),
        (files.zip_archive(), "a ZIP archive"),
        (files.xls(), "an Excel 97-2003 workbook"),
        (files.doc("PowerPoint Document"), "a PowerPoint 97-2003 presentation"),
        (files.doc("EncryptedPackage"), "an Office document locked with a password"),
        (files.doc("Something"), "an Office file that is no Word document"),
        (b"\x01\x02\0\x03", "a file of an unknown kind"),
    ],
    ids=["xlsx", "zip", "xls", "ppt", "locked docx", "other ole", "noise"],
)
def test_what_the_service_does_not_take_is_named(data: bytes, words: str) -> None:
    content = content_of(io.BytesIO(data), len(data))
    assert (content.kind, content.words) == (None, words)


@pytest.mark.parametrize("text", ["Größe", "naïve “quotes”"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_in_any_usual_encoding_is_text(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert content_of(io.BytesIO(data), len(data)).kind is TXT


def test_a_text_that_begins_like_a_bitmap_is_text() -> None:
    data = b"BMI 23, no other findings.\r\n"
    assert content_of(io.BytesIO(data), len(data)).kind is TXT


@given(st.sampled_from([b"", *(data[:600] for data in WHOLE.values())]), st.binary(max_size=300))
def test_any_bytes_have_words(beginning: bytes, rest: bytes) -> None:
    data = beginning + rest
    assert content_of(io.BytesIO(data), len(data)).words
