"""A proxy's password stands in no message, log, finding or diagnostics, however it is spelled."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.desk.diagnostics.contents import contents
from agent.desk.doctor.examination import run_checks
from agent.desk.doctor.finding import Check
from agent.destinations.outcomes import Service, classify_failure
from agent.destinations.transport import ProxyUnusable, build_client, proxy_url
from agent.log import log, write_to
from agent.settings.reading import SettingsProblem, parse
from tests.support.desk import practice, settings_text, world_of

SECRET = ("hunter2", "HUNTER2", "aHVudGVyMg", "%68unter2")
WRITTEN = [
    "http://u:hunter2@127.0.0.1:1",
    "https://u:hunter2@127.0.0.1:1",
    "u:hunter2@127.0.0.1:1",
    "http://hunter2@127.0.0.1:1",
    "http://u:hunter2%40x@127.0.0.1:1",
    "http://u:hunter2@x@127.0.0.1:1",
    "http://u:1/hunter2@127.0.0.1:1",
    "http://u:1?hunter2@127.0.0.1:1",
    "http://u:1#hunter2@127.0.0.1:1",
    "http://u:12@34/hunter2@127.0.0.1:1",
    "http://u:hunter2127.0.0.1:1",
    "http://u:hunter2%40127.0.0.1:1",
    "http:/u:hunter2@127.0.0.1:1",
    "http://u:hunter2@",
    "socks5://u:hunter2@127.0.0.1:1",
    "http://127.0.0.1:1/?token=hunter2",
    "http://u:hunter2 @127.0.0.1:1",
    "http://u:hun\\tter2hunter2@127.0.0.1:1",
]


@pytest.fixture(params=WRITTEN)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    before = list(log.handlers), log.level, log.propagate
    write_to(tmp_path / "log", level=logging.DEBUG)
    yield tmp_path / "log" / "outtray.log"
    for handler in log.handlers:
        handler.close()
    log.handlers[:], log.level, log.propagate = before


def is_silent(*told: object) -> None:
    assert not [word for word in SECRET for one in told if word.lower() in str(one).lower()]


def test_no_finding_and_no_diagnostics_tell_it(tmp_path: Path, route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, route)
    settings = practice(tmp_path)
    world = world_of(None, system_proxies=lambda: {"https": route}, bypassed=lambda _host: False)
    findings = run_checks(settings, world, offline=True)
    assert [one for one in findings if one.check is Check.PROXY]
    is_silent(*findings, *contents(settings, findings))


def test_no_outcome_and_no_log_tell_it(route: str, logged: Path) -> None:
    try:
        with build_client(proxy=route) as client:
            client.get("https://api.example.com/x")
    except (httpx.HTTPError, httpx.InvalidURL, ProxyUnusable, OSError) as trouble:
        outcome = classify_failure(trouble, Service("statements service", "", "main-street", "api_key"))
        log.warning("not sent", extra={"problem": outcome.problem})
        is_silent(outcome, outcome.problem, repr(trouble.__cause__ or ""))
    else:
        pytest.fail("nothing answers there")
    is_silent(logged.read_text())


@pytest.mark.parametrize("key", ["proxy", "https_proxy", "Proxy", "proxy_url"])
def test_no_sentence_on_the_settings_tells_it(tmp_path: Path, route: str, key: str) -> None:
    with pytest.raises(SettingsProblem) as caught:
        parse(settings_text(tmp_path, agent=f'{key} = "{route}"'), tmp_path / "outtray.toml")
    is_silent(*caught.value.sentences)


@pytest.mark.parametrize("value", ["['{}']", "{{ url = '{}' }}", '"""\n{}\n{}"""', "'{}"])
def test_no_slip_in_the_file_brings_it_out(tmp_path: Path, route: str, value: str) -> None:
    with pytest.raises(SettingsProblem) as caught:
        parse(settings_text(tmp_path, agent=f"proxy = {value.format(route, route)}"), tmp_path / "outtray.toml")
    is_silent(*caught.value.sentences)


@pytest.mark.parametrize(
    ("route", "host"),
    [
        ("http://proxy.example.com:8080", "proxy.example.com"),
        ("10.0.0.1:3128", "10.0.0.1"),
        ("u:p%2F1@x.example", "x.example"),
    ],
)
def test_what_is_an_address_is_taken(route: str, host: str) -> None:
    assert proxy_url(route).host == host
