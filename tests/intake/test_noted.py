"""What ends the agent does not do so at every start: the third start puts the file aside."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.folder.real import RealFileSystem
from agent.intake.lanes import intake_for
from agent.intake.noted import Notes
from agent.model import Candidate, Identity, LaneId, LaneKind, Observation
from tests.support import files
from tests.support.looks import put, scans_lane, seen_in, settled_in

LANE = LaneId("main-street", LaneKind.ATTACHMENTS)
NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)


def candidate(name: str = "Snow_John.pdf", mtime: int = 1) -> Candidate:
    return Candidate("Snow_John", (Observation(name, Identity(10, mtime, "1")),))


def end_over_it(folder: Path) -> bool:
    """Leave what a look leaves in whose midst the agent ends; tell whether there was a look."""
    look = Notes(folder).looking_at(LANE, candidate())
    if look.__enter__():
        return False
    _ENDED.append(look)  # nothing of it runs any more
    return True


_ENDED: list[AbstractContextManager[bool]] = []


def is_harmful(notes: Notes, one: Candidate) -> bool:
    with notes.looking_at(LANE, one) as harmful:
        return harmful


def test_the_third_start_puts_it_aside_and_dragged_back_it_is_tried_again(tmp_path: Path) -> None:
    assert [end_over_it(tmp_path / "looks") for _ in range(3)] == [True, True, False]
    assert not is_harmful(Notes(tmp_path / "looks"), candidate())


def test_other_files_and_other_versions_of_it_are_not_to_blame(tmp_path: Path) -> None:
    for _ in range(2):
        end_over_it(tmp_path)
    notes = Notes(tmp_path)
    assert not is_harmful(notes, candidate("other.pdf"))
    assert not is_harmful(notes, candidate(mtime=2))
    assert is_harmful(notes, candidate())


def test_a_look_that_ends_well_clears_it_and_so_does_one_that_raises(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for _ in range(3):
        end_over_it(tmp_path)
        assert not is_harmful(notes, candidate())
        end_over_it(tmp_path)
        with pytest.raises(OSError, match="share"), notes.looking_at(LANE, candidate()):
            raise OSError("share")
    assert list(tmp_path.iterdir()) == []


def test_no_name_stands_in_a_note(tmp_path: Path) -> None:
    end_over_it(tmp_path)
    (note,) = tmp_path.iterdir()
    assert "Snow" not in note.name + note.read_text()


def test_a_folder_that_takes_no_notes_stops_no_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert not is_harmful(Notes(tmp_path / "file"), candidate())
    assert "Snow" not in caplog.text


def test_the_lane_says_so_instead_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, looks = tmp_path / "scans", tmp_path / "looks"
    put(folder, {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    fs = RealFileSystem()
    intake = intake_for(scans_lane(folder), LANE, fs, tmp_path / "spool", None, Notes(looks))
    (found,) = intake.gather(settled_in(folder), seen_in(folder))

    class Ends(BaseException):
        pass

    def ends(*_: object) -> None:
        raise Ends

    with monkeypatch.context() as patch:
        patch.setattr("agent.intake.lanes.check_attachments", ends)
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # as if nothing of ours had run any more
        for _ in range(2):
            with pytest.raises(Ends):
                intake.check(folder, found, "p1", "", NOW)
    problem = intake.check(folder, found, "p1", "", NOW).problem
    assert problem is not None
    assert (problem.code, "scan.pdf" in problem.sentence) == ("ends-outtray", True)
    assert intake.check(folder, found, "p1", "", NOW).problem is None
