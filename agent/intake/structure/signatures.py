"""What a file is, told by its first bytes: a name says only what someone called it."""

from __future__ import annotations

import re
from enum import StrEnum

HEAD_SIZE = 4096

_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
_PDF_HEADER_WITHIN = 1024  # ISO 32000: readers accept other bytes before the header, within the first 1,024


# Group 0002 or 0008, an element that such files begin with, its kind by letters or a short length: no preamble.
_BARE_DICOM = re.compile(
    rb"[\x02\x08]\0[\0-\x20]\0(?:(?:UI|CS|UL|OB|DA|TM|SH|LO|IS|AE|DT)..|[\x02-\x80]\0\0\0)", re.DOTALL
).match


# At the beginning, behind a line's end or behind what is no text; or as Acrobat allows it (ISO 32000-1, annex H). A
# text may name it anywhere else, and then no object follows.
_PDF_HEADER = re.compile(rb"(?:\A|[^\x20-\x7e])%PDF-|\A%!PS-Adobe-\d\.\d PDF-\d\.\d").search


_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b").search


class Signature(StrEnum):
    """A kind of file that its first bytes give away."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    ZIP = "zip"
    OLE = "ole"
    RTF = "rtf"
    DICOM = "dicom"


_BEGINNINGS = (
    (b"\xff\xd8\xff", Signature.JPEG),
    (b"\x89PNG\r\n\x1a\n", Signature.PNG),
    (b"GIF87a", Signature.GIF),
    (b"GIF89a", Signature.GIF),
    (b"II*\0", Signature.TIFF),
    (b"MM\0*", Signature.TIFF),
    (b"II+\0", Signature.TIFF),
    (b"MM\0+", Signature.TIFF),
    (b"PK\x03\x04", Signature.ZIP),
    (b"PK\x05\x06", Signature.ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Signature.OLE),
    (b"{\\rtf", Signature.RTF),
)


def signature(head: bytes) -> Signature | None:
    """Return the kind of file that begins with `head` (its first 4 KiB), or None where nothing gives it away."""
    if head[128:132] == b"DICM":
        return Signature.DICOM  # first of all: before it there is room for another format's header, often TIFF's
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{\\rtf"):
        return Signature.RTF
    if _BARE_DICOM(head):
        return Signature.DICOM
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return Signature.BMP
    begun = head[:_PDF_HEADER_WITHIN]
    if _PDF_HEADER(begun) or (b"%PDF-" in begun and _OBJECT(head)):
        return Signature.PDF
    return None


def begins_like_one(head: bytes) -> bool:
    """Tell whether `head`, a whole file, is the first few bytes of a known kind: a slow writer's first step."""
    beginnings = (*(beginning for beginning, _ in _BEGINNINGS), b"%PDF-")
    return 0 < len(head) < 8 and any(beginning.startswith(head) for beginning in beginnings)
