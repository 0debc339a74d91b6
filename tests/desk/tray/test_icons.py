"""The pictures that are shipped: what the sources render to, and six shapes that differ without their colours."""

from __future__ import annotations

import runpy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from agent.delivery.glance import Icon
from agent.desk.tray.pictures import FOLDER, SIZES, Bar, Picture

RENDER: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[3] / "assets" / "render_icons.py"))
STATES = sorted(Icon)


def test_what_is_shipped_is_what_the_sources_render_to() -> None:
    places = []
    for place, pictures in RENDER["rendered"]():
        places.append(place)
        for size, picture in pictures.items():
            with Image.open(place.with_name(f"{place.name}-{size}.png")) as shipped:
                assert shipped.convert("RGBA").tobytes() == picture.tobytes(), f"{place.name} at {size}: render anew"
    assert len(places) == 14  # six states and the program's own icon, for two kinds of bar
    assert tuple(pictures) == SIZES
    assert len(list(FOLDER.rglob("*.*"))) == 14 * (len(SIZES) + 1)


def test_the_page_shows_the_same_drawings() -> None:
    root = Path(__file__).parents[3]
    sources, shown = root / "assets" / "icons", root / "agent" / "desk" / "page" / "static" / "icons"
    drawings = {path.relative_to(sources): path.read_bytes() for path in sources.rglob("*.svg")}
    assert len(drawings) == 14
    assert {path.relative_to(shown): path.read_bytes() for path in shown.rglob("*.svg")} == drawings


@pytest.mark.parametrize("bar", Bar)
@pytest.mark.parametrize("icon", Icon)
def test_an_ico_holds_every_size_as_it_was_rendered(bar: Bar, icon: Icon) -> None:
    picture = Picture(bar, icon)
    with Image.open(picture.ico) as ico:
        assert ico.info["sizes"] == {(size, size) for size in SIZES}
        for size in SIZES:
            ico.size = (size, size)
            assert ico.convert("RGBA").tobytes() == picture.image(size).tobytes()


@pytest.mark.parametrize("bar", Bar)
@pytest.mark.parametrize("size", [16, 20, 32])
def test_every_state_has_a_shape_of_its_own(bar: Bar, size: int) -> None:
    """The silhouettes, without any colour, differ in at least a tenth of what is drawn."""
    shapes = {icon: Picture(bar, icon).image(size).getchannel("A") for icon in STATES}
    for one, other in combinations(STATES, 2):
        differing = sum(ImageChops.difference(shapes[one], shapes[other]).tobytes()) / 255
        drawn = max(sum(shapes[icon].tobytes()) / 255 for icon in (one, other))
        assert differing / drawn > 0.1, f"{one} and {other} look alike at {size} px"


@pytest.mark.parametrize(("bar", "colour"), [(Bar.LIGHT, "white"), (Bar.DARK, "#202020")])
@pytest.mark.parametrize("icon", Icon)
def test_every_icon_stands_out_from_its_bar_without_colour(bar: Bar, colour: str, icon: Icon) -> None:
    """In grey, at least an eighth of the picture's place is clearly darker, or lighter, than the bar (3:1 in light)."""
    picture = Picture(bar, icon).image(32)
    behind = Image.new("RGBA", picture.size, colour)
    grey = Image.alpha_composite(behind, picture).convert("L").tobytes()
    ground = _light(behind.convert("L").tobytes()[0])
    clear = sum(_contrast(_light(level), ground) >= 3 for level in grey)
    assert clear / len(grey) > 1 / 8


@pytest.mark.parametrize(("wanted", "drawn"), [(16, 16), (17, 20), (22, 24), (33, 40), (300, 256)])
def test_the_smallest_picture_that_is_large_enough_is_taken(wanted: int, drawn: int) -> None:
    assert Picture(Bar.DARK, Icon.IDLE).image(wanted).size == (drawn, drawn)


def test_each_picture_is_read_once() -> None:
    assert Picture(Bar.DARK, Icon.IDLE).image(32) is Picture(Bar.DARK, Icon.IDLE).image(32)


def _light(level: int) -> float:
    share = level / 255
    return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
