"""`outtray profile`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.commands.profile import app
from agent.intake.statements.own_profiles import keep, own_profiles
from agent.intake.statements.profile import Layout, Profile, Recognition
from tests.support.desk import practice, settings_text
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


OWN = Profile(
    name="ours",
    title="What main-street said",
    recognise=Recognition(headings=("Konto", "Wieviel", "Fon"), whole_row=True),
    layout=Layout(statement_date="today"),
    columns={"account": ("Konto",), "amount_due": ("Wieviel",)},
    ignore=("Fon",),
)


@pytest.fixture
def config(tmp_path: Path) -> str:
    practice(tmp_path)
    path = tmp_path / "outtray.toml"
    path.write_text(settings_text(tmp_path))
    keep(tmp_path / "data" / "profiles", "main-street", OWN)
    return str(path)


def kept(tmp_path: Path) -> list[Profile]:
    return list(own_profiles(tmp_path / "data" / "profiles", "main-street"))


def test_a_stores_own_is_shown_by_its_store_and_name(config: str) -> None:
    shown = json.loads(runner.invoke(app, ["show", "main-street/ours", "--json", "--config", config]).stdout)
    assert shown["columns"] == {"account": ["Konto"], "amount_due": ["Wieviel"]}


def test_a_stores_own_is_changed(config: str, tmp_path: Path) -> None:
    said = ["change", "main-street/ours", "--amounts", "cents", "--column", "fon=phone", "--config", config]
    assert runner.invoke(app, said).exit_code == 0
    [now] = kept(tmp_path)
    assert (now.layout.amounts, now.layout.statement_date, now.ignore) == ("cents", "today", ())
    assert now.columns == {"account": ("Konto",), "amount_due": ("Wieviel",), "phone": ("Fon",)}
    assert now.recognise == OWN.recognise


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["--amounts", "euros"], "layout.amounts"),
        (["--column", "Soll=amount_due"], "knows no column Soll"),
        (["--column", "Fon=telefon"], "telefon"),
        (["--column", "Fon=account"], "Two columns would be the account"),
        (["--column", "Konto="], "which column is the account"),
    ],
)
def test_a_change_that_makes_no_profile_is_told_and_changes_nothing(
    config: str, tmp_path: Path, said: list[str], told: str
) -> None:
    result = runner.invoke(app, ["change", "main-street/ours", *said, "--config", config])
    assert result.exit_code == 2
    assert told in result.stderr
    assert kept(tmp_path) == [OWN]


def test_a_stores_own_is_removed(config: str, tmp_path: Path) -> None:
    assert runner.invoke(app, ["remove", "main-street/ours", "--config", config]).exit_code == 0
    assert kept(tmp_path) == []
    result = runner.invoke(app, ["remove", "main-street/ours", "--config", config])
    assert result.exit_code == 2
    assert "No store has a profile main-street/ours of its own" in result.stderr
