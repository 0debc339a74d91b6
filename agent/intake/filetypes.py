"""The file types that the attachments service takes, and what a file really is.

Types and MIME types are those of the vendor's contract. The type is told by the content: the service looks at it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

from agent.intake import others
from agent.intake.structure.containers import content_types, ole_names, plain_name, zip_names
from agent.intake.structure.reading import read_at
from agent.intake.structure.signatures import HEAD_SIZE, Signature, signature

_TEXT_LOOKED_AT = 1024 * 1024
_OF_WORD = (b"[Content_Types].xml", b"word/")
_CONTROLS = re.compile(rb"[^\t\n\f\r\x1a\x20-\xff]")  # which a text has not
_MOSTLY_WIDE = 0.3  # of the bytes, as zeros
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class FileType:
    """One type that the service takes. `claims_standard`: payers that want X12 275 take it as well."""

    label: str  # with its article, as it stands in a sentence
    mime: str
    extensions: tuple[str, ...]  # the usual one first
    claims_standard: bool = False
    other_mimes: frozenset[str] = frozenset()  # other spellings, in sidecars


BMP = FileType("a BMP picture", "image/bmp", ("bmp", "dib"), other_mimes=frozenset({"image/x-ms-bmp"}))
JPEG = FileType(
    "a JPEG picture", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), True, frozenset({"image/jpg", "image/pjpeg"})
)
TIFF = FileType("a TIFF picture", "image/tiff", ("tif", "tiff"), True, frozenset({"image/tif", "image/x-tiff"}))
PNG = FileType("a PNG picture", "image/png", ("png",), True)
PDF = FileType("a PDF", "application/pdf", ("pdf",), True)
TXT = FileType("plain text", "text/plain", ("txt",), other_mimes=frozenset({"text/x-text"}))
DOC = FileType("a Word 97-2003 document", "application/msword", ("doc",))
DOCX = FileType("a Word document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
DICOM = FileType("a DICOM image", "application/dicom", ("dcm", "dicom", "dic"))
GIF = FileType("a GIF picture", "image/gif", ("gif",))
RTF = FileType("an RTF document", "application/rtf", ("rtf",), other_mimes=frozenset({"text/rtf"}))

FILE_TYPES = (BMP, JPEG, TIFF, PNG, PDF, TXT, DOC, DOCX, DICOM, GIF, RTF)
IN_WORDS = "BMP, JPG, TIFF, PNG, PDF, TXT, DOC, DOCX, DICOM, GIF or RTF"

_BY_EXTENSION = {extension: kind for kind in FILE_TYPES for extension in kind.extensions}
_BY_SIGNATURE = {
    Signature.PDF: PDF,
    Signature.JPEG: JPEG,
    Signature.PNG: PNG,
    Signature.GIF: GIF,
    Signature.BMP: BMP,
    Signature.TIFF: TIFF,
    Signature.RTF: RTF,
    Signature.DICOM: DICOM,
}


@dataclass(frozen=True)
class Content:
    """What a file holds: one of the service's types, or something else in words, and what can be done with it."""

    kind: FileType | None
    words: str
    advice: str = ""


def type_by_name(name: str) -> FileType | None:
    """Return the type that the name's extension promises, upper or lower case; None for any other extension."""
    stem, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(extension.casefold()) if stem and dot else None


def content_of(stream: BinaryIO, size: int) -> Content:
    """Tell what the file really holds. Reads a few KiB, or up to 1 MiB of text."""
    head = read_at(stream, 0, HEAD_SIZE)
    if not head:
        return _not_taken(others.EMPTY)
    found = signature(head)
    if found is Signature.ZIP:
        names = zip_names(stream, size)
        if names is None and any(part in head for part in _OF_WORD):
            return _taken(DOCX)  # it breaks off, which its reader will say
        return _in_zip(names or frozenset(), stream)
    if found is Signature.OLE:
        return _in_ole(ole_names(stream, size))
    if found is not None:
        return _taken(_BY_SIGNATURE[found])
    other = others.begins(head) if _CONTROLS.search(head) or head.startswith(b"%!PS") else None
    if other is not None:
        return _not_taken(other)
    data = read_at(stream, 0, _TEXT_LOOKED_AT)
    text = text_of(data)
    if text is None:
        if not data.strip(b"\0"):
            return _not_taken(others.EMPTY)
        return _not_taken(others.PADDED if _is_mostly_text(data) else others.STRANGE)
    if not text.strip().strip("\ufeff\x1a"):
        return _not_taken(others.EMPTY)
    source = others.in_text(text[:HEAD_SIZE])
    return _not_taken(source) if source is not None else _taken(TXT)


def text_of(data: bytes) -> str | None:
    """Return a text's characters; None for what is no text.

    Any bytes without a zero are text in some Windows code page. Zero bytes at the end are a program's padding; every
    other byte a zero is UTF-16, with its mark or without.
    """
    if data.startswith(_WIDE_TEXT):
        wide = data[2:].decode("utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be", "ignore")
        return None if "\0" in wide.rstrip("\0") else wide.rstrip("\0")
    kept = data.rstrip(b"\0\x1a")
    if b"\0" not in kept:
        return kept.decode("utf-8-sig" if kept.startswith(b"\xef\xbb\xbf") else "latin-1", "replace") if kept else None
    even, odd = data[::2].count(0), data[1::2].count(0)
    for few, many, encoding in ((even, odd, "utf-16-le"), (odd, even, "utf-16-be")):
        if many > len(data) * _MOSTLY_WIDE and not few:
            return data.decode(encoding, "ignore")
    return None


def _is_mostly_text(data: bytes) -> bool:
    written = data.translate(None, b"\0")
    return bool(written) and sum(byte >= 32 or byte in b"\t\r\n" for byte in written) > len(written) * 0.95


def _taken(kind: FileType) -> Content:
    return Content(kind, kind.label)


def _not_taken(other: others.Other) -> Content:
    return Content(None, other.words, other.advice)


def _in_zip(names: frozenset[str], stream: BinaryIO) -> Content:
    """Tell office documents by what their packages hold, or say that they hold; some programs write backslashes."""
    plain = {plain_name(name) for name in names}
    if "mimetype" in plain and "content.xml" in plain:
        return _not_taken(others.OPEN_DOCUMENT)
    if "[content_types].xml" not in plain:
        return _not_taken(others.ARCHIVE)
    if any(name.startswith("word/") for name in plain):
        return _taken(DOCX)
    if any(name.startswith("xl/") for name in plain):
        return _not_taken(others.WORKBOOK)
    if any(name.startswith("ppt/") for name in plain):
        return _not_taken(others.SLIDES)
    return _taken(DOCX) if MAIN_PART.search(content_types(stream)) else _not_taken(others.ARCHIVE)


MAIN_PART = re.compile(rb"wordprocessingml\.(?:document|template)\.main\+xml|word\.(?:document|template)\.macroEnabled")
"""What a package's content types call the main part of a Word document."""


def _in_ole(names: frozenset[str] | None) -> Content:
    if names is None:
        return _not_taken(others.CUT_OLE)
    names = frozenset(map(str.lower, names))  # they are the same in capitals: [MS-CFB] 2.6.4
    if "encryptedpackage" in names:
        return _not_taken(others.LOCKED_OFFICE)
    if "worddocument" in names:
        return _taken(DOC)
    if names & {"workbook", "book"}:
        return _not_taken(others.OLD_WORKBOOK)
    return _not_taken(others.OLD_SLIDES if "powerpoint document" in names else others.OTHER_OLE)
