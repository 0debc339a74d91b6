"""Whose memory counts: what was sent to one address or account says nothing of what was sent to another.

A lane may be renamed, a store may go live, a PC may be replaced: duplicates and filename claims belong to the service's
address and to the store's account there, never to the lane's name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from agent.settings.schema import AttachmentsSettings, LaneSettings, StatementsSettings, StoreSettings

_STATEMENTS_PATH = "/api/v1/pending-invoices"


def account_of(store: StoreSettings, lane: LaneSettings) -> str:
    """Return the service's address and the store's account there as one text, the same however either is written."""
    if isinstance(lane, AttachmentsSettings):
        url = f"{lane.service_url.rstrip('/')}/{lane.create_path.strip('/')}"
        return f"{address_key(url)}#{lane.client_id or ''}"
    assert isinstance(lane, StatementsSettings)  # noqa: S101 - there are two kinds
    return f"{address_key(lane.base_url)}#{store.store_id or store.name}"


def address_key(url: str) -> str:
    """Return an address as it is compared: no credentials or query, host in small letters, no port that goes unsaid."""
    parsed = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parsed.scheme)
    port = f":{parsed.port}" if parsed.port not in (None, usual) else ""
    return f"{parsed.scheme}://{parsed.hostname or ''}{port}{parsed.path.rstrip('/')}"


def names_of(account: str) -> tuple[str, str]:
    """Return an account as claims name it: whole, and by its ID alone, as an older OutTray wrote it."""
    return account, account.partition("#")[2]  # an ID may hold the sign that parts them, an address never does


def account_at(destination: str, account: str) -> str:
    """Return the account to which a receipt's `destination` belongs: `account` itself, or its ID at another address.

    Receipts of an older OutTray name no account, only the address to which the request went.
    """
    address, _, identifier = account.partition("#")
    return f"{_base_of(destination, address)}#{identifier}"


def _base_of(destination: str, address: str) -> str:
    """Return a destination without the path that the statements service has below every address."""
    went_to = address_key(destination)
    return went_to if went_to == address else went_to.removesuffix(_STATEMENTS_PATH)
