"""No name of a patient or a file, and nothing that was searched for, stands in an address or a title of the page.

A browser keeps both in its history, and may carry them to the person's other devices. Every view, form and answer that
can be reached is walked with marked names; the mark may be in the text, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest

from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot
from agent.desk.page.page import routes
from agent.desk.page.tokens import file_token
from agent.desk.page.views import actions
from agent.folder.names import PROBLEM_JSON
from agent.model import Fault, LaneState, PacketState, Problem
from tests.support import activity, files
from tests.support.activity import SCANS, STATEMENTS, StoppedClock, ago, failed, going, packet, remember, sent
from tests.support.page import ORIGIN, Browser, DeskPractice, desk_in, signed_in

MARK = "zebrowska"
NAME = f"{MARK}_ANNA_1988-03-09"
LEADS = ("href", "src", "action", "formaction", "content", "poster", "srcset", "cite", "ping", "id")
"""Attributes that hold addresses; `id`, because links lead to it behind their `#`."""
PROBLEM = Problem("sidecar-fields", f"{NAME}.pdf does not go.", "Mend it.", (Fault(f"{NAME}.pdf", NAME, NAME),))
CASES = (
    (SCANS, "sidecar-fields"),
    (SCANS, "refused"),
    (SCANS, "two-sidecars"),
    (SCANS, "no-sidecar"),
    (STATEMENTS, "column-missing"),
    (STATEMENTS, "statement-rows"),
)
IDS = ("sent-1", "held-1", *(f"failed-{code}" for _, code in CASES))


@dataclass
class Form:
    """A form: where it leads, how, and with what."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)


class Walked(HTMLParser):
    """What a page tells a browser beside its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.titles = [""]
        self._in_title = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        self.leads += [known[name] for name in LEADS if name in known]
        self._in_title = self._in_title or tag == "title"
        if tag in ("a", "img"):
            self.links += [known[name] for name in ("href", "src") if name in known]
        elif tag == "form":
            self.forms.append(Form(known.get("action", ""), known.get("method", "get")))
        elif tag == "input" and self.forms and known.get("name"):
            self.forms[-1].fields.append((known["name"], known.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.titles.append(data)


def is_unmarked(answer: httpx.Response) -> Walked:
    """Check all of an answer that a browser may keep."""
    walked = Walked(answer.text if "html" in answer.headers.get("content-type", "") else "")
    kept = [str(answer.request.url), *answer.headers.values(), *walked.leads, *walked.titles]
    assert [one for one in kept if MARK in unquote(one).lower()] == [], answer.request.url
    return walked


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskPractice]:
    monkeypatch.setattr(actions.Actions.__init__, "__defaults__", (lambda _path: True, lambda _path: True))
    with desk_in(tmp_path, clock=StoppedClock()) as made:  # type: ignore[arg-type]
        of_lanes = [
            failed(
                f"{NAME}.{'pdf' if lane is SCANS else 'csv'}",
                Problem(code, *list(vars(PROBLEM).values())[1:]),
                packet_id=f"failed-{code}",
                lane=lane,
                claim=NAME,
            )
            for lane, code in CASES
        ]
        held = packet(f"{NAME}.xml", packet_id="held-1", state=PacketState.HELD, lane=STATEMENTS, next_at=ago(-60))
        remember(made.ledger, sent(f"{NAME}.pdf", NAME, NAME, packet_id="sent-1", warnings=(NAME,)), *of_lanes, held)
        _stand_on(tmp_path)
        lanes = [
            LaneSnapshot(str(lane), LaneState.RUNNING, str(tmp_path / folder), problem=PROBLEM, left_alone=PROBLEM)
            for lane, folder in ((SCANS, "scans"), (STATEMENTS, "statements"))
        ]
        waiting = [f"{NAME}.png", f"{MARK}/{NAME}.png"]
        packets = (
            going(waiting[0], PacketState.WAITING, minutes=60, needs_someone=True, why=NAME),
            going(waiting[1], PacketState.WAITING, why=NAME),
            PacketSnapshot("", str(SCANS), NAME, "waiting", sidecar=f"{NAME}.json", why=NAME),
            going(f"{NAME}.pdf", PacketState.SENDING, id="sending-1", why=NAME),
            going(f"{NAME}.xml", PacketState.HELD, lane=STATEMENTS, why=NAME, id="held-1"),
        )
        made.board.put(activity.snapshot(tuple(lanes), packets, needs_attention=9, notes=(NAME,)))
        yield made


def _stand_on(folder: Path) -> None:
    (folder / "scans" / MARK).mkdir()
    for place in (folder / "scans", folder / "scans" / MARK):
        (place / f"{NAME}.png").write_bytes(files.png())
    for lane, packet_id, ending, data in (
        ("scans", "failed-two-sidecars", "pdf", files.png()),
        ("statements", "failed-column-missing", "csv", b"Wer,Wieviel\nAvery Jordan,1\n"),
    ):
        shelf = folder / lane / "failed"
        shelf.mkdir()
        (shelf / f"{NAME}.{ending}").write_bytes(data)
        said = {"claimId": NAME, "patientLastName": NAME}
        (shelf / f"{NAME}.json").write_text(json.dumps(said), encoding="utf-8")
        of_ours = json.dumps({"packet": packet_id, "sentence": NAME})
        (shelf / f"{NAME}{PROBLEM_JSON}").write_text(of_ours, encoding="utf-8")


def walk(client: Browser) -> dict[str, Walked]:
    """Follow every link and picture, from the first page and from every address that a route has."""
    todo = ["/", "/open/nothing", "/no-such"]
    lane, kind = str(SCANS).split("/")
    for route in routes(client.page):
        if "GET" in (route.methods or ()):
            path = route.path.replace("{store}", lane).replace("{kind}", kind)
            path = path.replace("{file}", file_token(str(SCANS), f"{NAME}.png"))
            todo += [path.replace("{packet}", one) for one in IDS]
    seen: dict[str, Walked] = {}
    while todo:
        path = todo.pop()
        if path not in seen:
            seen[path] = is_unmarked(client.get(path))
            found = [urlsplit(urljoin(f"{ORIGIN}{path}", link)) for link in seen[path].links]
            todo += [one._replace(scheme="", netloc="", fragment="").geturl() for one in found]
    return seen


def test_no_view_keeps_a_name_in_a_link_or_a_title(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    seen = walk(client)
    kinds = ("/form", "/image", "/metadata", "/whose", "/mapping", "/withdraw/held-1", "/history/sent-1", "/health")
    assert [kind for kind in kinds if not any(path.endswith(kind) for path in seen)] == [], sorted(seen)
    pictures = [path for path in seen if path.endswith("/image") and client.get(path).status_code == 200]
    assert {path.split("/")[1] for path in pictures} == {"scan", "packet"}, "no picture was reached: it proves nothing"


@pytest.mark.slow
def test_no_button_leads_to_an_address_with_a_name(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    pressed = set()
    for walked in walk(client).values():
        for form in walked.forms:
            if form.action and (asked := (form.action, tuple(form.fields))) not in pressed:
                pressed.add(asked)
                assert form.method == "post", "what is asked with GET stands in the address"
                is_unmarked(client.post(form.action, data=dict(form.fields)))
    assert {"/history", "/show", "/retry", "/withdraw"} <= {action for action, _ in pressed}


@pytest.mark.parametrize("asked", [{"q": NAME}, {"q": NAME, "state": "failed"}, {"q": f"{NAME} nothing has this"}])
def test_what_is_searched_for_stands_in_no_address(practice: DeskPractice, asked: dict[str, str]) -> None:
    client = signed_in(practice.desk)
    answer = client.post("/history", data=asked)
    is_unmarked(answer)
    shown = client.get(answer.headers["location"])
    assert MARK in shown.text
    for link in is_unmarked(shown).links:
        if link.startswith("/"):
            is_unmarked(client.get(link))


def test_a_search_in_an_address_is_not_taken(practice: DeskPractice) -> None:
    shown = signed_in(practice.desk).get("/history", params={"q": "nobody-has-this"})
    assert "nobody-has-this" not in shown.text
    assert MARK in shown.text


def test_a_name_cannot_be_tried_against_a_token() -> None:
    import hashlib

    told = file_token(str(SCANS), f"{NAME}.png")
    guesses = [f"{SCANS}\0{NAME}.png", f"file\0{SCANS}\0{NAME}.png", f"{SCANS}|{NAME}.png", f"{NAME}.png"]
    for guess in guesses:
        for kind in (hashlib.blake2b, hashlib.sha256):
            assert not kind(guess.encode()).hexdigest().startswith(told[:8])
