"""Keeps secrets of any length in a keyring whose entries are short.

Windows holds 2,560 bytes an entry, in UTF-16. A longer secret stands in numbered parts, and its own entry is a header
that says in which of two slots they are, how many, and the digest of the whole. The parts are written to the slot that
is not in use, then the header: whatever ends in between, the entry stands for the old secret or for the new one.
"""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

_WHOLE_BYTES = 2_400
_PART_LENGTH = 600  # characters, of four bytes at most
_HEADER = "outtray-parts:"
_HEADER_FORM = re.compile(rf"{_HEADER}([ab]):(\d{{1,3}}):([0-9a-f]{{64}})")


class Incomplete(Exception):
    """A header stands without the parts that it tells of."""


class Entries(Protocol):
    """A keyring's entries, by user name. `delete` of an entry that is not there is no problem."""

    def read(self, user: str) -> str | None:
        """Return the entry's value, or None."""
        ...

    def write(self, user: str, value: str) -> None:
        """Write the entry at once, over one that stands there."""
        ...

    def delete(self, user: str) -> None:
        """Take the entry away."""
        ...


def read(entries: Entries, user: str) -> str | None:
    """Return the secret, or None where there is none. Raises `Incomplete`."""
    entry = entries.read(user)
    while entry is not None and entry.startswith(_HEADER):
        secret = _joined(entries, user, entry)
        if secret is not None:
            return secret
        before, entry = entry, entries.read(user)
        if entry == before:  # otherwise it was just being set anew
            raise Incomplete
    return entry


def write(entries: Entries, user: str, secret: str) -> None:
    """Keep the secret in place of what was kept."""
    if len(secret.encode("utf-16-le")) <= _WHOLE_BYTES and not secret.startswith(_HEADER):
        entries.write(user, secret)
        _clear(entries, user, "a")
        _clear(entries, user, "b")
        return
    before = _HEADER_FORM.fullmatch(entries.read(user) or "")
    used = before[1] if before else "b"
    slot = "a" if used == "b" else "b"
    _clear(entries, user, slot)
    parts = [secret[start : start + _PART_LENGTH] for start in range(0, len(secret), _PART_LENGTH)]
    for number, part in enumerate(parts, 1):
        entries.write(_part(user, slot, number), part)
    entries.write(user, f"{_HEADER}{slot}:{len(parts)}:{_digest(secret)}")
    _clear(entries, user, used)


def delete(entries: Entries, user: str) -> bool:
    """Take the secret away with all its parts, those of an interrupted writing too. Return whether there was one."""
    known = entries.read(user) is not None
    entries.delete(user)
    _clear(entries, user, "a")
    _clear(entries, user, "b")
    return known


def _joined(entries: Entries, user: str, entry: str) -> str | None:
    header = _HEADER_FORM.fullmatch(entry)
    if header is None:
        return None
    slot, count, digest = header[1], int(header[2]), header[3]
    secret = "".join(entries.read(_part(user, slot, number)) or "" for number in range(1, count + 1))
    return secret if _digest(secret) == digest else None


def _clear(entries: Entries, user: str, slot: str) -> None:
    """Take a slot's parts away, the last first, so that those left by an interruption are found from the first on."""
    count = 0
    while entries.read(_part(user, slot, count + 1)) is not None:
        count += 1
    for number in range(count, 0, -1):
        entries.delete(_part(user, slot, number))


def _part(user: str, slot: str, number: int) -> str:
    return f"{user}/{slot}{number}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
