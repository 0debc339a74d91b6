"""What pages name and the file does not have: such a page is blank, or has a hole, in every program that opens it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

_MOST_PAGES = 50  # whose contents are looked at
_MOST_CONTENT = 1 << 20  # bytes
_MOST_OBJECT = 64 << 10  # bytes of a page's own object
_DEEPEST = 50
_DRAWN = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+Do\b")
_PLAIN = re.compile(rb"[!-\"$-~]+").fullmatch  # a name with a code in it has several spellings
_NO_PAGE = "non-dictionary object"


class LostPages(logging.Handler):
    """Hears that qpdf has left out what its list of pages names: it says so in its log alone."""

    def __init__(self) -> None:
        super().__init__()
        self.any = False

    def emit(self, record: logging.LogRecord) -> None:
        """Hear one line."""
        self.any = self.any or _NO_PAGE in record.getMessage()


@contextmanager
def listened() -> Iterator[LostPages]:
    """Hear what qpdf says meanwhile."""
    heard, log = LostPages(), logging.getLogger("pikepdf")
    log.addHandler(heard)
    try:
        yield heard
    finally:
        log.removeHandler(heard)


def lacks_what_it_shows(document: Any, number: int, stream: BinaryIO) -> bool:
    """Tell whether the page (from 0) names contents, or draws something, that is not in the file."""
    page = document.pages[number].obj
    if "/Contents" not in page:  # nothing to show, or an object that is not there: qpdf makes no difference
        return b"/Contents" in _as_written(document, page, stream)
    if number >= _MOST_PAGES:
        return False
    drawn = {name.decode("latin-1") for name in _DRAWN.findall(_content(page)) if _PLAIN(name)}
    return bool(drawn) and not drawn <= {name[1:] for name in _inherited(page)}


def _content(page: Any) -> bytes:
    import pikepdf

    contents = page.Contents
    parts = list(contents) if contents._type_name == "array" else [contents]
    try:
        if sum(int(part.get("/Length", 0)) for part in parts) > _MOST_CONTENT:
            return b""
        return b"\n".join(part.read_bytes() for part in parts)
    except (pikepdf.PdfError, TypeError, ValueError, AttributeError):
        return b""  # told, or passed over, where streams are looked at


def _inherited(page: Any) -> set[str]:
    """Return the names of what the page may draw: its own resources, or those of the first above it that has any."""
    for _ in range(_DEEPEST):
        resources = page.get("/Resources")
        if resources is not None:
            found = resources.get("/XObject") if resources._type_name == "dictionary" else None
            return set(found.keys()) if found is not None and found._type_name == "dictionary" else set()
        page = page.get("/Parent")
        if page is None or page._type_name != "dictionary":
            break
    return set()


def _as_written(document: Any, page: Any, stream: BinaryIO) -> bytes:
    """Return the page's own object as it stands in the file; nothing where it stands in a packed one."""
    place = document.get_xref_table().get(page.objgen)
    if place is None or place.type != 1:
        return b""
    stream.seek(place.offset)
    return stream.read(_MOST_OBJECT).partition(b"endobj")[0]
