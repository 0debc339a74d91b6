"""`outtray sandbox` as a process: its first line, its end, and its memory."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.sandbox import metadata

PROGRAM = "import typer; from agent.commands.sandbox import sandbox; typer.run(sandbox)"
ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple["subprocess.Popen[str]", dict[str, Any]]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Start the command with options; give the process and what its first line says."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        return process, json.loads(line) if line else {}

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def token(said: dict[str, Any]) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": said["client_id"], "client_secret": said["client_secret"]}
    reply = httpx.post(said["attachments"]["token_url"], data=form, trust_env=False)
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_it_says_where_it_is_and_ends_with_0(run: Run, number: signal.Signals) -> None:
    process, said = run()
    attachments, statements = said["attachments"], said["statements"]
    assert attachments["base_url"] == said["url"] + "/dental/attachments/v1"
    assert (attachments["client_id"], attachments["client_secret"]) == (said["client_id"], said["client_secret"])
    assert statements == {"base_url": said["url"], "api_key": said["api_key"], "store_id": said["store_id"]}
    assert "ca" not in said
    health = httpx.get(attachments["base_url"] + "/healthcheck", headers=token(said), trust_env=False)
    assert health.status_code == 200
    process.send_signal(number)
    rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_its_options(run: Run, tmp_path: Path) -> None:
    import ssl

    journal = tmp_path / "journal.jsonl"
    _, said = run("--tls", "--fault", "503@1", "--journal", str(journal), "--token-seconds", "7")
    assert said["url"].startswith("https://")
    with httpx.Client(verify=ssl.create_default_context(cafile=said["ca"]), trust_env=False) as client:
        form = {"grant_type": "client_credentials", "client_id": said["client_id"]}
        reply = client.post(said["attachments"]["token_url"], data=form | {"client_secret": said["client_secret"]})
        assert reply.json()["expires_in"] == 7
        headers = {"x-api-key": said["api_key"], "x-store-id": said["store_id"]}
        assert client.post(said["url"] + "/api/v1/pending-invoices", json={}, headers=headers).status_code == 503
    assert journal.exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--fault", "explode@1"), "explode@1"), (("--journal", "."), "--journal"), (("--port", "70000"), "--port")],
)
def test_what_it_cannot_do_ends_with_2(run: Run, options: tuple[str, ...], says: str) -> None:
    process, said = run(*options)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, {})
    assert says in complaints


@pytest.mark.slow
def test_a_large_upload_is_streamed_in_little_memory(run: Run) -> None:
    size = 200 * 1024 * 1024
    process, said = run()
    headers = token(said) | {"Content-Type": "multipart/form-data; boundary=x"}
    head = (
        b'--x\r\nContent-Disposition: form-data; name="request"\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(metadata()).encode()
        + b'\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n'
        + b"Content-Type: application/pdf\r\n\r\n%PDF-1.7\n"
    )
    child = psutil.Process(process.pid)
    before = child.memory_info().rss
    peak = before

    def body() -> Iterator[bytes]:
        nonlocal peak
        yield head
        chunk = b"\r\n--" + bytes(1024 * 1024 - 4)
        for _ in range(size // len(chunk)):
            yield chunk
            peak = max(peak, child.memory_info().rss)
        yield b"\r\n--x--\r\n"

    address = said["attachments"]["base_url"] + "/attachments/documents"
    with httpx.Client(timeout=60, trust_env=False) as client:
        accepted = client.post(address, content=body(), headers=headers)
        assert accepted.status_code == 201
        read = 0
        wanted = {"attachmentIds": accepted.json()["attachmentIds"]}
        with client.stream("POST", f"{address}/search", json=wanted, headers=token(said)) as reply:
            for chunk in reply.iter_raw():
                read += len(chunk)
                peak = max(peak, child.memory_info().rss)
    assert read > size
    assert peak - before < 32 * 1024 * 1024
