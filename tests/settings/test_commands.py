"""`outtray config` and `outtray secret`, as people and scripts call them."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from keyring.backends import fail
from typer.testing import CliRunner, Result

from agent.commands import config, secret
from agent.settings import locations
from agent.settings import secrets as secrets_module
from agent.settings.machine_secrets import MachineSecrets
from agent.settings.template import template
from tests.support.settings import MemoryKeyring, Sealing

app = typer.Typer()
app.add_typer(config.app, name="config")
app.add_typer(secret.app, name="secret")


@app.callback()
def before(ctx: typer.Context, settings: Path | None = typer.Option(None, "--config")) -> None:  # noqa: B008 - typer's way
    ctx.obj = {"config": settings}


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryKeyring:
    keyring = MemoryKeyring()
    monkeypatch.setattr(secrets_module, "system_keyring", lambda: keyring)
    monkeypatch.delenv("OUTTRAY_CONFIG", raising=False)
    monkeypatch.setattr(locations, "user_settings_file", lambda: tmp_path / "user" / "outtray.toml")
    monkeypatch.setattr(locations, "machine_settings_file", lambda: tmp_path / "machine.toml")
    return keyring


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file in order: one store, its attachments lane."""
    file = tmp_path / "outtray.toml"
    text = template().replace("folder = ''", f"folder = '{tmp_path / 'scans'}'", 1)
    file.write_text(text.replace('client_id = ""', 'client_id = "outtray"', 1), encoding="utf-8")
    return file


def outtray(*words: object, given: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=given)


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# --- config ---


def test_init_writes_a_file_and_never_over_one(tmp_path: Path) -> None:
    target = tmp_path / "new" / "outtray.toml"
    first = outtray("config", "init", target)
    assert first.exit_code == 0
    assert "Fill in folder and client_id" in first.stdout
    target.write_text("mine")
    again = outtray("config", "init", target)
    assert again.exit_code == 2
    assert "is there already and was left as it is" in again.stderr
    assert target.read_text() == "mine"


def test_init_writes_the_users_file_where_none_is_named_and_into_a_folder_that_is(tmp_path: Path) -> None:
    user = {"path": str(tmp_path / "user" / "outtray.toml"), "environment": "sandbox"}
    assert answer(outtray("config", "init", "--json")) == user
    assert answer(outtray("config", "init", tmp_path, "--json")) == {**user, "path": str(tmp_path / "outtray.toml")}
    assert outtray("--config", tmp_path / "named.toml", "config", "init").exit_code == 0
    assert (tmp_path / "named.toml").exists()


@pytest.mark.parametrize(
    ("words", "given", "written"),
    [
        ((), "production\n", "production"),
        ((), "sandbox\n", "sandbox"),
        ((), "\n", "sandbox"),
        ((), "live\nproduction\n", "production"),
        ((), "", "sandbox"),  # nobody answers
        (("--environment", "production"), None, "production"),
        (("--environment", "sandbox"), None, "sandbox"),
        (("--json", "--environment", "production"), None, "production"),
    ],
)
def test_init_asks_for_sandbox_or_production_or_is_told(
    tmp_path: Path, words: tuple[str, ...], given: str | None, written: str
) -> None:
    result = outtray("config", "init", tmp_path, *words, given=given)
    assert result.exit_code == 0
    settings = tomllib.loads((tmp_path / "outtray.toml").read_text(encoding="utf-8"))
    assert settings["store"][0]["attachments"]["environment"] == written
    if "--json" not in words:
        assert ("reaches an insurer" in result.stdout) is (written == "sandbox")


def test_init_asks_nothing_where_a_file_stands(tmp_path: Path) -> None:
    (tmp_path / "outtray.toml").touch()
    result = outtray("config", "init", tmp_path, given="production\n")
    assert (result.exit_code, "production" in result.stderr) == (2, False)


@pytest.mark.skipif(sys.platform == "win32", reason="a file as a folder is another refusal there")
def test_init_tells_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = outtray("config", "init", tmp_path / "file" / "x" / "outtray.toml")
    assert result.exit_code == 2
    assert "could not be written" in result.stderr


def test_show_tells_what_holds_and_where_it_came_from(file: Path) -> None:
    shown = outtray("config", "show", "--config", file).stdout.splitlines()
    assert "default  agent.senders = 4" in shown
    assert 'file     store[1] "main-street" attachments.client_id = "outtray"' in shown
    assert (
        'default  store[1] "main-street" attachments.base_url = "https://sandbox-apigw.optum.com/dental/attachments/v1"'
        in shown
    )


def test_show_for_scripts(file: Path) -> None:
    shown = answer(outtray("config", "show", "--config", file, "--json"))
    assert shown["path"] == str(file)
    assert shown["found_by"] == "--config"
    assert shown["settings"]["agent"]["senders"] == 4
    assert shown["settings"]["agent"]["page"] == {"enabled": True, "port": 0, "lock_minutes": 15.0}
    assert shown["settings"]["agent"]["data_dir"]
    assert shown["settings"]["store"][0]["attachments"]["client_id"] == "outtray"
    assert shown["sources"]["store[1] attachments.client_id"] == "file"
    assert shown["sources"]["agent.senders"] == "default"


def test_the_settings_may_be_named_before_the_command_and_the_nearer_name_goes_first(file: Path) -> None:
    assert answer(outtray("--config", file, "config", "check", "--json"))["ok"] is True
    assert answer(outtray("--config", "gone.toml", "config", "check", "--config", file, "--json"))["ok"] is True


def test_check_tells_everything_that_is_wrong_and_ends_with_2(file: Path) -> None:
    file.write_text(template(), encoding="utf-8")
    people = outtray("config", "check", "--config", file)
    assert people.exit_code == 2
    assert people.stdout == ""
    assert len(people.stderr.splitlines()) == 2
    scripts = outtray("config", "check", "--config", file, "--json")
    assert scripts.exit_code == 2
    assert json.loads(scripts.stdout)["problems"] == people.stderr.splitlines()


@pytest.mark.parametrize("profile", ["opendental", "gone.toml"])
def test_check_knows_the_statement_profiles(profile: str, file: Path, tmp_path: Path) -> None:
    head, _, rest = file.read_text("utf-8").partition("[store.attachments]")
    statements = f"""store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"
[store.statements]
folder = '{tmp_path / "statements"}'
base_url = "https://billing.example.com"
profile = '{profile}'
[store.attachments]{rest}"""
    file.write_text(head + statements, encoding="utf-8")
    checked = outtray("config", "check", "--config", file)
    assert checked.exit_code == 2
    assert f"statements.profile: There is no statement profile called {profile}." in checked.stderr
    file.write_text((head + statements).replace(profile, "generic"), encoding="utf-8")
    assert outtray("config", "check", "--config", file).exit_code == 0


def test_check_warns_of_missing_secrets(file: Path) -> None:
    checked = outtray("config", "check", "--config", file)
    assert checked.exit_code == 0
    assert "1 store, 1 lane." in checked.stdout
    assert "Run: outtray secret set main-street/client_secret." in checked.stderr
    outtray("secret", "set", "main-street/client_secret", "--config", file, given="s3cret\n")
    assert answer(outtray("config", "check", "--config", file, "--json"))["warnings"] == []


@pytest.mark.parametrize("words", [("config", "show"), ("secret", "list"), ("secret", "forget", "a/api_key")])
def test_settings_that_cannot_be_had_end_a_command_with_2_and_no_answer(words: tuple[str, ...]) -> None:
    result = outtray(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "outtray config init" in result.stderr


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_schema_is_a_json_schema(how: tuple[str, ...]) -> None:
    schema = answer(outtray("config", "schema", *how))
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "AttachmentsSettings" in schema["$defs"]


def test_the_home_is_put_in_where_no_shell_has_done_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("USERPROFILE", str(file.parent))
    assert outtray("config", "check", "--config=~/outtray.toml").exit_code == 0
    assert outtray("config", "check", "--config=~nobody-at-all/outtray.toml").exit_code == 2


# --- secret ---


def test_a_secret_comes_from_standard_input_without_its_line_end(file: Path, keyring: MemoryKeyring) -> None:
    for given in ("s3cret", "s3cret\n", "s3cret\r\n", "\ufeffs3cret\r\n"):
        result = outtray("secret", "set", "main-street/client_secret", "--config", file, given=given)
        assert result.exit_code == 0
        assert "s3cret" not in result.output
        assert keyring.entries == {("OutTray", "main-street/client_secret"): "s3cret"}


def test_a_secret_may_be_named_as_its_variable_names_it(file: Path, keyring: MemoryKeyring) -> None:
    assert outtray("secret", "set", "main-street/CLIENT_SECRET", "--config", file, given="s3cret").exit_code == 0
    assert keyring.entries == {("OutTray", "main-street/client_secret"): "s3cret"}


def test_at_a_terminal_a_secret_is_asked_for_and_not_shown(
    file: Path, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def prompt(text: str, **how: Any) -> str:
        asked.update(how, text=text)
        return "s3cret"

    monkeypatch.setattr(secret, "is_terminal", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    assert outtray("secret", "set", "main-street/client_secret", "--config", file).exit_code == 0
    assert asked["hide_input"] is True
    assert asked["err"] is True
    assert keyring.entries["OutTray", "main-street/client_secret"] == "s3cret"


@pytest.mark.parametrize(
    ("named", "given", "sentence"),
    [
        ("main-street/client_secret", "", "Nothing was given, so nothing was kept."),
        ("main-street/client_secret", "\n", "Nothing was given, so nothing was kept."),
        ("main-street/client_secret", "a\nb\n", "holds a line break"),
        (
            "main-stret/client_secret",
            "x",
            'no store "main-stret". The nearest is main-street: write main-street/client',
        ),
        ("main-street/clientsecret", "x", "The nearest is client_secret: write main-street/client_secret."),
        ("client_secret", "x", "Write it as STORE/NAME, such as main-street/api_key."),
    ],
)
def test_what_cannot_be_kept_is_refused_and_told(
    file: Path, keyring: MemoryKeyring, named: str, given: str, sentence: str
) -> None:
    result = outtray("secret", "set", named, "--config", file, given=given)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert keyring.entries == {}


def test_a_value_is_no_argument(file: Path) -> None:
    assert outtray("secret", "set", "main-street/client_secret", "s3cret", "--config", file).exit_code == 2


def test_the_list_tells_where_secrets_are(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (missing,) = answer(outtray("secret", "list", "--config", file, "--json"))
    assert (missing["store"], missing["name"], missing["source"]) == ("main-street", "client_secret", "missing")
    monkeypatch.setenv("OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET", "s3cret")
    listed = outtray("secret", "list", "--config", file)
    assert listed.stdout.split() == ["environment", "main-street/client_secret"]
    assert listed.stderr == ""


def test_forgetting_takes_a_secret_away_and_twice_is_no_harm(file: Path, keyring: MemoryKeyring) -> None:
    outtray("secret", "set", "main-street/client_secret", "--config", file, given="s3cret")
    assert "is out of the keyring" in outtray("secret", "forget", "main-street/client_secret", "--config", file).stdout
    assert keyring.entries == {}
    again = outtray("secret", "forget", "main-street/client_secret", "--config", file)
    assert again.exit_code == 0
    assert "was not in the keyring" in again.stdout


def test_an_environment_variable_that_goes_first_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET", "other")
    result = outtray("secret", "set", "main-street/client_secret", "--config", file, given="s3cret")
    assert "goes before the keyring" in result.stderr
    assert "still gives it" in outtray("secret", "forget", "main-street/client_secret", "--config", file).stderr


def test_without_a_keyring_the_variable_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "system_keyring", fail.Keyring)
    for words, given in (("set", "s3cret"), ("forget", None)):
        result = outtray("secret", words, "main-street/client_secret", "--config", file, given=given)
        assert result.exit_code == 4
        assert "OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET" in result.stderr
    listed = answer(outtray("secret", "list", "--config", file, "--json"))
    assert [entry["source"] for entry in listed] == ["unavailable"]


# --- secrets for the whole PC ---


def test_a_secret_for_the_whole_pc_is_kept_listed_and_forgotten(
    file: Path, tmp_path: Path, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = Sealing()
    machine = MachineSecrets(tmp_path / "secrets", sealing.protection)
    monkeypatch.setattr(secrets_module, "machine_secrets", lambda: machine)
    named = ("main-street/client_secret", "--config", file)
    kept = outtray("secret", "set", *named, "--machine", "--reader", "DESK\\front", given="s3cret\n")
    assert (kept.exit_code, kept.stdout) == (0, "main-street/client_secret is kept for the whole PC.\n")
    assert sealing.readers == {"main-street.client_secret.secret": ("S-1-5-20", "DESK\\front")}
    assert keyring.entries == {}
    assert answer(outtray("secret", "list", "--json", "--config", file))[0]["source"] == "machine"
    assert "is out of what is kept for the whole PC" in outtray("secret", "forget", *named, "--machine").stdout
    assert "was not in what is kept for the whole PC" in outtray("secret", "forget", *named, "--machine").stdout


def test_other_systems_keep_no_secret_for_the_whole_computer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "machine_secrets", lambda: None)
    refused = outtray("secret", "set", "main-street/client_secret", "--machine", "--config", file, given="s3cret")
    assert refused.exit_code == 2
    assert "can be kept on Windows only" in refused.stderr
    alone = outtray("secret", "set", "main-street/client_secret", "--reader", "x", "--config", file, given="s3cret")
    assert alone.exit_code == 2
    assert "--reader goes with --machine" in alone.stderr
