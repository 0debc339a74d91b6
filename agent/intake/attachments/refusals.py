"""Every reason for which a file is not sent, with what can be done about it at the PC: one table, read as one text.

`REFUSALS.md` beside the room's other pages is made of it, and held to it by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.intake import others
from agent.intake.filetypes import BMP, DICOM, DOC, DOCX, GIF, JPEG, PDF, PNG, RTF, TIFF, TXT, FileType


@dataclass(frozen=True)
class Refusal:
    """A sentence and what to do. `{...}` are filled in by `told`."""

    when: str
    sentence: str
    advice: str

    def told(self, **facts: object) -> str:
        """Return both, filled in."""
        return f"{self.sentence.format(**facts)} {self.advice.format(**facts)}"


_SCAN = "Scan it again, or export it again from the program that it came from."
_PDF = "Open it and print it to a new PDF, or scan it again, and send the new one."
_WORD = "Open it in Word and save it under a new name. If Word cannot open it either, have it sent or exported again."
_XRAY = "Export it again from the X-ray software."
_TEXT = "Open it in Notepad and save it under a new name."
_DAMAGED_ADVICE = {
    PDF: _PDF,
    **dict.fromkeys((JPEG, PNG, GIF, BMP, TIFF), _SCAN),
    DICOM: _XRAY,
    **dict.fromkeys((DOC, DOCX, RTF), _WORD),
    TXT: _TEXT,
}

EMPTY = Refusal("no byte in it", "{name} is empty.", _SCAN)
TOO_LARGE = Refusal(
    "over `max_file_mb`",
    "{name} has {size}. At most {limit:g} MB can go.",
    "Scan it with fewer dots per inch or in grey, or send its pages as several files.",
)
_OVER = "{name} has {size}. At most {limit:g} MB can go."
TOO_LARGE_DICOM = Refusal(
    "a DICOM image over it", _OVER, "Export the pictures that matter one by one from the X-ray software, or as JPG."
)
TOO_LARGE_WORD = Refusal(
    "a Word or RTF document over it",
    _OVER,
    "Make its pictures smaller in Word (click one, Picture Format, Compress Pictures), or save it as a PDF.",
)
TOO_LARGE_TEXT = Refusal("plain text over it", _OVER, "Send what matters of it in a file of its own.")
TOO_LARGE_TOGETHER = Refusal(
    "over `max_request_mb`",
    "The files have {size} together. At most {limit:g} MB can go at once.",
    "Send some of them with a sidecar of their own.",
)
LONG_NAME = Refusal(
    "a name over 255 characters", "The name has {length} characters. At most {limit} can be sent.", "Rename the file."
)
STRANGE_NAME = Refusal(
    "control or half characters in the name", "The name {name} has characters that cannot be sent.", "Rename the file."
)
LOCKED_PDF = Refusal(
    "a PDF that asks for a password",
    "{name} is locked with a password, so whoever gets it cannot open it.",
    "Open it with its password, print it to a new PDF without any password, and send that.",
)
LOCKED_WORD = Refusal(
    "a Word document that asks for a password",
    "{name} is locked with a password, so whoever gets it cannot open it.",
    "Open it in Word with its password, take it off (File, Info, Protect Document), save it, and send it.",
)
LOCKED_BY_RIGHTS = Refusal(
    "a PDF or a Word document that opens for some people only",
    "{name} is locked by a certificate or a rights program, so whoever gets it cannot open it.",
    "Print it to a new PDF where it opens, if that is allowed there, and send that; else ask who made it for one that "
    "is not locked.",
)
NO_PAGE = Refusal("a PDF without any page", "{name} has no page in it.", _PDF)
TEXT_NAMED_OTHERWISE = Refusal(
    "plain text under another type's name",
    "{name} is plain text, but {ending}.",
    "Open it in Notepad. If it is what is to go, save it there as a text document; else scan or export it again.",
)
OTHER_NAME = Refusal(
    "one of the service's types under another's name",
    "{name} is {words}, but {ending}.",
    "Rename it to {right}.",
)
NOT_TAKEN = Refusal(
    "a kind of file that the service does not take", "{name} is {words}, which the service does not take.", "{advice}"
)
OTHER_TEXT = Refusal(
    "text under a name that the service does not take",
    "{name} is not of a type that the service takes: {types}.",
    "Open it in the program that it belongs to, and print it to a PDF.",
)
BESIDE_ONE = Refusal(
    "such a file beside one that can go, under one sidecar",
    "It bears the name of {scan}.",
    "If {scan} alone is to go, rename the sidecar to {scan}.json. Files that other programs put beside every scan are "
    "left aside where IT names them under index_files.",
)
BESIDE_SEVERAL = Refusal(
    "such a file beside several that can go, under one sidecar",
    "It stands beside {scans}.",
    'If these alone are to go, list them under "files" in the sidecar. Files that other programs put beside every scan '
    "are left aside where IT names them under index_files.",
)

_ALL = (EMPTY, TOO_LARGE, TOO_LARGE_TOGETHER, LONG_NAME, STRANGE_NAME, LOCKED_PDF, LOCKED_WORD)
_NEXT = (LOCKED_BY_RIGHTS, NO_PAGE, OTHER_NAME, TEXT_NAMED_OTHERWISE)
_LAST = (NOT_TAKEN, OTHER_TEXT, BESIDE_ONE, BESIDE_SEVERAL)


def too_large(kind: FileType | None) -> Refusal:
    """Return what is said of a file that is too large and bears the name of this kind."""
    others_ = {DICOM: TOO_LARGE_DICOM, DOC: TOO_LARGE_WORD, DOCX: TOO_LARGE_WORD, RTF: TOO_LARGE_WORD}
    return TOO_LARGE_TEXT if kind is TXT else others_.get(kind, TOO_LARGE) if kind else TOO_LARGE


def damaged(kind: FileType) -> Refusal:
    """Return what is said of a file of this kind that its reader cannot open, or not whole."""
    return Refusal(
        f"{kind.label} that its reader cannot open whole", "{name} is not complete: {why}.", _DAMAGED_ADVICE[kind]
    )


def locked(kind: FileType, by: str = "") -> Refusal:
    """Return what is said of a file of this kind that asks for a password, or is locked `by` something else."""
    if by:
        return LOCKED_BY_RIGHTS
    return LOCKED_PDF if kind is PDF else LOCKED_WORD


def every_refusal() -> tuple[Refusal, ...]:
    """Return the table."""
    large = (TOO_LARGE_DICOM, TOO_LARGE_WORD, TOO_LARGE_TEXT)
    return (*_ALL[:2], *large, *_ALL[2:], *_NEXT, *(damaged(kind) for kind in _DAMAGED_ADVICE), *_LAST)


def page() -> str:
    """Return the table as the page `REFUSALS.md`."""
    rows = [(one.when, one.sentence, one.advice) for one in every_refusal()]
    strange = [(f"content: {other.words}", "as in the row above it", other.advice) for other in others.every_other()]
    lines = [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        for row in (*rows[:-3], *strange, *rows[-3:])
    ]
    head = "# Why a file is not sent\n\nMade of `attachments/refusals.py` and `others.py`; a test holds it to them.\n\n"
    return head + "| When | What is said | What to do |\n|---|---|---|\n" + "\n".join(lines) + "\n"
