"""Starting, stopping, TLS, the controls."""

import errno
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.sandbox.faults import BadPlan
from agent.sandbox.server import Sandbox
from tests.support.sandbox import Client, running, statement

Start = Callable[..., Client]


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_it_starts_and_stops_quickly_with_a_connection_hanging() -> None:
    hanging: list[Exception] = []

    def upload(client: Client) -> None:
        try:
            client.upload()
        except httpx.TransportError as lost:
            hanging.append(lost)

    Sandbox().start  # noqa: B018 - the modules are imported before the time is taken
    began = time.monotonic()
    sandbox = Sandbox("hang@1")
    sandbox.start()
    started = time.monotonic()
    client = Client(sandbox)
    thread = threading.Thread(target=upload, args=(client,))
    thread.start()
    assert sandbox.wait_for(1, 60)
    stopping = time.monotonic()
    sandbox.stop()
    stopped = time.monotonic()
    thread.join()
    client.close()
    assert len(hanging) == 1
    assert started - began < 15  # usually some milliseconds; a bound that a busy machine keeps as well
    assert stopped - stopping < 15  # the client itself would wait for a minute
    assert len(sandbox.accepted) == 1


def test_stopping_twice_is_no_problem() -> None:
    with Sandbox() as sandbox:
        sandbox.stop()


def test_a_stopped_sandbox_answers_no_more(sandboxes: Start) -> None:
    client = sandboxes()
    client.health()
    client.sandbox.stop()
    with pytest.raises(httpx.TransportError):
        client.health()


def test_several_run_at_once_and_know_nothing_of_each_other(sandboxes: Start) -> None:
    first, second = sandboxes(), sandboxes()
    first.upload()
    assert (len(first.sandbox.accepted), len(second.sandbox.accepted)) == (1, 0)
    assert second.create(headers=first.bearer).status_code == 401


def test_a_taken_port_is_told(sandboxes: Start) -> None:
    port = httpx.URL(sandboxes().sandbox.url).port
    with pytest.raises(OSError) as taken, Sandbox(port=port or 0):  # noqa: PT011 - each system has its own words
        pass
    assert taken.value.errno == errno.EADDRINUSE


def test_a_bad_plan_is_told_before_anything_runs() -> None:
    with pytest.raises(BadPlan):
        Sandbox("explode@1")


def test_tls_with_its_authority_trusted(sandboxes: Start) -> None:
    client = sandboxes(tls=True)
    assert client.sandbox.url.startswith("https://127.0.0.1:")
    assert client.create().status_code == 201


def test_tls_with_its_authority_not_trusted() -> None:
    with (
        running(tls=True) as client,
        httpx.Client(verify=ssl.create_default_context(), trust_env=False) as stranger,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get(client.sandbox.url)


def test_the_time_is_the_sandboxs_own(sandboxes: Start) -> None:
    client = sandboxes(clock=StoppedClock())
    reply = client.create()
    assert reply.json()["createdAt"] == "2026-03-02T09:00:00Z"
    assert reply.headers["date"] == "Mon, 02 Mar 2026 09:00:00 GMT"
    client.sandbox.clock.advance(90)
    assert client.create().json()["createdAt"] == "2026-03-02T09:01:30Z"


def test_the_controls(sandboxes: Start) -> None:
    client = sandboxes(clock=StoppedClock())
    assert client.http.post("/sandbox/clock", json={"advance_seconds": 60}).json() == {
        "now": "2026-03-02T09:01:00+00:00"
    }
    assert client.http.post("/sandbox/faults", json={"plan": "503@1"}).status_code == 200
    assert [client.upload().status_code for _ in range(2)] == [503, 200]
    assert client.http.get("/sandbox/journal").json() == client.sandbox.journal
    assert client.health().status_code == 200
    assert client.http.post("/sandbox/revoke-tokens").status_code == 200
    assert client.health().status_code == 401


@pytest.mark.parametrize(
    ("address", "sent", "says"),
    [
        ("clock", {"json": {}}, "advance_seconds"),
        ("clock", {"json": {"advance_seconds": "60"}}, "advance_seconds"),
        ("clock", {"content": b'{"advance_seconds": 60}'}, "advance_seconds"),
        ("faults", {"json": {"plan": "explode@1"}}, "explode@1"),
        ("faults", {"json": []}, "plan"),
        ("faults", {"content": b"{"}, "plan"),
    ],
)
def test_a_control_refuses_what_it_does_not_understand(
    sandboxes: Start, address: str, sent: dict[str, Any], says: str
) -> None:
    reply = sandboxes().http.post(f"/sandbox/{address}", **sent)
    assert reply.status_code == 400
    assert says in reply.json()["message"]


def test_a_rebound_host_name_gets_no_answer(sandboxes: Start) -> None:
    client = sandboxes()
    assert client.http.get("/sandbox/journal", headers={"host": "attacker.example.com"}).status_code == 400
    assert client.http.get("/sandbox/journal", headers={"host": "localhost:1"}).status_code == 200


def test_it_listens_on_loopback_only(sandboxes: Start) -> None:
    url = httpx.URL(sandboxes().sandbox.url)
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", url.port or 0), timeout=1):  # noqa: PT011 - refused, in each system's words
        pass


def test_the_journal_is_a_line_for_each_accepted_request(sandboxes: Start, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text('{"earlier": "run"}\n', encoding="utf-8")
    client = sandboxes("503@2", journal=file)
    created = client.create()
    client.create()
    uploaded = client.upload("Röntgen.xml", [statement(1), statement(2)])
    earlier, first, second = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert earlier == {"earlier": "run"}
    assert [first, second] == client.sandbox.journal
    assert first["path"] == "/dental/attachments/v1/attachments/documents"
    assert (first["part_names"], first["filename"]) == (["request", "files"], "x-ray.pdf")
    assert (first["reply"], first["status"]) == (created.json(), 201)
    assert (second["filename"], second["statements"], second["number"]) == ("Röntgen.xml", 2, 3)
    assert second["store"] == client.sandbox.credentials.store_id
    assert second["sizes"] == [int(uploaded.request.headers["content-length"])]
    assert [len(digest) for digest in second["sha256"]] == [64]
    assert datetime.fromisoformat(second["time"]).tzinfo is not None
