"""What the system reports, as the seam's own problems: by `winerror` where there is one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from agent.folder.errors import problem_of, translated
from agent.folder.filesystem import Busy, Damaged, Denied, Exists, FileSystemProblem, Missing, NoRoom, Offline
from agent.folder.problems import folder_problem

PATH = Path("/practice/scans")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2, Missing), (3, Missing), (32, Busy), (33, Busy), (5, Denied), (53, Offline), (64, Offline), (67, Offline),
        (59, Offline), (121, Offline), (1231, Offline), (112, NoRoom), (39, NoRoom), (183, Exists), (80, Exists),
        (1117, Damaged), (23, Damaged), (123, Missing), (267, Missing), (87, FileSystemProblem),
    ],
)  # fmt: skip
def test_windows_numbers_decide_and_not_the_errno_that_goes_with_them(
    number: int, expected: type[FileSystemProblem]
) -> None:
    error = PermissionError(errno.EACCES, "Access is denied")
    error.winerror = number  # type: ignore[attr-defined]
    assert type(problem_of(error, PATH)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ENOENT", Missing), ("ENOTDIR", Missing), ("ELOOP", Missing), ("EEXIST", Exists), ("EACCES", Denied),
        ("EPERM", Denied), ("EROFS", Denied), ("ENOSPC", NoRoom), ("EDQUOT", NoRoom), ("EIO", Damaged),
        ("ESTALE", Offline), ("EHOSTDOWN", Offline), ("ENOTCONN", Offline), ("ETIMEDOUT", Offline), ("ENXIO", Offline),
        ("EBUSY", Busy), ("ENAMETOOLONG", FileSystemProblem),
    ],
)  # fmt: skip
def test_posix_numbers(name: str, expected: type[FileSystemProblem]) -> None:
    if not hasattr(errno, name):
        pytest.skip(f"{name} is not known here")
    assert type(problem_of(OSError(getattr(errno, name), "so it is"), PATH)) is expected


def test_the_reason_can_stand_in_a_log_because_it_names_no_file() -> None:
    try:
        (PATH / "Smith, Jane.pdf").open()
    except OSError as error:
        problem = problem_of(error, PATH)
    assert (problem.path, "Smith" in problem.reason, "ENOENT" in problem.reason) == (PATH, False, True)


@pytest.mark.parametrize("raised", [FileNotFoundError(errno.ENOENT, "gone"), ValueError("embedded null byte")])
def test_nothing_but_the_seams_problems_leaves_the_seam(raised: Exception) -> None:
    with pytest.raises(Missing), translated(PATH):
        raise raised


@pytest.mark.parametrize("kind", [Offline, Missing, Denied, NoRoom, Damaged, Busy, Exists, FileSystemProblem])
def test_every_problem_has_words_for_the_front_desk(kind: type[FileSystemProblem]) -> None:
    problem = folder_problem(kind(PATH, "the system's words"), PATH)
    assert str(PATH) in problem.sentence
    assert problem.details[0].message == "the system's words"
