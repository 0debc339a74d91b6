"""Where in a workbook the looks of each sheet are found."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from agent.intake.statements.readers.sheet_looks import SheetLooks
from agent.intake.statements.readers.workbook_guard import biff_records, biff_stream, unpacked
from agent.intake.statements.readers.xls_looks import all_looks
from agent.intake.statements.readers.xlsx_looks import formats_of, sheet_looks

_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_MOST = 64 << 20  # bytes of a part that is kept whole

Looks = Callable[[str], SheetLooks]


def workbook_looks(name: str, data: bytes) -> Looks:
    """Return what gives the looks of a sheet by its name: `data` has passed `check_xlsx` or `check_xls`.

    What is returned raises `Unreadable`, `TooManyFaults`, and `ValueError`, `KeyError` or `struct.error` for damage.
    """
    if data.startswith(b"PK"):
        return _of_xlsx(name, data)
    return _of_xls(data)


def _of_xls(data: bytes) -> Looks:
    records = biff_stream(data)
    found: dict[str, SheetLooks] = {}

    def of(sheet: str) -> SheetLooks:
        if not found:
            names = [_sheet_name(records, at) for kind, at, _ in biff_records(records) if kind == 0x0085]
            found.update(zip(names, all_looks(records, biff_records(records)), strict=True))
        return found[sheet]

    return of


def _sheet_name(records: bytes, at: int) -> str:
    count = records[at + 6]
    bof = struct.unpack_from("<H", records, 4)[0]
    if bof < 0x0600:
        return records[at + 7 : at + 7 + count].decode("cp1252", "replace")
    if records[at + 7] & 1:
        return records[at + 8 : at + 8 + 2 * count].decode("utf-16-le", "replace")
    return records[at + 8 : at + 8 + count].decode("latin-1")


def _of_xlsx(name: str, data: bytes) -> Looks:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {part.filename.lower(): part for part in archive.infolist()}

    def chunks(part: str) -> Iterator[bytes]:
        return unpacked(name, data, parts[part.lower()])

    def elements(part: str) -> list[tuple[str, dict[str, str], str]]:
        return _elements(chunks(part)) if part.lower() in parts else []

    book = elements(_BOOK)
    links = {
        said["Id"]: (said.get("Type", ""), said["Target"]) for _, said, n in elements(_LINKS) if n == "Relationship"
    }
    styles = next((target for kind, target in links.values() if kind.endswith("/styles")), "styles.xml")
    formats = formats_of(elements(_path(styles)))
    unkept_zero = any(n == "calcPr" and said.get("fullCalcOnLoad") in ("1", "true") for _, said, n in book)
    paths = {said["name"]: _path(links[_id(said)][1]) for _, said, n in book if n == "sheet" and _id(said) in links}

    from_1904 = any(n == "workbookPr" and said.get("date1904") in ("1", "true") for _, said, n in book)

    def of(sheet: str) -> SheetLooks:
        found = sheet_looks(lambda: chunks(paths[sheet]), formats, unkept_zero=unkept_zero)
        found.from_1904 = from_1904
        return found

    return of


def _path(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def _id(said: dict[str, str]) -> str:
    return next((value for key, value in said.items() if key.endswith("}id")), "")


def _elements(chunks: Iterator[bytes]) -> list[tuple[str, dict[str, str], str]]:
    """Return parent, attributes and name of the elements of a part. Raises `ValueError` for damage."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    target = _Target()
    parser: Any = DefusedXMLParser(target=target, forbid_dtd=True)
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > _MOST:
                raise ValueError("too long")
            parser.feed(chunk)
        parser.close()
    except (ParseError, DefusedXmlException, LookupError):
        raise ValueError("damaged") from None
    return target.found


class _Target:
    def __init__(self) -> None:
        self.found: list[tuple[str, dict[str, str], str]] = []
        self._path: list[str] = [""]

    def start(self, tag: str, said: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.found.append((self._path[-1], said, name))
        self._path.append(name)

    def end(self, _tag: str) -> None:
        self._path.pop()

    def data(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass
