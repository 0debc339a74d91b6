"""Text as people's programs save it: UTF-8 or UTF-16, with or without a byte order mark."""

from __future__ import annotations

import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NotText(ValueError):
    """The bytes are not in the encoding that they seem to be in. `line` (from 1) is where that shows."""

    def __init__(self, encoding: str, line: int) -> None:
        super().__init__(f"not {encoding} in line {line}")
        self.encoding = encoding
        self.line = line


def decode(data: bytes) -> str:
    """Return the text without its mark. Raise `NotText` for bytes that are not such text.

    Without a mark, a zero as the second or first byte gives UTF-16 away: JSON begins with an ASCII character.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    if not mark and len(data) >= 2 and (data[0] == 0) != (data[1] == 0):
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as fault:
        before = body[: fault.start].decode(encoding, "replace")
        raise NotText("UTF-8" if encoding == "utf-8" else "UTF-16", before.count("\n") + 1) from fault
