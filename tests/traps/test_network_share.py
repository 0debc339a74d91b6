"""A folder on a network share: a real SMB server on loopback, whose own folder is where other PCs put their files.

Where the kernel knows SMB it mounts the share; elsewhere smbnetfs does, through FUSE. What goes over the wire is SMB in
both cases, and what OutTray sees is a mount on which events do not come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.folder.filesystem import Exists
from agent.folder.real import RealFileSystem
from tests.support import files
from tests.support.practice import Practice
from tests.support.share import Share, share

pytestmark = pytest.mark.slow

FS = RealFileSystem()


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Share]:
    with share(tmp_path / "network") as mounted:
        yield mounted


def put(scans: Share, name: str, **sidecar: str) -> None:
    """Somebody at another PC puts a scan into the folder."""
    (scans.served / f"{name}.pdf").write_bytes(files.pdf())
    (scans.served / f"{name}.json").write_bytes(files.sidecar(**sidecar))


def wait_until_sent(practice: Practice, count: int) -> None:
    """Wait by what the agent says: whoever reads the share meanwhile is in the way of its renames."""
    practice.wait_for(lambda: practice.lane_status().get("counts", {}).get("sent", 0) >= count, f"{count} sent")


def test_a_scan_from_another_pc_is_met_by_looking_and_its_receipt_stands_on_the_server(
    tmp_path: Path, scans: Share
) -> None:
    assert FS.is_remote(scans.folder)
    with Practice(tmp_path, folder=scans.folder) as practice:
        practice.wait_for_lane("running")
        put(scans, "scan", claimId="FROM-AFAR")
        wait_until_sent(practice, 1)
        assert practice.lane_status()["watching"] == "polling"
        assert practice.claims == ["FROM-AFAR"]
        (receipt,) = (scans.served / "sent").rglob("scan.receipt.json")
        assert json.loads(receipt.read_bytes())["attachment_control_number"]
        assert {path.name for path in receipt.parent.iterdir()} == {"scan.pdf", "scan.json", "scan.receipt.json"}
        assert practice.problems() == {}


def test_a_server_that_goes_down_is_offline_and_back_again_sends_only_what_is_new(tmp_path: Path, scans: Share) -> None:
    with Practice(tmp_path, folder=scans.folder) as practice:
        put(scans, "before", claimId="BEFORE")
        put(scans, "waits", claimId="WAITS")
        (scans.served / "waits.pdf").unlink()
        wait_until_sent(practice, 1)
        scans.die()
        practice.wait_for_lane("offline")
        put(scans, "meanwhile", claimId="MEANWHILE")
        scans.serve()
        practice.wait_for(lambda: "MEANWHILE" in practice.claims, "what came meanwhile to be sent")
        practice.wait_for_lane("running")
        assert practice.claims == ["BEFORE", "MEANWHILE"]
        assert practice.problems() == {}


def test_an_unmounted_share_is_not_an_empty_folder(tmp_path: Path, scans: Share) -> None:
    with Practice(tmp_path, folder=scans.folder) as practice:
        put(scans, "before", claimId="BEFORE")
        wait_until_sent(practice, 1)
        scans.unmount()
        practice.wait_for_lane("offline")
        assert list(scans.mount_point.iterdir()) == [], "nothing may be written into the empty place"
        put(scans, "meanwhile", claimId="MEANWHILE")
        scans.mount()
        practice.wait_for(lambda: "MEANWHILE" in practice.claims, "what came meanwhile to be sent")
        assert practice.claims == ["BEFORE", "MEANWHILE"]
        assert practice.problems() == {}


def test_nothing_is_overwritten_on_a_share(scans: Share) -> None:
    for name in ("a.pdf", "b.pdf"):
        (scans.served / name).write_bytes(name.encode())
    with pytest.raises(Exists):
        FS.move(scans.folder / "a.pdf", scans.folder / "b.pdf")
    FS.move(scans.folder / "a.pdf", scans.folder / "c.pdf")
    assert {path.name: path.read_bytes() for path in scans.served.iterdir()} == {"b.pdf": b"b.pdf", "c.pdf": b"a.pdf"}
