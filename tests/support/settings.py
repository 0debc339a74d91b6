"""Settings files and keyrings for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from agent.settings.machine_secrets import Protection
from agent.settings.reading import SettingsProblem, parse

STORE = """
[[store]]
name = "main-street"
store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"
"""
ATTACHMENTS = """
[store.attachments]
folder = '/srv/scans'
client_id = "outtray"
environment = "sandbox"
"""
STATEMENTS = """
[store.statements]
folder = '/srv/statements'
base_url = "https://billing.example.com"
"""


def sentences_of(text: str) -> list[str]:
    """Return what is told of a settings file; an empty list where it is in order."""
    try:
        parse(text, Path("outtray.toml"))
    except SettingsProblem as problem:
        return problem.sentences
    return []


class MemoryKeyring(KeyringBackend):
    """A keyring in memory, as narrow as Windows' own: 2,560 bytes an entry, in UTF-16.

    `fail_at` ends the writing or deleting with that number (from 1) as a power cut would, before it is done.
    """

    priority = -1  # never found by looking for keyrings, only where a test hands it over

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.changes = 0
        self.fail_at = 0

    def _change(self) -> None:
        self.changes += 1
        if self.changes == self.fail_at:
            raise PowerCut

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data")
        self._change()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.entries:
            raise PasswordDeleteError(service)
        self._change()
        del self.entries[service, username]


class PowerCut(Exception):
    """The computer went off here."""


class LockedKeyring(MemoryKeyring):
    """A keyring whose prompt is declined each time; it counts how often it asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class Sealing:
    """A protection that turns bytes round, and remembers for whom it wrote."""

    def __init__(self) -> None:
        self.readers: dict[str, Sequence[str]] = {}
        self.protection = Protection(self._seal, self._unseal, self._write)

    def _seal(self, data: bytes, purpose: str) -> bytes:
        return purpose.encode() + b"\0" + data[::-1]

    def _unseal(self, data: bytes, purpose: str) -> bytes:
        found, _, sealed = data.partition(b"\0")
        if found != purpose.encode():
            raise ValueError("damaged")
        return sealed[::-1]

    def _write(self, path: Path, data: bytes, readers: Sequence[str]) -> None:
        if "nobody" in readers:
            raise LookupError("nobody")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self.readers[path.name] = readers
