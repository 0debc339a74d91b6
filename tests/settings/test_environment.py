"""Whether a lane sends to the real service or to a sandbox, by its address or, where that tells nothing, the word."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings.environment import environment_at, environment_of
from agent.settings.schema import AttachmentsSettings, StatementsSettings

REAL, TRIAL = "https://apigw.optum.com/dental/attachments/v1", "https://sandbox-apigw.optum.com/dental/attachments/v1"
TOKEN, TRIAL_TOKEN = "https://apigw.optum.com/token", "https://sandbox-apigw.optum.com/token"
GATEWAY = "https://gateway.example.com/optum"


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://sandbox-apigw.optum.com/x", "sandbox"),
        ("https://SANDBOX-APIGW.OPTUM.COM:443", "sandbox"),
        ("https://sandbox-apigw.optum.com./x", "sandbox"),
        ("https://api.sandbox.example.com", "sandbox"),
        ("https://api-sandbox2.example.com", "sandbox"),
        ("https://api.example.com/sandbox/v1", "sandbox"),
        ("https://api.example.com/v1/Sandbox", "sandbox"),
        ("https://127.0.0.1:8443", "loopback"),
        ("http://127.8.8.8:1", "loopback"),
        ("http://localhost:1", "loopback"),
        ("http://LOCALHOST.:1", "loopback"),
        ("https://billing.localhost", "loopback"),
        ("http://[::1]:9", "loopback"),
        ("http://[::ffff:127.0.0.1]:9", "loopback"),
        ("https://apigw.optum.com/dental", "production"),
        ("https://sandboxing.example.com", "production"),
        ("https://localhost.example.com", "production"),
        ("https://10.0.0.7", "production"),
        ("https://[", "production"),
        ("", "production"),
    ],
)
def test_what_an_address_tells(url: str, environment: str) -> None:
    assert environment_at(url) == environment


@pytest.mark.parametrize(
    ("said", "environment"),
    [
        ({"environment": "sandbox"}, "sandbox"),
        ({"environment": "production"}, "production"),
        ({"base_url": TRIAL, "token_url": TRIAL_TOKEN}, "sandbox"),
        ({"base_url": REAL, "token_url": TOKEN}, "production"),
        ({"environment": "production", "base_url": TRIAL}, "sandbox"),
        ({"environment": "sandbox", "base_url": REAL}, "production"),
        ({"environment": "sandbox", "base_url": GATEWAY}, "sandbox"),
        ({"environment": "production", "base_url": GATEWAY}, "production"),
        ({"base_url": GATEWAY, "token_url": TRIAL_TOKEN}, "sandbox"),
        ({"base_url": "http://localhost:1", "token_url": TOKEN}, "loopback"),
    ],
)
def test_a_scans_lane_is_where_its_packets_go(said: dict[str, str], environment: str) -> None:
    lane = AttachmentsSettings.model_validate({"folder": Path.cwd() / "scans", "client_id": "one", **said})
    assert environment_of(lane) == environment


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://billing.example.com", "production"),
        ("https://sandbox.example.com", "sandbox"),
        ("http://[::1]:1", "loopback"),
    ],
)
def test_a_statements_lane_is_where_its_address_is(url: str, environment: str) -> None:
    assert environment_of(StatementsSettings(folder=Path.cwd() / "statements", base_url=url)) == environment
