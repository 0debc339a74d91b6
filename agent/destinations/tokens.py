"""Bearer tokens (OAuth 2 client credentials): fetched once for all senders, renewed before they expire."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition, Event
from typing import Any

import httpx

from agent.clock import Clock
from agent.destinations import problems
from agent.destinations.network import SLICE, cancelled_by
from agent.destinations.outcomes import OF_THE_PACKET, Service, classify_failure, classify_reply
from agent.destinations.reply import Reply, read_reply
from agent.model import Blocked, Fault, Retry
from agent.settings.secrets import SecretsUnavailable

_log = logging.getLogger(__name__)

USUAL_LIFETIME = 600.0
"""Seconds that a token is taken to hold where the service does not say (its examples show 3,600 and 7,200)."""
LONGEST_LIFETIME = 24 * 3600.0
LARGEST_MARGIN = 60.0
"""Seconds before its end at which a token is renewed; for short-lived ones a tenth of their life."""


@dataclass(frozen=True)
class Token:
    """A bearer token and until when (steady seconds) it is used."""

    value: str = field(repr=False)
    use_until: float


@dataclass(frozen=True)
class Credentials:
    """What the token is asked for with. `secret` is asked anew each time: IT may just have stored it."""

    client_id: str
    secret: Callable[[], str | None] = field(repr=False)


class TokenSource:
    """The token of one lane, shared by its sender threads: one fetches, the others wait for the same answer."""

    def __init__(
        self, client: httpx.Client, token_url: str, credentials: Credentials, service: Service, clock: Clock
    ) -> None:
        self._client = client
        self._url = token_url
        self._credentials = credentials

        def is_own(said: Mapping[str, Any]) -> bool:
            """Tell a token's refusal, an object with `error` (RFC 6749, 5.2), and the service's own errors."""
            return "error" in said or service.is_own_error(said)

        self._service = replace(service, is_own_error=is_own, is_own_trouble=is_own)
        self._clock = clock
        self._changed = Condition()
        self._token: Token | None = None
        self._failure: Retry | Blocked | None = None
        self._fetching = False
        self._rounds = 0

    def get(self, cancel: Event) -> Token | Retry | Blocked:
        """Return a token that holds, or why there is none. Never raises; ends within a second of `cancel`."""
        with self._changed:
            while not (self._token and self._clock.steady() < self._token.use_until):
                if not self._fetching:
                    self._fetching = True
                    break
                round_ = self._rounds
                while self._rounds == round_:
                    if cancel.is_set():
                        return Retry(self._service.problem(problems.STOPPED))
                    self._changed.wait(SLICE)
                if self._failure is not None:
                    return self._failure
            else:
                return self._token
        found: Token | Retry | Blocked | None = None
        try:
            found = self._fetch(cancel)
        finally:
            with self._changed:
                self._token = found if isinstance(found, Token) else None
                # A fetch that was stopped says nothing to those who wait: one of them fetches next.
                self._failure = found if isinstance(found, Retry | Blocked) and not cancel.is_set() else None
                self._fetching = False
                self._rounds += 1
                self._changed.notify_all()
        return found

    def invalidate(self, token: Token) -> None:
        """Forget `token`, which the service did not take; a newer one that another thread got meanwhile is kept."""
        with self._changed:
            if self._token is token:
                self._token = None

    def _fetch(self, cancel: Event) -> Token | Retry | Blocked:
        try:
            secret = self._credentials.secret()
        except SecretsUnavailable as unavailable:
            return Blocked(unavailable.problem)
        except Exception as exc:  # noqa: BLE001 - each system's credential store has exceptions of its own
            _log.warning("the credential store could not be read: %s", type(exc).__name__)
            return Blocked(self._service.problem(problems.SECRET_UNREADABLE))
        if not secret:
            return Blocked(self._service.problem(problems.NO_SECRET))
        try:
            with cancelled_by(cancel):
                return self._read(self._clock.steady(), self._ask(secret))
        except Exception as exc:  # noqa: BLE001 - whatever happens on the wire is an outcome
            return classify_failure(exc, self._service, (secret,))

    def _ask(self, secret: str) -> Reply:
        form = {"grant_type": "client_credentials", "client_id": self._credentials.client_id, "client_secret": secret}
        with self._client.stream("POST", self._url, data=form) as response:
            return read_reply(response, (secret,))

    def _read(self, asked_at: float, reply: Reply) -> Token | Retry | Blocked:
        failed = self._failed(reply)
        if failed is not None:
            return failed
        value = reply.content.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or not value:
            none = Fault("token", "", f"The reply (HTTP status {reply.status}) holds no token")
            return Retry(self._service.problem(problems.ODD_REPLY, (none,)), reply.status)
        lifetime = _lifetime(reply.content.get("expires_in"))
        return Token(value, asked_at + lifetime - min(LARGEST_MARGIN, lifetime / 10))

    def _failed(self, reply: Reply) -> Retry | Blocked | None:
        outcome = classify_reply(reply, self._service, self._clock.now(), is_success=lambda _content: True)
        if outcome is None or isinstance(outcome, Blocked):
            return outcome
        if isinstance(outcome, Retry) and (outcome.unreachable or reply.status not in OF_THE_PACKET):
            return outcome
        # 400 `invalid_client` (RFC 6749, 5.2), 415 and the like: no packet is to blame for how the lane is set up.
        words = problems.KEY_NOT_ACCEPTED if reply.status == 400 else problems.NO_ACCESS
        said = (*outcome.problem.details, Fault("token", "", f"HTTP status {reply.status}"))
        return Blocked(self._service.problem(words, said), reply.status)


def _lifetime(expires_in: Any) -> float:
    """Return `expires_in` in seconds where it makes sense; some services send it as a string."""
    try:
        seconds = math.nan if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    return min(seconds, LONGEST_LIFETIME) if seconds > 0 else USUAL_LIFETIME
