"""Whether a JSON or XML file is closed. Whether it is right is for its reader to say, in the reader's own words."""

from __future__ import annotations

import codecs
import json
import re
from typing import BinaryIO

from agent.intake.encoding import NotText, decode
from agent.intake.structure.reading import read_at, tail

_PARSED = 1024 * 1024  # up to this size JSON is parsed
_SCANNED = 128 * 1024 * 1024  # up to this size its brackets are counted
_CHUNK = 1024 * 1024
_XML_HEAD = 64 * 1024
_XML_TAIL = 4 * 1024
_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_XML_NAME = re.compile(r"<([^\s<>/!?\"'=]{1,255})")

_JSON_CUT = "its closing bracket is missing"


def incomplete_json(stream: BinaryIO, size: int) -> str | None:
    """Tell whether the outermost bracket is still open.

    JSON that is wrong in its middle but closed at its end counts as complete: its reader names line and column,
    which is of more use than waiting for an end that stands there already.
    """
    if size > _PARSED:
        return _scan_json(stream, size)
    data = read_at(stream, 0, size)
    closed = data.rstrip(b" \t\r\n\0").endswith((b"}", b"]"))
    try:
        text = decode(data).rstrip(" \t\r\n\0")
    except NotText:
        return None if closed else _JSON_CUT
    if not text:
        return "it is empty"
    try:
        json.loads(text, parse_int=len, parse_float=len)
    except json.JSONDecodeError as fault:
        return _JSON_CUT if fault.pos >= len(text) or not closed else None
    except RecursionError:
        return None
    return None


def _scan_json(stream: BinaryIO, size: int) -> str | None:
    """Count brackets outside of texts, in constant memory; a file beyond 128 MiB is judged by its last byte."""
    if size > _SCANNED or read_at(stream, 0, 2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return None if tail(stream, size, 1) in (b"}", b"]") else _JSON_CUT
    depth, in_text, rest = 0, False, b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        chunk = _ESCAPES.sub(b"", rest + chunk)
        rest = b"\\" if chunk.endswith(b"\\") else b""  # the other half of an escape comes with the next chunk
        parts = chunk.split(b'"')
        outside = b"".join(parts[in_text::2])
        depth += outside.count(b"{") + outside.count(b"[") - outside.count(b"}") - outside.count(b"]")
        in_text ^= len(parts) % 2 == 0
    return _JSON_CUT if depth > 0 or in_text else None


def incomplete_xml(stream: BinaryIO, size: int) -> str | None:
    """Look for the closing tag of the root at the end: no parser, so nothing in the file can be expanded."""
    cut = "its closing tag is missing"
    wide = read_at(stream, 0, 2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    head = read_at(stream, 0, _XML_HEAD)
    padding = b"\0\r\n\t "
    if wide:
        encoding = "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        start = max(0, size - _XML_TAIL)
        end = read_at(stream, start + start % 2, _XML_TAIL)
    else:
        encoding, end = "latin-1", tail(stream, size, _XML_TAIL, padding)
    root = _root_name(head.decode(encoding, "replace"))
    if root is None:
        return cut
    ending = _without_epilog(end.decode(encoding, "replace"))
    closing = ending.rpartition("</")[2].rstrip(">").rstrip()
    closed_alone = ending.endswith("/>") and ending.rpartition("<")[2].startswith(root)
    return None if ending.endswith(">") and (closing == root or closed_alone) else cut


def _root_name(text: str) -> str | None:
    """Return the name of the first tag behind declaration, comments and document type."""
    position = 0
    while (position := text.find("<", position)) >= 0:
        for opening, closing in (("<!--", "-->"), ("<?", "?>"), ("<!DOCTYPE", ">")):
            if text.startswith(opening, position):
                internal = text.find("[", position), text.find(">", position)
                if opening == "<!DOCTYPE" and 0 <= internal[0] < internal[1]:
                    closing = "]>"
                position = text.find(closing, position)
                break
        else:
            name = _XML_NAME.match(text, position)
            return name[1] if name else None
        if position < 0:
            return None
        position += 1
    return None


def _without_epilog(text: str) -> str:
    """Cut off comments and instructions behind the root."""
    text = text.rstrip(" \t\r\n\0")
    for _ in range(100):
        opening = "<!--" if text.endswith("-->") else "<?" if text.endswith("?>") else ""
        start = text.rfind(opening) if opening else -1
        if start < 0:
            break
        text = text[:start].rstrip()
    return text
