"""What the doctor finds: a practice in order, and each thing that can be wrong."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import own_files
from agent.clock import SystemClock
from agent.delivery.installation import known_id
from agent.desk.doctor.examination import exit_code, run_checks
from agent.desk.doctor.finding import Check, Finding, State
from agent.folder.filesystem import Denied, Offline
from agent.folder.names import MANIFEST
from agent.folder.packets import manifest_bytes
from agent.folder.real import RealFileSystem
from agent.ledger.opening import open_ledger
from agent.sandbox.server import Sandbox
from agent.settings.secrets import Secrets
from tests.support.desk import everything_in, practice, secrets_of, world_of
from tests.support.folders import make_packet
from tests.support.settings import LockedKeyring, MemoryKeyring

ATTACHMENTS, STATEMENTS = "main-street/attachments", "main-street/statements"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_plan(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.faults("")


def only(findings: list[Finding], check: Check, lane: str = "") -> Finding:
    found = [finding for finding in findings if finding.check is check and finding.lane == lane]
    assert len(found) == 1, found
    return found[0]


def states(findings: list[Finding], state: State) -> set[tuple[Check, str]]:
    return {(finding.check, finding.lane) for finding in findings if finding.state is state}


def fails(findings: list[Finding]) -> set[tuple[Check, str]]:
    """What fails; and so the exit code is 4, else 3 where something needs someone all the same."""
    failing = states(findings, State.FAIL)
    assert exit_code(findings) == (4 if failing else 3 if states(findings, State.WARN) else 0)
    return failing


def test_in_order(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    open_ledger(tmp_path / "data" / "ledger.sqlite", datetime.now(UTC)).engine.dispose()
    before = everything_in(tmp_path / "scans")
    findings = run_checks(settings, world_of(sandbox))
    assert not states(findings, State.SKIPPED)
    assert {check for check, _lane in states(findings, State.WARN)} == {Check.ENVIRONMENT}  # it is a sandbox
    assert not fails(findings)
    assert {finding.check for finding in findings} == set(Check) - {Check.SETTINGS}
    assert everything_in(tmp_path / "scans") == before
    said = str([finding.as_json for finding in findings])
    assert not [secret for secret in secrets_of(sandbox).values() if secret in said]


def test_wrong_client_secret(tmp_path: Path, sandbox: Sandbox) -> None:
    secrets = Secrets(secrets_of(sandbox, client_secret="an-old-secret"), MemoryKeyring)
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, secrets=secrets))
    assert fails(findings) == {(Check.TOKEN, ATTACHMENTS)}
    assert "credentials" in only(findings, Check.TOKEN, ATTACHMENTS).sentence
    assert "secret set main-street/client_secret" in only(findings, Check.TOKEN, ATTACHMENTS).what_to_do
    assert only(findings, Check.HEALTH, ATTACHMENTS).state is State.SKIPPED
    assert "an-old-secret" not in str(findings)


def test_wrong_api_key(tmp_path: Path, sandbox: Sandbox) -> None:
    secrets = Secrets(secrets_of(sandbox, api_key="an-old-key"), MemoryKeyring)
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, secrets=secrets))
    assert fails(findings) == {(Check.HEALTH, STATEMENTS)}
    assert "an-old-key" not in str(findings)


def test_wrong_address(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox, attachments=f"{sandbox.url}/somewhere/else")
    findings = run_checks(settings, world_of(sandbox))
    assert fails(findings) == {(Check.HEALTH, ATTACHMENTS)}
    assert "address in the settings" in only(findings, Check.HEALTH, ATTACHMENTS).sentence
    assert "404" in only(findings, Check.HEALTH, ATTACHMENTS).detail


def test_wrong_token_address(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox, token=f"{sandbox.url}/nothing/here")
    assert fails(run_checks(settings, world_of(sandbox))) == {(Check.TOKEN, ATTACHMENTS)}


def test_token_service_has_trouble(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.faults("token/500@*")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox))
    assert fails(findings) == {(Check.TOKEN, ATTACHMENTS)}
    assert "500" in only(findings, Check.TOKEN, ATTACHMENTS).detail


def test_service_has_trouble(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.faults("health/503@*")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox))
    assert fails(findings) == {(Check.HEALTH, ATTACHMENTS)}
    assert only(findings, Check.TOKEN, ATTACHMENTS).state is State.OK


def test_services_down(tmp_path: Path) -> None:
    with Sandbox() as gone:
        settings, world = practice(tmp_path, gone), world_of(gone)
    findings = run_checks(settings, world)
    assert fails(findings) == {(Check.HEALTH, ATTACHMENTS), (Check.HEALTH, STATEMENTS)}
    assert "could not be reached" in only(findings, Check.HEALTH, STATEMENTS).sentence
    assert only(findings, Check.CLOCK).state is State.SKIPPED


def test_certificate_of_an_unknown_authority(tmp_path: Path, sandbox: Sandbox) -> None:
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, ssl_context=world_of(None).ssl_context))
    assert fails(findings) == {(Check.TLS, ATTACHMENTS), (Check.TLS, STATEMENTS)}
    assert "certificate is not trusted" in only(findings, Check.TLS, ATTACHMENTS).sentence


def test_certificate_runs_out(tmp_path: Path, sandbox: Sandbox) -> None:
    detail = only(run_checks(practice(tmp_path, sandbox), world_of(sandbox)), Check.TLS, STATEMENTS).detail
    until = datetime.fromisoformat(f"{detail.rpartition(' ')[2]}T00:00:00+00:00")

    class Later(SystemClock):
        def now(self) -> datetime:
            return until

    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, clock=Later()))
    assert only(findings, Check.TLS, STATEMENTS).state is State.WARN


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (15 * 60, State.FAIL, "15 minutes behind"),
        (-15 * 60, State.FAIL, "15 minutes ahead"),
        (5 * 60, State.WARN, "5 minutes behind"),
        (60, State.OK, "Right"),
    ],
)
def test_clock(tmp_path: Path, sandbox: Sandbox, seconds: int, state: State, words: str) -> None:
    settings = practice(tmp_path, sandbox)
    sandbox.clock.advance(seconds)
    try:
        findings = run_checks(settings, world_of(sandbox))
    finally:
        sandbox.clock.advance(-seconds)
    assert only(findings, Check.CLOCK).state is state
    assert words in only(findings, Check.CLOCK).sentence
    assert exit_code(findings) == (4 if state is State.FAIL else 3)


def test_folder_missing(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    (tmp_path / "scans").rmdir()
    findings = run_checks(settings, world_of(sandbox))
    assert fails(findings) == {(Check.FOLDER, ATTACHMENTS)}
    assert "cannot be reached" in only(findings, Check.FOLDER, ATTACHMENTS).sentence


class Barred(RealFileSystem):
    """A file system that refuses one thing to do in one folder."""

    def __init__(self, method: str, folder: Path) -> None:
        self._method = method
        self._folder = folder

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name != self._method:
            return super().__getattribute__(name)

        def refuse(path: Path, *more: Any) -> Any:
            if path.is_relative_to(self._folder):
                raise Denied(path, "Permission denied")
            return getattr(RealFileSystem(), name)(path, *more)

        return refuse


@pytest.mark.parametrize("method", ["write", "open", "move", "make_folder", "remove"])
def test_rights_missing(tmp_path: Path, sandbox: Sandbox, method: str) -> None:
    fs = Barred(method, tmp_path / "scans")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=fs))
    assert fails(findings) == {(Check.RIGHTS, ATTACHMENTS)}
    assert "rights" in only(findings, Check.RIGHTS, ATTACHMENTS).sentence
    if method != "remove":
        assert not everything_in(tmp_path / "scans")


def test_folder_may_not_be_read(tmp_path: Path, sandbox: Sandbox) -> None:
    fs = Barred("list", tmp_path / "statements")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=fs))
    assert fails(findings) == {(Check.FOLDER, STATEMENTS)}


def test_data_folder_may_not_be_written(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "data").mkdir()
    fs = Barred("write", tmp_path / "data")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=fs))
    assert (Check.DATA, "") in fails(findings)


@pytest.mark.parametrize(
    ("free", "state"), [(2_000_000_000, State.OK), (999_000_000, State.WARN), (99_000_000, State.FAIL)]
)
def test_room(tmp_path: Path, sandbox: Sandbox, free: int, state: State) -> None:
    class Disk(RealFileSystem):
        def free_bytes(self, folder: Path) -> int:
            return free

    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=Disk()), offline=True)
    assert {only(findings, Check.DISK, lane).state for lane in ("", ATTACHMENTS, STATEMENTS)} == {state}
    assert exit_code(findings) == (4 if state is State.FAIL else 3)


def test_keyring_locked(tmp_path: Path, sandbox: Sandbox) -> None:
    keyring = LockedKeyring()
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, secrets=Secrets({}, lambda: keyring)))
    assert fails(findings) == {(Check.KEYRING, ATTACHMENTS), (Check.KEYRING, STATEMENTS)}
    assert "locked" in only(findings, Check.KEYRING, ATTACHMENTS).sentence
    assert only(findings, Check.HEALTH, ATTACHMENTS).state is State.SKIPPED
    assert keyring.asked == 1, "one declined prompt is enough"


def test_one_secret_missing(tmp_path: Path, sandbox: Sandbox) -> None:
    secrets = Secrets(secrets_of(sandbox, api_key=""), MemoryKeyring)
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, secrets=secrets))
    assert fails(findings) == {(Check.KEYRING, STATEMENTS)}
    assert "outtray secret set main-street/api_key" in only(findings, Check.KEYRING, STATEMENTS).what_to_do
    assert only(findings, Check.HEALTH, ATTACHMENTS).state is State.OK


def test_ledger_damaged(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert fails(findings) == {(Check.LEDGER, "")}
    assert (tmp_path / "data" / "ledger.sqlite").read_bytes() == b"no database at all" * 100


def test_ledger_of_a_newer_version(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    path = tmp_path / "data" / "ledger.sqlite"
    open_ledger(path, datetime.now(UTC)).engine.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert fails(findings) == {(Check.LEDGER, "")}
    assert "newer" in only(findings, Check.LEDGER).sentence


def test_share_is_not_mounted(tmp_path: Path, sandbox: Sandbox) -> None:
    from dataclasses import replace

    from agent.ledger.ledger import Ledger
    from agent.ledger.records import LaneRecord

    settings = practice(tmp_path, sandbox)
    ledger = Ledger(open_ledger(tmp_path / "data" / "ledger.sqlite", datetime.now(UTC)).engine)
    lane = next(iter(settings.lanes))
    with ledger.transaction() as tx:
        tx.lane(replace(LaneRecord(lane), marker_expected=True))
    ledger.close()
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert fails(findings) == {(Check.FOLDER, str(lane))}


@pytest.mark.parametrize(("installation", "state"), [("another-pc", State.WARN), ("", State.OK)])
def test_packets_of_another_installation(tmp_path: Path, sandbox: Sandbox, installation: str, state: State) -> None:
    from dataclasses import replace

    settings = practice(tmp_path, sandbox)
    place = tmp_path / "scans" / "sending" / "p1"
    place.mkdir(parents=True)
    (place / "smith.pdf").write_bytes(b"%PDF")
    packet = make_packet(RealFileSystem(), "smith.pdf", name="smith", lane=place)
    packet = replace(packet, installation=installation or known_id(tmp_path / "data"))
    (place / MANIFEST).write_bytes(manifest_bytes(packet))
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert only(findings, Check.SHELVES, ATTACHMENTS).state is state
    assert "smith" not in str(findings), "no file is named"


def test_folder_without_a_manifest(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    (tmp_path / "statements" / "held" / "p7").mkdir(parents=True)
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert only(findings, Check.SHELVES, STATEMENTS).state is State.WARN
    assert exit_code(findings) == 3


def test_deaf(tmp_path: Path, sandbox: Sandbox) -> None:
    def listen(_folder: Path, _heard: object) -> Any:
        raise OSError(28, "no watches are left")

    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, listen=listen), offline=True)
    assert only(findings, Check.WATCHING, ATTACHMENTS).state is State.WARN


def test_share_is_polled(tmp_path: Path, sandbox: Sandbox) -> None:
    class Share(RealFileSystem):
        def is_remote(self, folder: Path) -> bool:
            return True

    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=Share()), offline=True)
    assert "network share" in only(findings, Check.WATCHING, ATTACHMENTS).sentence


@pytest.mark.parametrize(
    ("setting", "system", "shown"),
    [
        ("", {}, "None in"),
        ('proxy = "http://proxy.example.com:8080"', {}, "http://proxy.example.com:8080"),
        ("", {"https": "http://user:hunter2@10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        ("", {"https": "proxy.example.com:3128"}, "http://proxy.example.com:3128"),
    ],
)
def test_proxy(tmp_path: Path, setting: str, system: dict[str, str], shown: str) -> None:
    settings = practice(tmp_path, agent=setting)
    world = world_of(None, system_proxies=lambda: system, bypassed=lambda _host: False)
    finding = only(run_checks(settings, world, offline=True), Check.PROXY)
    assert finding.state is State.OK
    assert shown in finding.sentence
    assert "hunter2" not in str(finding)


def test_not_running(tmp_path: Path, sandbox: Sandbox) -> None:
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, running=lambda _: False), offline=True)
    assert only(findings, Check.AGENT).state is State.WARN


def test_offline_asks_no_service(tmp_path: Path, sandbox: Sandbox) -> None:
    asked = len(sandbox.requests)
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox), offline=True)
    assert len(sandbox.requests) == asked
    skipped = states(findings, State.SKIPPED)
    assert {(check, "") for check in (Check.TLS, Check.CLOCK, Check.TOKEN, Check.HEALTH)} <= skipped


def test_share_goes_away_between_two_looks(tmp_path: Path, sandbox: Sandbox) -> None:
    class Gone(RealFileSystem):
        def write(self, path: Path, data: bytes) -> None:
            raise Offline(path, "the share went away")

    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox, fs=Gone()), offline=True)
    assert (Check.RIGHTS, ATTACHMENTS) in fails(findings)


def test_running_is_told_by_the_lock(tmp_path: Path, sandbox: Sandbox) -> None:
    from agent.delivery.alone import is_running
    from agent.delivery.engine import engine

    settings, world = practice(tmp_path, sandbox), world_of(sandbox, running=is_running)
    assert only(run_checks(settings, world, offline=True), Check.AGENT).state is State.WARN
    with engine(settings, secrets=world.secrets, ssl_context=world.ssl_context, watch=False):
        assert only(run_checks(settings, world, offline=True), Check.AGENT).state is State.OK


@pytest.mark.parametrize("plan", ["portal@*", "html:200@*", "empty@*", "says-no@*", "html:503@*"])
def test_whoever_answers_in_a_services_place_is_never_called_in_order(
    tmp_path: Path, sandbox: Sandbox, plan: str
) -> None:
    sandbox.faults(f"health/{plan}, search/{plan}")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox))
    assert fails(findings) == {(Check.HEALTH, ATTACHMENTS), (Check.HEALTH, STATEMENTS)}
    if plan.startswith(("portal", "html")):
        assert only(findings, Check.HEALTH, STATEMENTS).sentence.startswith("Something between this PC and")


def test_a_portal_before_the_tokens_is_told_as_one(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.faults("token/portal@*")
    findings = run_checks(practice(tmp_path, sandbox), world_of(sandbox))
    assert fails(findings) == {(Check.TOKEN, ATTACHMENTS)}
    assert "credentials" not in only(findings, Check.TOKEN, ATTACHMENTS).sentence


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead")
def test_what_others_can_read_is_named_with_what_to_do(tmp_path: Path, sandbox: Sandbox) -> None:
    settings = practice(tmp_path, sandbox)
    open_ledger(tmp_path / "data" / "ledger.sqlite", datetime.now(UTC)).engine.dispose()
    (tmp_path / "data" / "ledger.sqlite").chmod(0o644)
    finding = only(run_checks(settings, world_of(sandbox), offline=True), Check.PRIVATE)
    assert finding.state is State.WARN
    assert "start it again" in finding.what_to_do
    assert finding.detail == f"{tmp_path / 'data' / 'ledger.sqlite'}: open to others"
    own_files.close_all(tmp_path / "data")
    assert only(run_checks(settings, world_of(sandbox), offline=True), Check.PRIVATE).state is State.OK


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("shelf", ["sent", "sending", "held", "failed"])
def test_a_shelf_that_someone_has_linked_is_told_and_not_written_to(
    tmp_path: Path, sandbox: Sandbox, shelf: str
) -> None:
    settings = practice(tmp_path, sandbox)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "scans" / shelf).symlink_to(elsewhere)
    elsewhere.chmod(0o500)
    before = elsewhere.stat().st_mtime_ns
    findings = run_checks(settings, world_of(sandbox), offline=True)
    assert "something that is no folder" in str(findings).lower()
    assert elsewhere.stat().st_mtime_ns == before, "nothing was made in it, not even for a moment"
