"""Attacks in names and words that are shown, exported or sent back: markup, headers, formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agent.desk.page.guard import HEADERS
from tests.support import activity
from tests.support.attacks import Tries
from tests.support.markup import MARKUP, fill
from tests.support.page import Browser, DeskPractice, desk_in, signed_in

VIEWS = ("/", "/history", "/history/sent-1", "/history/failed-1", "/withdraw/held-1", "/trends", "/health", "/help")


class Acting(HTMLParser):
    """Collects what of a page a browser would obey, and that is not the page's own."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        own_script = tag == "script" and known.get("src", "").startswith("/static/")
        if tag in ("iframe", "object", "embed", "base", "style") or (tag == "script" and not own_script):
            self.found.append(tag)
        if tag == "meta" and known.get("http-equiv"):
            self.found.append("meta")
        self.found += [name for name in known if name.startswith("on") or name in ("style", "srcdoc")]
        addresses = [known.get(name, "").strip().lower() for name in ("href", "src", "action", "formaction")]
        self.found += [one for one in addresses if one.startswith(("javascript:", "data:", "http", "//"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.attack("Markup", "in names, cells and the service's words, on every view")
def test_stored(folder: Path, tries: Tries) -> None:
    for number, words in enumerate(MARKUP):
        (folder / str(number)).mkdir()
        with desk_in(folder / str(number), clock=activity.StoppedClock()) as practice:  # type: ignore[arg-type]
            fill(practice, words)
            client = signed_in(practice.desk)
            for path in VIEWS:
                page = client.get(path).text
                tries.holds(Acting(page).found == [] and "5439" not in page, f"{path} {words}")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:  # type: ignore[arg-type]
        yield made


@pytest.fixture
def client(practice: DeskPractice) -> Browser:
    return signed_in(practice.desk)


@pytest.mark.attack("Markup", "in a search, an address, or a form that comes back")
def test_reflected(client: Browser, tries: Tries) -> None:
    for words in MARKUP:
        for name in ("q", "state", "store", "since"):
            answer = client.post("/history", data={name: words}, follow_redirects=True)
            tries.holds(Acting(answer.text).found == [], f"{name} {words}")
        for name in ("search", "page", "done", "weeks", "part"):
            for path in ("/", "/history", "/trends"):
                tries.holds(Acting(client.get(path, params={name: words}).text).found == [], f"{path} {name} {words}")
        for back in (words, f"/{words}"):
            page = client.post("/pause", data={"back": back, "lane": words}, follow_redirects=True).text
            tries.holds(Acting(page).found == [], f"back {words}")


@pytest.mark.attack("Headers", "an answer without its protection")
def test_headers(client: Browser, tries: Tries) -> None:
    stranger = Browser(client.app)
    for path in (*VIEWS, "/history.csv", "/static/page.css", "/no-such", "/open/x", "/api/status"):
        for one in (client, stranger):
            told = one.get(path).headers
            missing = [name for name, value in HEADERS.items() if told.get(name) != value]
            tries.holds(missing == [] and "cache-control" in told, f"{path} {missing}")
            tries.holds("server" not in told and "access-control-allow-origin" not in told, path)


@pytest.mark.attack("Headers", "a line break that writes a header of its own")
def test_header_injection(client: Browser, tries: Tries) -> None:
    for words in (
        "/\r\nX-Owned: 1",
        "/%0d%0aX-Owned:1",
        "/\nSet-Cookie: a=b",
        "/\u010d\u010aX-Owned: 1",
        "/\x85X-Owned: 1",
    ):
        for path, data in (("/pause", {"back": words}), ("/history", {"q": words, "store": words})):
            told = client.post(path, data=data)
            tries.holds("x-owned" not in told.headers and "set-cookie" not in told.headers, f"{path} {words!r}")
            tries.holds("\n" not in told.headers["location"] and "\r" not in told.headers["location"], words)


# --- CSV ------------------------------------------------------------------------------------------------------------

STARTS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\u00a0=", "\ufeff=", "\u3000=", "＝", "＋", "－", "＠")


def _cells(client: Browser) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get("/history.csv").text.removeprefix("\ufeff"), newline="")))


def _is_formula(cell: str) -> bool:
    """What a spreadsheet takes for one, however little stands before its sign; its own kind of quote makes it text."""
    return cell.lstrip(" \t\r\n\0\u00a0\ufeff\u3000\u200b")[:1] in ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@pytest.mark.attack("CSV", "a cell of the export that a spreadsheet would carry out")
def test_formulas(practice: DeskPractice, client: Browser, tries: Tries) -> None:
    for number, start in enumerate(STARTS):
        words = f"{start}cmd|' /C calc'!A{number}"
        activity.remember(practice.ledger, activity.sent(words, words, words, packet_id=f"sent-{number}"))
    for row in _cells(client):
        for name, cell in row.items():
            tries.holds(not _is_formula(cell), f"{name}: {cell!r}")


@pytest.mark.attack("CSV", "a cell that ends its row or its quotes, and goes on as another")
def test_broken_cells(practice: DeskPractice, client: Browser, tries: Tries) -> None:
    for number, words in enumerate(
        ('a","=1+1', "a\n=1+1,b", "a\r\n=1+1", 'a"\n"=1', "a;=1+1", "a\t=1+1", '"=1+1"', "a\x00=1")
    ):
        activity.remember(practice.ledger, activity.sent(words, words, words, packet_id=f"sent-{number}"))
    found = _cells(client)
    tries.holds(len(found) == 8, "as many rows as packets")
    for row in found:
        tries.holds(None not in row and None not in row.values() and row["State"] == "Sent", row)
        for name, cell in row.items():
            tries.holds(not _is_formula(cell), f"{name}: {cell!r}")
