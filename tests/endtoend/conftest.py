"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.contract import CONTRACT
from tests.support.recording import exchanges

__all__ = ["exchanges"]


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    """The attachments service's published contract."""
    if not CONTRACT.exists():
        pytest.skip("the published contract is not at hand")
    document: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return document
