"""What the settings are when the file is in order."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.model import LaneId, LaneKind
from agent.settings import values
from agent.settings.reading import parse
from agent.settings.schema import AgentSettings, AttachmentsSettings, Settings, StatementsSettings, StoreSettings
from tests.support.settings import ATTACHMENTS, STATEMENTS, STORE

HERE = Path.cwd()


def attachments(**keys: object) -> AttachmentsSettings:
    return AttachmentsSettings.model_validate({"folder": HERE, "client_id": "c", "environment": "sandbox", **keys})


@pytest.mark.parametrize(
    ("limit", "rate"),
    [
        ("2 MB/s", 2_000_000),
        ("500 kB/s", 500_000),
        ("500 KB/s", 500_000),
        ("1.5MB/s", 1_500_000),
        ("1 GB/s", 1_000_000_000),
        ("1000 B/s", 1_000),
        (None, None),
    ],
)
def test_an_upload_limit_is_read_in_bytes_per_second(limit: str | None, rate: int | None) -> None:
    assert AgentSettings(upload_limit=limit).upload_bytes_per_second == rate


@pytest.mark.parametrize("limit", ["2", "2MB", "2 Mbit/s", "2 mb/s", "0 MB/s", "1,5 MB/s", "-1 MB/s", "٢ MB/s", ""])
def test_what_is_no_speed_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError):
        AgentSettings(upload_limit=limit)


def test_the_known_environments_give_the_addresses() -> None:
    sandbox, production = attachments(), attachments(environment="production")
    assert sandbox.service_url == "https://sandbox-apigw.optum.com/dental/attachments/v1"
    assert sandbox.service_token_url == "https://sandbox-apigw.optum.com/apip/auth/sntl/v1/token"
    assert production.service_url == "https://apigw.optum.com/dental/attachments/v1"
    assert production.service_token_url == "https://apigw.optum.com/apip/auth/sntl/v1/token"


def test_addresses_of_ones_own_go_before_the_environment() -> None:
    own = attachments(base_url="http://127.0.0.1:8080/dental/", token_url="http://127.0.0.1:8080/token")
    assert own.service_url == "http://127.0.0.1:8080/dental"
    assert own.service_token_url == "http://127.0.0.1:8080/token"
    alone = attachments(environment=None, base_url="https://a.example.com", token_url="https://a.example.com/token")
    assert alone.service_url == "https://a.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://127.1.2.3",
        "http://localhost:80/x",
        "http://[::1]:9",
        "https://billing.example.com",
    ],
)
def test_plain_http_goes_to_this_computer_and_https_anywhere(url: str) -> None:
    assert values.service_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[::2]",
        "http://10.0.0.1",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://example.com:port",
        "https://example .com",
        "https://[::1",
        "//example.com",
        "https://u@example.com",
        "https://example.com/#x",
        "https://example.com?",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(values.PydanticCustomError):
        values.service_url(url)


@pytest.mark.parametrize("template", ["{name}", "{stem} {date}{suffix}", "{store}-{stem}_{time}{suffix}", "{{{name}}}"])
def test_upload_names_that_keep_the_files_apart(template: str) -> None:
    assert values.upload_name(template) == template


@pytest.mark.parametrize(
    "template",
    [
        "{date}",
        "x",
        "",
        "{stem}\\{date}",
        "{stem}:{date}",
        "{stem!r}",
        "{stem:>9}",
        "{}",
        "{0}",
        "{stem[0]}",
        "{}{stem}",
        "}",
    ],
)
def test_upload_names_that_do_not(template: str) -> None:
    with pytest.raises(values.PydanticCustomError):
        values.upload_name(template)


@pytest.mark.parametrize(
    "name", ["main-street", "Lakeside_2", "7", "a" * 64, "Main Street", "St. Mary's #2", "a.b", "Praxis Zahnärzte"]
)
def test_names_of_stores(name: str) -> None:
    assert values.store_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "-a", "_a", ".a", "a/b", "a\\b", "a:b", "a ", "a.", "a" * 65, "con", "COM1", "nul.x", "a\n", "a\tb"],
)
def test_names_that_are_no_folder_or_variable_are_refused_and_a_good_one_is_named(name: str) -> None:
    with pytest.raises(values.PydanticCustomError) as refused:
        values.store_name(name)
    suggestion = refused.value.message().split('"')[1]
    assert values.store_name(suggestion) == suggestion


def test_home_and_environment_are_put_into_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SCANS", str(tmp_path / "scans"))
    lane = attachments(folder="${SCANS}", sent="~/archive", failed="$SCANS/failed")
    assert lane.folder == tmp_path / "scans"
    assert lane.shelf("sent") == tmp_path / "archive"
    assert lane.shelf("failed") == tmp_path / "scans" / "failed"
    assert lane.shelf("held") == tmp_path / "scans" / "held"


def test_lanes_are_known_by_store_and_kind() -> None:
    store = StoreSettings(
        name="a",
        store_id="01GDG5BZA29R3SZMZ63Y2GFENV",
        attachments=attachments(folder=HERE / "scans"),
        statements=StatementsSettings(folder=HERE / "statements", base_url="https://billing.example.com/"),
    )
    settings = Settings(store=(store,))
    assert list(settings.lanes) == [LaneId("a", LaneKind.ATTACHMENTS), LaneId("a", LaneKind.STATEMENTS)]
    assert settings.store[0].statements is not None
    assert settings.store[0].statements.base_url == "https://billing.example.com"


def test_settings_made_in_code_keep_the_rules_between_tables_too() -> None:
    lane = attachments()
    with pytest.raises(ValidationError, match="watches this folder already"):
        Settings(store=(StoreSettings(name="a", attachments=lane), StoreSettings(name="b", attachments=lane)))


def test_an_exception_never_shows_what_was_put_in() -> None:
    with pytest.raises(ValidationError) as refused:
        AttachmentsSettings.model_validate({"client_secret": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_the_schema_names_every_key_and_allows_no_other() -> None:
    schema = json.loads(json.dumps(Settings.model_json_schema()))
    assert set(schema["properties"]) == {"agent", "store"}
    assert set(schema["$defs"]["FilenameRuleSettings"]["properties"]) == {"scope", "on_conflict", "upload_name"}
    assert all(table["additionalProperties"] is False for table in [schema, *schema["$defs"].values()])


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX folders")
def test_the_designs_example_is_in_order() -> None:
    settings = parse(f"[agent]\nsenders = 2\n[agent.page]\nport = 0\n{STORE}{ATTACHMENTS}{STATEMENTS}", Path("x.toml"))
    assert settings.agent.senders == 2
    assert settings.store[0].statements is not None
    assert settings.store[0].statements.include[0] == "*.xml"
