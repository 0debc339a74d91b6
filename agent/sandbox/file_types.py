"""What a file is by its first bytes, as the attachments service looks at it. Pure.

The types are those of the contract ("Supported File Types" and the encoding of `files`).
"""

from __future__ import annotations

import re

PDF = "application/pdf"
TEXT = "text/plain"
RTF = "application/rtf"
DOC = "application/msword"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DICOM = "application/dicom"

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"{\\rtf", RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DOC),
)
_ANY = frozenset({PDF, TEXT, RTF, DOC, DOCX, DICOM, "image/bmp", *(kind for _, kind in _STARTS)})

# A declared type, and the contents that may stand under it; `text,rtf` is the contract's own spelling.
DECLARED: dict[str, frozenset[str]] = {
    "application/octet-stream": _ANY,
    "image/bmp": frozenset({"image/bmp"}),
    "image/x-ms-bmp": frozenset({"image/bmp"}),
    "image/jpeg": frozenset({"image/jpeg"}),
    "image/pjpeg": frozenset({"image/jpeg"}),
    "image/tiff": frozenset({"image/tiff"}),
    "image/x-tiff": frozenset({"image/tiff"}),
    "image/png": frozenset({"image/png"}),
    "image/gif": frozenset({"image/gif"}),
    PDF: frozenset({PDF}),
    TEXT: frozenset({TEXT, RTF}),
    "text/x-text": frozenset({TEXT, RTF}),
    DOC: frozenset({DOC, RTF}),
    DOCX: frozenset({DOCX}),
    DICOM: frozenset({DICOM}),
    "application/dicom+json": frozenset({TEXT}),
    "application/dicom+xml": frozenset({TEXT}),
    RTF: frozenset({RTF}),
    "text/rtf": frozenset({RTF}),
    "text,rtf": frozenset({RTF}),
}

_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def detect(head: bytes) -> str:
    """Return the MIME type of a file that begins with `head`; empty where the service takes no such file."""
    if head[128:132] == b"DICM":  # before the others: the 128 bytes ahead may begin as a TIFF (DICOM PS3.10, 7.1)
        return DICOM
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return DOCX if b"word/" in head else ""
    if head.startswith(b"BM") and len(head) >= 14 and head[6:10] == bytes(4):
        return "image/bmp"
    return TEXT if _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) > 2
    return bool(head) and _NOT_TEXT.search(head) is None
