"""Text from elsewhere as people can be shown it: a file's name, what a sidecar says, a service's words.

Some characters are not seen but act. An escape sequence colours a terminal or moves its cursor, a line break makes two
lines of one, an override of the reading direction lets `exe.pdf` be read as `fdp.exe`; half a character cannot be
written at all. They are spelled out.
"""

from __future__ import annotations

import re

ACTING = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Characters that act beside the control characters below the blank: DEL and C1, reading directions, lines, halves."""

_SPELLED_OUT = re.compile(f"[\x00-\x1f{ACTING}]")


def shown(text: str) -> str:
    """Return the text in one line, what acts in it spelled out as `\\u001b`."""
    return _SPELLED_OUT.sub(lambda one: f"\\u{ord(one[0]):04x}", text)
