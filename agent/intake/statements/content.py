"""What a file says, as a digest that its order is no part of: statements that were sorted anew are the same ones.

Each statement is hashed by itself, without its place in the file (`rowNum`) and with its lines in an order of their
own. The sum of these hashes does not depend on who came first, counts what comes twice, and grows with no file.
"""

from __future__ import annotations

import hashlib
import re

from agent.intake.statements import wire

_BEGINNING = re.compile(rf'(?:^|,)\{{"{wire.ROW_NUMBER}":\d+')
"""Where a statement begins. Within a text of JSON the quotes are escaped, so that no value looks like it."""
_LINES = f',"{wire.LINES}":['
_SIZE = 2**256


class Content:
    """The digest of the statements that were added."""

    def __init__(self) -> None:
        self._sum = 0
        self._count = 0

    def add(self, statements: str) -> None:
        """Add statements that are joined by commas."""
        for statement in filter(None, _BEGINNING.split(statements)):
            digest = hashlib.sha256(_in_order(statement).encode("ascii")).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % _SIZE
            self._count += 1

    def hexdigest(self) -> str:
        """Return the digest so far, in hex."""
        return hashlib.sha256(f"{self._count} {self._sum:x}".encode("ascii")).hexdigest()


def _in_order(statement: str) -> str:
    """Return a statement with its lines, which stand last in it, sorted."""
    about, has_lines, lines = statement.partition(_LINES)
    return about + has_lines + "},{".join(sorted(lines[1:-3].split("},{"))) if has_lines else about
