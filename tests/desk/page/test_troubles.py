"""A view or a button that meets a file or a folder that cannot be used says so, and is no breakdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.folder.filesystem import Busy, Damaged, Denied, FileSystemProblem, NoRoom, Offline
from tests.support.page import DeskPractice, desk_in, signed_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as made:
        yield made


TROUBLES = [
    *(kind(Path("/scans/x.pdf"), "told by the system") for kind in (Denied, Busy, NoRoom, Offline, Damaged)),
    FileSystemProblem(Path("/scans/x.pdf")),
    PermissionError(13, "Permission denied", "/scans/x.pdf"),
    OSError(5, "Input/output error", "/scans/x.pdf"),
    OSError("no number"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=repr)
@pytest.mark.parametrize("path", ["/", "/history", "/trends"])
def test_a_folder_that_cannot_be_used_is_named(
    practice: DeskPractice, monkeypatch: pytest.MonkeyPatch, path: str, trouble: Exception
) -> None:
    client = signed_in(practice.desk)

    def fails(*_told: object) -> None:
        raise trouble

    for view in ("now.now_of", "history.found", "trends.trends_of"):
        monkeypatch.setattr(f"agent.desk.page.views.{view}", fails)
    answer = client.get(path)
    assert answer.status_code == 503
    assert "This could not be done" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", ["a\0b.pdf", "x" * 5000, "../../etc/passwd", "scan.pdf/inside", "con", ""])
def test_showing_a_file_that_cannot_be_there_is_answered(practice: DeskPractice, name: str) -> None:
    client = signed_in(practice.desk)
    answer = client.post("/show", data={"lane": "main-street/attachments", "file": name})
    assert answer.status_code == 303
