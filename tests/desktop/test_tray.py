"""The tray on a real (virtual) screen, in a real tray: what it looks like, and what a mouse can do with it.

With GTK it has its menu; without (pystray's X11 part draws none) a click opens the page.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
from PIL import Image, ImageChops

from agent.delivery.glance import Icon
from tests.support.screen import Screen, gtk_for_this_python, virtual_screen
from tests.support.waiting import until

pytestmark = [pytest.mark.desktop, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


class Program:
    """The program with the tray, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        assert process.stdout is not None
        self._listener = Thread(target=self._listen, args=(process.stdout,))
        self._listener.start()

    def tell(self, word: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def wait_for(self, words: str, seconds: float = 120) -> None:
        until(lambda: words in self.said, f"it did not say: {words}; it said {self.said}", seconds)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            assert self.process.wait(120) == 0
        finally:
            self.process.kill()
            self._listener.join(60)

    def _listen(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self.said.append(line.strip())


@contextmanager
def program(screen: Screen, kind: str, folder: Path) -> Iterator[Program]:
    paths = [str(ROOT), *([gtk_for_this_python(folder)] if kind == "gtk" else [])]
    environment = screen.environment | {"PYSTRAY_BACKEND": kind, "PYTHONPATH": ":".join(paths)}
    place = folder / "practice"
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.tray_program", str(place)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    running = Program(process)
    try:
        yield running
    finally:
        running.end()


def settled(screen: Screen) -> Image.Image:
    """The tray's place once two looks in a row are alike, and show something."""
    seen = [screen.picture()]

    def is_still() -> bool:
        seen.append(screen.picture())
        is_empty = len(seen[-1].getcolors() or ()) == 1
        return not is_empty and not ImageChops.difference(seen[-2], seen[-1]).getbbox()

    until(is_still, "the tray does not come to rest")
    return seen[-1]


def differing(one: Image.Image, other: Image.Image) -> int:
    """How many points differ clearly in grey: by shape, not by colour alone."""
    levels = ImageChops.difference(one.convert("L"), other.convert("L")).tobytes()
    return sum(level > 40 for level in levels)


@pytest.mark.parametrize("kind", ["gtk", "xorg"])
def test_each_state_looks_different_from_every_other(tmp_path: Path, kind: str) -> None:
    with virtual_screen(tmp_path) as screen, program(screen, kind, tmp_path) as tray:
        tray.wait_for("shown")
        pictures = {Icon.IDLE: settled(screen)}
        for icon in [one for one in Icon if one is not Icon.IDLE]:
            before = settled(screen)
            tray.tell(icon)
            until(lambda before=before: differing(screen.picture(), before), f"{icon} was not shown")  # type: ignore[misc]
            pictures[icon] = settled(screen)
    for one, other in combinations(pictures, 2):
        assert differing(pictures[one], pictures[other]) > 20, f"{one} and {other} look alike"


def test_a_click_on_the_icon_opens_the_page(tmp_path: Path) -> None:
    with virtual_screen(tmp_path) as screen, program(screen, "xorg", tmp_path) as tray:
        tray.wait_for("shown")
        settled(screen)
        screen.click()
        tray.wait_for("opened /")


def test_the_menu_s_entries_do_what_they_say(tmp_path: Path) -> None:
    with virtual_screen(tmp_path) as screen, program(screen, "gtk", tmp_path) as tray:
        tray.wait_for("shown")
        settled(screen)
        tray.tell("attention")
        settled(screen)
        choose(screen, 2)
        tray.wait_for("opened /#needs")
        choose(screen, 3)
        tray.wait_for("opened /")
        choose(screen, 5)
        tray.wait_for("asked pause")
        choose(screen, 6)
        tray.wait_for("opened /help")
        screen.click()
        until(lambda: tray.said.count("opened /") == 2, "a click did nothing")
        choose(screen, 7)
        tray.wait_for("left quit")


def choose(screen: Screen, number: int) -> None:
    """Open the menu with the right button and go down to its n-th entry; those that are off are passed over."""
    screen.click(3)
    until(screen.has_menu, "no menu came up")
    screen.do("key", *["Down"] * number, "Return")
    until(lambda: not screen.has_menu(), "the menu stayed")


@pytest.mark.parametrize("kind", ["gtk", "xorg"])
def test_a_tray_that_starts_later_or_anew_gets_the_icon(tmp_path: Path, kind: str) -> None:
    with virtual_screen(tmp_path, tray=False) as screen, program(screen, kind, tmp_path) as tray:
        tray.wait_for("alone")
        screen.start_tray()
        until(lambda: is_drawn(screen), "the icon did not come into the tray")
        if kind == "xorg":  # a tray that goes takes a plain X window with it; GTK makes itself a new one
            return
        screen.stop_tray()
        screen.start_tray()
        until(lambda: is_drawn(screen), "the icon did not come back")


def is_drawn(screen: Screen) -> bool:
    """Tell whether the tick stands there: its green is nobody else's."""
    points = screen.picture().tobytes()
    colours = zip(points[::3], points[1::3], points[2::3], strict=True)
    return any(green > red + 60 and green > blue + 20 for red, green, blue in colours)


def test_ten_thousand_updates_leave_the_memory_flat(tmp_path: Path) -> None:
    with virtual_screen(tmp_path) as screen, program(screen, "gtk", tmp_path) as tray:
        tray.wait_for("shown")
        for _ in range(2):
            tray.tell(10_000)
            count = len([said for said in tray.said if said.startswith("memory")])
            until(lambda count=count: measured(tray, count + 1), "the updates did not end", 240)  # type: ignore[misc]
        first, second = (int(said.split()[1]) for said in tray.said if said.startswith("memory"))
        print(f"memory after 10,000 updates {first / 1e6:.0f} MB, after 20,000 {second / 1e6:.0f} MB")
        assert second - first < 8e6


def measured(tray: Program, times: int) -> bool:
    return sum(said.startswith("memory") for said in tray.said) >= times


def test_without_a_tray_the_program_runs_on(tmp_path: Path) -> None:
    with virtual_screen(tmp_path, tray=False) as screen, program(screen, "xorg", tmp_path) as tray:
        tray.wait_for("alone")
        tray.tell("paused")
        assert tray.process.poll() is None
