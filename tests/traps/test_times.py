"""Times that are not what they seem: of files, of waits for an answer."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.destinations.transport import build_client
from agent.folder.real import RealFileSystem
from agent.model import PacketState
from tests.support import files
from tests.support import statement_files as made
from tests.support.simulated_practice import BUSY, REFUSE, SCANS, SETTINGS, STATEMENTS, SimulatedPractice

HOUR = 3_600_000_000_000


def jump(practice: SimulatedPractice, by: int) -> None:
    """Let the time of every file be another, as FAT's are after the clocks were changed: it keeps local time."""
    for node in practice.fs._nodes.values():
        node.mtime_ns += by


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["an hour later", "an hour earlier"])
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_times_that_jump_by_an_hour_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, by: int, restarted: bool
) -> None:
    settings = re.sub(r"(client_id = .*|base_url = .*)", r"\1\nrescan_seconds = 3600", SETTINGS)
    practice = SimulatedPractice(tmp_path, settings, windows=True, granularity_ns=2_000_000_000)
    practice.service().script = [REFUSE]
    practice.drop("bad.pdf", files.pdf())
    practice.drop("bad.json", files.sidecar(claimId="BAD"))
    practice.pass_(10)
    practice.drop("waits.pdf", files.pdf())
    practice.drop("Statements.csv", made.csv(made.ROW), STATEMENTS)
    practice.pass_(10)
    practice.drop("Statements.csv", made.csv(made.ROW, ("1002", *made.ROW[1:])), STATEMENTS)
    practice.service().rule = lambda _name, _accepted: BUSY
    practice.drop("queued.pdf", files.pdf())
    practice.drop("queued.json", files.sidecar(claimId="QUEUED"))
    practice.pass_(10)
    assert [len(practice.service(lane).accepted) for lane in (SCANS, STATEMENTS)] == [0, 1]

    jump(practice, by)
    if restarted:
        practice.restart()
    practice.service().rule = lambda _name, _accepted: None
    practice.pass_(hours=1)
    assert [one.metadata["claimId"] for one in practice.service().accepted] == ["QUEUED"]
    assert practice.waiting() == ["waits.pdf"]
    (problem,) = practice.problems()
    practice.ask(Request("retry", packets=(problem["packet"],)))
    practice.drop("waits.json", files.sidecar(claimId="WAITED"))
    practice.pass_(minutes=10)
    assert sorted(one.metadata["claimId"] for one in practice.service().accepted) == ["BAD", "QUEUED", "WAITED"]
    practice.pass_(days=1, hours=1)
    assert len(practice.service(STATEMENTS).accepted) == 2
    assert {packet.state for packet in practice.ledger.history()} <= {PacketState.SENT, PacketState.FAILED}
    assert practice.waiting() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there only the creation is kept in this place")
def test_the_time_of_creation_or_of_the_last_change_of_rights_is_no_part_of_a_files_identity(tmp_path: Path) -> None:
    fs = RealFileSystem()
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"one")
    before, status = fs.identify(path), path.stat()
    path.chmod(0o600)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_ctime_ns != status.st_ctime_ns
    assert fs.identify(path) == before


def test_an_upload_has_minutes_and_not_the_clients_own_five_seconds() -> None:
    client = build_client()
    try:
        assert (client.timeout.connect, client.timeout.write, client.timeout.read) == (15, 60, 120)
        assert timedelta(seconds=client.timeout.read or 0) >= timedelta(minutes=1)
    finally:
        client.close()
