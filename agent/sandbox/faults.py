"""Fault plans: which request meets which mishap. Pure.

A plan is a list such as `429:3@2, drop-after-body@5, gateway:504@7, 503@9-12, token/401@1`: what happens, `@`, and to
which requests (in words for people: README.md beside this file). Uploads of both services count together from 1;
`token/`, `search/` and `health/` count their own traffic. Requests are named by a number, a range `9-12` or `3-`, every
nth `%5`, or all `*`. The first item that fits is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from agent.sandbox.paths import Traffic


class Mishap(StrEnum):
    """What can happen to a request."""

    STATUS = "status"  # the HTTP status that the item names; its seconds become Retry-After
    DROP_BEFORE_BODY = "drop-before-body"  # reset once the headers are read
    DROP_MID_BODY = "drop-mid-body"  # reset in the middle of the body
    DROP_AFTER_BODY = "drop-after-body"  # accepted and journaled, then closed without a reply
    DROP_UNACCEPTED = "drop-unaccepted"  # whole body read, not accepted, closed without a reply
    HANG = "hang"  # accepted and journaled, then silent: for its seconds, or until the client gives up
    SLOW_REPLY = "slow-reply"  # accepted and journaled, the reply comes late
    GARBAGE = "garbage"  # accepted, its status is right, the body is not JSON
    HUGE = "huge"  # accepted, its status is right, the body goes on for 1 GiB
    TRUNCATED = "truncated"  # accepted, the reply is cut in the middle
    PORTAL = "portal"  # whole body read, not accepted: a portal's sign-in page under 200
    PORTAL_BEFORE_BODY = "portal-before-body"  # the same before a byte of the body was read
    HTML = "html"  # whole body read, not accepted: a page of a firewall's under its number, 403 if it has none
    EMPTY = "empty"  # whole body read, not accepted: nothing, under its number, 200 if it has none
    SAYS_NO = "says-no"  # whole body read, not accepted: a service's refusal, under 200
    GATEWAY = "gateway"  # whole body read, not accepted: a gateway's error page under its number, 502 if it has none
    GATEWAY_AFTER = "gateway-after"  # accepted and journaled, and then the gateway's error page
    EMPTY_AFTER = "empty-after"  # accepted and journaled, its status is right, nothing else is said
    NO_NUMBER = "no-number"  # accepted and journaled, the reply lacks its control number
    FEWER_IDS = "fewer-ids"  # accepted and journaled, the reply has one attachment ID fewer than files came
    REVOKE = "revoke"  # the request's token is revoked before it is looked at
    EXPIRED = "expired"  # the request's token has expired


class BadPlan(ValueError):
    """A fault plan that is not understood; the message names the item."""


@dataclass(frozen=True)
class PlannedFault:
    """One item of a plan: what happens to which requests. Behind its colon stand `seconds`, or the `status`."""

    text: str
    traffic: Traffic
    mishap: Mishap
    status: int
    seconds: str
    covers: Callable[[int], bool]


@dataclass(frozen=True)
class FaultPlan:
    """The items of a plan in their order."""

    text: str = ""
    items: tuple[PlannedFault, ...] = ()

    def find(self, traffic: Traffic, number: int) -> PlannedFault | None:
        """Return what happens to request `number` of its traffic, or None where nothing does."""
        return next((item for item in self.items if item.traffic is traffic and item.covers(number)), None)


_ITEM = re.compile(
    r"(?:(?P<traffic>[a-z]+)/)?(?P<kind>[0-9]{3}|[a-z]+(?:-[a-z]+)*)(?::(?P<seconds>[0-9]+(?:\.[0-9]+)?))?@(?P<where>\S+)"
)
_WHERE = re.compile(r"(?P<all>\*)|%(?P<nth>[0-9]+)|(?P<first>[0-9]+)(?P<dash>-(?P<last>[0-9]*))?")
_TIMED = frozenset({Mishap.STATUS, Mishap.HANG, Mishap.SLOW_REPLY})
_WITH_STATUS = {Mishap.HTML: 403, Mishap.EMPTY: 200, Mishap.GATEWAY: 502, Mishap.GATEWAY_AFTER: 502}
"""Kinds with an HTTP status behind their colon, and the one that holds where none stands there."""


def parse_plan(text: str) -> FaultPlan:
    """Return the plan that `text` describes. Raise `BadPlan` where an item is not understood."""
    return FaultPlan(text, tuple(_parse_item(item.strip()) for item in text.split(",") if item.strip()))


def _parse_item(item: str) -> PlannedFault:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise BadPlan(f'The item "{item}" of the fault plan does not read as KIND@REQUESTS, such as 503@9-12.')
    try:
        traffic = Traffic(match["traffic"] or Traffic.UPLOAD)
    except ValueError:
        known = ", ".join(f"{kind}/" for kind in Traffic)
        raise BadPlan(f'The item "{item}" of the fault plan has a prefix other than {known}.') from None
    mishap, status = _parse_kind(item, match["kind"])
    seconds = match["seconds"] or ""
    if mishap in _WITH_STATUS:
        status, seconds = _parse_status(item, seconds) if seconds else _WITH_STATUS[mishap], ""
    if seconds and mishap not in _TIMED:
        raise BadPlan(f'The item "{item}" of the fault plan has seconds, which "{mishap}" does not take.')
    if not seconds and mishap is Mishap.SLOW_REPLY:
        raise BadPlan(f'The item "{item}" of the fault plan lacks its seconds: slow-reply:2@1.')
    if traffic is Traffic.TOKEN and mishap in (Mishap.REVOKE, Mishap.EXPIRED):
        raise BadPlan(f'The item "{item}" of the fault plan takes a token from a request that carries none.')
    return PlannedFault(item, traffic, mishap, status, seconds, _parse_where(item, match["where"]))


def _parse_kind(item: str, kind: str) -> tuple[Mishap, int]:
    if kind.isdigit():
        return Mishap.STATUS, _parse_status(item, kind)
    if kind == Mishap.STATUS or kind not in list(Mishap):
        known = ", ".join(mishap for mishap in Mishap if mishap is not Mishap.STATUS)
        raise BadPlan(f'The item "{item}" of the fault plan has a kind other than an HTTP status, {known}.')
    return Mishap(kind), 0


def _parse_status(item: str, digits: str) -> int:
    if not digits.isdigit() or not 200 <= int(digits) <= 599:
        raise BadPlan(f'The item "{item}" of the fault plan has an HTTP status outside 200 to 599.')
    return int(digits)


def _parse_where(item: str, where: str) -> Callable[[int], bool]:
    match = _WHERE.fullmatch(where)
    if match is None:
        raise BadPlan(f'The item "{item}" of the fault plan names its requests otherwise than 2, 9-12, 3-, %5 or *.')
    if match["all"]:
        return lambda _: True
    if match["nth"]:
        nth = int(match["nth"])
        if nth < 1:
            raise BadPlan(f'The item "{item}" of the fault plan counts every 0th request: %1 is the least.')
        return lambda number: number % nth == 0
    first = int(match["first"])
    last = (int(match["last"]) if match["last"] else None) if match["dash"] else first
    if first < 1 or (last is not None and last < first):
        raise BadPlan(f'The item "{item}" of the fault plan covers no request: they are numbered from 1 upwards.')
    return lambda number: first <= number and (last is None or number <= last)
