"""The file types that the attachments service takes, and what a file really is.

Types and MIME types are those of the vendor's contract. The type is told by the content: the service looks at it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from agent.intake.structure.containers import ole_names, zip_names
from agent.intake.structure.reading import read_at
from agent.intake.structure.signatures import HEAD_SIZE, Signature, signature

_TEXT_LOOKED_AT = 1024 * 1024
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
    """What a file holds: one of the service's types, or something else in words ("an Excel workbook")."""

    kind: FileType | None
    words: str


def type_by_name(name: str) -> FileType | None:
    """Return the type that the name's extension promises, upper or lower case; None for any other extension."""
    stem, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(extension.casefold()) if stem and dot else None


def content_of(stream: BinaryIO, size: int) -> Content:
    """Tell what the file really holds. Reads a few KiB, or up to 1 MiB of text."""
    head = read_at(stream, 0, HEAD_SIZE)
    if not head:
        return Content(None, "an empty file")
    found = signature(head)
    if found is Signature.ZIP:
        return _in_zip(zip_names(stream, size) or frozenset())
    if found is Signature.OLE:
        return _in_ole(ole_names(stream, size))
    if found is not None:
        kind = _BY_SIGNATURE[found]
        return Content(kind, kind.label)
    if _is_text(read_at(stream, 0, _TEXT_LOOKED_AT)):
        return Content(TXT, TXT.label)
    return Content(None, _other(head))


def _in_zip(names: frozenset[str]) -> Content:
    if "[Content_Types].xml" not in names:
        return Content(None, "a ZIP archive")
    if "word/document.xml" in names:
        return Content(DOCX, DOCX.label)
    if any(name.startswith("xl/") for name in names):
        return Content(None, "an Excel workbook")
    if any(name.startswith("ppt/") for name in names):
        return Content(None, "a PowerPoint presentation")
    return Content(None, "a ZIP archive")


def _in_ole(names: frozenset[str]) -> Content:
    if "EncryptedPackage" in names:
        return Content(None, "an Office document locked with a password")
    if "WordDocument" in names:
        return Content(DOC, DOC.label)
    if names & {"Workbook", "Book"}:
        return Content(None, "an Excel 97-2003 workbook")
    if "PowerPoint Document" in names:
        return Content(None, "a PowerPoint 97-2003 presentation")
    return Content(None, "an Office file that is no Word document")


def _is_text(data: bytes) -> bool:
    """Any bytes without a zero are text in some Windows code page, unless another format's beginning stands there."""
    if data.startswith(_WIDE_TEXT):
        return "\0" not in data[2 : len(data) - len(data) % 2].decode(
            "utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be", "replace"
        )
    return bool(data) and b"\0" not in data


def _other(head: bytes) -> str:
    """Name what else begins so, for a message: a phone's HEIC picture under a .jpg name, say."""
    import puremagic

    try:
        found = puremagic.magic_string(head)
    except puremagic.PureError:  # nothing known begins so
        return "a file of an unknown kind"
    best = found[0] if found else None
    return f"another kind of file ({best.name})" if best and best.name else "a file of an unknown kind"
