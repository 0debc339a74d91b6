"""Whether a PDF or an RTF looks as if its end were there."""

from __future__ import annotations

import re
from typing import BinaryIO

from agent.intake.structure.reading import read_at, tail, unpadded_size

_TAIL = 64 * 1024  # web pages, mail systems and scanners add to a PDF's end
_COUNTED = 1024 * 1024
_BRACES = re.compile(rb"\\.|[{}]", re.DOTALL)
_PARAGRAPH = re.compile(rb"\\par(?![a-z])")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,512}?/L\s+(\d{1,12})\b")
_START = re.compile(rb"startxref\s+(\d{1,12})")
_TABLE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)")


def incomplete_pdf(stream: BinaryIO, size: int) -> str | None:
    """Look for the end mark, or for a pointer that leads to a table of contents.

    The first part of a linearized file has an end mark too, with a pointer to nothing: it is the end of no file.
    """
    ending = tail(stream, size, _TAIL)
    starts = _START.findall(ending)
    linearized = _LINEARIZED.search(read_at(stream, 0, 2048))
    if linearized and int(linearized[1]) > size and (not starts or int(starts[-1]) == 0):
        return f"only {size:,} of its {int(linearized[1]):,} bytes are there"
    led = bool(starts) and bool(_TABLE.match(read_at(stream, int(starts[-1]), 32)))
    return None if led or b"%%EOF" in ending else "the end of the PDF is missing"


def incomplete_rtf(stream: BinaryIO, size: int) -> str | None:
    """Look for the closing brace of the outermost group; in a very long document, for one at its end."""
    return "the end of the document is missing" if open_groups(stream, size) else None


def open_groups(stream: BinaryIO, size: int) -> int:
    """Return how many groups of an RTF document are still open at its end; 0 from where all were closed once."""
    kept = unpadded_size(stream, size)
    text = read_at(stream, 0, kept) if kept <= _COUNTED else b""
    if not text or b"\\bin" in text:  # raw bytes inside, in which braces mean nothing
        return int(tail(stream, size, 1) != b"}")
    depth = 0
    for brace in _BRACES.findall(text):
        depth += (brace == b"{") - (brace == b"}")
        if depth == 0 and brace == b"}":
            return 0
    return depth


def lacks_text_rtf(stream: BinaryIO, size: int) -> bool:
    """Tell whether text of an RTF document may be missing: not where only its very last brace is.

    Every program opens such a one. It ends behind a group all the same, and has had a paragraph: one that was cut off
    in its text, or between two of the tables that stand before it, is not whole.
    """
    missing = open_groups(stream, size)
    if missing != 1 or size > _COUNTED:
        return missing > 0
    text = read_at(stream, 0, unpadded_size(stream, size))
    return not (text.endswith(b"}") and _PARAGRAPH.search(text))
