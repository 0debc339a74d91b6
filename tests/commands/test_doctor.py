"""`outtray doctor`, as people and scripts call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from agent.commands import doctor as command
from agent.sandbox.server import Sandbox
from tests.support.desk import practice, settings_text, world_of

app = typer.Typer()
app.command()(command.doctor)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    practice(tmp_path, sandbox)
    monkeypatch.setattr(command, "the_world", lambda: world_of(sandbox))
    file = tmp_path / "outtray.toml"
    file.write_text(settings_text(tmp_path, sandbox), encoding="utf-8")
    return file


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_in_order(config: Path) -> None:
    result = call("--config", config)
    assert result.exit_code == 3, result.output
    assert "2 of 29 checks need someone." in result.stdout  # each lane is on a sandbox, and that is said
    assert "does not work" not in result.stdout


def test_json_and_nothing_else(config: Path) -> None:
    result = call("--config", config, "--json")
    answer = json.loads(result.stdout)
    assert answer["ok"] is True
    others = [finding for finding in answer["findings"] if finding["state"] not in ("ok", "skipped")]
    assert [(finding["check"], finding["state"]) for finding in others] == [("environment", "warn")] * 2
    assert set(answer["findings"][0]) == {"check", "title", "state", "sentence", "what_to_do", "lane", "detail"}
    assert result.stderr == ""


def test_what_does_not_work_is_told_with_what_to_do(config: Path, tmp_path: Path) -> None:
    (tmp_path / "scans").rmdir()
    result = call("--config", config)
    assert result.exit_code == 4
    assert "does not work" in result.stdout
    assert "What to do:" in result.stdout


def test_settings_wrong_tells_every_fault_and_goes_on(config: Path) -> None:
    text = config.read_text(encoding="utf-8") + "settle = 3\n[[store]]\nname = 7\n"
    config.write_text(text, encoding="utf-8")
    result = call("--config", config, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 2
    wrong = [finding for finding in answer["findings"] if finding["check"] == "settings"]
    assert len(wrong) >= 2
    assert {finding["state"] for finding in wrong} == {"fail"}
    assert "data-folder" in {finding["check"] for finding in answer["findings"]}


def test_one_store_wrong_and_the_other_is_checked(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "[[store]]\nname = 7\n", encoding="utf-8")
    answer = json.loads(call("--config", config, "--json").stdout)
    healthy = [finding for finding in answer["findings"] if finding["check"] == "health"]
    assert [finding["state"] for finding in healthy] == ["ok", "ok"]


@pytest.mark.parametrize("text", [None, "[agent\n", "agent = 7\n"])
def test_no_settings_to_go_on_with(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "outtray.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    result = call("--config", file, "--json")
    assert result.exit_code == 2
    answer = json.loads(result.stdout)
    assert {finding["state"] for finding in answer["findings"]} == {"fail", "skipped"}


def test_offline(config: Path, sandbox: Sandbox) -> None:
    asked = len(sandbox.requests)
    assert call("--config", config, "--offline").exit_code == 3
    assert len(sandbox.requests) == asked


def test_one_lane_wrong_and_the_other_is_checked(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "settle = 3\n", encoding="utf-8")
    result = call("--config", config, "--json")
    healthy = [finding for finding in json.loads(result.stdout)["findings"] if finding["check"] == "health"]
    assert [(finding["lane"], finding["state"]) for finding in healthy] == [("main-street/attachments", "ok")]
    assert result.exit_code == 2
