"""The attachments service's rules, field by field."""

from typing import Any

import pytest

from agent.sandbox.attachment_rules import check_file_metadata, check_files, check_identifiers, check_metadata
from agent.sandbox.bodies import Part
from agent.sandbox.file_types import DECLARED, DOCX, detect
from tests.support.sandbox import JPEG, PDF, PNG, file_metadata, metadata


def part(filename: str | None = "x-ray.pdf", content: bytes = PDF, content_type: str = "application/pdf") -> Part:
    return Part("files", filename, content_type, size=len(content), head=content)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("submitterId", None, "DENTATT_XXX"),
        ("submitterId", "x" * 51, "DENTATT_XXX"),
        ("billingProviderTaxId", " ", "DENTATT_XXX"),
        ("billingProviderTaxId", 123456789, "DENTATT_XXX"),
        ("claimId", None, "DENTATT_004"),
        ("claimId", "x" * 51, "DENTATT_005"),
        ("payerId", None, "DENTATT_006"),
        ("payerId", "ABC1", "DENTATT_007"),
        ("payerId", "ABC123", "DENTATT_007"),
        ("payerId", "ABC-1", "DENTATT_007"),
        ("providerNPI", None, "DENTATT_008"),
        ("providerNPI", "1234567890", "DENTATT_009"),
        ("providerNPI", "123456789", "DENTATT_010"),
        ("providerNPI", "١٢٣٤٥٦٧٨٩٣", "DENTATT_010"),
        ("providerNPI", 1234567893, "DENTATT_010"),
        ("dateOfService", "", "DENTATT_011"),
        ("dateOfService", "01/15/2024", "DENTATT_012"),
        ("dateOfService", "2024-02-30", "DENTATT_012"),
        ("dateOfService", "20240115", "DENTATT_012"),
        ("patientDateOfBirth", None, "DENTATT_013"),
        ("patientDateOfBirth", "2000-1-1", "DENTATT_013"),
        ("patientLastName", None, "DENTATT_014"),
        ("patientLastName", "x" * 76, "DENTATT_014"),
        ("patientFirstName", "x" * 51, "DENTATT_015"),
        ("patientFirstName", "\ud800", "DENTATT_015"),
        ("memberId", "x" * 51, "DENTATT_016"),
    ],
)
def test_a_field_that_breaks_its_rule_has_the_published_code(field: str, value: Any, code: str) -> None:
    assert [(found.code, found.field) for found in check_metadata(metadata(**{field: value}))] == [(code, field)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"claimId": "x" * 50, "patientLastName": "ö" * 75, "patientFirstName": "x" * 50, "memberId": "x" * 50},
        {"payerId": "00000"},
        {"dateOfService": "2024-02-29"},
        {"extra": "ignored"},
    ],
)
def test_good_metadata_passes(changes: dict[str, Any]) -> None:
    assert check_metadata(metadata(**changes)) == []


def test_every_fault_is_told_at_once() -> None:
    assert len(check_metadata({})) == 10


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\n\n" + PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a...", "image/gif"),
        (b"II*\x00....", "image/tiff"),
        (b"MM\x00*....", "image/tiff"),
        (b"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00", "image/bmp"),
        (b"\x00" * 128 + b"DICM", "application/dicom"),
        (b"II*\x00" + b"\x00" * 124 + b"DICM", "application/dicom"),  # the preamble of a file that is a TIFF as well
        (b"{\\rtf1 hello}", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
        (b"PK\x03\x04...[Content_Types].xml...word/document.xml", DOCX),
        (b"Tooth 14: caries\r\n", "text/plain"),
        ("Zähne".encode("utf-16"), "text/plain"),
        (b"PK\x03\x04...xl/workbook.xml", ""),
        (b"MZ\x90\x00\x03", ""),
        (b"", ""),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head: bytes, kind: str) -> None:
    assert detect(head) == kind


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ([part()], []),
        ([part()] * 10, []),
        ([part(content=PNG, content_type="application/octet-stream")], []),
        ([part(content=b"a note", content_type="text/plain; charset=utf-8")], []),
        ([part(content=b'{"00080005": {}}', content_type="application/dicom+json")], []),
        ([part(content=b"{\\rtf1}", content_type="text,rtf")], []),
        ([], ["files"]),
        ([part()] * 11, ["files"]),
        ([part(content=b"")], ["files[1]"]),
        ([part(), part(content=PNG)], ["files[2]"]),
        ([part(content=b"MZ\x90\x00", content_type="application/octet-stream")], ["files[1]"]),
        ([part(content_type="")], ["files[1]"]),
        ([part(content_type="video/mp4")], ["files[1]"]),
        ([part(filename=None)], ["files[1]"]),
        ([part(filename="")], ["files[1]"]),
    ],
)
def test_files(files: list[Part], wrong: list[str]) -> None:
    assert [found.field for found in check_files(files)] == wrong


def test_every_declared_type_can_be_met() -> None:
    assert all(contents for contents in DECLARED.values())


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([file_metadata()], []),
        ([file_metadata(procedureCodes="D0120", toothNumbers="08")], []),
        ([file_metadata(toothNumbers="0A,51,AS")], []),
        ([file_metadata(serviceDate=None)], ["fileMetadata[1].serviceDate"]),
        ([file_metadata(serviceDate=None, dateOfService="2024-01-15")], ["fileMetadata[1].serviceDate"]),
        ([file_metadata(procedureCodes="D0120;D0150")], ["fileMetadata[1].procedureCodes"]),
        ([file_metadata(procedureCodes="")], ["fileMetadata[1].procedureCodes"]),
        ([file_metadata(procedureCodes="x" * 26)], ["fileMetadata[1].procedureCodes"]),
        ([file_metadata(toothNumbers="8")], ["fileMetadata[1].toothNumbers"]),
        ([file_metadata(toothNumbers="33")], ["fileMetadata[1].toothNumbers"]),
        ([file_metadata(toothNumbers=["08"])], ["fileMetadata[1].toothNumbers"]),
        ([file_metadata(fileName="other.pdf")], ["fileMetadata"]),
        ([file_metadata(mimeType="image/png")], ["fileMetadata"]),
        ([file_metadata(), file_metadata()], ["fileMetadata"]),
        ([], ["fileMetadata"]),
        ([3], ["fileMetadata"]),
        ({}, ["fileMetadata"]),
        (None, ["fileMetadata"]),
    ],
)
def test_file_metadata_matches_the_files_one_to_one(entries: Any, wrong: list[str]) -> None:
    assert [found.field for found in check_file_metadata(entries, [part()])] == wrong


@pytest.mark.parametrize(
    ("identifiers", "codes"),
    [
        (["CHC#123456789012"], []),
        (["123456789012", "507f1f77bcf86cd799439011", "CHC#507F1F77BCF86CD799439011"], []),
        (["123456789012"] * 10, []),
        (["123456789012"] * 11, ["DENTAL_017"]),
        ([], ["DENTAL_017"]),
        (None, ["DENTAL_017"]),
        ("123456789012", ["DENTAL_017"]),
        (["CHC#123", "123456789012", 7], ["DENTATT_018", "DENTATT_018"]),
    ],
)
def test_identifiers_of_a_search(identifiers: Any, codes: list[str]) -> None:
    assert [found.code for found in check_identifiers(identifiers)] == codes
