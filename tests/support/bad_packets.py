"""Packets that cannot go, each with what must be said of it: for tests of the intake and of the whole way through.

`settles` is False where a file looks incomplete: the whole way through it then waits, and its reader decides. A sidecar
that never becomes complete fails with the code `incomplete`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.support import files

TODAY = date(2026, 7, 4)
"""The day on which the packets are checked."""


@dataclass(frozen=True)
class BadPacket:
    """Files by name, and the problem's code and words that must occur in it."""

    id: str
    files: Mapping[str, bytes]
    code: str
    words: tuple[str, ...]
    settles: bool = True


def _with_sidecar(data: bytes) -> dict[str, bytes]:
    return {"scan.pdf": files.pdf(), "scan.json": data}


def _fields(case: str, *words: str, **changes: Any) -> BadPacket:
    return BadPacket(case, _with_sidecar(files.sidecar(**changes)), "sidecar-fields", words)


def _unreadable(case: str, data: bytes | str, *words: str) -> BadPacket:
    data = data.encode() if isinstance(data, str) else data
    return BadPacket(case, _with_sidecar(data), "sidecar-unreadable", ("scan.json", *words))


def _file(case: str, name: str, data: bytes, *words: str, settles: bool = True) -> BadPacket:
    packet = {name: data, "scan.json": files.sidecar()}
    return BadPacket(case, packet, "files-unsuitable", (name, *words), settles)


def _listing(case: str, names: Any, *words: str) -> BadPacket:
    packet = {"scan.pdf": files.pdf(), "claim.json": files.sidecar(files=names)}
    return BadPacket(case, packet, "sidecar-fields", words)


def _metadata(case: str, value: Any, *words: str) -> BadPacket:
    return _fields(case, *words, fileMetadata=value)


def _entry(**changes: Any) -> dict[str, Any]:
    entry = {"fileName": "scan.pdf", "procedureCodes": "D2740", "toothNumbers": "14"} | changes
    return {name: value for name, value in entry.items() if value is not ...}


def _text() -> str:
    return files.sidecar().decode()


def _unreadable_sidecars() -> list[BadPacket]:
    good = _text()
    return [
        _unreadable("comma-at-the-end", good.replace('"\n}', '",\n}'), "comma before the closing bracket", "line 12"),
        _unreadable("comma-missing", good.replace(",\n", "\n", 1), "line 3, column 3", "comma is missing"),
        _unreadable("single-quotes", good.replace('"', "'"), "line 2, column 3", "straight double quotes"),
        _unreadable("curly-quotes", good.replace('"claimId"', "“claimId”"), "straight double quotes"),
        _unreadable("name-without-quotes", good.replace('"claimId"', "claimId"), "name in double quotes"),
        _unreadable(
            "value-without-quotes", good.replace('"60054"', "AB054"), "line 3", "has to stand in double quotes"
        ),
        _unreadable("leading-zero", good.replace('"60054"', "01234"), "cannot begin with 0", "in double quotes"),
        _unreadable("backslash-alone", good.replace("CLM-", "C:\\Scans-"), "backslash stands alone", "line 2"),
        _unreadable("quote-not-closed", good.replace('60054",', "60054,"), "line 3", "closing quote is missing"),
        _unreadable("colon-missing", good.replace('": "60054', '" "60054'), "colon is missing"),
        _unreadable("value-missing", good.replace('"60054"', ""), "a value is missing here"),
        _unreadable("two-commas", good.replace(",\n", ",,\n", 1), "one comma too many"),
        _unreadable("remark", good.replace("{\n", "{\n  // for the crown\n", 1), "remark", "line 2, column 3"),
        _unreadable("two-objects", good + good, "follows after the closing bracket"),
        _unreadable("not-a-number", good.replace('"60054"', "NaN"), "line 3", "NaN is not a value"),
        _unreadable("too-deep", '{"files": ' + "[" * 90_000 + "]" * 90_000 + "}", "brackets within brackets"),
        _unreadable("too-deep-for-a-sidecar", '{"files": ' + "[" * 30 + "]" * 30 + "}", "brackets within brackets"),
        _unreadable("a-list", "[" + good + "]", "holds a list", "begins with {"),
        _unreadable("a-text", '"CLM-1"', "holds a text"),
        _unreadable("not-utf-8", good.replace("Pat", "José").encode("cp1252"), "line 6", "not UTF-8"),
        _unreadable("too-large", b"{" + b" " * 1_100_000 + b"}", "larger than 1 MiB"),
        BadPacket("sidecar-empty", _with_sidecar(b""), "sidecar-unreadable", ("it is empty",), settles=False),
        BadPacket(
            "sidecar-cut-short",
            _with_sidecar(good[: good.index("dateOfService")].encode()),
            "sidecar-unreadable",
            ("line 8", "no closing quote"),
            settles=False,
        ),
    ]


def _fields_that_are_wrong() -> list[BadPacket]:
    return [
        _fields("claim-id-missing", "claim ID is missing", '"claimId"', claimId=...),
        _fields("claim-id-blank", "claim ID is missing", claimId="   "),
        _fields("claim-id-null", "claim ID is missing", claimId=None),
        _fields("claim-id-too-long", "51 characters are too many", "At most 50", claimId="C" * 51),
        _fields("last-name-too-long", "76 characters", "At most 75", patientLastName="x" * 76),
        _fields("unknown-key", "claimID2", 'Did you mean "claimId"?', claimId=..., claimID2="CLM-1"),
        _fields("unknown-key-like-none", "favouriteColour", "Take it out", favouriteColour="blue"),
        _fields("key-in-two-spellings", '"claimId" and "claim_id" are the same field', "Keep one", claim_id="CLM-2"),
        _fields("inside-and-outside", 'both inside and outside of "request"', request={"claimId": "CLM-2"}),
        _fields("request-not-an-object", '"request" holds a text', request="CLM-2"),
        BadPacket(
            "key-twice",
            _with_sidecar(_text().replace("{\n", '{\n  "claimId": "CLM-9",\n', 1).encode()),
            "sidecar-fields",
            ('"claimId" stands there twice',),
        ),
        _fields("number-for-an-id", "loses its leading zeros", '"memberId": "12345"', memberId=12345),
        _fields("list-for-a-name", '"patientLastName" holds a list', patientLastName=["Example"]),
        _fields("payer-id-too-short", "exactly 5 letters or digits", "6005", payerId="6005"),
        _fields("payer-id-with-a-dash", "exactly 5 letters or digits", payerId="60-54"),
        _fields("npi-with-a-bad-digit", "1234567890", "last digit does not fit", providerNPI="1234567890"),
        _fields("npi-too-short", "exactly 10 digits", providerNPI="123456789"),
        _fields("npi-in-other-digits", "exactly 10 digits", providerNPI="١٢٣٤٥٦٧٨٩٣"),
        _fields("30-february", "no 30 February 2026", "28 days", dateOfService="2026-02-30"),
        _fields("29-february", "no 29 February 2025", dateOfService="2025-02-29"),
        _fields("month-13", "no month 13", dateOfService="2026-13-01"),
        _fields("american-date", "01/15/2026", "Write it as 2026-01-15", dateOfService="01/15/2026"),
        _fields("date-with-time", "Write it as 2026-01-15", dateOfService="2026-01-15T00:00:00"),
        _fields("date-in-words", "YYYY-MM-DD", dateOfService="January 15th"),
        _fields("service-in-the-future", "in the future", "2026-07-04", dateOfService="2026-07-05"),
        _fields("born-after-service", "after the date of service", patientDateOfBirth="2026-02-01"),
        _fields("born-before-1900", "before 1900", patientDateOfBirth="1899-12-31"),
        _fields("line-break-in-a-name", "a line break", patientLastName="Exa\nmple"),
        _fields("control-character", "Character 4 is a control character", claimId="CLM\u0007"),
        _fields("half-a-character", "half a character", "\\ud800", patientLastName="Ex\ud800ample"),
        BadPacket(
            "all-at-once",
            _with_sidecar(files.sidecar(claimId=..., payerId="1", providerNPI="1234567890", extra="x")),
            "sidecar-fields",
            ("extra", "claim ID is missing", "exactly 5", "last digit", "3 more things"),
        ),
        BadPacket("empty-object", _with_sidecar(b"{}"), "sidecar-fields", ("claim ID is missing", "NPI is missing")),
    ]


def _lists_of_files() -> list[BadPacket]:
    return [
        _listing("path-upwards", ["../secret.pdf"], "../secret.pdf", "leads out of the folder"),
        _listing("path-with-backslash", ["..\\secret.pdf"], "leads out of the folder"),
        _listing("path-absolute", ["/etc/passwd"], "leads out of the folder"),
        _listing("path-drive", ["C:secret.pdf"], "leads out of the folder"),
        _listing("path-share", ["\\\\server\\share\\secret.pdf"], "leads out of the folder"),
        _listing("path-into-a-folder", ["sub/scan.pdf"], "leads out of the folder"),
        _listing("path-dots", [".."], "leads out of the folder"),
        _listing("device", ["CON.pdf"], "name of a device"),
        _listing("device-port", ["com1"], "name of a device"),
        _listing("other-stream-of-a-file", ["scan.pdf:hidden"], "no file name can have"),
        _listing("blank-name", [" "], "blank"),
        _listing("name-ends-with-a-stop", ["scan.pdf."], "full stop"),
        _listing("itself", ["Claim.JSON"], "the sidecar itself"),
        _listing("another-sidecar", ["other.json"], "a sidecar itself"),
        _listing("a-hidden-file", ["~$scan.docx"], "never picks up"),
        _listing("listed-twice", ["scan.pdf", "SCAN.pdf"], "listed twice"),
        _listing("not-a-list", "scan.pdf", '"files" holds a text'),
        _listing("not-names", [12], "has a number in it"),
        _listing("an-empty-list", [], "lists 0 files"),
        _listing("11-listed", [f"page{page}.pdf" for page in range(11)], "lists 11 files"),
    ]


def _what_it_says_of_files() -> list[BadPacket]:
    return [
        _metadata("metadata-not-a-list", "D2740", '"fileMetadata" holds a text'),
        _metadata(
            "metadata-of-no-file", [_entry(), _entry(fileName="other.pdf")], "names other.pdf, which is not one of"
        ),
        _metadata("metadata-twice", [_entry(), _entry()], "two entries for scan.pdf"),
        _metadata("metadata-without-a-name", [_entry(fileName=...)], "has no file name"),
        _metadata("metadata-mime", [_entry(mimeType="image/png")], "image/png does not fit a PDF"),
        _metadata("metadata-code", [_entry(procedureCodes=["D274"])], "D274 is not a procedure code"),
        _metadata("metadata-tooth", [_entry(toothNumbers="14, 33")], "33 is not a tooth"),
        _metadata(
            "metadata-no-teeth", {"scan.pdf": _entry(fileName=..., toothNumbers=[])}, "tooth numbers are missing"
        ),
        _metadata("metadata-date", [_entry(serviceDate="2026-02-30")], "no 30 February 2026"),
        _metadata("metadata-unknown-key", [_entry(tooth="14")], "tooth", "not a field"),
        BadPacket(
            "metadata-for-some-files",
            {
                "scan.pdf": files.pdf(),
                "scan.png": files.png(),
                "scan.json": files.sidecar(fileMetadata=[_entry()]),
            },
            "sidecar-fields",
            ("scan.png has no entry", "other files have one"),
        ),
    ]


def _files_that_are_wrong() -> list[BadPacket]:
    jpeg = files.jpeg()
    return [
        _file("png-called-pdf", "scan.pdf", files.png(), "a PNG picture", "Rename it to scan.png"),
        _file("rtf-called-doc", "scan.doc", files.rtf(), "an RTF document", "Rename it to scan.rtf"),
        _file("pdf-called-txt", "scan.txt", files.pdf(), "a PDF", "Rename it to scan.pdf"),
        _file("xlsx-called-docx", "scan.docx", files.xlsx(), "an Excel workbook"),
        _file("zip-called-docx", "scan.docx", files.zip_archive(), "a ZIP archive"),
        _file("xls-called-doc", "scan.doc", files.xls(), "an Excel 97-2003 workbook"),
        _file("ole-called-doc", "scan.doc", files.doc("Other"), "no Word document"),
        _file("binary-called-txt", "scan.txt", b"note\0note", "does not take"),
        _file("heic-called-jpg", "scan.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIF", "as a JPG"),
        _file("type-not-taken", "scan.csv", b"a,b\r\n1,2\r\n", "not of a type that the service takes", "RTF"),
        _file("no-ending", "scan", files.pdf(), "has no ending", "Rename it to scan.pdf"),
        _file("locked-pdf", "scan.pdf", files.encrypted_pdf(), "locked with a password", "print it to a new PDF"),
        _file("empty", "scan.pdf", b"", "is empty", settles=False),
        _file("only-zeros", "scan.pdf", bytes(5000), "nothing in it", settles=False),
        _file("pdf-without-a-page", "scan.pdf", files.compressed_pdf(), "has no page", "print it to a new PDF"),
        _file(
            "cut-pdf", "scan.pdf", files.pdf()[:1300], "what page 2 shows is not all there", "new PDF", settles=False
        ),
        _file("cut-jpeg", "scan.jpg", jpeg[:-40], "part of the picture is missing", "Scan it again", settles=False),
        _file("cut-png", "scan.png", files.png()[:-40], "part of the picture is missing", settles=False),
        _file("cut-gif", "scan.gif", files.gif()[:-40], "part of the picture is missing", settles=False),
        _file("cut-bmp", "scan.bmp", files.bmp()[:-40], "part of the picture is missing", settles=False),
        _file("cut-tiff", "scan.tif", files.tiff()[:-40], "page 3 of 3", settles=False),
        _file("cut-docx", "scan.docx", files.docx()[:-40], "is missing", "Open it in Word", settles=False),
        _file("cut-doc", "scan.doc", files.doc()[:-1024], "part of the document", "Open it in Word", settles=False),
        _file("cut-rtf", "scan.rtf", files.rtf()[:30], "the end of the document is missing", settles=False),
        _file("cut-dicom", "scan.dcm", files.dicom()[:-400], "part of its data is missing", "X-ray", settles=False),
        _file("locked-doc", "scan.doc", files.doc(flags=0x0100), "locked with a password", "in Word"),
        _file("locked-docx", "scan.docx", files.doc("EncryptedPackage"), "locked with a password", "without one"),
        _file("web-page-called-doc", "scan.doc", b"<html><p>Narrative</p></html>", "a web page", "Open it in Word"),
        BadPacket(
            "11-files",
            {f"scan/page{page}.png": files.png() for page in range(11)} | {"scan/claim.json": files.sidecar()},
            "files-unsuitable",
            ("11 files", "At most 10"),
        ),
        BadPacket(
            "fields-and-files",
            {"scan.pdf": files.png(), "scan.json": files.sidecar(claimId=...)},
            "several-faults",
            ("claim ID is missing", "a PNG picture"),
        ),
        BadPacket(
            "broken-sidecar-and-files",
            {"scan.pdf": files.png(), "scan.json": b"{,}"},
            "sidecar-unreadable",
            ("one comma too many",),
        ),
    ]


def _what_does_not_belong_together() -> list[BadPacket]:
    two = {"scan.pdf": files.pdf(), "scan.json": files.sidecar(), "scan.pdf.json": files.sidecar()}
    inner = {"claim/scan.pdf": files.pdf(), "claim/claim.json": files.sidecar(), "claim/old/other.pdf": files.pdf()}
    both = {"claim/scan.pdf": files.pdf(), "claim/a.json": files.sidecar(), "claim/b.json": files.sidecar()}
    unlisted = {"claim/scan.pdf": files.pdf(), "claim/other.pdf": files.pdf()}
    return [
        BadPacket("two-sidecars", two, "two-sidecars", ("scan.json and scan.pdf.json", "scan.pdf")),
        BadPacket(
            "two-lists",
            {
                "scan.pdf": files.pdf(),
                "a.json": files.sidecar(files=["scan.pdf"]),
                "b.json": files.sidecar(files=["scan.pdf"]),
            },
            "two-sidecars",
            ("a.json and b.json", "scan.pdf"),
        ),
        BadPacket(
            "one-sidecar-or-two-packets",
            {"scan.pdf": files.pdf(), "scan.pdf.png": files.png(), "scan.pdf.json": files.sidecar()},
            "sidecar-ambiguous",
            ("scan.pdf.json", "scan.pdf.png"),
        ),
        BadPacket("two-sidecars-in-a-folder", both, "folder-several-sidecars", ("claim", "a.json and b.json")),
        BadPacket("a-folder-in-a-folder", inner, "folder-inside-folder", ("claim", "claim/old")),
        BadPacket(
            "unlisted-in-a-folder",
            unlisted | {"claim/claim.json": files.sidecar(files=["scan.pdf"])},
            "folder-unlisted-files",
            ("other.pdf", "claim.json"),
        ),
    ]


def bad_packets() -> list[BadPacket]:
    """Every packet that cannot go."""
    return [
        *_unreadable_sidecars(),
        *_fields_that_are_wrong(),
        *_lists_of_files(),
        *_what_it_says_of_files(),
        *_files_that_are_wrong(),
        *_what_does_not_belong_together(),
    ]


def everything_said(problem: Any) -> str:
    """All the words of a problem, as a person would read them, for `words` to occur in."""
    details = (f"{fault.where} {fault.value} {fault.message}" for fault in problem.details)
    return "\n".join([problem.sentence, problem.what_to_do, *details])
