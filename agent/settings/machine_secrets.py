"""Secrets for the whole PC, for agents that run where nobody signs in. Windows only.

Each stands in a file of its own, encrypted with a key of this PC (DPAPI, machine scope): off this PC it is worth
nothing. On this PC every program could decrypt it, so what protects it here are the file's rights: the system,
administrators and the service's account may read it, and the accounts that IT names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.settings.locations import machine_secrets_folder

SERVICE_ACCOUNT = "S-1-5-20"
"""Network Service, which OutTray's service runs as: it may always read them."""


@dataclass(frozen=True)
class Protection:
    """What the system does for machine-wide secrets. Every function raises `OSError`.

    `seal` and `unseal` take the bytes and a text that both must be given alike; `unseal` raises `ValueError` for what
    was sealed elsewhere, or is damaged. `write` puts a file into a folder of its own making, readable for the system,
    administrators and the `readers` (names or SIDs) only, whole or not at all; it raises `LookupError` for a reader
    that does not exist.
    """

    seal: Callable[[bytes, str], bytes]
    unseal: Callable[[bytes, str], bytes]
    write: Callable[[Path, bytes, Sequence[str]], None]


class MachineSecrets:
    """The secrets of this PC. Every method raises `OSError`."""

    def __init__(self, folder: Path, protection: Protection) -> None:
        self._folder = folder
        self._protection = protection

    def get(self, store: str, name: str) -> str | None:
        """Return a secret, or None where there is none. Raises `PermissionError` where this account may not read it,
        and `ValueError` where it is not this PC's or not whole.
        """
        try:
            sealed = self._file(store, name).read_bytes()
        except FileNotFoundError:
            return None
        return self._protection.unseal(sealed, _purpose(store, name)).decode("utf-8")

    def set(self, store: str, name: str, value: str, readers: Sequence[str] = ()) -> None:
        """Keep a secret, in place of what was kept, for the system, administrators, the service and these accounts.

        Raises `LookupError` for an account that does not exist.
        """
        sealed = self._protection.seal(value.encode("utf-8"), _purpose(store, name))
        self._protection.write(self._file(store, name), sealed, (SERVICE_ACCOUNT, *readers))

    def forget(self, store: str, name: str) -> bool:
        """Take a secret away. Return whether there was one."""
        try:
            self._file(store, name).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, store: str, name: str) -> Path:
        return self._folder / f"{store.lower()}.{name}.secret"


def machine_secrets() -> MachineSecrets | None:
    """Return this PC's machine-wide secrets; None where the system has nothing to protect them with."""
    if sys.platform == "win32":
        from agent.settings import on_windows

        protection = Protection(on_windows.seal, on_windows.unseal, on_windows.write_private)
        return MachineSecrets(machine_secrets_folder(), protection)
    return None


def _purpose(store: str, name: str) -> str:
    """Return what a sealed secret is bound to, so that none can be put in another's place."""
    return f"OutTray/{store.lower()}/{name}"
