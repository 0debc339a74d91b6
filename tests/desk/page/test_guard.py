"""Who is let in, and what a browser is told to do with the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.desk.page.guard import MOST_BYTES
from agent.desk.page.page import Page
from tests.support.folders import HandClock
from tests.support.page import PORT, Browser, DeskPractice, browser, desk_in, signed_in

SECRET = "Sally Sample"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def with_patients(page: Page) -> list[Route]:
    """Routes below the page's own door that hold what nobody else may see."""

    def shown(_request: Request) -> Response:
        return PlainTextResponse(SECRET)

    def changed(request: Request) -> Response:
        return PlainTextResponse(f"{SECRET} {page.form(request).get('name', '')}")

    def broken(_request: Request) -> Response:
        raise RuntimeError(SECRET)

    return [
        Route("/patients", shown),
        Route("/patients", changed, methods=["POST"]),
        Route("/broken", broken),
    ]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def practice(tmp_path: Path, clock: HandClock) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=clock) as practice:  # type: ignore[arg-type]
        yield practice


@pytest.fixture
def stranger(practice: DeskPractice) -> Browser:
    return browser(practice.desk, more=with_patients)


@pytest.fixture
def person(practice: DeskPractice) -> Browser:
    return signed_in(practice.desk, more=with_patients)


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code >= 400 and SECRET not in answer.text


# --- With a session, and without ------------------------------------------------------------------------------------


def test_with_a_session_the_page_is_shown(person: Browser) -> None:
    assert person.get("/patients").text == SECRET
    assert person.post("/patients", data={"name": "Rosa"}).text == f"{SECRET} Rosa"


@pytest.mark.parametrize("path", ["/", "/patients", "/history", "/events", "/no-such-page"])
def test_without_a_session_nothing_is_shown_nor_told(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "Open this page from the tray" in answer.text


@pytest.mark.parametrize("path", ["/patients", "/lock", "/awake", "/retry"])
def test_without_a_session_nothing_is_done(stranger: Browser, path: str) -> None:
    assert is_refused(stranger.post(path))


def test_a_made_up_cookie_opens_nothing(stranger: Browser) -> None:
    stranger.cookies.set(f"outtray-{PORT}", "made-up", domain="127.0.0.1")
    assert is_refused(stranger.get("/patients"))


def test_style_and_icons_need_no_session(stranger: Browser) -> None:
    assert stranger.get("/static/page.css").status_code == 200
    assert is_refused(stranger.get("/static/../app.py"))
    assert is_refused(stranger.get("/static/%2e%2e/app.py"))


# --- The one-time link ----------------------------------------------------------------------------------------------


def test_the_link_gives_a_cookie_that_scripts_and_other_sites_never_see(stranger: Browser) -> None:
    answer = stranger.sign_in("/patients")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"outtray-{PORT}=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert 'content="0;url=/patients"' in answer.text
    assert stranger.get("/patients").text == SECRET


def test_a_replayed_link_opens_nothing(practice: DeskPractice, stranger: Browser) -> None:
    path = f"/open/{stranger.page.sessions.link()}"
    assert stranger.get(path).status_code == 200
    thief = Browser(stranger.app)
    again = thief.get(path)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert is_refused(thief.get("/patients"))


def test_an_old_link_opens_nothing(stranger: Browser, clock: HandClock) -> None:
    path = f"/open/{stranger.page.sessions.link()}"
    clock.pass_(61)
    assert stranger.get(path).status_code == 403


@pytest.mark.parametrize("header", [{"Sec-Fetch-Mode": "no-cors"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_what_only_fetches_a_link_does_not_use_it_up(stranger: Browser, header: dict[str, str]) -> None:
    path = f"/open/{stranger.page.sessions.link()}"
    assert stranger.get(path, headers=header).status_code == 403
    assert stranger.head(path).status_code == 403
    assert stranger.get(path, headers={"Sec-Fetch-Mode": "navigate"}).status_code == 200


def test_a_path_with_markup_stays_text(stranger: Browser) -> None:
    answer = stranger.sign_in('/x"><script>alert(1)</script>')
    assert "<script" not in answer.text


# --- Other sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example.com",
        f"attacker.example.com:{PORT}",
        "127.0.0.1",
        "127.0.0.1:9",
        f"127.0.0.1.example.com:{PORT}",
        f"0.0.0.0:{PORT}",
        f"[::1]:{PORT}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/patients", "/static/page.css", "/open/x", "/api/status", "/events"])
def test_a_foreign_host_gets_nothing(person: Browser, host: str, path: str) -> None:
    answer = person.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert SECRET not in answer.text


def test_both_names_of_this_pc_are_ours(person: Browser) -> None:
    names = {"Host": f"LOCALHOST:{PORT}", "Origin": f"http://localhost:{PORT}"}
    cookie = f"outtray-{PORT}={person.cookies[f'outtray-{PORT}']}"
    assert person.get("/patients", headers={**names, "Cookie": cookie}).text == SECRET


@pytest.mark.parametrize(
    "origin",
    ["https://attacker.example.com", "null", "http://127.0.0.1:9", f"https://127.0.0.1:{PORT}", "http://localhost"],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/patients"), ("GET", "/patients"), ("GET", "/events")])
def test_a_foreign_origin_gets_nothing_and_does_nothing(person: Browser, method: str, path: str, origin: str) -> None:
    assert person.request(method, path, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/patients"), ("GET", "/patients"), ("GET", "/events")])
def test_what_another_sites_page_asks_for_is_refused(person: Browser, method: str, path: str, site: str) -> None:
    assert person.request(method, path, headers={"Sec-Fetch-Site": site}).status_code == 403


def test_an_old_browser_that_tells_nothing_may_read_and_not_change(person: Browser) -> None:
    for header in ("Origin", "Sec-Fetch-Site"):
        del person.headers[header]
    assert person.get("/patients").text == SECRET
    assert is_refused(person.post("/patients"))


def test_another_users_program_gets_nothing_with_the_right_cookie(practice: DeskPractice) -> None:
    ours = [True]
    person = signed_in(practice.desk, more=with_patients, of_own_user=lambda _scope: ours[0])
    assert person.get("/patients").text == SECRET
    ours[0] = False
    assert is_refused(person.get("/patients"))
    assert is_refused(person.sign_in())


# --- What goes with every answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/patients", "/no-such", "/broken", "/open/x", "/api/status", "/static/page.css"])
def test_every_answer_says_what_a_browser_may_do_with_it(person: Browser, path: str) -> None:
    headers = person.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert "server" not in headers


def test_a_fault_of_ours_names_nobody(person: Browser, caplog: pytest.LogCaptureFixture) -> None:
    answer = person.get("/broken")
    assert answer.status_code == 500
    assert is_refused(answer)
    assert "RuntimeError" in caplog.records[-1].__dict__["trouble"]
    assert SECRET not in caplog.text


# --- Bodies ---------------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_itself(person: Browser) -> None:
    whole = b"x" * (MOST_BYTES + 1)
    assert person.post("/patients", content=whole).status_code == 413
    assert person.post("/patients", content=iter([whole])).status_code == 413  # chunked: no length
    assert person.post("/patients", content=b"name=" + b"x" * (MOST_BYTES - 5)).status_code == 200


def test_a_form_with_endless_fields_is_no_form(person: Browser) -> None:
    assert person.post("/patients", content=b"&".join([b"a=1"] * 5000)).status_code == 400
    assert person.post("/patients", content=b"name=%ff").status_code == 400


# --- Locked ---------------------------------------------------------------------------------------------------------


def test_it_locks_itself_and_says_so(person: Browser, clock: HandClock) -> None:
    clock.pass_(15 * 60)
    answer = person.get("/patients")
    assert answer.status_code == 403
    assert "No one used this page for 15 minutes, so it hides patient data." in answer.text
    assert is_refused(person.post("/patients"))


def test_reading_keeps_it_open_and_its_own_looks_do_not(person: Browser, clock: HandClock) -> None:
    for _ in range(3):
        clock.pass_(10 * 60)
        assert person.post("/awake").status_code == 204
    for _ in range(3):
        clock.pass_(5 * 60)
        person.get("/patients", headers={"OutTray-Live": "1"})
    assert is_refused(person.get("/patients"))


def test_opening_it_again_unlocks(person: Browser, clock: HandClock) -> None:
    clock.pass_(15 * 60)
    person.sign_in()
    assert person.get("/patients").text == SECRET


def test_it_can_be_locked_at_once(person: Browser) -> None:
    assert "Locked" in person.post("/lock").text
    assert is_refused(person.get("/patients"))
