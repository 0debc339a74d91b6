"""PDF, by qpdf (pikepdf): it opens, without a password, and its pages are there."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

from agent.intake.readers.findings import BY_RIGHTS, DAMAGED, WHOLE, damaged, locked, no_page, whole
from agent.intake.readers.pdf_pages import lacks_what_it_shows, listened

_REPAIRED = ("file is damaged", "startxref", "reconstruct", "xref", "recover", "unexpected EOF")
_CUT = ("unable to recover stream", "EOF while reading", "unexpected EOF", "EOF after endobj")
_OF_AN_OBJECT = "(object "
_NO_END = "unable to find trailer"
_MOST_PAGES = 500  # of which each is looked at
_MOST_OBJECTS = 20_000  # of a repaired file
_MOST_NUMBER = 8_388_607  # of an object (ISO 32000-1, annex C)
_BYTES_A_NUMBER = 3  # that a file must have for each number up to its highest, or qpdf takes the number for damage
_NUMBERS = re.compile(rb"(?:/Root\s+|/Size\s+)(\d{1,10})\b|\b(\d{1,10})\s+\d{1,5}\s+obj\b")
_END = 1_024  # bytes in which readers look for the end
_OTHER_LOCKS = ("unsupported encryption filter", "unsupported encryption")
_NO_KEY = "00" * 32
_LOCKED_INSIDE = "has something attached inside that is locked with a password. Its pages open, so it was sent"
_PROTECTED = "is protected against changes. It opens without a password, so it was sent"


def read(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Open it as viewers do, repairs included; a repaired one must not have lost anything that a page shows."""
    del question
    found = _opened(stream)
    if found["state"] == DAMAGED and _numbers_far_beyond(stream):
        return _opened(io.BufferedReader(_Lengthened(stream), 1 << 20))
    return found


def _opened(stream: BinaryIO, key: str = "") -> dict[str, Any]:
    import pikepdf

    stream.seek(0)
    try:
        with (
            listened() as heard,
            pikepdf.open(stream, password=key, hex_password=bool(key), suppress_warnings=True) as document,
        ):
            if key and not _only_attachments_are_locked(document):
                return locked()
            found = _looked_at(document, _LOCKED_INSIDE if key else _PROTECTED, stream)
            return damaged("a page of it is missing") if heard.any and found["state"] == WHOLE else found
    except pikepdf.PasswordError:
        return locked() if key else _opened(stream, _NO_KEY)
    except pikepdf.PdfError as fault:
        if key:
            return locked()
        strange = any(words in str(fault) for words in _OTHER_LOCKS)
        return locked(BY_RIGHTS) if strange else damaged("no reader of PDFs can open it")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError):
        return locked() if key else damaged("no reader of PDFs can open it")


def _only_attachments_are_locked(document: Any) -> bool:
    """Tell whether texts and streams are as they are in spite of a password (ISO 32000-2, 7.6.6: /StmF, /StrF)."""
    how = document.trailer.Encrypt
    return int(how.get("/V", 0)) >= 4 and all(how.get(of, "/Identity") == "/Identity" for of in ("/StmF", "/StrF"))


# --- objects numbered far beyond the file's size ----------------------------------------------------------------------


def _numbers_far_beyond(stream: BinaryIO) -> bool:
    """Tell whether a file with an end has objects whose numbers are too high for qpdf to believe.

    Programs that take one patient's pages out of a batch keep the batch's numbers.
    """
    size = stream.seek(0, 2)
    if size >= _MOST_NUMBER * _BYTES_A_NUMBER:
        return False
    stream.seek(0)
    data = stream.read()
    if b"startxref" not in data[-_END:]:
        return False
    return any(size // _BYTES_A_NUMBER < int(one[1] or one[2]) <= _MOST_NUMBER for one in _NUMBERS.finditer(data))


class _Lengthened(io.RawIOBase):
    """The file, with blanks behind it, and then its end once more: as long as its numbers make qpdf expect."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._file = stream.seek(0, 2)
        stream.seek(max(0, self._file - _END))
        last = stream.read()
        self._last = b"\n" + last[last.rindex(b"startxref") :]
        self._blanks_end = (_MOST_NUMBER + 1) * _BYTES_A_NUMBER
        self._size = self._blanks_end + len(self._last)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._part(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _part(self, wanted: int) -> bytes:
        if self._at < self._file:
            self._stream.seek(self._at)
            return self._stream.read(min(wanted, self._file - self._at))
        if self._at < self._blanks_end:
            return b" " * min(wanted, self._blanks_end - self._at)
        start = self._at - self._blanks_end
        return self._last[start : start + wanted]


# --- what is in it ----------------------------------------------------------------------------------------------------


def _looked_at(document: Any, if_encrypted: str, stream: BinaryIO) -> dict[str, Any]:
    count = len(document.pages)
    if count == 0:
        return no_page()
    promised = _promised(document)
    if count < promised <= _MOST_NUMBER:  # more pages than there can be objects is no promise
        return damaged(f"only {count:,} of its {promised:,} pages are there")
    for number in range(min(count, _MOST_PAGES)):
        if not _stands(document.pages[number].obj):
            return damaged(f"page {number + 1:,} is not all there")
        if lacks_what_it_shows(document, number, stream):
            return damaged(f"what page {number + 1:,} shows is not all there")
    said = _said(document)
    repaired = any(word in one for one in said for word in _REPAIRED)
    if repaired and _has_lost_something(document, said):
        return damaged("part of it is missing")
    notes = ["was opened with repairs: its table of contents is not as it should be"] if repaired else []
    if document.is_encrypted:
        notes.append(if_encrypted)
    return whole(*notes)


def _said(document: Any) -> list[str]:
    """Return what qpdf has had to say since it was last asked."""
    return [str(warning) for warning in document.get_warnings()]


def _promised(document: Any) -> int:
    try:
        return int(document.Root.Pages.Count)
    except (AttributeError, KeyError, TypeError, ValueError):
        return 0


def _stands(page: Any) -> bool:
    """Tell whether a page is a page, and what is drawn on it a stream or several."""
    if page._type_name != "dictionary":
        return False
    contents = page.get("/Contents")
    parts = list(contents) if contents is not None and contents._type_name == "array" else [contents]
    return all(part is None or part._type_name == "stream" for part in parts)


def _has_lost_something(document: Any, said: list[str]) -> bool:
    """Look at every object. An object that is lost reads as nothing, and a stream that breaks off has a guessed end."""
    for number, _ in enumerate(document.objects):
        if number >= _MOST_OBJECTS:
            break
    said = [*said, *_said(document)]
    if any(word in one for one in said if _OF_AN_OBJECT in one for word in _CUT):
        return True
    pages = range(min(len(document.pages), _MOST_PAGES))
    return any(_NO_END in one for one in said) and any(
        "/Contents" not in document.pages[number].obj for number in pages
    )
