"""Word: DOC by olefile and the document's own flag for a password, DOCX by its ZIP and what its parts say they are."""

from __future__ import annotations

import re
import zipfile
from typing import Any, BinaryIO

from agent.intake.filetypes import MAIN_PART
from agent.intake.readers.findings import BY_RIGHTS, damaged, locked, whole
from agent.intake.structure.containers import UNREADABLE_ZIP, narrow, plain_name

_MOST_STREAM = 128 << 20
_MOST_UNPACKED = 256 << 20
_MAGIC = (0xA5EC, 0xA5DC, 0xA699, 0xA697, 0xA59B, 0xA59C)  # [MS-DOC] 2.5.2, and the older versions'
_ENCRYPTED = 0x0100
_RIGHTS = ("\tDRMContent", "\tDRMViewerContent")  # [MS-OFFCRYPTO] 2.3
_SECOND_TABLE = 0x0200
_RELATION = re.compile(rb"<Relationship\b[^>]*/officeDocument[\"'][^>]*>")
_CUT = "part of the document is missing"


def read_doc(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Open a Word 97-2003 document: its main stream is all there, and does not say that it is encrypted."""
    del question
    import olefile

    try:
        with olefile.OleFileIO(stream) as box:
            if box.exists("EncryptedPackage"):
                return locked()
            if any(box.exists(name) for name in _RIGHTS):
                return locked(BY_RIGHTS)
            size = box.get_size("WordDocument")
            with box.openstream("WordDocument") as document:
                head = document.read(32)
                if len(head) < 12 or int.from_bytes(head[:2], "little") not in _MAGIC:
                    return damaged("it does not begin as a Word document does")
                flags = int.from_bytes(head[10:12], "little")
                if flags & _ENCRYPTED:
                    return locked()
                if size > _MOST_STREAM or 32 + len(document.read()) < size:
                    return damaged(_CUT)
            table = "1Table" if flags & _SECOND_TABLE else "0Table"
            if box.exists(table):
                with box.openstream(table) as stored:
                    stored.read()
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return damaged(_CUT)
    return whole()


def read_docx(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Open a Word document: its main part, wherever the package says that it is, unpacks and is XML."""
    del question
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = {plain_name(part.filename): part for part in archive.infolist()}
            if any(part.flag_bits & 1 for part in parts.values()):
                return locked()
            main = _main_part(archive, parts)
            if main is None:
                return damaged("its text is not in it")
            return whole() if _unpacks(archive, main) else damaged("its text cannot be read")
    except UNREADABLE_ZIP:
        return damaged("the end of the document, or a part of it, is missing")


def _main_part(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> zipfile.ZipInfo | None:
    types = "[content_types].xml"
    if types not in parts or not MAIN_PART.search(_begun(archive, parts[types])):
        return None
    if "_rels/.rels" in parts:
        relation = _RELATION.search(_begun(archive, parts["_rels/.rels"]))
        target = re.search(rb"Target\s*=\s*[\"']([^\"']+)", relation[0]) if relation else None
        if target:
            return parts.get(plain_name(target[1].decode("utf-8", "replace")))
    return parts.get("word/document.xml")


def _begun(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    with archive.open(part) as opened:
        return narrow(opened.read(1 << 20))


def _unpacks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Unpack to the end, which holds it against its checksum too, and read it as the XML that Word insists on."""
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype
    with archive.open(part) as opened:
        held = opened.read(4096)
        wide = held.startswith((b"\xff\xfe", b"\xfe\xff"))
        size = len(held)
        try:
            while chunk := opened.read(1 << 20):
                size += len(chunk)
                if size > _MOST_UNPACKED:
                    return False
                parser.Parse(held)
                held = chunk
            parser.Parse(held if wide else held.rstrip(b"\0"), True)
        except expat.ExpatError:
            return False
    return True


def _no_doctype(*_: object) -> None:
    raise ValueError("a document type, of which Word has none")
