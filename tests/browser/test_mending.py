"""Mending on the spot in a real browser, with an agent that runs: from what needs someone to the receipt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.desk.desk import desk_of
from agent.desk.page.tokens import file_token
from tests.support import files
from tests.support.activity import SCANS
from tests.support.chromium import chromium, in_zone, keep_shot, opened
from tests.support.practice import Practice
from tests.support.served import served
from tests.support.statements_practice import StatementsPractice

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
DEFAULTS = 'submitter_id = "MAINSTREET"\nbilling_provider_tax_id = "12-3456789"\nprovider_npi = "1234567893"'
TYPED = {
    "patientLastName": "Lindqvist",
    "patientFirstName": "Maya",
    "patientDateOfBirth": "1988-03-09",
    "memberId": "W0000123401",
    "claimId": "CLM-20417",
    "dateOfService": "2026-01-13",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    in_zone()
    with chromium() as running:
        yield running


def test_a_scan_without_a_sidecar_is_completed_on_now_and_sent(tmp_path: Path, browser: Any) -> None:
    with Practice(tmp_path, lane=DEFAULTS) as practice:
        assert practice.engine is not None
        practice.drop("SCN_0007.jpg", files.jpeg(400))
        with (
            served(desk_of(practice.engine, lambda: True)) as server,
            opened(browser, server, allowed="Failed to load resource") as tab,
        ):
            tab.locator("a[data-embeds]", has_text="Complete the metadata here").click()
            tab.locator("form.form").wait_for()
            for name, value in TYPED.items():
                tab.fill(f"[name={name}]", value)
            tab.fill("[name=payerId]", "TST0")
            keep_shot(tab, "mending-embedded")
            tab.click("text=Save and send")
            tab.locator("[aria-invalid=true]").wait_for()
            tab.wait_for_function("() => document.activeElement.name === 'payerId'")
            assert tab.input_value("[name=patientDateOfBirth]") == "1988-03-09"
            tab.wait_for_function("() => document.querySelector('.scan img')?.naturalWidth > 0")
            keep_shot(tab, "mending-faults")
            tab.fill("[name=payerId]", "60054")
            tab.click("text=Save and send")
            tab.locator("#done", has_text="Saved.").wait_for()
            practice.wait_until_sent(1)
            assert practice.claims == ["CLM-20417"]
            tab.locator(".control", has_text="CHC#").first.wait_for()


def test_columns_are_said_once_and_the_file_goes(tmp_path: Path, browser: Any) -> None:
    with StatementsPractice(tmp_path) as practice:
        assert practice.engine is not None
        practice.drop("july.csv", b'Wer,Konto,Wieviel,Wann\n"Avery, Jordan T",10442,"$1,234.56",07/10/2026\n')
        with (
            served(desk_of(practice.engine, lambda: True)) as server,
            opened(browser, server) as tab,
        ):
            tab.locator("a", has_text="Fix the mapping").click()
            for number, field in enumerate(("name", "account", "amount_due", "statement_date")):
                tab.select_option(f"[name=column-{number}]", field)
            assert tab.locator("text=Save and send").is_disabled()
            tab.click("text=Show the result again")
            tab.locator("text=Save and send 1 statement").wait_for()
            assert "$1,234.56" in tab.locator(".facts").inner_text()
            keep_shot(tab, "mending-mapping")
            assert practice.bodies() == []
            tab.click("text=Save and send 1 statement")
            tab.locator("#done", has_text="Saved.").wait_for()
            practice.wait_until_sent(1)
            assert practice.bodies()[0]["pendingInvoiceUploads"][0]["amountDue"] == 123456


def shown(practice: Practice) -> dict[str, int]:
    """What the page is shown of, and what it asks the agent's latest look for: that comes a moment after the files."""
    counts = practice.lane_status().get("counts", {})
    return {state: counts[state] for state in ("failed", "waiting") if counts.get(state)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_forms(tmp_path: Path, browser: Any, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with Practice(tmp_path, lane=DEFAULTS) as practice:
        assert practice.engine is not None
        practice.drop("SCN_0007.jpg", files.jpeg(400))
        practice.drop("card.json", files.sidecar(payerId="TST0", files=["a.jpg"]))
        practice.drop("a.jpg", files.jpeg())
        practice.drop("PA.json", files.sidecar(patientFirstName="Maya"))
        practice.drop("PA.tif.json", files.sidecar(patientFirstName="Jordan"))
        practice.drop("PA.tif", files.tiff())
        practice.wait_until_failed(2)
        practice.wait_for(lambda: shown(practice) == {"failed": 2, "waiting": 1}, "the page to know of all")
        packets = {name: problem["packet"] for name, problem in practice.problems().items()}
        addresses = [
            f"/scan/{SCANS}/{file_token(str(SCANS), 'SCN_0007.jpg')}/form",
            f"/packet/{packets['card']}/metadata",
            f"/packet/{packets['PA']}/whose",
        ]
        with served(desk_of(practice.engine, lambda: True)) as server:
            for address in addresses:
                with opened(browser, server, address, bypass_csp=True, color_scheme=scheme) as tab:
                    tab.locator("form.form").wait_for()
                    found = Axe().run(tab)
                    assert found.violations_count == 0, found.generate_report()
