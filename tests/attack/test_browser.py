"""Markup of somebody else's in Chromium: that nothing of it is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import activity
from tests.support.attacks import Tries
from tests.support.chromium import chromium, opened, served
from tests.support.markup import MARKUP, fill
from tests.support.page import DeskPractice, desk_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:  # type: ignore[arg-type]
        yield made


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.mark.attack("Markup", "in Chromium: every script, picture and frame of somebody else's at once")
def test_in_a_browser(practice: DeskPractice, chrome: Any, tries: Tries) -> None:
    fill(practice, " ".join(MARKUP[:6])[:170])
    reached: list[str] = []
    with served(practice) as server:
        for path in ("/", "/history", "/history/sent-1", "/history/failed-1"):
            with opened(chrome, server, path) as tab:
                tab.on("request", lambda request: reached.append(request.url))
                tab.reload()
                tries.holds("owned" not in tab.title(), path)
                tries.holds(tab.evaluate("document.querySelectorAll('script:not([src])').length") == 0, path)
        own = server.url.rstrip("/")
        tries.holds(all(url.startswith(own) for url in reached), reached)


@pytest.mark.attack("Markup", "in Chromium: what got in all the same would not be carried out (CSP)")
def test_the_policy(practice: DeskPractice, chrome: Any, tries: Tries) -> None:
    script = "const s = document.createElement('script');"
    into = "document.body.insertAdjacentHTML('beforeend',"
    ways = {
        "a script": f"{script} s.textContent = 'document.title=\"owned\"'; document.body.append(s)",
        "a script from elsewhere": f"{script} s.src = 'https://x.example/a.js'; document.body.append(s)",
        "a handler": f"{into} '<img src=data:, onerror=document.title=\"owned\">')",
        "a frame": f"{into} '<iframe src=\"/help\"></iframe>')",
        "a style": f"{into} '<style>body{{display:none}}</style>')",
    }
    with served(practice) as server:
        for way, carried_out in ways.items():
            with opened(chrome, server, "/help", allowed="Security Policy") as tab:
                tab.evaluate(
                    "window.stopped = 0; document.addEventListener('securitypolicyviolation', () => stopped++)"
                )
                tab.evaluate(carried_out)
                tab.wait_for_function("() => window.stopped > 0")
                tries.holds("owned" not in tab.title(), way)
