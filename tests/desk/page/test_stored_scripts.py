"""What file names, sidecars, statement files and the services' replies say is text on every page, never markup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.page.page import routes
from agent.folder.names import PROBLEM_JSON
from agent.model import Fault, LaneState, PacketState, Problem
from tests.support import files
from tests.support.activity import SCANS, STATEMENTS, StoppedClock, ago, failed, going, moment, packet, remember, sent
from tests.support.page import ORIGIN, Browser, DeskPractice, desk_in, signed_in

EVIL = (
    "<script>xss-7()</script>",
    '"><img src=x onerror=xss-7()>',
    "'><svg onload=xss-7()>",
    "javascript:xss-7()",
    "{{ 7 * 7 }}{% xss-7 %}",
    "--><xss-7>",
    "</title></textarea></style><xss-7>",
    '" autofocus onfocus="xss-7()',
)
ALL = " ".join(EVIL)
IN_A_NAME = ALL.replace("/", "∕")  # a file's name holds no slash; the service's words do


class Markup(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if "xss-7" in tag or any(name.startswith("on") or "xss-7" in name for name, _value in attributes):
            self.wrong.append(f"{tag} {attributes}")
        if tag == "script" and not (known.get("src") or "").startswith("/static/"):
            self.wrong.append(f"a script of its own: {attributes}")
        if tag in ("style", "iframe", "object", "embed", "base") or "style" in known:
            self.wrong.append(f"{tag} {attributes}")
        for name in ("href", "src", "action", "formaction", "content"):
            address = (known.get(name) or "").strip().lower()
            if address.startswith(("javascript:", "data:", "http:", "https:", "//")):
                self.wrong.append(f"leads away: {tag} {attributes}")
        if tag == "a" and known.get("href"):
            self.links.add(str(known["href"]))


def is_sound(answer: httpx.Response) -> set[str]:
    """Check an answer, and return where its links lead."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return set()
    markup = Markup()
    markup.feed(answer.text)
    markup.close()
    assert markup.wrong == [], answer.request.url
    assert "49" not in answer.text or "{{ 7 * 7 }}" in answer.text, "a template was carried out"
    return markup.links


EVIL_PROBLEM = Problem("sidecar-fields", ALL, ALL, (Fault(ALL, ALL, ALL), Fault("row 2, column Name", ALL, ALL)))


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=StoppedClock()) as practice:  # type: ignore[arg-type]
        evil_name = f"{IN_A_NAME[:150]}.pdf"
        receipt = sent(evil_name, ALL, ALL, packet_id="sent-1", warnings=(ALL,))
        receipt = replace(receipt, receipt={**(receipt.receipt or {}), "response": {ALL: ALL, "list": [ALL]}})
        remember(
            practice.ledger,
            receipt,
            *(
                failed(evil_name, replace(EVIL_PROBLEM, code=code), packet_id=f"failed-{code}", lane=lane)
                for lane, code in (
                    (SCANS, "sidecar-fields"),
                    (SCANS, "refused"),
                    (SCANS, "two-sidecars"),
                    (STATEMENTS, "column-missing"),
                    (STATEMENTS, "statement-rows"),
                    (STATEMENTS, "xss-7"),
                )
            ),
            packet(
                evil_name,
                packet_id="held-1",
                state=PacketState.HELD,
                lane=STATEMENTS,
                next_at=ago(-60),
                problem=EVIL_PROBLEM,
            ),
        )
        on_disk(tmp_path, evil_name)
        practice.board.put(
            Snapshot(
                at=moment(ago()) or "",
                running=True,
                pid=1,
                lanes=(
                    LaneSnapshot(str(SCANS), LaneState.BLOCKED, str(tmp_path / "scans"), problem=EVIL_PROBLEM),
                    LaneSnapshot(
                        str(STATEMENTS), LaneState.OFFLINE, str(tmp_path / "statements"), problem=EVIL_PROBLEM
                    ),
                ),
                packets=(
                    going(evil_name, PacketState.WAITING, minutes=60, needs_someone=True, why=ALL),
                    going(evil_name, PacketState.SENDING, why=ALL),
                    going(evil_name, PacketState.HELD, lane=STATEMENTS, why=ALL, id="held-1"),
                ),
                needs_attention=9,
                notes=(ALL,),
            )
        )
        yield practice


def on_disk(folder: Path, name: str) -> None:
    """Let what the forms read stand there, with the same text inside."""
    (folder / "scans" / name).write_bytes(files.pdf())
    for place, packet_id in (
        (folder / "scans" / "failed", "failed-sidecar-fields"),
        (folder / "statements" / "failed", "failed-column-missing"),
    ):
        place.mkdir()
        stem = name.removesuffix(".pdf")
        (place / name).write_bytes(files.pdf())
        fields = {"claimId": ALL, "payerId": ALL, "patientLastName": ALL, ALL[:40]: ALL}
        (place / f"{stem}.json").write_text(json.dumps(fields), encoding="utf-8")
        (place / f"{stem}{PROBLEM_JSON}").write_text(
            json.dumps({"packet": packet_id, "sentence": ALL}), encoding="utf-8"
        )


def every_page(client: Browser) -> dict[str, httpx.Response]:
    """Every page that can be reached by links from the first, and by the routes that name a packet or a lane."""
    ids = ("sent-1", "held-1", "failed-sidecar-fields", "failed-two-sidecars", "failed-column-missing")
    todo = ["/", client.post("/history", data={"q": ALL}).headers["location"], "/history.csv", "/locked"]
    for route in routes(client.page):
        if "GET" in (route.methods or ()) and "{store}" not in route.path:
            todo.extend(route.path.replace("{packet}", packet_id) for packet_id in ids)
    seen: dict[str, httpx.Response] = {}
    while todo:
        path = todo.pop().partition("#")[0]
        if path in seen or len(seen) > 80:
            continue
        seen[path] = client.get(path)
        for link in is_sound(seen[path]):
            target = urlsplit(urljoin(f"{ORIGIN}{path}", link))
            if f"{target.scheme}://{target.netloc}" == ORIGIN:
                todo.append(f"{target.path}?{target.query}" if target.query else target.path)
    return seen


def test_no_page_has_markup_of_anybody_elses(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    seen = every_page(client)
    shown = [path for path, answer in seen.items() if answer.status_code == 200 and "xss-7" in answer.text]
    for path in ("/", "/history", "/history/sent-1", "/packet/failed-sidecar-fields/metadata"):
        assert path in shown, f"{path} does not show what it was given: {sorted(shown)}"
    assert [path for path, answer in seen.items() if answer.status_code >= 500] == []


def test_what_a_form_sends_comes_back_as_text(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    names = ("claimId", "payerId", "patientFirstName", "patientLastName", "narrative", "file", "lane")
    fields = dict.fromkeys(names, ALL)
    for route in routes(client.page):
        if "POST" in (route.methods or ()):
            path = route.path.replace("{packet}", "failed-sidecar-fields")
            answer = client.post(
                path.replace("{store}", "main-street").replace("{kind}", "attachments").replace("{file}", "x"),
                data=fields,
            )
            assert answer.status_code < 500, path
            is_sound(answer)
            away = urlsplit(answer.headers.get("location", "/"))
            assert away.netloc in ("", urlsplit(ORIGIN).netloc), f"{path} leads away"


def test_words_in_an_address_come_back_as_text(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    for path in ("/", "/history", "/history/xss", "/trends", "/health", "/no-such"):
        for name in ("q", "find", "done", "state", "store", "lane", "file", "since", "page", "to", "back"):
            answer = client.get(path, params={name: ALL})
            assert answer.status_code < 500, (path, name)
            is_sound(answer)


def test_no_cookie_is_in_any_page(practice: DeskPractice) -> None:
    client = signed_in(practice.desk)
    [cookie] = client.cookies.values()
    assert all(cookie not in answer.text for answer in every_page(client).values())
