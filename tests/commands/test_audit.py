"""`outtray audit`: the journal, proved and written out."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agent.cli import app
from agent.desk.users import user_name
from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from tests.support.desk import settings_text
from tests.support.packets import NOW

DAYS = 5


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings, and a ledger with one line a day."""
    path = tmp_path / "outtray.toml"
    path.write_text(settings_text(tmp_path), encoding="utf-8")
    ledger = Ledger(open_ledger(tmp_path / "data" / "ledger.sqlite", NOW).engine)
    for day in range(DAYS):
        with ledger.transaction() as tx:
            tx.note(NOW + timedelta(days=day), f"day-{day}", actor="=cmd()", lane="main-street/statements", day=day)
    ledger.close()
    return path


def audit(config: Path, arguments: Sequence[str]) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--config", str(config)])


def test_a_journal_as_it_was_written(config: Path) -> None:
    done = audit(config, ["verify"])
    assert (done.exit_code, "as it was written: 5 lines" in done.stdout) == (0, True)
    found = json.loads(audit(config, ["verify", "--json"]).stdout)
    assert (found["whole"], found["lines"], found["broken_at"]) == (True, DAYS, None)
    assert audit(config, ["verify", "--link", found["link"]]).exit_code == 0
    assert audit(config, ["verify", "--link", "0" * 64]).exit_code == 4


def test_one_that_was_changed(config: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as neighbour, neighbour:
        neighbour.execute("DROP TRIGGER journal_refuses_update")
        neighbour.execute("UPDATE journal SET actor = 'ruth' WHERE number = 3")
    neighbour.close()
    done = audit(config, ["verify"])
    assert (done.exit_code, "line 3 is not as it was written" in done.stdout) == (4, True)
    assert json.loads(audit(config, ["verify", "--json"]).stdout)["broken_at"] == 3


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["--since", (NOW + timedelta(days=2)).isoformat()], [2, 3, 4]),
        (["--until", (NOW + timedelta(days=2)).isoformat()], [0, 1]),
        (["--since", (NOW + timedelta(days=1)).isoformat(), "--until", (NOW + timedelta(days=3)).isoformat()], [1, 2]),
        (["--since", f"{(NOW + timedelta(days=1)).astimezone():%Y-%m-%d}", "--until",
          f"{(NOW + timedelta(days=2)).astimezone():%Y-%m-%d}"], [1, 2]),
    ],
)  # fmt: skip
def test_a_period_is_exported(config: Path, period: list[str], days: list[int]) -> None:
    rows = json.loads(audit(config, ["export", "--format", "json", *period]).stdout)
    assert [row["detail"]["day"] for row in rows if row["event"].startswith("day-")] == days
    written = list(csv.DictReader(io.StringIO(audit(config, ["export", "--format", "csv", *period]).stdout)))
    assert [row["event"] for row in written if row["event"].startswith("day-")] == [f"day-{day}" for day in days]
    assert {row["actor"] for row in written if row["event"].startswith("day-")} == {"'=cmd()"}, "no formula"


def test_the_export_itself_is_written_down(config: Path) -> None:
    audit(config, ["export"])
    last = json.loads(audit(config, ["export", "--format", "json"]).stdout)[-2]
    assert (last["event"], last["actor"]) == ("audit-exported", user_name())
    assert audit(config, ["verify"]).exit_code == 0


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "1"])
def test_a_moment_that_is_none_is_told(config: Path, moment: str) -> None:
    done = audit(config, ["export", "--since", moment])
    assert (done.exit_code, f"--since {moment} is not a date" in done.stderr) == (2, True)


@pytest.mark.parametrize("change", ["at = 'yesterday'", "detail = '{'", "at = x'ff'", "actor = x'ff'"])
def test_a_line_that_cannot_be_read_was_changed_and_is_exported_as_it_stands(
    config: Path, tmp_path: Path, change: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as neighbour, neighbour:
        neighbour.execute("DROP TRIGGER journal_refuses_update")
        neighbour.execute(f"UPDATE journal SET {change} WHERE number = 3")
    neighbour.close()
    assert audit(config, ["verify"]).exit_code == 4
    for form in ("csv", "json"):
        done = audit(config, ["export", "--format", form])
        assert done.exit_code == 0
        assert "day-2" in done.stdout


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_who_lists_the_history_is_written_down(config: Path, more: list[str]) -> None:
    assert CliRunner().invoke(app, ["history", "--config", str(config), *more]).exit_code == 0
    lines = json.loads(audit(config, ["export", "--format", "json"]).stdout)
    assert [(line["event"], line["actor"]) for line in lines[DAYS:-1]] == [("history-listed", user_name())]
