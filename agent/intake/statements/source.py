"""The file as it lies there: its digest, its format by content and not by extension, and its encoding."""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal, Self, cast

from agent.intake.statements.code_pages import code_page
from agent.intake.statements.problems import SAVE_AS, Unreadable, unreadable

Format = Literal["text", "workbook", "xml", "json"]

_CHUNK = 512 * 1024
_NOTHING_PENDING = (b"", 0)
_PICTURES = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_JSON = re.compile(r"\{|\[\s*[{\]]").match
_HTML = re.compile(
    r"(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<\s*(?:!doctype\s+html|html|head|body|table|tr|meta|div|span|style|title|script|p|font"
    r"|center)\b",
    re.IGNORECASE | re.DOTALL,
).match
_MHTML = re.compile(
    r"(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*?(?:MIME-Version|Content-Type:\s*multipart/related)", re.I
).match
_EXCEL_XML = "urn:schemas-microsoft-com:office:spreadsheet"
_OPEN_XML = "urn:oasis:names:tc:opendocument"
_BEFORE_97 = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00\x00\x05")
_OLD_TABLE = re.compile(r"ID;P|TABLE\r?\n0,1\r?\n").match  # SYLK, DIF
_PADDING = b"\0\x1a"  # what DOS programs and copied blocks leave at the end


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
    end: int | None = None
    notes: tuple[str, ...] = ()
    _kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what reading the file has opened."""
        while self._kept:
            self._kept.popitem()[1].close()

    def kept(self, what: str, make: Callable[[], Any]) -> Any:
        """Return what `make` opens, which is opened once and closed with the source."""
        if what not in self._kept:
            self._kept[what] = make()
        return self._kept[what]

    def rewind(self) -> BinaryIO:
        """Return the stream, at its start; it ends where the text ends, with nothing of what pads it."""
        self.stream.seek(0)
        if self.end is None:
            return self.stream
        return cast("BinaryIO", io.BufferedReader(_Until(self.stream, self.end)))


class _Until(io.RawIOBase):
    """The beginning of a stream."""

    def __init__(self, stream: BinaryIO, end: int) -> None:
        self._stream = stream
        self._left = end

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on, until the end."""
        data = self._stream.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def examine(name: str, stream: BinaryIO) -> Source:
    """Read the whole file once, to know its digest and what it is. Raises `Unreadable` where it can be no table."""
    first = stream.read(_CHUNK)
    if not first.strip(b"\0 \t\r\n"):
        raise unreadable(name, "it is empty")
    kind, encoding = _recognised(name, first)
    text = kind == "text"
    wide = encoding.startswith(("utf-16", "utf-32"))
    ends = _line_ends(encoding if wide else "")
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = encoding in ("", "utf-8-sig")
    digest, size, end, chunk = hashlib.sha256(), 0, 0, first
    newline: str | None = "\n"
    while chunk:
        digest.update(chunk)
        filled = chunk if wide or kind == "workbook" else chunk.rstrip(_PADDING)
        if text:
            has_lf, has_cr = ends(chunk)
            if len(chunk) == _CHUNK and not (has_lf or has_cr):
                raise _endless(name)
            _check_text(name, filled, padded=bool(filled) and end < size, wide=wide)
            if is_utf8 and not (filled.isascii() and utf8.getstate() == _NOTHING_PENDING):
                is_utf8 = _decodes(utf8, filled)
            if not has_lf:
                newline = None
        end = size + len(filled) if filled else end
        size += len(chunk)
        chunk = stream.read(_CHUNK)
    notes: tuple[str, ...] = ()
    until = end if end < size else None
    if text and until is not None and _ends_in_zeros(stream, size):
        notes = (_PADDED,)
    if text and not encoding:
        encoding = "utf-8"
        if not (is_utf8 and _decodes(utf8, b"", final=True)):
            encoding, said = code_page(name, Source(name, stream, kind, "latin-1", size, "", None, until).rewind())
            notes += said
    return Source(name, stream, kind, encoding, size, digest.hexdigest(), newline, until, notes)


_PADDED = (
    "The file ends in empty space, as a copy does that has not arrived whole. What stands before it was sent: look "
    "whether the last rows are there."
)


def _ends_in_zeros(stream: BinaryIO, size: int) -> bool:
    stream.seek(size - 1)
    return stream.read(1) == b"\0"


def _recognised(name: str, first: bytes) -> tuple[Format, str]:
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return "workbook", ""
    if first.startswith(_BEFORE_97):
        raise unreadable(name, "it is a workbook of an Excel from before 1997", SAVE_AS)
    if first.startswith(_PICTURES):
        raise unreadable(name, "it is a picture or a PDF, not a list of statements")
    encoding = _wide_encoding(first)
    start = first[:4096].decode(encoding or "latin-1", "replace").lstrip("\ufeff \t\r\n")
    if _JSON(start):
        return "json", encoding or "utf-8"
    if _HTML(start) or _MHTML(start):
        raise unreadable(name, "it is a web page, though it is named like a table", SAVE_AS)
    if start.startswith("<"):
        if _EXCEL_XML in start:
            raise unreadable(name, "it is an Excel table of the 2003 XML kind", SAVE_AS)
        if _OPEN_XML in start:
            raise unreadable(name, "it is an OpenDocument spreadsheet", SAVE_AS)
        return "xml", encoding
    if _OLD_TABLE(start):
        raise unreadable(name, "it is a table of an old kind (SYLK or DIF)", SAVE_AS)
    return "text", encoding


def _wide_encoding(first: bytes) -> str:
    """Return what a byte-order mark says, or UTF-16 where every other byte is zero; else an empty string."""
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
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


def _check_text(name: str, chunk: bytes, *, padded: bool, wide: bool) -> None:
    """A zero byte before the end is no text."""
    if not wide and (0 in chunk or padded):
        raise unreadable(name, "it is not a text file, or it is damaged (it has zero bytes in it)")


def _line_ends(wide: str) -> Callable[[bytes], tuple[bool, bool]]:
    """Return what tells of each chunk whether a line feed and a carriage return stand in it.

    A chunk with neither is a line that no practice writes. In a wide encoding the bytes of other characters look like
    line ends, so there it is the characters that count.
    """
    if not wide:
        return lambda chunk: (b"\n" in chunk, b"\r" in chunk)
    decoder = codecs.getincrementaldecoder(wide)("replace")

    def within(chunk: bytes) -> tuple[bool, bool]:
        characters = decoder.decode(chunk)
        return "\n" in characters, "\r" in characters

    return within


def _endless(name: str) -> Unreadable:
    return unreadable(name, "one of its lines is longer than any table's row")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
