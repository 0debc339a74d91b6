"""Whose memory counts: what was sent to one address or account says nothing of what was sent to another.

A lane may be renamed, a store may go live, a PC may be replaced: duplicates and filename claims belong to the service's
address and to the store's account there, never to the lane's name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from agent.settings.schema import AttachmentsSettings, LaneSettings, StatementsSettings, StoreSettings


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
