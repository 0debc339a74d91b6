"""A statement file with unknown columns: a person says what they are, sees the result, and it goes; the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.commands.profile import app
from agent.desk.desk import desk_of
from agent.desk.page.forms.mapping import NOTE
from tests.desk.page.forms.test_correct import events, packet_of
from tests.support.forms import Form
from tests.support.page import Browser, signed_in
from tests.support.statements_practice import StatementsPractice

HEADINGS = "Wer,Konto,Wieviel,Wann,Post"
JULY = f"""{HEADINGS}
"Avery, Jordan T",10442,"1,234.56",31/07/2026,jordan@example.com
Rosa Whitfield,10517,86.00,31/07/2026,
"""
AUGUST = f"{HEADINGS}\nRosa Whitfield,10517,12.50,31/08/2026,rosa@example.com\n"
CHOSEN = {"column-0": "name", "column-1": "account", "column-2": "amount_due", "column-3": "statement_date"}


@contextmanager
def at_work(folder: Path, **options: Any) -> Iterator[tuple[StatementsPractice, Browser]]:
    with StatementsPractice(folder, **options) as practice:
        assert practice.engine is not None
        yield practice, signed_in(desk_of(practice.engine, lambda: True))


@pytest.mark.slow
def test_an_unknown_file_is_mapped_once_and_the_next_one_goes_by_itself(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", JULY.encode())
        packet = packet_of(practice, "july")
        form = Form.of(client.get(f"/packet/{packet}/mapping"))
        shown = form.send(client, **CHOSEN, dates="DMY", act="show")
        assert "Jordan Avery" in shown.text
        assert "$1,234.56" in shown.text
        assert "2026-07-31" in shown.text
        assert "Save and send 2 statements" in shown.text
        assert practice.bodies() == []  # nothing goes before it was saved
        saved = Form.of(shown).send(client, act="save")
        assert (saved.status_code, saved.headers["location"]) == (303, f"/?done={NOTE}")
        practice.wait_until_sent(1)
        [body] = practice.bodies()
        first = body["pendingInvoiceUploads"][0]
        assert (first["firstName"], first["amountDue"], first["statementDate"]) == ("Jordan", 123456, "2026-07-31")
        assert events(practice, packet) == [(NOTE, client.page.actor), ("resolved", client.page.actor)]
        practice.drop("august.csv", AUGUST.encode())
        practice.wait_until_sent(2)
        assert practice.bodies()[1]["pendingInvoiceUploads"][0]["amountDue"] == 1250
        kept = practice.data_dir / "profiles" / "main-street.toml"
        assert "Wieviel" in kept.read_text()
        settings = tmp_path / "outtray.toml"
        settings.write_text(practice.settings_text)
        listed = json.loads(CliRunner().invoke(app, ["list", "--json", "--config", str(settings)]).stdout)
        assert (listed[0]["name"], listed[0]["store"]) == ("main-street", "main-street")


def test_what_was_not_shown_is_not_saved(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", JULY.encode())
        packet = packet_of(practice, "july")
        form = Form.of(client.get(f"/packet/{packet}/mapping"))
        shown = Form.of(form.send(client, **CHOSEN, dates="DMY", act="show"))
        answer = shown.send(client, act="save", amounts="cents", **{"column-2": "amount_due", "column-4": "email"})
        assert answer.status_code == 422
        assert not (practice.data_dir / "profiles").exists()
        answer = shown.send(client, act="save", **{"column-4": "email"})
        assert "The result below is the one of what you have chosen now" in answer.text
        assert not (practice.data_dir / "profiles").exists()


def test_what_is_still_needed_is_told(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", JULY.encode())
        packet = packet_of(practice, "july")
        form = Form.of(client.get(f"/packet/{packet}/mapping"))
        answer = form.send(client, **{"column-1": "account", "column-4": "account"}, profile="Bad Name", act="save")
        assert answer.status_code == 422
        for told in (
            "Account number is chosen for 2 columns. Choose it for one.",
            "No column is chosen for the statement date yet.",
            "No column is chosen for the amount due yet.",
            "small letters, digits and hyphens",
        ):
            assert told in answer.text
        assert practice.bodies() == []


def test_a_value_that_cannot_be_read_is_told_beside_it(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", JULY.encode())
        packet = packet_of(practice, "july")
        answer = Form.of(client.get(f"/packet/{packet}/mapping")).send(client, **CHOSEN, dates="MDY", act="show")
        assert Form.of(answer).texts["reads-3"].startswith("There is no such day. Write the date as 07/31/2026")
        assert Form.of(answer).texts["reads-2"] == "$1,234.56"


def test_a_file_without_a_date_can_go_with_todays(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", b"Konto,Wieviel\n1,2.00\n")
        packet = packet_of(practice, "july")
        form = Form.of(client.get(f"/packet/{packet}/mapping"))
        chosen = {"column-0": "account", "column-1": "amount_due"}
        shown = Form.of(form.send(client, **chosen, dated_by="today", act="show"))
        assert shown.send(client, act="save").status_code == 303
        practice.wait_until_sent(1)


def test_a_lane_that_names_its_profile_would_not_use_another(tmp_path: Path) -> None:
    with at_work(tmp_path, lane='profile = "soe-exact-aging"') as (practice, client):
        practice.drop("july.csv", JULY.encode())
        packet = packet_of(practice, "july")
        shown = client.get(f"/packet/{packet}/mapping")
        assert "would not be used" in shown.text
        answer = Form.of(shown).send(client, **CHOSEN, dates="DMY", act="save")
        assert answer.status_code == 422
        assert not (practice.data_dir / "profiles").exists()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("odd.xml", b"<Odd><A>1</A></Odd>", "it is not a table but XML"),
        ("numbers.csv", b"1,2,3\n4,5,6\n", "it has no row of column headings"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop(name, data)
        packet = packet_of(practice, name.partition(".")[0])
        assert told in client.get(f"/packet/{packet}/mapping").text


def test_headings_and_values_are_shown_as_text(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("july.csv", b"Konto,<script>alert(1)</script>\n7,<img src=x onerror=alert(2)>\n")
        packet = packet_of(practice, "july")
        page = client.get(f"/packet/{packet}/mapping").text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
