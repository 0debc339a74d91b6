"""Whether a lane sends to the real service, or to a sandbox: there nothing counts, however green it looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from agent.settings.schema import SERVICE_HOSTS, AttachmentsSettings, LaneSettings, StatementsSettings


class Environment(StrEnum):
    """Where a lane sends to. `production` also stands for an address of which nothing else is known."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"  # the vendor's
    LOOPBACK = "loopback"  # a service on this PC itself, as `outtray sandbox` is one


CALLED: Mapping[str, str] = {
    Environment.SANDBOX: "the service's sandbox",
    Environment.LOOPBACK: "a sandbox on this PC",
}
"""What people read; production needs no word."""

_SANDBOX = re.compile(r"(?:^|[./-])sandbox\d*(?:$|[./-])")
_REAL_HOST = urlsplit(SERVICE_HOSTS["production"]).hostname


def environment_of(lane: LaneSettings) -> Environment:
    """Return where a lane sends to. Its address decides; the word `environment` where the address tells nothing."""
    if isinstance(lane, AttachmentsSettings):
        place = environment_at(lane.service_url)
        if place is not Environment.PRODUCTION or _host(lane.service_url) == _REAL_HOST:
            return place
        return Environment.SANDBOX if lane.environment == "sandbox" else environment_at(lane.service_token_url)
    assert isinstance(lane, StatementsSettings)  # noqa: S101 - there are two kinds
    return environment_at(lane.base_url)


def environment_at(url: str) -> Environment:
    """Return what a service's address tells: its host or a part of its path is called sandbox, or it is this PC."""
    host = _host(url)
    if is_loopback(host):
        return Environment.LOOPBACK
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        path = ""
    return Environment.SANDBOX if _SANDBOX.search(host) or _SANDBOX.search(path) else Environment.PRODUCTION


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this PC itself, which no proxy can reach."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
