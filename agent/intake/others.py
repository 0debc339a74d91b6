"""What people drop that the attachments service does not take: its name, and what can be done with it at the PC.

The beginnings are those of the formats' own descriptions. What begins like none of them is a file of an unknown kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PRINT = "Open it on the PC and print it to a PDF, then send the PDF."
PICTURE = "Open it in Photos or Paint, save it as a JPG, and send that."
OFFICE = "Open it in the program that made it, and save or print it as a PDF."
UNPACK = "Unpack it, and send what is inside."
FILM = "Take a picture of what matters in it, and send that as a JPG or PDF."
PROGRAM = "Leave it out. If nobody knows where it came from, tell IT before it is opened."
AGAIN = "Export it again as a PDF from the program that it came from, or have it sent again."
PRINT_AGAIN = "Print it to a PDF in the program that it came from, and send that."
UNKNOWN = "Open it in the program that made it, and save or print it as a PDF."
UNLOCK = "Open it in its program with the password, save it without one, and send that."
WEB_PAGE = "Open it in Word or the browser, save it as a Word document or print it to a PDF, and send that."


@dataclass(frozen=True)
class Other:
    """A kind of file in words, with its article, and what to do."""

    words: str
    advice: str


LOCKED_OFFICE = Other("an Office document locked with a password", UNLOCK)
WORKBOOK = Other("an Excel workbook", OFFICE)
OLD_WORKBOOK = Other("an Excel 97-2003 workbook", OFFICE)
SLIDES = Other("a PowerPoint presentation", OFFICE)
OLD_SLIDES = Other("a PowerPoint 97-2003 presentation", OFFICE)
OPEN_DOCUMENT = Other("an OpenDocument file", OFFICE)
ARCHIVE = Other("a ZIP archive", UNPACK)
OTHER_OLE = Other("an Office file that is no Word document", OFFICE)
CUT_OLE = Other("an Office file of which a part is missing", "Save or export it again, or have it sent again.")
PAGE = Other("a web page", WEB_PAGE)
MAIL = Other("an e-mail or a saved web page", WEB_PAGE)
XML = Other("an XML file", OFFICE)
ANSWER = Other("an answer of a web service (JSON)", AGAIN)
SHORTCUT = Other("a link to a web page", "Open the link, print what it shows to a PDF, and send that.")
CODED = Other("a document in the code of e-mails (base64)", AGAIN)
PRINT_JOB = Other("what a program sent to a printer", PRINT_AGAIN)
WORD_XML = Other("a Word document saved as XML", "Open it in Word, save it as a Word document (.docx), and send that.")
PADDED = Other("text with zero bytes in it", "Open it in Notepad, save it under a new name as UTF-8, and send that.")
EMPTY = Other("a file with nothing in it", "Scan or export it again.")
STRANGE = Other("a file of an unknown kind", UNKNOWN)

_BEGINNINGS: tuple[tuple[int, bytes, Other], ...] = (
    *(
        (4, b"ftyp" + brand, Other("a HEIF picture (HEIC), as phones take", PICTURE))
        for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
    ),
    (4, b"ftypavif", Other("an AVIF picture", PICTURE)),
    (4, b"ftyp", Other("a film", FILM)),
    (4, b"jP  \r\n\x87\n", Other("a JPEG 2000 picture", PICTURE)),
    (0, b"\xff\x4f\xff\x51", Other("a JPEG 2000 picture", PICTURE)),
    (0, b"\xff\x0a", Other("a JPEG XL picture", PICTURE)),
    (8, b"WEBP", Other("a WebP picture", PICTURE)),
    (8, b"AVI ", Other("a film", FILM)),
    (0, b"\x1aE\xdf\xa3", Other("a film", FILM)),
    (0, b"ID3", Other("a sound recording", FILM)),
    (8, b"WAVE", Other("a sound recording", FILM)),
    (0, b"8BPS", Other("a Photoshop picture", PICTURE)),
    (0, b"\0\0\1\0", Other("an icon", PICTURE)),
    (40, b" EMF", Other("a Windows metafile", PICTURE)),
    (0, b"\xd7\xcd\xc6\x9a", Other("a Windows metafile", PICTURE)),
    (0, b"II\xbc\x01", Other("a JPEG XR picture", PICTURE)),
    (0, b"%!PS", Other("a PostScript file", OFFICE)),
    (0, b"\xc5\xd0\xd3\xc6", Other("a PostScript file", OFFICE)),
    (0, b"\xe4\x52\x5c\x7b", Other("a OneNote section", OFFICE)),
    (0, b"7z\xbc\xaf\x27\x1c", Other("a 7-Zip archive", UNPACK)),
    (0, b"Rar!\x1a\x07", Other("a RAR archive", UNPACK)),
    (0, b"\x1f\x8b", Other("a packed file (GZ)", UNPACK)),
    (0, b"MSCF", Other("a CAB archive", UNPACK)),
    (257, b"ustar", Other("a TAR archive", UNPACK)),
    (0, b"MZ", Other("a program", PROGRAM)),
    (0, b"\x7fELF", Other("a program", PROGRAM)),
    (0, b"SQLite format 3\0", Other("a database", OFFICE)),
    (4, b"Standard Jet DB", Other("an Access database", OFFICE)),
    (4, b"Standard ACE DB", Other("an Access database", OFFICE)),
)
_PAGE = re.compile(
    r"(?:<!--.*?-->|<\?xml[^>]*>|\s)*<(?:!doctype\s+html|html|head|body|table|meta|div|p|h[1-6]|link|script|style|title"
    r"|span|center|font|img|iframe|form)\b",
    re.I | re.S,
).match
_XML = re.compile(r"\s*(?:<\?xml\b|<svg\b|<!--|<[A-Za-z][\w:.-]*(?:\s[^<>]*)?\bxmlns)", re.I).match
_ANSWER = re.compile(r"\s*[{\[]\s*(?:\"[^\"\n]*\"\s*[:,\]]|[{\[]\s*\")").match
_SHORTCUT = re.compile(r"\s*\[InternetShortcut\]", re.I).match
_CODED = re.compile(r"\s*(?:JVBERi0|/9j/|iVBORw0KGgo|SUkq|TU0AK|UEsDB|0M8R4KGx)[A-Za-z0-9+/=\s]+\Z").match
_PRINT_JOB = re.compile(r"\x1b%-12345X|\x1bE|@PJL\b|\^XA\b").match
_MAIL_LINE = re.compile(
    r"(mime-version|content-type|content-transfer-encoding|return-path|message-id|received|from|to|cc|subject|date"
    r"|reply-to|delivered-to|dkim-signature|authentication-results|x-[a-z-]+):",
    re.I,
).match
_OF_MAIL_ALONE = frozenset({"mime-version", "content-type", "content-transfer-encoding", "return-path", "message-id"})
_WORD_XML = re.compile(r"progid=[\"']Word\.Document|<w:wordDocument\b|<pkg:package\b", re.I).search
_FEWEST_MAIL_LINES, _MOST_MAIL_LINES = 2, 30


def begins(head: bytes) -> Other | None:
    """Return what else begins with these bytes, None for nothing known."""
    return next((other for at, beginning, other in _BEGINNINGS if head.startswith(beginning, at)), None)


def in_text(head: str) -> Other | None:
    """Return what a text really is whose source nobody wants to read: a web page, a mail, a file in code."""
    if _WORD_XML(head):
        return WORD_XML
    if _PAGE(head):
        return PAGE
    if _is_mail(head):
        return MAIL
    sources = ((_SHORTCUT, SHORTCUT), (_CODED, CODED), (_PRINT_JOB, PRINT_JOB), (_XML, XML), (_ANSWER, ANSWER))
    return next((other for is_one, other in sources if is_one(head)), None)


def _is_mail(head: str) -> bool:
    """Tell a mail's head from a note that begins `Received: 3 X-rays`: several such lines, one of mails alone."""
    lines = head.lstrip().splitlines()[:_MOST_MAIL_LINES]
    names = [found[1].lower() for line in lines if (found := _MAIL_LINE(line))]
    begins_so = bool(lines) and _MAIL_LINE(lines[0]) is not None
    return begins_so and len(names) >= _FEWEST_MAIL_LINES and not _OF_MAIL_ALONE.isdisjoint(names)


def every_other() -> tuple[Other, ...]:
    """Return all of them, each once."""
    named = (other for other in globals().copy().values() if isinstance(other, Other))
    return tuple(dict.fromkeys((*named, *(other for _, _, other in _BEGINNINGS))))
