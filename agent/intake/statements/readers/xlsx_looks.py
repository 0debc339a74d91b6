"""The looks of an XLSX sheet, from its XML and the workbook's styles.

Ordinary sheets are looked at by patterns, a chunk at a time: first for which formats a column has at all, and only
where a column has several, for where each begins. A sheet that is written in an odd way goes through an XML parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agent.intake.statements.readers.sheet_looks import NO_RESULT, PLAIN, Runs, SheetLooks
from agent.intake.statements.values.number_formats import BUILT_IN

_CELL = re.compile(rb'<c r="([A-Z]{1,3})\d+"([^>]*)>').findall
_NUMBER = re.compile(rb'<c r="([A-Z]++)\d++"([^>t]*+)>').findall  # a cell that says no type holds a number
_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3})(\d+)"([^>]*)><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v>([^<]*)</v>|<v\s*/>)?'
).finditer
_FAULT = re.compile(
    rb'<c r="([A-Z]{1,3})(\d+)"[^>]*\bt="e"[^>]*>(?:<f(?:[^>]*/>|[^>]*>[^<]*</f>))?<v>([^<]{0,40})</v>'
).finditer
_ROW = re.compile(rb"<row\b([^>]*)>").finditer
_COLUMNS = re.compile(rb"<col\b([^>]*)>").finditer
_ATTRIBUTE = re.compile(rb'([\w:]+)\s*=\s*"([^"]*)"').findall
_PREFIX = re.compile(rb"<(\w+):worksheet[\s>]").search
_ODD_TAG = (re.compile(rb'<c(?! r=")[ >/\n\r\t]').search, re.compile(rb"<row[\n\r\t]").search)
_ODD_TYPE = re.compile(rb"""<c r="[^>]*\st(?:\s+=|=\s|=')""").search  # a program writes all its cells alike
_ODD = ((b"!", b"<!"), (b"?", b"<?x"), (b":", b":c "))  # with the letter that is rare, and found much sooner
_TAIL = 1 << 20
_NO_NUMBER = frozenset({"s", "str", "inlineStr", "b", "e", "d"})
_TRUE = frozenset({"1", "true"})

Chunks = Callable[[], Iterator[bytes]]


class Odd(Exception):
    """This sheet is not written in the ordinary way."""


def sheet_looks(chunks: Chunks, formats: list[str], *, unkept_zero: bool) -> SheetLooks:
    """Return the looks of a sheet whose XML `chunks` gives anew at each call. `formats`: by style.

    `unkept_zero`: the workbook says that nothing in it was calculated, so that a formula's kept 0 is none.
    Raises `TooManyFaults`, and `ValueError` where the XML is damaged.
    """
    try:
        return _Ordinary(formats, unkept_zero).looks(chunks)
    except Odd:
        return _parsed(chunks(), formats, unkept_zero)


def formats_of(styles: Iterable[tuple[str, dict[str, str], str]]) -> list[str]:
    """Return the number format of every cell style. `styles`: parent, attributes and name of the elements, in order."""
    own: dict[int, str] = {}
    found: list[str] = []
    for parent, attributes, name in styles:
        if name == "numFmt" and parent == "numFmts":
            own[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name == "xf" and parent == "cellXfs":
            number = int(attributes.get("numFmtId", 0))
            found.append(own.get(number, BUILT_IN.get(number, "")))
    return found


def column_index(letters: str) -> int:
    """Return 0 for A."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


class _Ordinary:
    def __init__(self, formats: list[str], unkept_zero: bool) -> None:
        self._formats = formats
        self._unkept_zero = unkept_zero
        self._codes: dict[bytes, str | None] = {}
        self._matter = any(code not in PLAIN for code in formats)

    def looks(self, chunks: Chunks) -> SheetLooks:
        found = SheetLooks()
        kinds: set[tuple[bytes, bytes]] = set()
        for chunk in _whole_tags(chunks()):
            if self._matter:
                kinds.update((_CELL if b't="n"' in chunk else _NUMBER)(chunk))
            if (b"f" in chunk and b"<f" in chunk) or b't="e"' in chunk:
                self._note_faults(chunk, found)
            if b"h" in chunk and (b"hidden=" in chunk or b'ht="0' in chunk or b'width="0' in chunk):
                _note_hidden(chunk, found)
        by_column: dict[bytes, set[str]] = {}
        for letters, attributes in kinds:
            code = self._code(attributes)
            if code is not None:
                by_column.setdefault(letters, set()).add(code)
        several = {letters for letters, codes in by_column.items() if len(codes) > 1}
        for letters, codes in by_column.items():
            if letters not in several:
                found.formats.setdefault(column_index(letters.decode()), Runs()).note(1, *codes)
        if several:
            self._note_runs(chunks, several, found)
        found.settle()
        return found

    def _code(self, attributes: bytes) -> str | None:
        """Return the format of a cell, or None where it holds no number."""
        if attributes not in self._codes:
            self._codes[attributes] = self._read_code(attributes)
        return self._codes[attributes]

    def _read_code(self, attributes: bytes) -> str | None:
        if attributes.endswith(b"/"):
            return None
        said = _said(attributes)
        return None if said.get("t") in _NO_NUMBER else _format(self._formats, said)

    def _note_runs(self, chunks: Chunks, several: set[bytes], found: SheetLooks) -> None:
        runs = {letters: found.formats.setdefault(column_index(letters.decode()), Runs()) for letters in several}
        columns = b"|".join(sorted(several))
        placed = re.compile(rb'<c r="(%b)(\d+)"([^>]*)>' % columns).findall
        for chunk in _whole_tags(chunks(), known=True):
            for letters, row, attributes in placed(chunk):
                code = self._code(attributes)
                if code is not None:
                    runs[letters].note(int(row), code)

    def _note_faults(self, chunk: bytes, found: SheetLooks) -> None:
        for cell in _FAULT(chunk):
            found.note_fault(int(cell[2]), column_index(cell[1].decode()), cell[3].decode("utf-8", "replace"))
        for cell in _FORMULA(chunk):
            kind = _said(cell[3]).get("t", "n")
            if _is_unkept(kind, (cell[4] or b"").decode("utf-8", "replace"), unkept_zero=self._unkept_zero):
                found.note_fault(int(cell[2]), column_index(cell[1].decode()), NO_RESULT)


def _is_unkept(kind: str, value: str, *, unkept_zero: bool) -> bool:
    if kind in ("str", "e", "s", "inlineStr"):
        return False
    return not value.strip() or (unkept_zero and kind == "n" and value.strip() == "0")


def _note_hidden(chunk: bytes, found: SheetLooks) -> None:
    for row in _ROW(chunk):
        said = _said(row[1])
        if _hides(said, "ht"):
            if not said.get("r", "").isdigit():
                raise Odd
            found.hide_row(int(said["r"]))
    for column in _COLUMNS(chunk):
        _note_columns(_said(column[1]), found)


def _note_columns(said: dict[str, str], found: SheetLooks) -> None:
    if _hides(said, "width") and said.get("min", "").isdigit() and said.get("max", "").isdigit():
        found.hidden_columns.append((int(said["min"]) - 1, int(said["max"]) - 1))


def _hides(said: dict[str, str], size: str) -> bool:
    return said.get("hidden") in _TRUE or (size in said and not said[size].strip("0."))


def _said(attributes: bytes) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8", "replace") for name, value in _ATTRIBUTE(attributes)}


def _format(formats: list[str], said: dict[str, str]) -> str:
    style = said.get("s", "0")
    number = int(style) if style.isdigit() else 0
    return formats[number] if number < len(formats) else ""


def _whole_tags(chunks: Iterator[bytes], *, known: bool = False) -> Iterator[bytes]:
    """Yield the XML cut before a cell begins, each cell whole. Raises `Odd` where it is not of the ordinary kind.

    `known`: it is of that kind, as an earlier look has found.
    """
    rest, prefix, first = b"", b"", True
    for chunk in chunks:
        text = rest + chunk
        if first:
            found = _PREFIX(text[:4096])
            prefix = found[1] if found else b""
            if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Odd
        if prefix:
            chunk_end = text.rfind(b"<")
            text, held = text[:chunk_end], text[chunk_end:]
            text = text.replace(b"<" + prefix + b":", b"<").replace(b"</" + prefix + b":", b"</")
        else:
            held = b""
        cut = max(text.rfind(b"<c r="), text.rfind(b"<row"), text.rfind(b"</sheetData"))
        cut = cut if cut > 0 else len(text)
        rest = text[cut:] + held
        whole = text[:cut]
        if len(rest) > _TAIL:
            raise Odd
        if not known:
            _require_ordinary(whole[whole.find(b"?>") + 2 :] if first else whole)
            if first and _ODD_TYPE(whole):
                raise Odd
        first = False
        if whole:
            yield whole
    if not known:
        _require_ordinary(rest)
        if first and _ODD_TYPE(rest):
            raise Odd
    yield rest


def _require_ordinary(text: bytes) -> None:
    if any(rare in text and odd in text for rare, odd in _ODD) or any(found(text) for found in _ODD_TAG):
        raise Odd


def _parsed(chunks: Iterator[bytes], formats: list[str], unkept_zero: bool) -> SheetLooks:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    target = _Target(formats, unkept_zero)
    parser: Any = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    except (ParseError, DefusedXmlException, LookupError):
        raise ValueError("damaged") from None
    target.found.settle()
    return target.found


class _Target:
    """What the parser tells what it sees."""

    def __init__(self, formats: list[str], unkept_zero: bool) -> None:
        self.found = SheetLooks()
        self._formats = formats
        self._unkept_zero = unkept_zero
        self._row = 0
        self._column = -1
        self._cell: dict[str, str] = {}
        self._formula = False
        self._in_value = False
        self._value: list[str] = []

    def start(self, tag: str, said: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2]
        if name == "row":
            self._row = int(said.get("r") or self._row + 1)
            self._column = -1
            if _hides(said, "ht"):
                self.found.hide_row(self._row)
        elif name == "col":
            _note_columns(said, self.found)
        elif name == "c":
            letters = said.get("r", "").replace("$", "").rstrip("0123456789")
            self._column = column_index(letters) if letters else self._column + 1
            self._cell, self._formula, self._value = said, False, []
        elif name == "f":
            self._formula = True
        self._in_value = name in ("v", "t")

    def data(self, text: str) -> None:
        """Text within an element."""
        if self._in_value:
            self._value.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._in_value = False
        if tag.rpartition("}")[2] != "c":
            return
        kind, value = self._cell.get("t", "n"), "".join(self._value)
        if kind == "e":
            self.found.note_fault(self._row, self._column, value[:40])
        elif self._formula and _is_unkept(kind, value, unkept_zero=self._unkept_zero):
            self.found.note_fault(self._row, self._column, NO_RESULT)
        elif kind not in _NO_NUMBER and value:
            runs = self.found.formats.setdefault(self._column, Runs())
            runs.note(self._row, _format(self._formats, self._cell))

    def close(self) -> None:
        """The document ends."""
