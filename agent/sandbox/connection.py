"""Ways to end a connection as networks end them: by reset, or closed without a word.

ASGI has no message for this. The protocol below puts the connection's transport into the state of each request.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import cast

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

# SO_LINGER on, 0 seconds: closing sends a reset at once. Windows has 16-bit fields there.
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class ReachableProtocol(H11Protocol):
    """The server's HTTP/1.1, with the transport within reach of the application as `state["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the transport for every request of this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def reset(scope: Scope, receive: Receive) -> None:
    """End the connection by a TCP reset, and return once it is gone."""
    transport = _transport(scope)
    connection = cast(socket.socket, transport.get_extra_info("socket"))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    await until_gone(receive)


async def close(scope: Scope, receive: Receive) -> None:
    """Close the connection in good order, what was written before still going out, and return once it is gone."""
    _transport(scope).close()
    await until_gone(receive)


async def until_gone(receive: Receive) -> None:
    """Return once the connection is gone, whoever ended it."""
    while (await receive())["type"] != "http.disconnect":
        pass


def is_gone(scope: Scope) -> bool:
    """Tell whether the connection is closed or closing."""
    return _transport(scope).is_closing()


def _transport(scope: Scope) -> asyncio.Transport:
    return cast(asyncio.Transport, scope["state"]["transport"])
