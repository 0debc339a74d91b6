"""The check of a packet: every fault at once before anything is sent, and the request where there is none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.folder.real import RealFileSystem
from agent.intake.attachments import AttachmentsIntake, check_attachments
from agent.intake.structure import incomplete_reason
from agent.model import AttachmentRequest, Candidate, Checked, Identity, Observation, Problem, Readiness
from tests.support import files
from tests.support.bad_packets import TODAY, BadPacket, bad_packets, everything_said
from tests.support.looks import put, scans_lane, seen_in, settled_in

FS = RealFileSystem()


def candidates_in(folder: Path) -> list[Candidate]:
    return AttachmentsIntake().gather(FS, folder, settled_in(folder), seen_in(folder).nested)


def check(folder: Path, today: date = TODAY, **settings: Any) -> Checked:
    """Check the one candidate in the folder that has a sidecar."""
    (candidate,) = [found for found in candidates_in(folder) if found.sidecar]
    return check_attachments(FS, folder, candidate, scans_lane(folder, **settings), today)


def request_of(checked: Checked) -> AttachmentRequest:
    assert checked.problem is None, everything_said(checked.problem)
    assert isinstance(checked.request, AttachmentRequest)
    return checked.request


def faults_of(checked: Checked) -> dict[str, str]:
    assert checked.problem is not None
    return {fault.where: fault.message for fault in checked.problem.details}


# --- The bytes that a sidecar was written for -------------------------------------------------------------------------


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def for_bytes(**digests: str) -> bytes:
    return files.sidecar(sha256={name.replace("_", "."): digest for name, digest in digests.items()})


def test_a_sidecar_that_says_its_bytes_speaks_for_no_others(tmp_path: Path) -> None:
    first, later = files.pdf(), files.pdf(pages=3)
    put(tmp_path, {"scan.pdf": first, "scan.json": for_bytes(scan_pdf=sha256(first).upper())})
    assert request_of(check(tmp_path))
    (tmp_path / "scan.pdf").write_bytes(later)
    assert "another file" in faults_of(check(tmp_path))["sha256"]


def test_a_file_that_came_to_it_later_is_another_and_one_with_a_new_name_is_not(tmp_path: Path) -> None:
    first = files.pdf()
    put(tmp_path, {"scan.pdf": first, "scan.json": for_bytes(old_pdf=sha256(first))})
    assert request_of(check(tmp_path))
    put(tmp_path, {"scan.jpg": files.jpeg()})
    assert "scan.jpg is another file" in faults_of(check(tmp_path))["sha256"]


@pytest.mark.parametrize("said", ["aa", ["aa"], 7, {"scan.pdf": "aa"}, {"scan.pdf": 7}, {"scan.pdf": None}])
def test_a_digest_that_is_none_is_a_fault(tmp_path: Path, said: object) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(sha256=said)})
    assert "hexadecimal" in faults_of(check(tmp_path))["sha256"]


# --- What stands beside a scan ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["done", "ok", "sem", "flg", "go", "fin", "crc", "sha512", "lock", "pdf.md5"])
def test_marks_that_other_programs_put_beside_a_scan_are_left_aside(ending: str, tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(), f"scan.{ending}": b"1\r\n"})
    assert [name for name, _ in request_of(check(tmp_path)).files] == ["scan.pdf"]


@pytest.mark.parametrize(
    ("name", "data"), [("scan.xml", b"<batch/>"), ("scan.idx", b"a;b\r\n"), ("scan.dat", bytes(9))]
)
def test_another_file_under_the_scans_name_is_told_with_the_way_past_it(name: str, data: bytes, tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(), name: data})
    said = faults_of(check(tmp_path))[name]
    assert "rename the sidecar to scan.pdf.json" in said
    assert "index_files" in said
    (tmp_path / "scan.json").rename(tmp_path / "scan.pdf.json")
    assert request_of(check(tmp_path))


def test_beside_several_scans_the_way_past_it_is_a_list(tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.jpg": files.jpeg(), "scan.json": files.sidecar(), "scan.ini": b"[a]"})
    assert 'list them under "files"' in faults_of(check(tmp_path))["scan.ini"]


def test_a_file_that_the_sidecar_lists_is_told_without_it(tmp_path: Path) -> None:
    card = files.sidecar(files=["scan.pdf", "scan.xml"])
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": card, "scan.xml": b"<batch/>"})
    assert "index_files" not in faults_of(check(tmp_path))["scan.xml"]


# --- What cannot go --------------------------------------------------------------------------------------------------

BAD = bad_packets()


@pytest.mark.parametrize("packet", BAD, ids=[packet.id for packet in BAD])
def test_a_bad_packet_is_told_apart_before_anything_is_sent(packet: BadPacket, tmp_path: Path) -> None:
    put(tmp_path, packet.files)
    checked = check(tmp_path)
    assert checked.request is None
    assert isinstance(checked.problem, Problem)
    said = everything_said(checked.problem)
    assert checked.problem.code == packet.code, said
    missing = [words for words in packet.words if words not in said]
    assert not missing, f"{missing} not in:\n{said}"


@pytest.mark.parametrize("packet", BAD, ids=[packet.id for packet in BAD])
def test_what_is_said_speaks_of_the_thing_in_plain_words(packet: BadPacket, tmp_path: Path) -> None:
    put(tmp_path, packet.files)
    problem = check(tmp_path).problem
    assert problem is not None
    said = everything_said(problem)
    assert problem.sentence.endswith((".", '".'))
    assert problem.what_to_do.endswith(".")
    for word in ("error", "invalid", "please", "oops", "!", " you ", "{'"):
        assert word not in said.lower().replace("did you mean", ""), f"{word!r} in:\n{said}"


@pytest.mark.parametrize("packet", BAD, ids=[packet.id for packet in BAD])
def test_a_file_that_breaks_off_never_settles(packet: BadPacket) -> None:
    import io

    settles = all(incomplete_reason(io.BytesIO(data), name, len(data)) is None for name, data in packet.files.items())
    assert settles is packet.settles


def test_every_fault_of_a_packet_is_told_at_once(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "scan.pdf": files.png(),
            "scan.tif": files.tiff()[:-9],
            "scan.json": files.sidecar(claimId="", payerId="123456", memberId=7, claimNumber="x"),
        },
    )
    assert set(faults_of(check(tmp_path))) == {
        "claimId",
        "payerId",
        "memberId",
        "claimNumber",
        "scan.pdf",
        "scan.tif",
    }


def test_a_candidate_without_a_sidecar_says_which_name_the_sidecar_needs(tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf()})
    (candidate,) = candidates_in(tmp_path)
    checked = check_attachments(FS, tmp_path, candidate, scans_lane(tmp_path), TODAY)
    assert checked.problem is not None
    assert checked.problem.code == "no-sidecar"
    assert "scan.json" in checked.problem.what_to_do


def test_the_size_caps_count_a_megabyte_as_a_million_bytes(tmp_path: Path) -> None:
    note = b"note\r\n" * 200  # 1,200 bytes
    put(tmp_path, {"a/one.txt": note, "a/two.txt": note, "a/a.json": files.sidecar()})
    assert check(tmp_path, max_file_mb=0.0012, max_request_mb=0.0024).problem is None
    assert set(faults_of(check(tmp_path, max_file_mb=0.001199))) == {"one.txt", "two.txt"}
    assert set(faults_of(check(tmp_path, max_request_mb=0.002399))) == {"files"}


def test_a_name_that_the_wire_cannot_carry_asks_for_another_name(tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    (candidate,) = candidates_in(tmp_path)
    odd = b"scan\xff.pdf".decode("utf-8", "surrogateescape")
    (tmp_path / "scan.pdf").rename(tmp_path / odd)
    renamed = replace(candidate, files=(Observation(odd, Identity(1, 1, "")),))
    checked = check_attachments(FS, tmp_path, renamed, scans_lane(tmp_path), TODAY)
    assert faults_of(checked) == {
        "scan\\udcff.pdf": "The name scan\\udcff.pdf has characters that cannot be sent. Rename the file."
    }


def test_a_sidecar_that_lists_other_files_than_the_packet_has_is_told(tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(files=["scan.pdf"])})
    (candidate,) = candidates_in(tmp_path)
    put(tmp_path, {"scan.json": files.sidecar(files=["other.pdf"])})  # saved anew since the look
    checked = check_attachments(FS, tmp_path, candidate, scans_lane(tmp_path), TODAY)
    assert checked.problem is not None
    assert {fault.value for fault in checked.problem.details} == {"scan.pdf", "other.pdf"}


# --- What can go -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", files.every_type())
def test_every_type_of_the_contract_goes_under_its_own_mime_type(name: str, tmp_path: Path) -> None:
    put(tmp_path, {name: files.every_type()[name], "scan.json": files.sidecar()})
    expected = {
        "bmp": "image/bmp",
        "dcm": "application/dicom",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "gif": "image/gif",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "pdf": "application/pdf",
        "png": "image/png",
        "rtf": "application/rtf",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "txt": "text/plain",
    }
    checked = check(tmp_path)
    extension = name.rpartition(".")[2].lower()
    assert request_of(checked).files == ((name, expected[extension]),)
    assert bool(checked.warnings) is (extension not in {"jpg", "jpeg", "tif", "tiff", "pdf", "png"})


def test_the_metadata_goes_out_under_the_services_names(tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(claimId="  CLM-7\u00a0")})
    checked = check(tmp_path)
    assert request_of(checked).metadata == {
        "claimId": "CLM-7",
        "payerId": "60054",
        "memberId": "W00123456",
        "patientLastName": "Example",
        "patientFirstName": "Pat",
        "patientDateOfBirth": "1980-02-29",
        "dateOfService": "2026-01-15",
        "providerNPI": files.VALID_NPI,
        "submitterId": "SUB-001",
        "billingProviderTaxId": "012345678",
    }
    assert checked.claim == "CLM-7"
    assert request_of(checked).file_metadata == ()


def test_keys_count_whatever_their_case_and_separators(tmp_path: Path) -> None:
    loose = {"claimId": ..., "providerNPI": ..., "Claim ID": "CLM-7", "PROVIDER_npi": files.VALID_NPI}
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(**loose)})
    assert request_of(check(tmp_path)).metadata["claimId"] == "CLM-7"


@pytest.mark.parametrize("field", ["submitterId", "billingProviderTaxId", "providerNPI"])
@pytest.mark.parametrize("left_out", [..., "", "  ", None], ids=repr)
def test_the_stores_defaults_stand_in_for_what_the_sidecar_leaves_out(
    field: str, left_out: object, tmp_path: Path
) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(**{field: left_out})})
    defaults = {"submitter_id": "ours", "billing_provider_tax_id": "ours too", "provider_npi": "1245319599"}
    expected = {"submitterId": "ours", "billingProviderTaxId": "ours too", "providerNPI": "1245319599"}
    metadata = request_of(check(tmp_path, **defaults)).metadata
    assert metadata[field] == expected[field]
    assert {name for name in expected if metadata[name] == expected[name]} == {field}


def test_a_packet_subfolder_goes_under_the_names_relative_to_its_place(tmp_path: Path) -> None:
    put(
        tmp_path, {f"claim 7/page{page}.png": files.png() for page in (10, 9)} | {"claim 7/claim.json": files.sidecar()}
    )
    names = [name for name, _ in request_of(check(tmp_path)).files]
    assert names == ["claim 7/page9.png", "claim 7/page10.png"]


@pytest.mark.parametrize(
    "metadata",
    [
        [
            {
                "fileName": "SCAN.pdf",
                "dateOfService": "2026-01-14",
                "procedureCodes": "D2740, d0120",
                "toothNumbers": "3",
            }
        ],
        {"scan.pdf": {"serviceDate": "2026-01-14", "procedure_codes": ["D2740", "D0120"], "toothNumbers": [3]}},
        {"scan.pdf": {"serviceDate": "2026-01-14", "procedureCodes": "D2740,D0120", "toothNumbers": 3, "mimeType": ""}},
    ],
    ids=["the service's list", "by file name", "a plain number"],
)
def test_what_is_said_of_a_file_is_filled_in_and_written_one_way(metadata: object, tmp_path: Path) -> None:
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar(fileMetadata=metadata)})
    assert request_of(check(tmp_path)).file_metadata == (
        {
            "fileName": "scan.pdf",
            "mimeType": "application/pdf",
            "serviceDate": "2026-01-14",
            "procedureCodes": "D2740,D0120",
            "toothNumbers": "03",
        },
    )


def test_what_is_said_of_files_comes_in_the_order_of_the_files(tmp_path: Path) -> None:
    said = [
        {"fileName": name, "procedureCodes": "D0220", "toothNumbers": tooth}
        for name, tooth in (("scan.tif", "A"), ("scan.jpg", "14"))
    ]
    put(
        tmp_path,
        {"scan.jpg": files.jpeg(), "scan.tif": files.tiff(), "scan.json": files.sidecar(fileMetadata=said)},
    )
    request = request_of(check(tmp_path))
    assert [entry["fileName"] for entry in request.file_metadata] == [name for name, _ in request.files]
    assert [entry["serviceDate"] for entry in request.file_metadata] == ["2026-01-15"] * 2


def test_the_check_comes_to_the_same_on_the_packets_own_folder(tmp_path: Path) -> None:
    watched, own = tmp_path / "lane", tmp_path / "sending" / "packet"
    packet = {"claim/a.pdf": files.pdf(), "claim/b.png": files.png(), "claim/claim.json": files.sidecar()}
    put(watched, packet)
    put(own, packet)
    (candidate,) = candidates_in(watched)
    settings = scans_lane(watched)
    there, here = (check_attachments(FS, place, candidate, settings, TODAY) for place in (watched, own))
    assert here == there
    assert candidate.readiness is Readiness.READY


# --- What a duplicate has in common ----------------------------------------------------------------------------------


def fingerprint(folder: Path, name: str = "scan", **changes: Any) -> str:
    put(folder / name, {f"{name}.pdf": files.pdf(), f"{name}.json": files.sidecar(**changes)})
    return check(folder / name).fingerprint


def test_the_fingerprint_is_the_same_under_another_name_and_spelling(tmp_path: Path) -> None:
    first = fingerprint(tmp_path)
    again = fingerprint(tmp_path, "again", claimId=..., claim_id=" CLM-2026-000123")
    assert len(first) == 64
    assert again == first


@pytest.mark.parametrize("field", ["claimId", "memberId", "patientFirstName", "submitterId"])
def test_the_fingerprint_differs_with_any_field(field: str, tmp_path: Path) -> None:
    assert fingerprint(tmp_path) != fingerprint(tmp_path, "other", **{field: "other"})


def test_the_fingerprint_covers_what_is_said_of_each_file_but_not_its_name(tmp_path: Path) -> None:
    said = {"procedureCodes": "D2740", "toothNumbers": "14"}
    first = fingerprint(tmp_path, fileMetadata=[{**said, "fileName": "scan.pdf"}])
    assert fingerprint(tmp_path, "again", fileMetadata=[{**said, "fileName": "again.pdf"}]) == first
    other = [{**said, "fileName": "other.pdf", "toothNumbers": "15"}]
    assert fingerprint(tmp_path, "other", fileMetadata=other) != first
    assert fingerprint(tmp_path, "plain") != first
