"""Access tokens: given out, expired by the sandbox's clock, revoked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.sandbox.clock import SandboxClock


@dataclass
class _Token:
    client_id: str
    expires_at: datetime
    revoked: bool = False


class Tokens:
    """The access tokens that are good for something, or were until lately."""

    def __init__(self, clock: SandboxClock, seconds: int) -> None:
        self.seconds = seconds
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    def issue(self, client_id: str) -> str:
        """Return a new token for a client. It expires after `seconds` of the sandbox's clock."""
        now = self._clock.now()
        long_gone = now - timedelta(days=1)
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires_at > long_gone}
        text = secrets.token_urlsafe(32)
        self._tokens[text] = _Token(client_id, now + timedelta(seconds=self.seconds))
        return text

    def client_of(self, text: str) -> str:
        """Return whose token this is, or an empty string where it is unknown, expired or revoked."""
        token = self._tokens.get(text)
        good = token is not None and not token.revoked and self._clock.now() < token.expires_at
        return token.client_id if token is not None and good else ""

    def revoke(self, text: str) -> None:
        """Make one token useless."""
        if text in self._tokens:
            self._tokens[text].revoked = True

    def expire(self, text: str) -> None:
        """End the time of one token."""
        if text in self._tokens:
            self._tokens[text].expires_at = self._clock.now()

    def revoke_all(self) -> None:
        """Make every token useless that was given out so far."""
        for token in list(self._tokens.values()):
            token.revoked = True
