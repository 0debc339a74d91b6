"""A sandbox whose every reply is held against the published contract, where that is at hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from agent.sandbox import paths
from agent.sandbox.server import Sandbox
from tests.support.contract import CONTRACT, validate
from tests.support.sandbox import Client


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    if not CONTRACT.exists():
        pytest.skip("the published contract is not at hand")
    document: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return document


@pytest.fixture
def sandboxes(request: pytest.FixtureRequest) -> Iterator[Callable[..., Client]]:
    """Start sandboxes (options as `Sandbox` takes them); replies of the attachments service must fit the contract."""
    document = json.loads(CONTRACT.read_text(encoding="utf-8")) if CONTRACT.exists() else None

    def hold_against_contract(response: httpx.Response) -> None:
        if document is not None and response.request.url.path.startswith(paths.ATTACHMENTS):
            validate(response, document)

    with ExitStack() as stack:

        def start(plan: str = "", *, timeout: float = 60.0, **options: Any) -> Client:
            sandbox = stack.enter_context(Sandbox(plan, **options))
            client = Client(sandbox, timeout, hold_against_contract)
            stack.callback(client.close)
            return client

        yield start
