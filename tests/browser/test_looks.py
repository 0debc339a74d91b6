"""Every view and state in a real browser, light and dark, wide, narrow and at 200 %: axe-core finds nothing.

And nothing runs over the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.delivery.snapshot import moment
from agent.folder.problems import NO_ROOM
from agent.model import LaneState, PacketState
from tests.support import activity
from tests.support.chromium import chromium, in_zone, keep_shot, opened, served
from tests.support.page import DeskPractice, desk_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 800}},
    # A PC's 1280 pixels at 200 % are 640 of the page's.
    "large": {"color_scheme": "dark", "viewport": {"width": 640, "height": 480}, "device_scale_factor": 2},
}
AXE = ("light", "dark")  # the others differ from these in their widths only


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    in_zone()
    with chromium() as running:
        yield running


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        yield made


# --- The states ---------------------------------------------------------------------------------------------------


def first_day(practice: DeskPractice) -> None:
    practice.board.put(activity.snapshot(activity.well_lanes(today=0)))


def well(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    practice.board.put(activity.snapshot())


def busy(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones(), *activity.failed_ones())
    practice.board.put(activity.busy_snapshot())


def sending(practice: DeskPractice) -> None:
    activity.remember(practice.ledger, *activity.sent_ones())
    packets = (
        activity.going("CBCT-20421.dcm", PacketState.SENDING, sent_bytes=3_000_000),
        activity.going("BW-20424.pdf", PacketState.SETTLING, why="BW-20424.pdf is open in another program."),
    )
    practice.board.put(activity.snapshot(packets=packets))


def paused(practice: DeskPractice) -> None:
    well(practice)
    since = moment(activity.ago(27))
    lanes = tuple(
        replace(lane, state=LaneState.PAUSED, since=since, counts={"queued": 3}) for lane in activity.well_lanes()
    )
    with practice.ledger.transaction() as tx:
        for lane in (activity.SCANS, activity.STATEMENTS, activity.FAR_SCANS, activity.FAR_STATEMENTS):
            tx.note(activity.ago(27), "pause", lane=lane, actor="rosa")
    practice.board.put(activity.snapshot(lanes))


def one_paused(practice: DeskPractice) -> None:
    well(practice)
    first, *others = activity.well_lanes()
    resting = replace(first, state=LaneState.PAUSED, since=moment(activity.ago(27)))
    full = replace(others[0], problem=NO_ROOM.problem(folder="/practice/statements"))
    practice.board.put(activity.snapshot((resting, full, *others[1:])))


def stopped(practice: DeskPractice) -> None:
    busy(practice)
    practice.alive = False


def long_history(practice: DeskPractice) -> None:
    busy(practice)
    activity.fill(practice.ledger, 600)


def unruly(practice: DeskPractice) -> None:
    """Names as long as names can be, and full of markup."""
    long = "A" * 180 + "<img src=x onerror=alert(1)>'\"&.pdf"
    problem = replace(activity.BAD_FIELDS, sentence=f"{long} <script>alert(2)</script>")
    activity.remember(practice.ledger, activity.failed(long, problem, claim="<b>CLM</b>" * 20))
    activity.remember(practice.ledger, activity.sent("B" * 240 + ".pdf", "C" * 80, "CHC#" + "9" * 120))
    packets = (
        activity.going(long, PacketState.SENDING, id="20260714-AAAAA", sent_bytes=1_000_000),
        activity.going("D" * 230 + ".pdf", PacketState.WAITING, why="Waits for its sidecar."),
    )
    practice.board.put(activity.snapshot(packets=packets, needs_attention=1))


VIEWS: dict[str, tuple[Callable[[DeskPractice], None], str]] = {
    "first-day": (first_day, "/"),
    "well": (well, "/"),
    "busy": (busy, "/"),
    "sending": (sending, "/"),
    "paused": (paused, "/"),
    "one-paused": (one_paused, "/"),
    "stopped": (stopped, "/"),
    "unruly": (unruly, "/"),
    "done": (well, "/?done=show"),
    "withdraw": (busy, "/withdraw/20260714-Statements"),
    "history": (long_history, "/history"),
    "history-search": (long_history, "/history"),
    "history-empty": (first_day, "/history"),
    "history-nothing": (well, "/history"),
    "history-unruly": (unruly, "/history"),
    "receipt": (well, "/history/20260714-FMX-20416"),
    "receipt-twice": (well, "/history/20260714-PAN-20411"),
    "receipt-failed": (busy, "/history/20260714-July-statements"),
    "receipt-unknown": (well, "/history/nothing"),
    "trends": (long_history, "/trends"),
    "trends-long": (long_history, "/trends?weeks=12"),
    "trends-empty": (first_day, "/trends"),
    "health": (well, "/health"),
    "help": (well, "/help"),
}


SEARCHES = {"history-search": "CLM-204", "history-nothing": "CLM-99999"}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_sound_in_every_look(name: str, practice: DeskPractice, browser: Any) -> None:
    prepare, path = VIEWS[name]
    prepare(practice)
    if name == "withdraw":
        held = activity.packet("Statements.xml", lane=activity.STATEMENTS, state=PacketState.HELD)
        activity.remember(practice.ledger, held)
    with served(practice) as server:
        for look, options in LOOKS.items():
            with opened(browser, server, path, **options, allowed="404" if name == "receipt-unknown" else "") as tab:
                if name in SEARCHES:
                    tab.get_by_label("File, claim or control number").fill(SEARCHES[name])
                    tab.get_by_role("button", name="Search").click()
                    tab.wait_for_url("**/history?search=*")
                if name == "health":
                    tab.wait_for_selector("#health-fine")
                _open_every_fold(tab)
                keep_shot(tab, f"{name}-{look}")
                assert _sticks_out(tab) == []
                if look in AXE:
                    assert _axe(tab) == []


def test_a_lost_contact_is_told_and_every_tick_goes(practice: DeskPractice, browser: Any) -> None:
    well(practice)
    with served(practice) as server, opened(browser, server, allowed="net::ERR") as tab:
        assert tab.locator(".glyph.ok").first.is_visible()
        server.stop()  # nothing that the page may still hear can take it back
        tab.wait_for_selector("#contact-lost:not([hidden])")
        assert not tab.locator(".glyph.ok").first.is_visible()
        keep_shot(tab, "contact-lost")
        assert _axe(tab) == []


def test_a_locked_page_is_sound(practice: DeskPractice, browser: Any) -> None:
    well(practice)
    with served(practice) as server, opened(browser, server, allowed="403") as tab:
        tab.wait_for_function("() => source && source.readyState === EventSource.OPEN")
        response = tab.request.post(f"{server.url}/lock", headers={"Origin": server.url.rstrip("/")})
        assert response.status == 403
        practice.board.put(activity.busy_snapshot())  # whoever listens is told now, and shows itself anew
        tab.wait_for_selector("h1#locked")
        tab.wait_for_load_state("load")
        assert "Locked" in tab.title()
        assert "CLM" not in tab.content()
        keep_shot(tab, "locked")
        assert _axe(tab) == []
        tab.goto("about:blank")


def test_what_is_printed_shows_what_is_wrong_and_no_buttons(practice: DeskPractice, browser: Any) -> None:
    busy(practice)
    with served(practice) as server, opened(browser, server) as tab:
        tab.emulate_media(media="print")
        keep_shot(tab, "print")
        assert tab.locator("table.faults").is_visible()
        assert not tab.locator(".btn").first.is_visible()
        assert not tab.locator(".nav").is_visible()


def test_everything_is_reached_with_the_keyboard(practice: DeskPractice, browser: Any) -> None:
    busy(practice)
    with served(practice) as server, opened(browser, server) as tab:
        buttons = tab.locator("button:visible, a:visible, summary:visible").count()
        met: set[int] = set()
        for _ in range(buttons + 10):
            tab.keyboard.press("Tab")
            met.add(
                tab.evaluate("[...document.querySelectorAll('button, a, summary')].indexOf(document.activeElement)")
            )
        assert len(met - {-1}) >= buttons


def _open_every_fold(tab: Any) -> None:
    tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _axe(tab: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [f"{one['id']}: {node['html'][:300]}" for one in found for node in one["nodes"]]


def _sticks_out(tab: Any) -> list[str]:
    """What is wider than the page and not in a part that scrolls by itself, once the page has come to rest."""
    found: list[str] = tab.evaluate(
        """async () => {
          await document.fonts.ready;
          await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
          const wide = document.documentElement.clientWidth;
          return [...document.querySelectorAll('main *')]
            .filter((one) => !one.closest('.scroll, svg, pre, .unseen') && !one.classList.contains('unseen'))
            .filter((one) => one.getBoundingClientRect().right > wide + 1)
            .map((one) => one.outerHTML.slice(0, 200));
        }"""
    )
    return found
