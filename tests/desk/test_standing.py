"""Where a packet's files stand, found on real shelves after a real delivery and a real failure."""

from __future__ import annotations

from pathlib import Path

from agent.desk.standing import shelf_of, standing_files
from agent.folder.real import RealFileSystem
from agent.model import LaneId, LaneKind
from tests.support.practice import Practice

SCANS = LaneId("main-street", LaneKind.ATTACHMENTS)


def test_sent_and_failed_files_are_found_where_they_were_put(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet("good")
        practice.drop_packet("bad", patientDateOfBirth="1988-02-30")
        practice.wait_until_sent(1)
        practice.wait_until_failed(1)
        assert practice.engine is not None
        ledger, lane = practice.engine.ledger, practice.settings.lanes[SCANS]
        practice.wait_for(lambda: all(str(one.state) in ("sent", "failed") for one in ledger.history()), "both at rest")
        for record in ledger.history():
            paths = standing_files(RealFileSystem(), record, lane)
            assert [path.name for path in paths] == [f"{record.name}.pdf", f"{record.name}.json"]
            assert all(path.is_file() and path.parent == shelf_of(RealFileSystem(), record, lane) for path in paths)
            paths[0].unlink()
            assert [path.name for path in standing_files(RealFileSystem(), record, lane)] == [f"{record.name}.json"]
