"""The statements service: what goes out, and what its replies mean."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from threading import Event

import httpx
import pytest

from agent.model import SENT_WHOLE, Blocked, Delivered, Refused, Retry, SentFile, Taken, Unknown
from tests.support.wire import KEY, ignore_progress, mocked, statement, statements

BODY = b'{"filename": "Statements.xml", "pendingInvoiceUploads": []}'


def send(place: Path, reply: httpx.Response, **changes):
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply

    destination = statements(mocked(handler), **changes)
    return destination.send(statement(place, content=BODY), place, ignore_progress, Event()), seen


def test_a_delivery(tmp_path: Path):
    result, (request,) = send(tmp_path, httpx.Response(200, json={"savedPaymentId": "x"}))
    assert result.outcome == Delivered(200, {"savedPaymentId": "x"})
    assert result.files == (SentFile("Statements.xml", len(BODY), hashlib.sha256(BODY).hexdigest()),)
    assert (request.method, str(request.url)) == ("POST", "https://api.example.com/api/v1/pending-invoices/")
    assert request.content == BODY
    assert request.headers["x-api-key"] == KEY
    assert request.headers["x-store-id"] == "01GDG5BZA29R3SZMZ63Y2GFENV"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("status", [400, 409, 412, 422])
@pytest.mark.parametrize(
    "message",
    [
        "Only one filename can be uploaded per store within a 24-hour period",
        "A file with this name was uploaded in the last 24 hours",
        "File name already used",
        "duplicate file_name: Statements.xml",
        "Filename must be unique within 24h",
    ],
)
def test_a_repeated_name(tmp_path: Path, status: int, message: str):
    result, _ = send(tmp_path, httpx.Response(status, json={"subErrors": [], "message": message}))
    assert isinstance(result.outcome, Refused)
    assert result.outcome.name_taken
    assert result.outcome.problem.code == "name-taken"
    assert message in result.outcome.problem.details[0].message


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("A file with this name was uploaded in the last 24 hours", Taken.NAME),
        ("File name already used", Taken.NAME),
        ("Filename must be unique within 24h", Taken.NAME),
        ("statements.XML was uploaded within the last 24 hours", Taken.NAME),
        ("Only one filename can be uploaded per store within a 24-hour period", Taken.NAME_OR_STORE),
        ("The filename Statements.xml was uploaded for this store within the last 24 hours", Taken.NAME_OR_STORE),
        ("Statements.xml: already uploaded for this location in the last 24 hours", Taken.NAME_OR_STORE),
        ("Uploads are possible once every 24 hours", Taken.NAME_OR_STORE),
        ("Only 1 file can be uploaded per store within a 24-hour period", Taken.STORE),
        ("This practice has uploaded within the last 24 hours already", Taken.STORE),
        ("Account limit: one upload in twenty-four hours", Taken.STORE),
    ],
)
def test_a_sentence_about_the_store_is_not_one_about_the_name(tmp_path: Path, message: str, says: Taken):
    result, _ = send(tmp_path, httpx.Response(400, json={"subErrors": [], "message": message}))
    assert isinstance(result.outcome, Refused)
    assert (result.outcome.name_taken, result.outcome.says) == (True, says)
    assert result.outcome.problem.code == ("store-taken" if says is Taken.STORE else "name-taken")


@pytest.mark.parametrize(
    "message",
    [
        "pendingInvoiceUploads[0].amountDue must be a whole number",
        "filename is required: a string",
        "filename must not be blank",
        "filename has characters that are not allowed",
        "",
    ],
)
def test_another_refusal_is_no_repeated_name(tmp_path: Path, message: str):
    result, _ = send(tmp_path, httpx.Response(400, json={"subErrors": [], "message": message}))
    assert isinstance(result.outcome, Refused)
    assert not result.outcome.name_taken
    assert result.outcome.problem.code == "refused"


def test_a_service_in_trouble_that_speaks_of_24_hours_has_not_refused(tmp_path: Path):
    result, _ = send(tmp_path, httpx.Response(503, json={"subErrors": [], "message": "Back in 24 hours"}))
    assert isinstance(result.outcome, Retry)


@pytest.mark.parametrize(("status", "code"), [(401, "key-not-accepted"), (403, "not-allowed"), (404, "wrong-address")])
def test_the_lane_is_broken(tmp_path: Path, status: int, code: str):
    result, seen = send(tmp_path, httpx.Response(status))
    assert isinstance(result.outcome, Blocked)
    assert result.outcome.problem.code == code
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("key", "code"), [(None, "no-secret"), ("", "no-secret"), ("line\n", "secret-unusable"), ("kéy", "secret-unusable")]
)
def test_a_key_that_cannot_go(tmp_path: Path, key: str | None, code: str):
    result, seen = send(tmp_path, httpx.Response(200), api_key=lambda: key)
    assert isinstance(result.outcome, Blocked)
    assert result.outcome.problem.code == code
    assert "outtray secret set main-street/api_key" in result.outcome.problem.what_to_do
    assert seen == []


def test_health_searches_for_one():
    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://api.example.com/api/v1/pending-invoices/search?limit=1"
        assert request.headers["x-api-key"] == KEY
        return httpx.Response(200, json={"entities": []})

    assert statements(mocked(handler)).health().problem is None


@pytest.mark.parametrize(
    ("status", "code"), [(401, "key-not-accepted"), (403, "not-allowed"), (500, "service-trouble")]
)
def test_poor_health(status: int, code: str):
    health = statements(mocked(lambda _: httpx.Response(status))).health()
    assert health.problem is not None
    assert health.problem.code == code


def test_search_gives_a_page():
    def handler(request: httpx.Request) -> httpx.Response:
        assert dict(request.url.params) == {"limit": "100", "offset": "2", "filter": "status==pending;amountDue==600"}
        return httpx.Response(200, json={"entities": [{"id": "1"}, "odd"]})

    found = statements(mocked(handler)).search("status==pending;amountDue==600", 2, Event())
    assert found.entities == ({"id": "1"},)


def test_a_search_that_answers_oddly_is_tried_again():
    assert isinstance(statements(mocked(lambda _: httpx.Response(200, text="odd"))).search("", 0, Event()), Retry)


@pytest.mark.parametrize(
    ("answer", "stands"),
    [
        (httpx.Response(200, html="<html>"), False),
        (httpx.Response(403, html="<html>"), False),
        (httpx.Response(204), False),
        (httpx.Response(302, headers={"Location": "https://portal.example.com"}), False),
        (httpx.Response(401), False),
        (httpx.Response(429), False),
        (httpx.Response(400, json={"status": "BAD_REQUEST", "message": "odd", "subErrors": []}), False),
        (
            httpx.Response(400, json={"status": "BAD_REQUEST", "message": "Filename was uploaded", "subErrors": []}),
            False,
        ),
        (httpx.Response(503, json={"status": "UNAVAILABLE", "message": "later", "subErrors": []}), False),
        (httpx.Response(504), True),
        (httpx.Response(201, json={"posOrderId": "1"}), True),
    ],
    ids=lambda one: f"{one.status_code}" if isinstance(one, httpx.Response) else "",
)
def test_a_kill_after_an_answer_leaves_no_mark_of_an_unanswered_try_but_where_the_service_may_have_it(
    tmp_path: Path, answer: httpx.Response, stands: bool
):
    send(tmp_path, answer)
    assert (tmp_path / f"spool{SENT_WHOLE}").exists() is stands


# --- An empty success ------------------------------------------------------------------------------------------------

ONE = {"rowNum": 1, "firstName": "Jane", "lastName": "Doe", "amountDue": 5000, "posOrderId": "INV-1"}
KNOWS_IT = httpx.Response(200, json={"entities": [ONE | {"id": "older?"}]})


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(
    "found",
    [KNOWS_IT, httpx.Response(200, json={"entities": []}), httpx.Response(204), httpx.Response(503)],
    ids=["knows it", "does not know it", "as empty", "in trouble"],
)
def test_an_empty_success_proves_nothing_whatever_the_search_has(tmp_path: Path, status: int, found: httpx.Response):
    """It knows neither file nor time: what it has can be of an earlier file."""

    def handler(request: httpx.Request) -> httpx.Response:
        return found if request.url.path.endswith("/search") else httpx.Response(status)

    content = json.dumps({"filename": "x", "pendingInvoiceUploads": [ONE]}, separators=(",", ":")).encode()
    upload = statement(tmp_path, content=content)
    assert isinstance(statements(mocked(handler)).send(upload, tmp_path, ignore_progress, Event()).outcome, Unknown)


# --- What is marked as failed ----------------------------------------------------------------------------------------


def test_more_failed_statements_than_can_be_compared_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent.destinations.statements.MOST_PAGES", 2)
    page = httpx.Response(200, json={"entities": [{"id": str(number)} for number in range(100)]})
    found = statements(mocked(lambda _: page)).marked_as_failed(Event())
    assert found.problem is not None


def test_a_search_gives_up_long_before_an_upload_does():
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"entities": []})

    statements(mocked(handler)).marked_as_failed(Event())
    assert seen[0].extensions["timeout"]["read"] <= 15


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (httpx.Response(200, html="<html>Sign in"), "something-between"),
        (httpx.Response(200, json=[]), "something-between"),
        (httpx.Response(200, json={"status": "ok"}), "odd-reply"),
        (httpx.Response(200), "odd-reply"),
        (httpx.Response(204), "odd-reply"),
    ],
)
def test_health_is_no_status(reply: httpx.Response, code: str):
    problem = statements(mocked(lambda _: reply)).health().problem
    assert problem is not None
    assert problem.code == code


# --- The spool -------------------------------------------------------------------------------------------------------


def test_a_mark_that_another_program_holds_is_no_lost_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def held(_self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, f"held, {missing_ok}")

    monkeypatch.setattr(Path, "unlink", held)
    result, seen = send(tmp_path, httpx.Response(200, json={}))
    assert isinstance(result.outcome, Retry)
    assert (result.outcome.problem.code, seen) == ("file-unreadable", [])
