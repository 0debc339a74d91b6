"""The page as it is really served: a server over a practice's desk, and clients that speak HTTP to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from agent.desk.desk import Desk
from agent.desk.page.server import PageServer, page_server

PATIENCE = 60.0


@contextmanager
def served(desk: Desk, **options: Any) -> Iterator[PageServer]:
    """Serve a desk, and wait until requests are answered."""
    with page_server(desk, **options) as server:
        assert server.wait(PATIENCE)
        yield server


@contextmanager
def visitor(server: PageServer, *, signed_in: bool = True) -> Iterator[httpx.Client]:
    """A browser's requests over a socket."""
    usual = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.url, headers=usual, timeout=PATIENCE, trust_env=False) as client:
        if signed_in:
            assert client.get(server.link(), headers={"Sec-Fetch-Site": "none"}).status_code == 200
        yield client


@contextmanager
def events(client: httpx.Client, last: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
    """Listen as a page does: yields (event, facts) until the stream ends."""
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", "/events", headers=headers) as response:
        assert response.status_code == 200
        yield _parsed(response.iter_lines())


def _parsed(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
