"""Whose memory counts: one service address and one account there, however they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.settings.account import account_at, account_of, address_key, names_of
from agent.settings.reading import parse

SETTINGS = """
[[store]]
name = "{name}"
store_id = "{store_id}"
[store.attachments]
folder = "{root}scans"
environment = "{environment}"
client_id = "{client_id}"
[store.statements]
folder = "{root}statements"
base_url = "{base_url}"
"""
USUAL = {
    "root": "C:/practice/" if os.name == "nt" else "/practice/",
    "name": "main-street",
    "store_id": "01GDG5BZA29R3SZMZ63Y2GFENV",
    "environment": "sandbox",
    "client_id": "outtray",
    "base_url": "https://billing.example.com",
}


def accounts(**changes: str) -> list[str]:
    [store] = parse(SETTINGS.format(**USUAL | changes), Path("outtray.toml")).store
    return [account_of(store, lane) for lane in store.lanes.values()]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "renamed"},
        {"base_url": "https://billing.example.com/"},
        {"base_url": "https://BILLING.example.com:443"},
    ],
)
def test_the_same(changes: dict[str, str]) -> None:
    assert accounts(**changes) == accounts()


@pytest.mark.parametrize(
    ("changes", "which"),
    [
        ({"environment": "production"}, 0),
        ({"client_id": "another"}, 0),
        ({"store_id": "01GDG5BZA29R3SZMZ63Y2GFENW"}, 1),
        ({"base_url": "https://test.example.com"}, 1),
        ({"base_url": "https://billing.example.com:8443"}, 1),
        ({"base_url": "https://billing.example.com/v2"}, 1),
    ],
)
def test_another(changes: dict[str, str], which: int) -> None:
    assert accounts(**changes)[which] != accounts()[which]
    assert accounts(**changes)[1 - which] == accounts()[1 - which]


def test_credentials_in_an_address_are_no_part_of_it() -> None:
    assert address_key("https://user:secret@api.example.com/v1/?key=1") == "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("destination", "account"),
    [
        ("https://h.example.com/bills/api/v1/pending-invoices/", "https://h.example.com/bills#id"),
        ("https://H.example.com:443/bills/api/v1/pending-invoices", "https://h.example.com/bills#id"),
        ("https://h.example.com/bills-2/api/v1/pending-invoices/", "https://h.example.com/bills-2#id"),
        ("https://h.example.com/bills/v2/api/v1/pending-invoices/", "https://h.example.com/bills/v2#id"),
        ("https://other.example.com/bills", "https://other.example.com/bills#id"),
    ],
)
def test_a_receipts_destination_tells_its_account(destination: str, account: str) -> None:
    assert account_at(destination, "https://h.example.com/bills#id") == account


def test_an_id_may_hold_the_sign_that_parts_it() -> None:
    assert names_of("https://h.example.com#a#b") == ("https://h.example.com#a#b", "a#b")
    assert account_at("https://x.example.com", "https://h.example.com#a#b") == "https://x.example.com#a#b"
