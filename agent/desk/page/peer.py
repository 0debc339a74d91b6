"""Whose program asks, as the system tells it (Linux).

A session's cookie is bound to this PC, not to our port: a browser shows it to a server of another user on this PC, too,
if it is led there. So the cookie alone is not believed, nor is a key: the connection has to come from this user, or
from root.
"""

from __future__ import annotations

import os

from starlette.types import Scope

from agent.desk.interface.peer import NotTold, client_of
from agent.desk.users import name_of


def is_own_user(scope: Scope) -> bool:
    """Tell whether a request comes from this user's program; True also where the system does not tell."""
    try:
        return _uid_of(scope) in (0, os.getuid())
    except NotTold:
        return True


def who_asks(scope: Scope) -> str | None:
    """Return the name of the OS user whose program asks; None where the system does not tell."""
    try:
        uid = _uid_of(scope)
    except NotTold:
        return None
    return None if uid is None else name_of(uid)


def _uid_of(scope: Scope) -> int | None:
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None:
        raise NotTold
    return client_of(tuple(client), tuple(server))
