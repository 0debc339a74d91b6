"""The file as it lies there: its digest, its format by content and not by extension, and its encoding."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO, Literal

from agent.intake.statements.problems import SAVE_AS, Unreadable, unreadable

Format = Literal["text", "workbook", "xml", "json"]

_CHUNK = 512 * 1024
_NOTHING_PENDING = (b"", 0)
_PICTURES = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_JSON = re.compile(r"\{|\[\s*[{\]]").match
_HTML = re.compile(r"<(?:!doctype html|html|head|body|table|meta|div|style)", re.IGNORECASE).match


@dataclass(frozen=True)
class Source:
    """An open statement file. `stream` stands at its start after `rewind`.

    `newline` is how its text is to be opened: `None` where lines may end with a carriage return alone.
    """

    name: str
    stream: BinaryIO
    format: Format
    encoding: str
    size: int
    sha256: str
    newline: str | None = None

    def rewind(self) -> BinaryIO:
        """Return the stream, at its start."""
        self.stream.seek(0)
        return self.stream


def examine(name: str, stream: BinaryIO) -> Source:
    """Read the whole file once, to know its digest and what it is. Raises `Unreadable` where it can be no table."""
    first = stream.read(_CHUNK)
    if not first.strip(b"\0 \t\r\n"):
        raise unreadable(name, "it is empty")
    kind, encoding = _recognised(name, first)
    text = kind == "text"
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = encoding in ("", "utf-8-sig")
    digest, size, chunk = hashlib.sha256(), 0, first
    newline: str | None = "\n"
    while chunk:
        digest.update(chunk)
        size += len(chunk)
        if text:
            _check_text(name, chunk, wide=encoding.startswith("utf-16"))
            if is_utf8 and not (chunk.isascii() and utf8.getstate() == _NOTHING_PENDING):
                is_utf8 = _decodes(utf8, chunk)
            if b"\n" not in chunk:
                newline = None
        chunk = stream.read(_CHUNK)
    if text and not encoding:
        encoding = "utf-8" if is_utf8 and _decodes(utf8, b"", final=True) else "cp1252"
    return Source(name, stream, kind, encoding, size, digest.hexdigest(), newline)


def _recognised(name: str, first: bytes) -> tuple[Format, str]:
    if first.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return "workbook", ""
    if first.startswith(_PICTURES):
        raise unreadable(name, "it is a picture or a PDF, not a list of statements")
    encoding = _wide_encoding(first)
    start = first[:4096].decode(encoding or "latin-1", "replace").lstrip("\ufeff \t\r\n")
    if _JSON(start):
        return "json", encoding or "utf-8"
    if start.startswith("<"):
        if _HTML(start):
            raise unreadable(name, "it is a web page, though it is named like a table", SAVE_AS)
        return "xml", encoding
    return "text", encoding


def _wide_encoding(first: bytes) -> str:
    """Return what a byte-order mark says, or UTF-16 where every other byte is zero; else an empty string."""
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = first[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) * 0.35 and not even:
        return "utf-16-le"
    if even > len(sample) * 0.35 and not odd:
        return "utf-16-be"
    return ""


def _check_text(name: str, chunk: bytes, *, wide: bool) -> None:
    """A chunk without any line end is a line that no practice writes; a zero byte is no text."""
    if not wide and 0 in chunk:
        raise unreadable(name, "it is not a text file, or it is damaged (it has zero bytes in it)")
    if len(chunk) == _CHUNK and b"\n" not in chunk and b"\r" not in chunk:
        raise _endless(name)


def _endless(name: str) -> Unreadable:
    return unreadable(name, "one of its lines is longer than any table's row")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
