"""A lane's intake: it reads settled sidecars, each once for as long as it stays the same."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from agent.folder.filesystem import Busy, Denied, FileSystemProblem, Missing, Offline
from agent.folder.real import RealFileSystem
from agent.folder.settling import FileStatus
from agent.intake.attachments import AttachmentsIntake
from agent.model import Readiness
from tests.support import files
from tests.support.looks import look, put, settled_in


class CountingFileSystem(RealFileSystem):
    """Counts what is opened, and fails where it is told to."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.failing: dict[str, type[FileSystemProblem]] = {}

    def open(self, path: Path) -> BinaryIO:
        self.opened.append(path.name)
        if path.name in self.failing:
            raise self.failing[path.name](path)
        return super().open(path)


def test_a_sidecar_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    fs, intake = CountingFileSystem(), AttachmentsIntake()
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    for _ in range(3):
        (candidate,) = intake.gather(fs, tmp_path, settled_in(tmp_path))
        assert candidate.readiness is Readiness.READY
    assert fs.opened == ["scan.json"]
    put(tmp_path, {"scan.json": files.sidecar(files=["other.pdf"])})
    assert intake.gather(fs, tmp_path, settled_in(tmp_path))[0].missing == ("other.pdf",)
    assert fs.opened == ["scan.json", "scan.json"]


@pytest.mark.parametrize("status", [status for status in FileStatus if status is not FileStatus.SETTLED])
def test_a_sidecar_that_is_not_settled_is_not_opened(status: FileStatus, tmp_path: Path) -> None:
    fs = CountingFileSystem()
    (candidate,) = AttachmentsIntake().gather(fs, tmp_path, [look("scan.json", status), look("scan.pdf")])
    assert candidate.readiness is Readiness.SETTLING
    assert fs.opened == []


@pytest.mark.parametrize("failure", [Busy, Missing])
def test_a_sidecar_that_went_away_since_the_look_is_not_settled(
    failure: type[FileSystemProblem], tmp_path: Path
) -> None:
    fs, intake = CountingFileSystem(), AttachmentsIntake()
    put(tmp_path, {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    fs.failing["scan.json"] = failure
    assert intake.gather(fs, tmp_path, settled_in(tmp_path))[0].readiness is Readiness.SETTLING
    fs.failing.clear()
    assert intake.gather(fs, tmp_path, settled_in(tmp_path))[0].readiness is Readiness.READY


def test_a_sidecar_without_rights_fails_alone(tmp_path: Path) -> None:
    fs = CountingFileSystem()
    put(tmp_path, {f"{stem}{ending}": files.sidecar() for stem in "ab" for ending in (".json", ".txt")})
    fs.failing["a.json"] = Denied
    barred, ready = AttachmentsIntake().gather(fs, tmp_path, settled_in(tmp_path))
    assert barred.problem is not None
    assert barred.problem.code == "sidecar-barred"
    assert ready.readiness is Readiness.READY


def test_a_share_that_went_away_is_the_lanes_affair(tmp_path: Path) -> None:
    fs = CountingFileSystem()
    put(tmp_path, {"scan.json": files.sidecar()})
    fs.failing["scan.json"] = Offline
    with pytest.raises(Offline):
        AttachmentsIntake().gather(fs, tmp_path, settled_in(tmp_path))
