"""Whether a PDF or an RTF has its end, and whether a PDF is locked."""

from __future__ import annotations

import re
from typing import BinaryIO

from agent.intake.structure.reading import read_at, tail

_TAIL = 2048  # readers look for the end in the last 1,024 bytes; some programs add a line of their own
_TRAILER = 64 * 1024
_COUNTED = 1024 * 1024
_BRACES = re.compile(rb"\\.|[{}]", re.DOTALL)
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,512}?/L\s+(\d{1,12})\b")
_START = re.compile(rb"startxref\s+(\d{1,12})\s")
_ENCRYPT = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")


def incomplete_pdf(stream: BinaryIO, size: int) -> str | None:
    """Look for `%%EOF` near the end, and hold a linearized file's own length against the size."""
    linearized = _LINEARIZED.search(read_at(stream, 0, 2048))
    if linearized and int(linearized[1]) > size:
        return f"only {size:,} of its {int(linearized[1]):,} bytes are there"
    return None if b"%%EOF" in tail(stream, size, _TAIL) else "the end of the PDF is missing"


def incomplete_rtf(stream: BinaryIO, size: int) -> str | None:
    """Look for the closing brace; in a document of ordinary size, for the one of the outermost group."""
    cut = "the end of the document is missing"
    if tail(stream, size, 1) != b"}":
        return cut
    text = read_at(stream, 0, size) if size <= _COUNTED else b""
    if b"\\bin" in text:  # raw bytes inside, in which braces mean nothing
        return None
    braces = _BRACES.findall(text)
    return cut if braces.count(b"{") > braces.count(b"}") else None


def is_encrypted_pdf(stream: BinaryIO, size: int) -> bool:
    """Tell whether the PDF is encrypted, be it only against printing or copying (ISO 32000, 7.5.5 and 7.6).

    The newest trailer says so. It stands before `startxref` at the end, or, with a cross-reference stream and in
    linearized files, at the place that `startxref` names. Both are looked at: 68 KiB at most, whatever the file's size.
    """
    ending = tail(stream, size, 2 * _TAIL)
    trailer = ending.rfind(b"trailer")
    if trailer >= 0 and _ENCRYPT.search(ending, trailer):
        return True
    starts = _START.findall(ending)
    if not starts:
        return False
    place = read_at(stream, int(starts[-1]), _TRAILER)
    if place.startswith(b"xref"):
        trailer = place.find(b"trailer")
        return trailer >= 0 and bool(_ENCRYPT.search(place, trailer, _end(place, b"startxref", trailer)))
    return bool(_ENCRYPT.search(place, 0, _end(place, b"stream", 0)))


def _end(data: bytes, word: bytes, start: int) -> int:
    found = data.find(word, start)
    return len(data) if found < 0 else found
