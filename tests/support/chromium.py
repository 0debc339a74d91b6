"""A real browser for tests: the system's Chromium, driven by Playwright, at a page that is really served."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.desk.page.server import PageServer, page_server
from tests.support.page import DeskPractice

PLACES = ("chromium", "chromium-browser", "google-chrome")
ZONE = "America/Chicago"
PATIENCE = 60_000
"""Milliseconds after which what has not come is a failure. Only a failure waits so long."""


def chromium_path() -> str:
    """Where Chromium is; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, PLACES)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    """A running Chromium."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its sandbox wants rights that a container does not give; it shows our own page only.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=2 * PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(practice: DeskPractice) -> Iterator[PageServer]:
    """The practice's page on a port of its own."""
    with page_server(practice.desk) as server:
        assert server.wait(PATIENCE / 1000)
        yield server


@contextmanager
def opened(browser: Any, server: PageServer, path: str = "/", *, allowed: str = "", **options: Any) -> Iterator[Any]:
    """A tab that shows a view, in a context of its own.

    Whatever goes wrong in the page's script fails the test, but for what contains `allowed`.
    """
    context = browser.new_context(timezone_id=ZONE, **({"viewport": {"width": 1100, "height": 800}} | options))
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    try:
        tab.goto(server.link(path))
        tab.wait_for_selector("#main[data-view]")
        tab.wait_for_load_state("load")  # the stylesheet too: what is measured without it means nothing
        yield tab
    finally:
        context.close()
    unexpected = [fault for fault in faults if not allowed or allowed not in fault]
    assert not unexpected, unexpected


def in_zone(zone: str = ZONE) -> None:
    """Put this process into a time zone: what the page says of times depends on it."""
    os.environ["TZ"] = zone
    time.tzset()


def keep_shot(tab: Any, name: str) -> None:
    """Leave a picture where the environment asks for pictures, to be looked at."""
    folder = os.environ.get("OUTTRAY_TEST_SHOTS")
    if folder:
        tab.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
