"""PDF, by qpdf (pikepdf): it opens, without a password, and its pages are there."""

from __future__ import annotations

from typing import Any, BinaryIO

from agent.intake.readers.findings import damaged, locked, no_page, whole

_REPAIRED = ("file is damaged", "startxref", "reconstruct", "xref", "recover", "unexpected EOF")
_CUT = ("unable to recover stream", "EOF while reading", "unexpected EOF", "EOF after endobj")
_OF_AN_OBJECT = "(object "
_NO_END = "unable to find trailer"
_MOST_PAGES = 500  # of which each is looked at
_MOST_OBJECTS = 20_000  # of a repaired file


def read(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Open it as viewers do, repairs included; a repaired one must not have lost anything that a page shows."""
    del question
    import pikepdf

    try:
        with pikepdf.open(stream, suppress_warnings=True) as document:
            return _looked_at(document)
    except pikepdf.PasswordError:
        return locked()
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError):
        return damaged("no reader of PDFs can open it")


def _looked_at(document: Any) -> dict[str, Any]:
    count = len(document.pages)
    if count == 0:
        return no_page()
    promised = _promised(document)
    if promised > count:
        return damaged(f"only {count:,} of its {promised:,} pages are there")
    for number in range(min(count, _MOST_PAGES)):
        if not _stands(document.pages[number].obj):
            return damaged(f"page {number + 1:,} is not all there")
    said = _said(document)
    repaired = any(word in one for one in said for word in _REPAIRED)
    if repaired and _has_lost_something(document, said):
        return damaged("part of it is missing")
    notes = ["was opened with repairs: its table of contents is not as it should be"] if repaired else []
    if document.is_encrypted:
        notes.append("is protected against changes. It opens without a password, so it was sent")
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
