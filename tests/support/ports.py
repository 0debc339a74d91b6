"""A port that is free until the test takes it."""

from __future__ import annotations

import random
import socket

_BELOW_THE_SYSTEMS_OWN = range(20_000, 32_000)
"""From here no system gives a port to whoever asks for any: what is free stays free."""


def port_of_nobody() -> int:
    """Return a port on loopback that nobody listens at, and that nobody gets by chance."""
    dice = random.SystemRandom()  # each process its own
    while True:
        port = dice.choice(_BELOW_THE_SYSTEMS_OWN)
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
