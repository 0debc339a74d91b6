"""Where the stand-in answers, and which traffic each address carries: the wire names in one place."""

from __future__ import annotations

from enum import StrEnum

TOKEN = "/apip/auth/sntl/v1/token"  # noqa: S105 - an address
ATTACHMENTS = "/dental/attachments/v1"
HEALTH = f"{ATTACHMENTS}/healthcheck"
CREATE = f"{ATTACHMENTS}/attachments/documents"
IMAGE_INTELLIGENCE = f"{CREATE}/image-intelligence"
ATTACHMENT_SEARCH = f"{CREATE}/search"
STATEMENTS = "/api/v1/pending-invoices"
STATEMENT_SEARCH = f"{STATEMENTS}/search"
CONTROL = "/sandbox"


class Traffic(StrEnum):
    """What a request is, as the prefixes of a fault plan name it."""

    UPLOAD = "upload"
    TOKEN = "token"  # noqa: S105 - a kind of request
    SEARCH = "search"
    HEALTH = "health"


_TRAFFIC = {
    ("POST", CREATE): Traffic.UPLOAD,
    ("POST", IMAGE_INTELLIGENCE): Traffic.UPLOAD,
    ("POST", STATEMENTS): Traffic.UPLOAD,
    ("POST", TOKEN): Traffic.TOKEN,
    ("POST", ATTACHMENT_SEARCH): Traffic.SEARCH,
    ("GET", STATEMENT_SEARCH): Traffic.SEARCH,
    ("GET", HEALTH): Traffic.HEALTH,
}


def traffic_of(method: str, path: str) -> Traffic | None:
    """Return what a request is, or None where no fault plan reaches it (unknown addresses, the controls)."""
    return _TRAFFIC.get((method, path.rstrip("/")))
