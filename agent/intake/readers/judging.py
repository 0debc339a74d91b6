"""Asks the reader of a file's format, in the child, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from agent.intake.filetypes import BMP, DICOM, DOC, DOCX, GIF, JPEG, PDF, PNG, RTF, TIFF, FileType
from agent.intake.readers.findings import DAMAGED, LOCKED, NO_PAGE, WHOLE
from agent.intake.structure.documents import lacks_text_rtf
from agent.worker import FileHarms, Limits, ReaderFailed, shared

__all__ = ["DAMAGED", "LOCKED", "NO_PAGE", "WHOLE", "Finding", "judge"]

_HERE = "agent.intake.readers."
_READERS = {
    PDF: "pdf:read",
    **dict.fromkeys((JPEG, PNG, GIF, BMP, TIFF), "pictures:read"),
    DICOM: "dicom:read",
    DOC: "word:read_doc",
    DOCX: "word:read_docx",
}
_LIMITS = Limits(memory=512 << 20, seconds=60.0, answer=1 << 16)


@dataclass(frozen=True)
class Finding:
    """What a reader says of a file. `why` is a phrase; `notes` are phrases to follow its name in the receipt."""

    state: str
    why: str = ""
    notes: tuple[str, ...] = ()


def judge(kind: FileType, stream: BinaryIO) -> Finding:
    """Return what the reader of `kind` says. Plain text has no reader; RTF that lacks one brace opens everywhere.

    Raises `OSError` where the file, or the process that reads it, fails for a reason that is not in the file.
    """
    if kind is RTF and lacks_text_rtf(stream, stream.seek(0, 2)):
        return Finding(DAMAGED, "the end of the document is missing")
    if kind not in _READERS:
        return Finding(WHOLE)
    try:
        said = shared().run(_HERE + _READERS[kind], stream, {"mime": kind.mime}, _LIMITS)
    except FileHarms:
        return Finding(DAMAGED, "reading it comes to no end")
    except ReaderFailed:
        return Finding(DAMAGED, "it is damaged")
    return Finding(said["state"], said["why"], tuple(said["notes"]))
