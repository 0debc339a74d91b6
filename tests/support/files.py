"""Real files of every type that the attachments service takes, and sidecars. Synthetic people only."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

VALID_NPI = "1234567893"


def sidecar(**changes: Any) -> bytes:
    """A sidecar that is right. A field given as `...` is left out; any other value replaces it or is added."""
    fields: dict[str, Any] = {
        "claimId": "CLM-2026-000123",
        "payerId": "60054",
        "memberId": "W00123456",
        "patientLastName": "Example",
        "patientFirstName": "Pat",
        "patientDateOfBirth": "1980-02-29",
        "dateOfService": "2026-01-15",
        "providerNPI": VALID_NPI,
        "submitterId": "SUB-001",
        "billingProviderTaxId": "012345678",
    }
    fields |= changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}, indent=2).encode()


@cache
def pdf(pages: int = 2) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made, invariant=1)
    for page in range(1, pages + 1):
        canvas.drawString(72, 720, f"Periapical X-ray, page {page}")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


@cache
def encrypted_pdf(password: str = "secret", to_open: bool = True) -> bytes:
    """A PDF that asks for a password to open; or, with `to_open` False, to change it only."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(pdf())))
    writer.encrypt(user_password=password if to_open else "", owner_password=password, algorithm="AES-256")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@cache
def compressed_pdf(encrypted: bool = False) -> bytes:
    """A PDF with a cross-reference stream instead of a table, as newer programs write."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]
    made, places = b"%PDF-1.5\n", [0]
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    places.append(start)
    rows = b"".join(struct.pack(">BHB", int(place > 0), place, 0) for place in places)
    lock = b" /Encrypt 9 0 R" if encrypted else b""
    head = b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 2 1] /Root 1 0 R%s /Length %d >>\nstream\n" % (lock, len(rows))
    return made + head + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start


def _picture(width: int = 64, height: int = 48) -> Any:
    from PIL import Image

    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


@cache
def jpeg(width: int = 64, thumbnail: bool = False) -> bytes:
    """A JPEG; with `thumbnail`, another whole JPEG stands in its metadata, as cameras write it."""
    made = io.BytesIO()
    extra = {"exif": b"Exif\0\0" + bytes(64) + jpeg()} if thumbnail else {}
    _picture(width).save(made, "JPEG", **extra)
    return made.getvalue()


@cache
def png() -> bytes:
    return _saved("PNG")


@cache
def gif() -> bytes:
    return _saved("GIF")


@cache
def bmp() -> bytes:
    return _saved("BMP")


def _saved(kind: str, **options: Any) -> bytes:
    made = io.BytesIO()
    _picture().save(made, kind, **options)
    return made.getvalue()


@cache
def tiff(pages: int = 3, big: bool = False) -> bytes:
    """A TIFF, or BigTIFF, of several pages, its last directory at the end of the file."""
    others = [_picture(64 + page, 48) for page in range(1, pages)]
    return _saved("TIFF", save_all=True, append_images=others, big_tiff=big)


@cache
def docx() -> bytes:
    import docx as python_docx

    made = io.BytesIO()
    document = python_docx.Document()
    document.add_paragraph("Narrative for the claim: crown on tooth 14.")
    document.save(made)
    return made.getvalue()


@cache
def xlsx() -> bytes:
    import xlsxwriter

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "not a document")
    return made.getvalue()


@cache
def xls() -> bytes:
    import xlwt

    made = io.BytesIO()
    book = xlwt.Workbook()
    book.add_sheet("Sheet").write(0, 0, "not a document")
    book.save(made)
    return made.getvalue()


@cache
def zip_archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("scan.txt", "not a document")
    return made.getvalue()


@cache
def doc(stream: str = "WordDocument", flags: int = 0) -> bytes:
    """A compound file of version 3 by [MS-CFB], with one stream of nine sectors: a Word 97 document's frame."""
    free, end, table_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    content = struct.pack("<HH6xH", 0xA5EC, 0x00C1, flags) + b"Narrative for the claim. " * 180
    content = content.ljust(9 * 512, b"\0")
    table = [table_mark, end, *range(3, 11), end]  # the table, the directory, nine sectors in a chain
    table += [free] * (128 - len(table))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *([free] * 108))
    entries = [_entry("Root Entry", 5, end, 0, child=1), _entry(stream, 2, 2, len(content), child=free)]
    directory = b"".join(entries) + _entry("", 0, 0, 0, free) * 2
    return header + struct.pack("<128I", *table) + directory + content


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    none = 0xFFFFFFFF
    spelled = name.encode("utf-16-le")
    length = len(spelled) + 2 if name else 0
    links = struct.pack("<III", none, none, child) + bytes(16 + 4 + 16)
    return spelled.ljust(64, b"\0") + struct.pack("<HBB", length, kind, 1) + links + struct.pack("<IQ", start, size)


def rtf() -> bytes:
    return b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs24 Narrative for the claim.\\par}\r\n"


def txt() -> bytes:
    return "Narrative for the claim: crown on tooth 14.\r\n".encode("cp1252")


@cache
def dicom(name: str = "CT_small.dcm") -> bytes:
    """One of the files that pydicom's package carries for its own tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydicom.data import get_testdata_file

        found = get_testdata_file(name, download=False)
    assert isinstance(found, str), f"pydicom does not carry {name}"
    return Path(found).read_bytes()


def every_type() -> dict[str, bytes]:
    """One whole file of each type that the service takes, by a name that fits."""
    return {
        "scan.pdf": pdf(),
        "scan.jpg": jpeg(),
        "scan.jpeg": jpeg(thumbnail=True),
        "scan.png": png(),
        "scan.gif": gif(),
        "scan.bmp": bmp(),
        "scan.tif": tiff(),
        "scan.TIFF": tiff(big=True),
        "scan.docx": docx(),
        "scan.doc": doc(),
        "scan.rtf": rtf(),
        "scan.txt": txt(),
        "scan.DCM": dicom(),
    }
