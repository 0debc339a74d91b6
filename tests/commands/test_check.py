"""`outtray check`, as people and scripts call it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from agent.commands.check import check
from agent.ledger.opening import open_ledger
from agent.settings import locations
from tests.support import files
from tests.support import statement_files as made
from tests.support.desk import everything_in, practice, settings_text

app = typer.Typer()
app.command()(check)


@pytest.fixture(autouse=True)
def _no_settings_of_this_pc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OUTTRAY_CONFIG", raising=False)
    monkeypatch.setattr(locations, "user_settings_file", lambda: tmp_path / "user.toml")
    monkeypatch.setattr(locations, "machine_settings_file", lambda: tmp_path / "machine.toml")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    practice(tmp_path)
    file = tmp_path / "outtray.toml"
    file.write_text(settings_text(tmp_path), encoding="utf-8")
    (tmp_path / "scans" / "scan.pdf").write_bytes(files.pdf())
    (tmp_path / "scans" / "scan.json").write_bytes(files.sidecar())
    (tmp_path / "statements" / "july.csv").write_bytes(made.csv(made.ROW))
    return file


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_all_fine(config: Path, tmp_path: Path) -> None:
    before = everything_in(tmp_path)
    result = call(tmp_path / "scans", tmp_path / "statements", "--config", config)
    assert result.exit_code == 0, result.output
    assert "would be sent to the attachments service" in result.stdout
    assert "would be sent to the statements service" in result.stdout
    assert "CLM-2026-000123" in result.stdout
    assert "Profile generic" in result.stdout
    assert result.stderr == ""
    assert everything_in(tmp_path) == before


def test_some_wait_or_fail(config: Path, tmp_path: Path) -> None:
    (tmp_path / "scans" / "scan.json").write_bytes(files.sidecar(claimId=..., payerId="1"))
    (tmp_path / "scans" / "alone.pdf").write_bytes(files.pdf())
    result = call(tmp_path / "scans", "--config", config)
    assert result.exit_code == 3
    assert "claim ID is missing" in result.stdout
    assert "exactly 5 letters" in result.stdout
    assert "would wait for its sidecar, such as alone.json" in result.stdout


def test_json_and_nothing_else(config: Path, tmp_path: Path) -> None:
    result = call(tmp_path / "scans", tmp_path / "statements", "--config", config, "--json")
    scan, statement = json.loads(result.stdout)["packets"]
    assert (scan["name"], scan["lane"], scan["state"]) == ("scan", "main-street/attachments", "ready")
    assert scan["claim"] == "CLM-2026-000123"
    assert scan["problem"] is None
    assert scan["files"] == [{"name": "scan.pdf", "size": len(files.pdf()), "type": "application/pdf"}]
    assert statement["statements"]["upload_name"] == "july.csv"
    assert result.stderr == ""


def test_without_settings(tmp_path: Path, config: Path) -> None:
    config.unlink()
    result = call(tmp_path / "scans", "--json")
    assert result.exit_code == 0
    assert "No settings were found" in result.stderr
    assert json.loads(result.stdout)["packets"][0]["lane"] == "attachments"


def test_wrong_settings(tmp_path: Path, config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "settle = 3\n", encoding="utf-8")
    result = call(tmp_path / "scans", "--config", config, "--json")
    assert result.exit_code == 2
    assert "settle" in result.stderr
    assert result.stdout == ""


def test_settings_that_are_named_and_not_there(tmp_path: Path) -> None:
    assert call(tmp_path, "--config", tmp_path / "none.toml").exit_code == 2


def test_a_path_where_nothing_stands(tmp_path: Path) -> None:
    result = call(tmp_path / "none.pdf")
    assert result.exit_code == 2
    assert "nothing at" in result.stderr


def test_no_such_lane(config: Path, tmp_path: Path) -> None:
    result = call(tmp_path / "scans", "--config", config, "--lane", "x/statements")
    assert result.exit_code == 2
    assert "main-street/attachments" in result.stderr


def test_nothing_there(tmp_path: Path, config: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = call(tmp_path / "empty", "--config", config)
    assert result.exit_code == 0
    assert "Nothing here" in result.stdout


def test_ledger_is_left_as_it_is(tmp_path: Path, config: Path) -> None:
    path = tmp_path / "data" / "ledger.sqlite"
    open_ledger(path, datetime.now(UTC)).engine.dispose()
    before = path.read_bytes()
    assert call(tmp_path / "scans", "--config", config).exit_code == 0
    assert path.read_bytes() == before


def test_a_ledger_that_cannot_be_read(tmp_path: Path, config: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.sqlite").write_bytes(b"no database" * 100)
    result = call(tmp_path / "scans", "--config", config)
    assert result.exit_code == 0, result.output
    assert "outtray doctor" in result.stderr


def test_no_spool_is_left(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = tmp_path / "temporary"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    assert call(tmp_path / "statements", "--config", config).exit_code == 0
    assert list(spool.iterdir()) == []
