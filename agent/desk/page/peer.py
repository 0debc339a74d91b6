"""Whose program is at the other end of a connection over loopback, where the system tells (Linux).

A session's cookie is bound to this PC, not to our port: a browser shows it to a server of another user on this PC, too,
if it is led there. So the cookie alone is not believed: the connection has to come from this user, or from root.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from pathlib import Path

from starlette.types import Scope

_CONNECTIONS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _UID = 1, 2, 7  # columns


def is_own_user(scope: Scope) -> bool:
    """Tell whether a request comes from this user's program; True also where the system does not tell."""
    client, server = scope.get("client"), scope.get("server")
    if not sys.platform.startswith("linux") or client is None or server is None:
        return True
    uid = owner_of(tuple(client), tuple(server))
    return uid in (None, 0, os.getuid())


def owner_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the number of the user whose socket is `client`'s end of a connection; None where it is not listed."""
    wanted = (_spelled(*client), _spelled(*server))
    try:
        with _CONNECTIONS.open(encoding="ascii") as lines:
            for line in lines:
                columns = line.split()
                if (columns[_LOCAL], columns[_REMOTE]) == wanted:
                    return int(columns[_UID])
    except (OSError, ValueError, IndexError):
        return None
    return None


def _spelled(host: str, port: int) -> str:
    """Return an address as the kernel lists it: the bytes in the machine's own order, in hexadecimal."""
    (number,) = struct.unpack("=I", socket.inet_aton(str(ipaddress.IPv4Address(host))))
    return f"{number:08X}:{port:04X}"
