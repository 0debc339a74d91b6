"""What has to be known of a workbook before the library that reads it may see it.

That library unpacks whatever it is given and lays out every sheet as a full rectangle, so a small file with one cell
in the last corner, or a bomb, would end the whole process. Here the true unpacked sizes and the true rectangle of each
sheet are found first, without keeping any of it.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice

from agent.intake.statements.problems import SAVE_AS, Unreadable, unreadable
from agent.intake.structure.containers import content_types

MOST_BYTES = 1 << 29
MOST_RATIO = 200  # of unpacked to packed bytes, beyond `_RATIO_FROM` bytes
MOST_CELLS = 10_000_000

_RATIO_FROM = 16 << 20
_MOST_PARTS = 2_000
_CHUNK = 256 * 1024
_TAIL = 400  # a tag may be cut between two chunks
_NEAR_ROWS = 99_999
_NEAR_COLUMNS = 26
# Nearly every sheet lies within columns A to Z and five-digit rows; only where one does not are its cells looked at.
_FAR = re.compile(rb'<c(?: r="(?:[A-Za-z]{2}|[A-Za-z]\d{6}|[^A-Za-z])|[\t\r\n])').search
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*["']\$?([A-Za-z]{1,7})\$?(\d{1,9})["'][^>]*?(/?)>""")
_BIFF_CELLS = {0x0203, 0x00FD, 0x027E, 0x00BD, 0x0204, 0x0006, 0x0205, 0x00D6}
_BIFF_MANY = 0x00BD
_BIFF_LOCKED = 0x002F  # FILEPASS: what follows is enciphered
_FIRST_RECORDS = 50


def check_xlsx(name: str, data: bytes) -> None:
    """Raise `Unreadable` where an XLSX file is damaged, is another kind of ZIP, or would unpack beyond all bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, UnicodeDecodeError, OverflowError):
        raise _damaged(name) from None
    names = {part.filename.replace("\\", "/") for part in parts}
    if "xl/workbook.xml" not in names:
        if "xl/workbook.bin" in names:
            raise unreadable(name, "it is a binary workbook (.xlsb)", SAVE_AS)
        if "content.xml" in names:
            raise unreadable(name, "it is an OpenDocument spreadsheet", SAVE_AS)
        if b"spreadsheetml" in content_types(io.BytesIO(data)):
            raise unreadable(name, "its parts do not stand where those of an Excel workbook do", SAVE_AS)
        raise unreadable(name, "it is not an Excel workbook")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
        raise _too_much(name)
    total = 0
    for part in parts:
        sheet = _Rectangle() if part.filename.replace("\\", "/").startswith("xl/worksheets/") else None
        size = 0
        for chunk in unpacked(name, data, part):
            size += len(chunk)
            if total + size > MOST_BYTES or size > max(_RATIO_FROM, MOST_RATIO * part.compress_size):
                raise _too_much(name)
            if sheet:
                sheet.see(chunk)
        if size != part.file_size:
            raise _damaged(name)
        total += size
        if sheet and sheet.cells > MOST_CELLS:
            exact = _Rectangle(exact=True)
            for chunk in unpacked(name, data, part):
                exact.see(chunk)
            if exact.cells > MOST_CELLS:
                raise _too_wide(name)


def with_slashes(data: bytes) -> bytes:
    """Return the workbook with `/` in the names of its parts, as the format has it; some programs write `\\`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not any("\\" in part.filename for part in archive.infolist()):
            return data
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as written:
            for part in archive.infolist():
                written.writestr(part.filename.replace("\\", "/"), archive.read(part))
        return out.getvalue()


def check_xls(name: str, data: bytes) -> None:
    """Raise `Unreadable` where an XLS file is damaged, locked by a password, no workbook, or too far-flung."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            if ole.exists("EncryptedPackage"):
                raise locked(name)
            stream = next((s for s in ("Workbook", "Book") if ole.exists(s)), None)
            if stream is None:
                raise unreadable(name, "it is not an Excel workbook")
            records = ole.openstream(stream).read()
    except (OSError, ValueError, IndexError, KeyError, TypeError, struct.error, AttributeError, RecursionError):
        raise _damaged(name) from None
    if any(kind == _BIFF_LOCKED for kind, _, _ in islice(biff_records(records), _FIRST_RECORDS)):
        raise locked(name)
    last_row = last_column = 0
    for kind, start, length in biff_records(records):
        if kind not in _BIFF_CELLS or length < 4:
            continue
        row, column = struct.unpack_from("<HH", records, start)
        if kind == _BIFF_MANY:
            column = struct.unpack_from("<H", records, start + length - 2)[0]
        last_row, last_column = max(last_row, row), max(last_column, column)
    if (last_row + 1) * (last_column + 1) > MOST_CELLS:
        raise _too_wide(name)


def locked(name: str) -> Unreadable:
    """Return what to raise for a workbook with a password."""
    advice = "Open it in Excel, save it without a password, then drag it back into the folder."
    return unreadable(name, "it is locked with a password", advice)


class _Rectangle:
    """Follows one sheet's filled cells, chunk by chunk: an upper bound of the rectangle, or the `exact` one."""

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._tail = b""
        self._row = self._column = 0

    @property
    def cells(self) -> int:
        """How many cells the rectangle from A1 to the last filled cell has."""
        return self._row * self._column

    def see(self, chunk: bytes) -> None:
        """Take note of the cells in the next piece of the sheet's XML."""
        text = self._tail + chunk
        end = text.rfind(b">") + 1 or max(len(text) - _TAIL, 0)
        self._tail = text[end:]
        text = text[:end]
        ordinary = text.count(b'<c r="') == text.count(b"<c ") and b":c" not in text
        if ordinary and not self._exact and not _FAR(text):
            self._row, self._column = max(self._row, _NEAR_ROWS), max(self._column, _NEAR_COLUMNS)
            return
        for letters, digits, empty in _CELL.findall(text):
            if not empty:
                self._column = max(self._column, _column(letters))
                self._row = max(self._row, int(digits))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def unpacked(name: str, data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a part really unpacks to, whatever its directory entry claims."""
    start = part.header_offset
    header = data[start : start + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04" or part.flag_bits & 1:
        raise _damaged(name)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    start += 30 + name_length + extra_length
    packed = memoryview(data)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), _CHUNK):
            yield bytes(packed[at : at + _CHUNK])
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise _damaged(name)
    inflate = zlib.decompressobj(-15)
    try:
        rest = bytes(packed)
        while not inflate.eof:
            chunk = inflate.decompress(rest, _CHUNK)
            rest = inflate.unconsumed_tail
            if not chunk and not rest:
                break
            yield chunk
    except zlib.error:
        raise _damaged(name) from None


def biff_stream(data: bytes) -> bytes:
    """Return the records of an XLS workbook, which `check_xls` has seen."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        read: bytes = ole.openstream("Workbook" if ole.exists("Workbook") else "Book").read()
        return read


def biff_records(records: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, place and length of each record."""
    at, end = 0, len(records) - 4
    while at <= end:
        kind, length = struct.unpack_from("<HH", records, at)
        if at + 4 + length > len(records):
            return
        yield kind, at + 4, length
        at += 4 + length


def _damaged(name: str) -> Unreadable:
    return unreadable(name, "the workbook is damaged", SAVE_AS)


def _too_much(name: str) -> Unreadable:
    return unreadable(name, "it unpacks to more data than any list of statements has", SAVE_AS)


def _too_wide(name: str) -> Unreadable:
    return unreadable(
        name,
        "its cells are spread over more rows and columns than can be read",
        "Copy the table into a new workbook, with nothing beside or below it, and save that into the folder.",
    )
