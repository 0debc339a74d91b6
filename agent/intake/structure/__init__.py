"""Whether a file is complete, told by its structure: a copy that stalled looks still, old and settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from agent.intake.structure.containers import incomplete_ole, incomplete_zip
from agent.intake.structure.dicom import incomplete_dicom
from agent.intake.structure.documents import incomplete_pdf, incomplete_rtf
from agent.intake.structure.images import incomplete_bmp, incomplete_gif, incomplete_jpeg, incomplete_png
from agent.intake.structure.reading import read_at
from agent.intake.structure.signatures import HEAD_SIZE, Signature, begins_like_one, signature
from agent.intake.structure.text import incomplete_json, incomplete_xml
from agent.intake.structure.tiff import incomplete_tiff

__all__ = ["incomplete_reason"]

_TEXT_BEGINS = 64  # bytes, without a zero among them: neither UTF-16 nor a binary kind

_CHECKS: dict[Signature, Callable[[BinaryIO, int], str | None]] = {
    Signature.PDF: incomplete_pdf,
    Signature.JPEG: incomplete_jpeg,
    Signature.PNG: incomplete_png,
    Signature.GIF: incomplete_gif,
    Signature.BMP: incomplete_bmp,
    Signature.TIFF: incomplete_tiff,
    Signature.ZIP: incomplete_zip,
    Signature.OLE: incomplete_ole,
    Signature.RTF: incomplete_rtf,
    Signature.DICOM: incomplete_dicom,
}


def incomplete_reason(stream: BinaryIO, name: str, size: int) -> str | None:
    """Return why the file cannot be all there yet, as words for "… is not complete: {reason}"; None for complete.

    The kind is told by the content; the name counts for text only, where `.json` and `.xml` must be closed. What is
    of no known kind counts as complete. Reads are bounded: a 1 GiB PDF costs a few KiB. Only JSON is read through, up
    to 128 MiB. Raises what reading `stream` raises.
    """
    if size == 0:
        return "it is empty"
    head = read_at(stream, 0, HEAD_SIZE)
    kind = signature(head)
    if kind is not None:
        return _CHECKS[kind](stream, size)
    if begins_like_one(head):
        return "it holds only its first few bytes so far"
    if not head.strip(b"\0"):
        return "it holds nothing but empty space so far"  # a copy that reserves the room first
    if b"\0" not in head[:_TEXT_BEGINS].rstrip(b"\0") and read_at(stream, size - 1, 1) == b"\0":
        return "it ends in empty space so far"  # or programs' padding, which its reader passes over in the end
    ending = name.casefold().rpartition(".")[2]
    if ending == "json":
        return incomplete_json(stream, size)
    if ending == "xml" or head.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<?xml"):
        return incomplete_xml(stream, size)
    return None
