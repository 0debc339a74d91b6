"""`outtray provision`: everything is checked before anything is kept, and the file goes when all of it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from agent.commands.provision import provision
from agent.settings import locations, provisioning
from agent.settings import secrets as secrets_module
from agent.settings.machine_secrets import MachineSecrets
from agent.settings.provisioning import as_toml
from agent.settings.reading import load, tables_of
from tests.support.settings import LockedKeyring, MemoryKeyring, Sealing

app = typer.Typer()
app.command()(provision)

SECRET, API_KEY = "s3cret-that-nobody-may-see", "k3y " * 900


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    keyring = MemoryKeyring()
    monkeypatch.setattr(secrets_module, "system_keyring", lambda: keyring)
    return keyring


@pytest.fixture
def sealing() -> Sealing:
    return Sealing()


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keyring: MemoryKeyring, sealing: Sealing) -> Path:
    monkeypatch.delenv("OUTTRAY_CONFIG", raising=False)
    monkeypatch.setattr(locations, "user_settings_file", lambda: tmp_path / "user" / "outtray.toml")
    monkeypatch.setattr(locations, "machine_settings_file", lambda: tmp_path / "machine" / "outtray.toml")
    machine = MachineSecrets(tmp_path / "secrets", sealing.protection)
    monkeypatch.setattr(secrets_module, "machine_secrets", lambda: machine)
    return tmp_path


def tables(place: Path, **secrets: str) -> dict[str, Any]:
    return {
        "agent": {"senders": 2, "notices": "none", "page": {"enabled": False}},
        "store": [
            {
                "name": "main-street",
                "store_id": "01GDG5BZA29R3SZMZ63Y2GFENV",
                "attachments": {"folder": str(place / "scans"), "client_id": "o'brien", "environment": "sandbox"},
                "statements": {
                    "folder": str(place / "bills"),
                    "base_url": "https://billing.example.com",
                    "include": ["*.xml", "*.csv"],
                    "settle_seconds": 2.5,
                    "filename_rule": {"scope": "store"},
                },
            },
            {
                "name": "lakeside",
                "attachments": {"folder": str(place / "lake"), "client_id": "c", "environment": "production"},
            },
        ],
        "secrets": {"main-street/client_secret": SECRET, "main-street/api_key": API_KEY, **secrets},
    }


def given(place: Path, content: dict[str, Any], name: str = "setup.json") -> Path:
    file = place / name
    file.write_text(json.dumps(content) if name.endswith("json") else as_toml(content), encoding="utf-8")
    return file


def outtray(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("name", ["setup.json", "setup.toml"])
def test_settings_and_secrets_are_kept_and_the_file_is_gone(place: Path, keyring: MemoryKeyring, name: str) -> None:
    file = given(place, tables(place), name)
    result = outtray(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert not file.exists()
    settings = load(place / "user" / "outtray.toml").settings
    assert [str(lane) for lane in settings.lanes] == [
        "main-street/attachments",
        "main-street/statements",
        "lakeside/attachments",
    ]
    assert settings.store[0].statements is not None
    assert settings.store[0].statements.filename_rule.scope == "store"
    assert keyring.entries["OutTray", "main-street/client_secret"] == SECRET
    assert secrets_module.Secrets({}).get("main-street", "api_key") == API_KEY
    assert SECRET not in (place / "user" / "outtray.toml").read_text() + result.output


@pytest.mark.parametrize("platform", ["posix", "windows"])
def test_what_is_written_as_toml_says_what_was_given(platform: str) -> None:
    content = {
        "agent": {"data_dir": r"C:\Data 'x'" if platform == "windows" else "/data", "senders": 3, "show_names": True},
        "store": [{"name": "a", "attachments": {"folder": r"\\srv\scans", "max_file_mb": 1.5}}, {"name": "b"}],
    }
    assert tables_of(as_toml(content), Path("x")) == content


def test_for_the_whole_pc(place: Path, keyring: MemoryKeyring, sealing: Sealing) -> None:
    result = outtray(given(place, tables(place)), "--machine", "--reader", "DESK\\front")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (place / "machine" / "outtray.toml").exists()
    assert not (place / "user").exists()
    assert keyring.entries == {}
    assert set(sealing.readers) == {"main-street.client_secret.secret", "main-street.api_key.secret"}
    assert set(map(tuple, sealing.readers.values())) == {("S-1-5-20", "DESK\\front")}
    assert secrets_module.Secrets({}).get("main-street", "api_key") == API_KEY


def test_secrets_alone_are_checked_against_the_settings_that_hold(place: Path, keyring: MemoryKeyring) -> None:
    secrets = {"secrets": {"main-street/client_secret": SECRET}}
    assert outtray(given(place, secrets)).exit_code == 2
    outtray(given(place, tables(place)))
    before = (place / "user" / "outtray.toml").read_bytes()
    secrets = {"secrets": {"main-street/client_secret": "another"}}
    result = outtray(given(place, secrets), "--json")
    assert json.loads(result.stdout) == {
        "ok": True,
        "settings": None,
        "secrets": ["main-street/client_secret"],
        "problems": [],
    }
    assert keyring.entries["OutTray", "main-street/client_secret"] == "another"
    assert (place / "user" / "outtray.toml").read_bytes() == before


def test_settings_alone_and_the_file_before_is_kept_beside(place: Path, keyring: MemoryKeyring) -> None:
    content = tables(place)
    del content["secrets"]
    assert outtray(given(place, content)).exit_code == 0
    first = (place / "user" / "outtray.toml").read_bytes()
    assert outtray(given(place, content)).exit_code == 0
    assert not (place / "user" / "outtray.toml.before").exists()
    content["agent"]["senders"] = 7
    result = outtray(given(place, content))
    assert "What stood there before is in" in result.stdout
    assert (place / "user" / "outtray.toml.before").read_bytes() == first
    assert keyring.entries == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"agent": {"sender": 2}}, "The nearest is senders"),
        ({"secrets": {"main-street/password": "x"}}, "NAME is api_key or client_secret"),
        ({"secrets": {"client_secret": "x"}}, "a secret is named STORE/NAME"),
        ({"secrets": {"other/api_key": "x"}}, 'the settings know no store "other". They know: lakeside, main-street.'),
        ({"secrets": {"main-street/api_key": "two\nlines"}}, "holds a line break"),
        ({"secrets": {"main-street/api_key": ""}}, "Nothing was given"),
        ({"secrets": {"main-street/api_key": 7}}, "Write the secret in quotes"),
        ({"secrets": ["x"]}, "this is no table"),
    ],
)
def test_one_fault_and_nothing_at_all_is_kept(
    place: Path, keyring: MemoryKeyring, change: dict[str, Any], told: str
) -> None:
    file = given(place, tables(place) | change)
    before = file.read_bytes()
    result = outtray(file)
    assert result.exit_code == 2
    assert told in result.stderr
    assert f"Nothing was kept, and {file} is as it was." in result.stderr
    assert file.read_bytes() == before
    assert keyring.entries == {}
    assert not (place / "user").exists()


def test_faults_of_both_halves_are_told_at_once_and_never_a_secret(place: Path) -> None:
    content = tables(place, **{"nowhere/api_key": SECRET})
    content["agent"]["senders"] = 0
    content["store"][0]["attachments"]["client_secret"] = SECRET
    result = outtray(given(place, content), "--json")
    assert result.exit_code == 2
    told = "\n".join(json.loads(result.stdout)["problems"])
    assert "agent.senders = 0" in told
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", '{"secrets": {"a/api_key": "TOPSECRET",,}}', "line 1: this is not JSON"),
        ("x.json", "[]", "the outermost value is no object"),
        ("x.toml", "[secrets]\n'a/api_key' = TOPSECRET", "line 2"),
        ("x.toml", "", "there is nothing in it"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_without_its_lines(place: Path, name: str, text: str, told: str) -> None:
    (place / name).write_text(text)
    result = outtray(place / name)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "TOPSECRET" not in result.output
    assert (place / name).read_text() == text


def test_what_is_no_file_is_told(place: Path) -> None:
    assert "there is no such file" in outtray(place / "gone.toml").stderr
    assert "this is a folder" in outtray(place).stderr
    assert "--reader goes with --machine" in outtray(place / "gone.toml", "--reader", "x").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_is_not_followed(place: Path) -> None:
    (place / "link.json").symlink_to(given(place, tables(place)))
    assert "this is a link" in outtray(place / "link.json").stderr
    assert (place / "setup.json").exists()


def test_a_keyring_that_is_locked_leaves_the_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "system_keyring", LockedKeyring)
    file = given(place, tables(place))
    result = outtray(file)
    assert result.exit_code == 4
    assert "stays where it is and still holds its secrets" in result.stderr
    assert SECRET not in result.output
    assert SECRET in file.read_text()
    assert not (place / "user").exists()


def test_cut_off_at_any_moment_it_is_done_by_doing_it_again(place: Path, keyring: MemoryKeyring) -> None:
    for moment in range(1, 50):
        keyring.entries.clear()
        keyring.fail_at = keyring.changes + moment
        file = given(place, tables(place))
        result = outtray(file)
        if result.exit_code == 0:
            assert moment > 3
            return
        assert file.exists()
        keyring.fail_at = 0
        assert outtray(file).exit_code == 0
        assert secrets_module.Secrets({}).get("main-street", "client_secret") == SECRET
        assert secrets_module.Secrets({}).get("main-street", "api_key") == API_KEY
    raise AssertionError("it never came to its end")


def test_an_account_that_nobody_has_leaves_the_file(place: Path) -> None:
    file = given(place, tables(place))
    result = outtray(file, "--machine", "--reader", "nobody")
    assert result.exit_code == 2
    assert 'knows no account "nobody"' in result.stderr
    assert file.exists()


def test_a_file_that_cannot_be_deleted_is_told_with_what_it_holds(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    file = given(place, tables(place))
    monkeypatch.setattr(Path, "unlink", refuse)
    result = outtray(file)
    assert result.exit_code == 3
    assert "All is kept" in result.stderr
    assert "Delete it: it may hold secrets." in result.stderr


def test_the_bytes_are_overwritten_before_the_file_goes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    file = given(place, tables(place))
    size = file.stat().st_size
    monkeypatch.setattr(provisioning.os, "fsync", lambda _descriptor: seen.append(file.read_bytes()))
    with provisioning.opened(file) as opened:
        provisioning.destroy(opened, file)
    assert seen == [bytes(size)]
    assert not file.exists()


def test_other_systems_keep_no_secret_for_the_whole_computer(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "machine_secrets", lambda: None)
    file = given(place, tables(place))
    result = outtray(file, "--machine")
    assert result.exit_code == 2
    assert "can be kept on Windows only" in result.stderr
    assert file.exists()
    assert not (place / "machine").exists()
