"""`outtray profile`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from agent.commands.profile import app
from tests.support.statement_files import HEADINGS, ROW, csv

runner = CliRunner()


def test_list_names_every_profile() -> None:
    listed = json.loads(runner.invoke(app, ["list", "--json"]).stdout)
    assert {"opendental-xml", "generic", "transworld"} <= {profile["name"] for profile in listed}
    assert "opendental-statement-csv" in runner.invoke(app, ["list"]).stdout


def test_show_gives_the_columns() -> None:
    shown = json.loads(runner.invoke(app, ["show", "transworld", "--json"]).stdout)
    assert shown["columns"]["account"] == ["DEBTOR REFERENCE"]
    assert "DEBTOR REFERENCE" in runner.invoke(app, ["show", "transworld"]).stdout


def test_show_of_what_does_not_exist_ends_with_2() -> None:
    result = runner.invoke(app, ["show", "nonesuch"])
    assert result.exit_code == 2
    assert "There is no statement profile called nonesuch." in result.stderr


def test_try_shows_what_becomes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "july.csv"
    path.write_bytes(csv((*ROW, "9"), headings=(*HEADINGS, "Shoe Size")))
    result = runner.invoke(app, ["try", str(path)])
    assert result.exit_code == 0
    for word in (
        "Profile generic, because row 1",
        "Account Number",
        "Shoe Size",
        "John Snow",
        "1 statement can be sent.",
    ):
        assert word in result.stdout
    told = json.loads(runner.invoke(app, ["try", str(path), "--json"]).stdout)
    assert told["unknown"] == ["Shoe Size"]
    assert told["first"][0]["amountDue"] == 1200
    assert told["problem"] is None


def test_try_of_a_bad_file_lists_its_faults_and_ends_with_3(tmp_path: Path) -> None:
    path = tmp_path / "july.csv"
    path.write_bytes(csv(("1", "07/31/2026", "A B", '"1.234,56"')))
    result = runner.invoke(app, ["try", str(path)])
    assert result.exit_code == 3
    assert "row 2, column Amount Due: 1.234,56 - This amount can be read in two ways." in result.stdout
    told = json.loads(runner.invoke(app, ["try", str(path), "--json"]).stdout)
    assert told["problem"]["details"][0]["value"] == "1.234,56"


def test_try_of_a_file_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    assert runner.invoke(app, ["try", str(tmp_path / "none.csv")]).exit_code == 2
