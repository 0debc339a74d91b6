"""What happens on the page while someone looks at it, in a real browser: nothing is reloaded, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.model import PacketState
from tests.support import activity
from tests.support.chromium import chromium, in_zone, opened, served
from tests.support.page import DeskPractice, desk_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    in_zone()
    with chromium() as running:
        yield running


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as made:
        activity.remember(made.ledger, *activity.sent_ones())
        made.board.put(activity.snapshot())
        yield made


def mark(tab: Any) -> None:
    """Leave something on the page that a reload would take away."""
    tab.evaluate("window.notReloaded = true")


def is_marked(tab: Any) -> bool:
    return bool(tab.evaluate("window.notReloaded === true"))


def test_progress_is_shown_as_it_comes(practice: DeskPractice, browser: Any) -> None:
    with served(practice) as server, opened(browser, server) as tab:
        mark(tab)
        going = activity.going("CBCT.dcm", PacketState.SENDING, total_bytes=500_000_000)
        practice.sending = {"20260714-CBCT": (50_000_000, 500_000_000)}
        practice.board.put(activity.snapshot(packets=(going,)))
        bar = tab.locator("#packet-20260714-CBCT progress")
        bar.wait_for()
        for done in (100_000_000, 400_000_000):
            practice.sending = {"20260714-CBCT": (done, 500_000_000)}
            tab.wait_for_function(
                "done => document.querySelector('#packet-20260714-CBCT progress')?.value === done",
                arg=done,
            )
        assert "400 of 500 MB." in tab.locator("#packet-20260714-CBCT").inner_text()
        practice.sending = {}
        activity.remember(practice.ledger, activity.sent("CBCT.dcm", "CLM-1", "CHC#1", minutes=0))
        practice.board.put(activity.snapshot())
        tab.wait_for_selector("text=All delivered.")
        assert is_marked(tab)


def test_a_new_item_comes_and_is_told_and_goes_again(practice: DeskPractice, browser: Any) -> None:
    with served(practice) as server, opened(browser, server) as tab:
        mark(tab)
        tab.evaluate("window.toldTexts = []")
        tab.evaluate("new MutationObserver(() => toldTexts.push(said.textContent)).observe(said, {childList: true})")
        (record,) = activity.failed_ones()[:1]
        activity.remember(practice.ledger, record)
        lane, *others = activity.well_lanes()
        practice.board.put(activity.snapshot((replace(lane, needs_attention=1), *others)))
        tab.wait_for_selector("#packet-20260714-July-statements")
        assert tab.title() == "1 needs you · OutTray"
        assert tab.locator("#nav-now .count").inner_text().startswith("1")
        other = activity.failed_ones()[1]
        activity.remember(practice.ledger, other)
        practice.board.put(activity.snapshot((replace(lane, needs_attention=2), *others)))
        tab.wait_for_selector("#packet-20260714-PAN-20398")
        tab.wait_for_function("() => toldTexts.some((text) => text.includes('was not sent'))")
        with practice.ledger.transaction() as tx:
            for one in (record, other):
                tx.resolve(one, activity.NOW, "retry")
        practice.board.put(activity.snapshot())
        tab.wait_for_selector("text=All delivered.")
        assert is_marked(tab)


def test_a_button_acts_in_place(practice: DeskPractice, browser: Any) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    with served(practice) as server, opened(browser, server) as tab:
        mark(tab)
        tab.locator("#packet-20260714-July-statements").get_by_role("button", name="Retry").click()
        tab.wait_for_selector("#done .band:has-text('It goes again')")
        assert [(request.verb, request.packets) for request in practice.asked] == [
            ("retry", ("20260714-July-statements",))
        ]
        tab.get_by_role("button", name="Pause all").click()
        tab.wait_for_selector("#done .band:has-text('Pausing')")
        assert is_marked(tab)


def test_a_button_acts_without_a_script(practice: DeskPractice, browser: Any) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    with served(practice) as server, opened(browser, server, java_script_enabled=False) as tab:
        tab.locator("#packet-20260714-July-statements").get_by_role("button", name="Retry").click()
        tab.wait_for_selector("#done .band:has-text('It goes again')")
        tab.get_by_role("link", name="Withdraw").click()
        assert len(practice.asked) == 1


def test_withdrawing_asks_first(practice: DeskPractice, browser: Any) -> None:
    activity.remember(
        practice.ledger, activity.packet("Statements.xml", lane=activity.STATEMENTS, state=PacketState.HELD)
    )
    practice.board.put(activity.busy_snapshot())
    with served(practice) as server, opened(browser, server) as tab:
        tab.get_by_role("link", name="Withdraw").click()
        dialog = tab.locator("dialog[open]")
        assert "The file is not deleted" in dialog.inner_text()
        dialog.get_by_role("button", name="Keep it").click()
        dialog.wait_for(state="hidden")
        assert practice.asked == []
        tab.get_by_role("link", name="Withdraw").click()
        dialog.get_by_role("button", name="Withdraw").click()
        tab.wait_for_selector("#done .band:has-text('Withdrawn.')")
        assert [request.verb for request in practice.asked] == ["withdraw"]


def test_a_control_number_is_copied_with_one_click(practice: DeskPractice, browser: Any) -> None:
    with served(practice) as server, opened(browser, server, permissions=["clipboard-read", "clipboard-write"]) as tab:
        copy = tab.get_by_role("button", name="Copy the control number of claim CLM-20416")
        tab.evaluate("window.shownWords = []")
        tab.evaluate(  # they stand there for two seconds: a look from here can come too late for them
            "new MutationObserver(() => shownWords.push(document.querySelector('[data-copy][data-busy]')?.textContent))"
            ".observe(document.body, {childList: true, subtree: true})"
        )
        copy.click()
        tab.wait_for_function("() => shownWords.includes('Copied')")
        assert tab.evaluate("navigator.clipboard.readText()") == "CHC#65a4c0ffee12d34b5e6f7a81"
        copy.wait_for()  # its words come back, those for a screen reader too


def test_an_open_fold_stays_open_and_what_has_the_focus_stays(practice: DeskPractice, browser: Any) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    with served(practice) as server, opened(browser, server) as tab:
        tab.locator("#rest > summary").click()
        tab.locator("#lane-lakeside-statements summary").click()
        tab.locator("#packet-20260714-July-statements .scroll").focus()
        activity.remember(practice.ledger, activity.failed("new.pdf", activity.BAD_FIELDS, minutes=0.1))
        busy = activity.busy_snapshot()
        practice.board.put(replace(busy, needs_attention=busy.needs_attention + 1))
        tab.wait_for_selector("#rest-s:has-text('4 more need you')")
        assert tab.locator("#packet-20260714-new").is_visible()
        assert tab.locator("#lane-lakeside-statements details").get_attribute("open") is not None
        assert tab.evaluate("document.activeElement.closest('.item').id") == "packet-20260714-July-statements"


def test_a_link_to_a_folded_item_unfolds_it(practice: DeskPractice, browser: Any) -> None:
    activity.remember(practice.ledger, *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())
    with served(practice) as server, opened(browser, server) as tab:
        assert not tab.locator("#packet-20260714-aging-july").is_visible()
        tab.evaluate("location.hash = 'packet-20260714-aging-july'")
        tab.locator("#packet-20260714-aging-july").wait_for()
        assert tab.evaluate("document.activeElement.id") == "packet-20260714-aging-july"


def test_a_server_that_is_gone_is_told(practice: DeskPractice, browser: Any) -> None:
    with served(practice) as server, opened(browser, server, allowed="net::ERR") as tab:
        tab.wait_for_function("() => source && source.readyState === EventSource.OPEN")
        assert not tab.locator("#contact-lost").is_visible()
        server.stop()
        tab.locator("#contact-lost").wait_for()
        assert not tab.locator(".glyph.ok").first.is_visible()
