"""Open Dental's e-bill XML, statement by statement: no tree is built, no entity or document type is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from agent.intake.statements.problems import unreadable
from agent.intake.statements.profile import Layout
from agent.intake.statements.readers import Line, Record
from agent.intake.statements.source import Source
from agent.intake.statements.values import Refused

_CHUNK = 64 * 1024
_LONGEST_TAG = 1 << 20  # a parser begins again with each chunk until it has the whole of a tag or a comment
_DEEPEST = 40
_MOST_ELEMENTS = 200_000  # within one statement


def root(source: Source) -> str:
    """Return the name of the outermost element. Raises `Unreadable`."""
    target = _Target(None)
    for _ in _fed(source, target):
        if target.root:
            break
    return target.root


def records(source: Source, layout: Layout) -> Iterator[Record]:
    """Yield the statements. Cells are named by their element and the one around it: `RecipientAddress/Name`.

    What stands directly in the statement is named by itself: `AmountDue`. Raises `Unreadable`.
    """
    target = _Target(layout)
    for _ in _fed(source, target):
        yield from target.taken()


def _fed(source: Source, target: _Target) -> Iterator[None]:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser: Any = DefusedXMLParser(target=target, forbid_dtd=True)
    stream = source.rewind()
    try:
        while chunk := stream.read(_CHUNK):
            parser.feed(chunk)
            if stream.tell() - parser.parser.CurrentByteIndex > _LONGEST_TAG:
                raise _TooDeep
            yield
        parser.close()
        yield
    except ParseError as wrong:
        line = wrong.position[0]
        raise unreadable(source.name, f"its XML is damaged or cut off at line {line:,}") from None
    except DefusedXmlException:
        raise unreadable(
            source.name, "it declares a document type or entities, which no statement file needs"
        ) from None
    except _TooDeep:
        raise unreadable(
            source.name, "its XML is nested deeper or its statements are longer than any export's"
        ) from None
    except (ValueError, LookupError):
        raise unreadable(source.name, "it is in a character encoding that cannot be read") from None


_TWICE = "This stands twice in one statement, with two values. Have it written once."


class _TooDeep(Exception):
    """Deeper, or longer, than any statement."""


class _Target:
    """What the parser tells what it sees."""

    def __init__(self, layout: Layout | None) -> None:
        self.root = ""
        self._layout = layout
        self._path: list[str] = []
        self._text: list[str] = []
        self._leaf = False
        self._record: Record | None = None
        self._depth = 0  # of the current statement's element
        self._line: Line | None = None
        self._elements = 0
        self._count = 0
        self._done: list[Record] = []

    def taken(self) -> list[Record]:
        """Return the statements that are complete, once."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2]
        self.root = self.root or name
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise _TooDeep
        self._text.clear()
        self._leaf = True
        if self._layout is None:
            return
        if self._record is None:
            if name == self._layout.record:
                self._count += 1
                self._elements = 0
                self._record = Record(self._count, f"statement {self._count}", {})
                self._depth = len(self._path)
            return
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise _TooDeep
        if name == self._layout.line and self._line is None:
            number = len(self._record.lines) + 1
            self._line = Line(self._count, f"{self._record.place}, line {number}", {})

    def data(self, text: str) -> None:
        """Text within an element."""
        self._text.append(text)

    def end(self, _tag: str) -> None:
        """An element ends."""
        name = self._path.pop()
        record, layout = self._record, self._layout
        if record is None or layout is None:
            return
        if len(self._path) + 1 == self._depth:
            self._done.append(record)
            self._record = self._line = None
        elif name == layout.line and self._line is not None:
            record.lines.append(self._line)
            self._line = None
        elif self._leaf:
            self._keep(record, name)
        self._leaf = False

    def close(self) -> None:
        """The document ends."""

    def _keep(self, record: Record, name: str) -> None:
        parent = self._path[-1]
        key = name if len(self._path) == self._depth else f"{parent}/{name}"
        cells = record.cells if self._line is None else self._line.cells
        text = "".join(self._text)
        layout = self._layout
        if layout is not None and name == layout.note and cells.get(key):
            text = f"{cells[key]}\n{text.strip()}"
        before = cells.get(key, "")
        twice = (
            isinstance(before, str) and before.strip() not in ("", text.strip()) and name != (layout and layout.note)
        )
        cells[key] = Refused(f"{before}, {text}", _TWICE) if twice else text
