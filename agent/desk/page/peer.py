"""Whose program is at the other end of a connection over loopback, as the system tells it (Linux).

A session's cookie is bound to this PC, not to our port: a browser shows it to a server of another user on this PC, too,
if it is led there. So the cookie alone is not believed: the connection has to come from this user, or from root.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from starlette.types import Scope

from agent.desk.users import name_of

_CONNECTIONS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _STATE, _UID = 1, 2, 3, 7  # columns
_ESTABLISHED = "01"


class NotTold(Exception):
    """The system does not tell."""


def is_own_user(scope: Scope) -> bool:
    """Tell whether a request comes from this user's program; True also where the system does not tell."""
    try:
        return _uid_of(scope) in (0, os.getuid())
    except NotTold:
        return True


def who_asks(scope: Scope) -> str:
    """Return the name of the OS user whose program asks; empty where the system does not tell."""
    try:
        uid = _uid_of(scope)
    except NotTold:
        return ""
    return "" if uid is None else name_of(uid)


def _uid_of(scope: Scope) -> int | None:
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None:
        raise NotTold
    return client_of(tuple(client), tuple(server))


def client_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the number of the user whose program holds `client`'s end of a connection; None where nobody does.

    An end that was closed has no holder any more: the system would call it root's. Raises NotTold.
    """
    wanted = (_spelled(*client), _spelled(*server), _ESTABLISHED)
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
