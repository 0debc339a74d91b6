"""Settling: when is a file that is being written done? Each test is a day in the life of one file, second by second."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO

import pytest

from agent.folder.filesystem import Busy, Denied, FileSystemProblem, Offline
from agent.folder.settling import FileLook, FileStatus, Probe, Settling, due
from agent.folder.simulated import SimulatedFileSystem
from agent.model import Identity, Observation
from tests.support.folders import ARRIVED, LANE, HandClock

SCAN = LANE / "scan.pdf"
SETTLING, IN_USE, INCOMPLETE, OVERDUE, SETTLED = (
    FileStatus.SETTLING,
    FileStatus.IN_USE,
    FileStatus.INCOMPLETE,
    FileStatus.OVERDUE,
    FileStatus.SETTLED,
)


def seen(size: int, mtime: int = 1, file_id: str = "a", name: str = "scan.pdf") -> Observation:
    return Observation(name, Identity(size, mtime, file_id))


def runs(looks: Sequence[tuple[float, Observation | None]], settle: float = 2) -> list[bool]:
    """Return, look by look, whether the file was unchanged for the settle time."""
    settling = Settling(settle)
    answers = []
    for steady, observation in looks:
        settling.update([observation] if observation else [], steady)
        answers.append(settling.unchanged("scan.pdf"))
    return answers


# --- Settling, which is pure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([(0, seen(5)), (1, seen(5)), (2, seen(5))], [False, False, True], id="still for two seconds"),
        pytest.param(
            [(second, seen(second)) for second in range(20)] + [(21, seen(19)), (22, seen(19))],
            [False] * 20 + [True, True],
            id="grows for twenty seconds",
        ),
        pytest.param(
            [(0, seen(0)), (1, seen(10)), (2, seen(10)), (3, seen(20)), (4, seen(20)), (5, seen(20))],
            [False] * 5 + [True],
            id="written in pieces, with rests shorter than the settle time",
        ),
        pytest.param([(0, seen(5)), (2, seen(5)), (3, None), (4, seen(5)), (6, seen(5))],
                     [False, True, False, False, True], id="gone and back starts anew"),
        pytest.param([(0, seen(5)), (2, seen(5, file_id="b")), (4, seen(5, file_id="b"))],
                     [False, False, True], id="another file under the name starts anew"),
        pytest.param([(0, seen(5)), (2, seen(5, mtime=2)), (4, seen(5, mtime=2))],
                     [False, False, True], id="another time starts anew"),
        pytest.param([(0, seen(5, mtime=-(10**18))), (1, seen(9, mtime=-(10**18))), (3, seen(9, mtime=-(10**18)))],
                     [False, False, True], id="a copy looks years old while it grows"),
        pytest.param([(0, seen(5)), (100, seen(5))], [False, True], id="looks can be far apart"),
    ],
)  # fmt: skip
def test_a_file_has_settled_when_it_was_the_same_for_the_settle_time(
    looks: list[tuple[float, Observation | None]], expected: list[bool]
) -> None:
    assert runs(looks) == expected


def test_files_that_belong_together_have_settled_when_the_last_of_them_has() -> None:
    settling = Settling(2)
    settling.update([seen(1, name="a")], 0)
    settling.update([seen(1, name="a"), seen(1, name="b")], 2)
    assert (settling.unchanged("a"), settling.unchanged("a", "b")) == (True, False)


def test_the_next_look_is_due_when_the_first_of_them_settles() -> None:
    settling = Settling(2)
    assert settling.due() is None
    settling.update([seen(1, name="a")], 10)
    settling.update([seen(1, name="a"), seen(1, name="b")], 11)
    assert settling.due() == 12
    settling.update([seen(1, name="a"), seen(1, name="b")], 12)
    assert settling.due() == 13


# --- The probe, in a folder ------------------------------------------------------------------------------------------


class Desk:
    """A folder with one file, a probe that looks at it, and how often the file's structure was asked for."""

    def __init__(
        self, *, windows: bool = False, settle: float = 2, granularity_ns: int = 100, paged: float | None = None
    ) -> None:
        self.clock = HandClock()
        self.fs = SimulatedFileSystem(self.clock, windows=windows, granularity_ns=granularity_ns)
        self.fs.make_folder(LANE)
        self.probe = Probe(
            self.fs, LANE, self.complete, settle_seconds=settle, incomplete_minutes=10, paged_seconds=paged
        )
        self.asked = 0

    def complete(self, file: BinaryIO, _name: str, _size: int) -> str | None:
        self.asked += 1
        return None if file.read().endswith(b"%%EOF") else "its end is missing"

    def look(self) -> FileStatus | None:
        looks = self.looks()
        return looks[0].status if looks else None

    def looks(self) -> tuple[FileLook, ...]:
        entries = [entry for entry in self.fs.list(LANE) if entry.identity]
        return self.probe.look([Observation(e.name, e.identity) for e in entries if e.identity], self.clock.steady())

    def after(self, seconds: float) -> FileStatus | None:
        self.clock.pass_(seconds)
        return self.look()


def test_a_scanner_writes_the_empty_file_first_then_five_times_the_longest_write_last() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"")
    statuses = [desk.look(), desk.after(2)]
    for part in (b"%PDF", b" one", b" two", b" three", b" the longest by far" * 9 + b"%%EOF"):
        desk.fs.append(SCAN, part)
        statuses += [desk.after(1), desk.after(2)]
    assert statuses == [SETTLING, INCOMPLETE, *[SETTLING, INCOMPLETE] * 4, SETTLING, SETTLED]


def test_a_flatbed_that_needs_five_seconds_a_page_is_waited_for_from_its_first_scan_on() -> None:
    desk = Desk(paged=8)
    desk.fs.put(SCAN, b"%PDF one page %%EOF")
    statuses = [desk.look(), desk.after(2), desk.after(3)]
    for page in (b" two pages %%EOF", b" three pages %%EOF"):
        desk.fs.append(SCAN, page)
        statuses += [desk.after(0), desk.after(5)]
    assert statuses == [SETTLING] * 7
    assert desk.after(3) is SETTLED


@pytest.mark.parametrize("name", ["scan.jpg", "scan.json", "scan.txt", "pdf"])
def test_what_cannot_have_further_pages_is_not_waited_for(name: str) -> None:
    desk = Desk(paged=8)
    desk.fs.put(LANE / name, b"%%EOF")
    assert [desk.look(), desk.after(2)] == [SETTLING, SETTLED]


def test_a_file_written_aside_and_renamed_settles_under_its_new_name() -> None:
    desk = Desk()
    desk.fs.put(LANE / "scan.part", b"%PDF %%EOF")
    assert [desk.look(), desk.after(2)] == [SETTLING, SETTLED]
    desk.fs.rename(LANE / "scan.part", SCAN)
    assert [desk.look(), desk.after(1), desk.after(1)] == [SETTLING, SETTLING, SETTLED]


def test_a_half_copied_file_with_an_old_time_is_not_taken_for_settled() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF half", mtime=ARRIVED - timedelta(days=900))
    assert [desk.look(), desk.after(2), desk.after(60)] == [SETTLING, INCOMPLETE, INCOMPLETE]
    desk.fs.put(SCAN, b"%PDF half and half %%EOF", mtime=ARRIVED - timedelta(days=900))
    assert [desk.look(), desk.after(2)] == [SETTLING, SETTLED]


def test_an_empty_file_is_incomplete_and_is_not_opened() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"")
    desk.look()
    desk.clock.pass_(2)
    (look,) = desk.looks()
    assert (look.status, look.reason, desk.asked) == (INCOMPLETE, "it is empty", 0)


def test_what_stays_incomplete_is_overdue_after_ten_minutes() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF")
    statuses = [desk.look(), desk.after(2), desk.after(597.9), desk.after(0.1)]
    assert statuses == [SETTLING, INCOMPLETE, INCOMPLETE, OVERDUE]


def test_what_goes_on_growing_is_never_overdue() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF")
    desk.look()
    for _ in range(30):
        desk.fs.append(SCAN, b"more")
        assert desk.after(100) is SETTLING


def test_a_file_fails_on_what_is_there_and_not_on_what_was() -> None:
    """A size and a time that stayed the same while the bytes changed: mapped memory, a stale cache of a share."""
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF .....")
    assert [desk.look(), desk.after(2)] == [SETTLING, INCOMPLETE]
    desk.fs.put(SCAN, b"%PDF %%EOF", mtime=ARRIVED)
    assert desk.after(600) is SETTLED


def test_a_file_that_is_open_for_writing_is_not_settled_until_it_is_closed() -> None:
    desk = Desk(windows=True)
    desk.fs.put(SCAN, b"%PDF %%EOF")
    desk.fs.hold_open(SCAN)
    assert [desk.look(), desk.after(2), desk.after(3600)] == [SETTLING, IN_USE, IN_USE]
    desk.fs.release(SCAN)
    assert desk.after(1) is SETTLED


def test_the_structure_is_asked_for_once_as_long_as_nothing_changes() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF %%EOF")
    desk.look()
    assert [desk.after(2), desk.after(2), desk.after(60)] == [SETTLED] * 3
    assert desk.asked == 1


def test_a_verdict_made_within_the_granularity_of_times_is_not_kept() -> None:
    """FAT tells times to two seconds: a scanner that patches the end within them leaves size and time as they were."""
    desk = Desk(settle=0, granularity_ns=2_000_000_000)
    desk.fs.put(SCAN, b"%PDF .....")
    assert desk.look() is INCOMPLETE
    desk.clock.pass_(1.5)
    desk.fs.put(SCAN, b"%PDF %%EOF")
    assert desk.look() is SETTLED


@pytest.mark.parametrize(("problem", "status"), [(Busy, IN_USE), (Denied, INCOMPLETE)])
def test_a_file_that_does_not_open_is_asked_for_again(problem: type[FileSystemProblem], status: FileStatus) -> None:
    """An antivirus holds it, or its rights come a moment later: nothing that a look sees changes then."""
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF %%EOF")
    desk.fs.fail = lambda step, path: problem(path) if step == "open" else None
    assert [desk.look(), desk.after(2)] == [SETTLING, status]
    desk.fs.fail = lambda _step, _path: None
    assert desk.after(5) is SETTLED


def test_a_file_that_cannot_be_read_through_does_not_stop_the_others() -> None:
    desk = Desk()

    def complete(_file: BinaryIO, name: str, _size: int) -> str | None:
        if name == "bad.pdf":
            raise OSError(5, "Input/output error")
        return None

    desk.probe = Probe(desk.fs, LANE, complete, settle_seconds=2, incomplete_minutes=10)
    desk.fs.put(LANE / "bad.pdf", b"%PDF")
    desk.fs.put(SCAN, b"%PDF")
    desk.look()
    desk.clock.pass_(2)
    assert {look.observation.name: look.status for look in desk.looks()} == {"bad.pdf": INCOMPLETE, "scan.pdf": SETTLED}


def test_a_share_that_goes_away_is_no_verdict_on_a_file() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"%PDF %%EOF")
    desk.look()
    desk.fs.fail = lambda step, path: Offline(path) if step == "open" else None
    with pytest.raises(Offline):
        desk.after(2)


def test_the_next_look_is_due_when_something_can_be_different() -> None:
    desk = Desk()
    assert due(desk.looks()) is None
    desk.fs.put(SCAN, b"%PDF")
    now = desk.clock.steady()
    assert due(desk.looks()) == now + 2
    desk.clock.pass_(2)
    assert due(desk.looks()) == now + 600
    desk.fs.put(SCAN, b"%PDF %%EOF")
    desk.looks()
    desk.clock.pass_(2)
    assert due(desk.looks()) is None


def test_a_file_that_grew_after_it_was_done_is_given_longer_and_so_is_every_other_from_then_on() -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"page 1 %%EOF")
    assert [desk.look(), desk.after(2)] == [SETTLING, SETTLED]
    assert not desk.probe.writes_in_steps
    desk.clock.pass_(5)
    desk.fs.put(SCAN, b"page 1, page 2 %%EOF")
    assert (desk.look(), desk.probe.writes_in_steps) == (SETTLING, True)
    assert [desk.after(5), desk.after(11)] == [SETTLING, SETTLED]


@pytest.mark.parametrize(
    ("later", "data"),
    [(300, b"page 1, page 2 %%EOF"), (5, b"%%EOF"), (5, b"page 2 %%EOF")],
    ids=["late", "less", "same"],
)
def test_a_file_that_was_replaced_by_another_teaches_nothing(later: float, data: bytes) -> None:
    desk = Desk()
    desk.fs.put(SCAN, b"page 1 %%EOF")
    assert [desk.look(), desk.after(2)] == [SETTLING, SETTLED]
    desk.clock.pass_(later)
    desk.fs.put(SCAN, data)
    assert (desk.look(), desk.probe.writes_in_steps) == (SETTLING, False)
