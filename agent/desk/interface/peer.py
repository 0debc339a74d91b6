"""Whose program is at the other end of a connection over loopback, where the system tells (Linux)."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_CONNECTIONS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _STATE, _UID = 1, 2, 3, 7  # columns
_ESTABLISHED, _LISTENING = "01", "0A"
_ANYONE = "00000000:0000"


class NotTold(Exception):
    """The system does not tell."""


def client_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the number of the user whose program holds `client`'s end of a connection; None where nobody does.

    An end that was closed has no holder any more: the system would call it root's. Raises NotTold.
    """
    return _owner(_spelled(*client), _spelled(*server), _ESTABLISHED)


def listener_at(host: str, port: int) -> int | None:
    """Return the number of the user whose program listens at this very address; None where none does. Raises NotTold.

    That program is the one which a connection to it has reached: the system prefers the closest address.
    """
    return _owner(_spelled(host, port), _ANYONE, _LISTENING)


def _owner(local: str, remote: str, state: str) -> int | None:
    wanted = (local, remote, state)
    return next((uid for *found, uid in _listed() if tuple(found) == wanted), None)


def _listed() -> Iterator[tuple[str, str, str, int]]:
    if not sys.platform.startswith("linux"):
        raise NotTold
    try:
        with _CONNECTIONS.open(encoding="ascii") as lines:
            next(lines)
            for line in lines:
                columns = line.split()
                yield columns[_LOCAL], columns[_REMOTE], columns[_STATE], int(columns[_UID])
    except (OSError, ValueError, IndexError, StopIteration) as trouble:
        raise NotTold from trouble


def _spelled(host: str, port: int) -> str:
    """Return an address as the kernel lists it: the bytes in the machine's own order, in hexadecimal."""
    (number,) = struct.unpack("=I", socket.inet_aton(str(ipaddress.IPv4Address(host))))
    return f"{number:08X}:{port:04X}"
