"""Killed at each named point of a packet's life, the agent's next start brings everything to its end: nothing lost,
nothing doubled, nothing sent twice unsaid, and nothing of ours left lying about."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.launcher import ROOT, Launcher
from tests.support.mortal_practice import MortalPractice

MEMORY = Path("/dev/shm")

# What happens before the agent is killed, and how many packets must stand on `sent`, `failed` and `held` in the end.


def a_scan(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_scan()
    return 1, 0, 0


def a_second_scan_of_the_name(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_scan(claimId="CLM-first")
    bring_to_rest(practice)
    practice.drop("attachments", "scan.json", b" " + practice.dropped[0].replace(b"CLM-first", b"CLM-second"))
    practice.drop("attachments", "scan.pdf", practice.dropped[1] + b"%%EOF\n")
    return 2, 0, 0


def a_bad_scan(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_scan(claimId=...)
    return 0, 1, 0


def a_refused_scan(practice: MortalPractice) -> tuple[int, int, int]:
    practice.sandbox.faults("400@1-2")
    practice.drop_scan()
    return 0, 1, 0


def a_retry(practice: MortalPractice) -> tuple[int, int, int]:
    a_refused_scan(practice)
    bring_to_rest(practice)
    practice.sandbox.faults("")
    practice.ask("retry", practice.problems[0]["packet"])
    return 1, 0, 0


def a_statement(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_statement()
    return 1, 0, 0


def a_bad_statement(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop("statements", "Statements.csv", b"Account Number,Statement Date,Amount Due\r\n1,never,much\r\n")
    return 0, 1, 0


def a_name_used_today(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_statement(account="1001")
    bring_to_rest(practice)
    practice.drop_statement(account="1002")
    return 1, 0, 1


def a_held_one_that_goes(practice: MortalPractice) -> tuple[int, int, int]:
    a_name_used_today(practice)
    bring_to_rest(practice)
    practice.a_day_passes()
    return 2, 0, 0


def a_lost_ledger(practice: MortalPractice) -> tuple[int, int, int]:
    practice.drop_scan()
    practice.start(crash_at="body-sent")
    practice.wait_until_killed()
    (practice.data_dir / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
    return 1, 0, 0


def bring_to_rest(practice: MortalPractice) -> None:
    practice.start()
    practice.wait_until_at_rest()
    practice.kill()


Situation = Callable[[MortalPractice], tuple[int, int, int]]

TAKING = (
    "manifest-written",
    "file-taken:1",
    "file-taken:2",
    "file-taken:3",
    "taken-not-recorded",
    "not-committed:1",
    "committed:1",
    "recorded-not-sent",
)
SENDING = ("piece-sent:1", "file-sent:1", "body-sent", "reply-not-recorded", "not-committed:2", "committed:2")
SHELVING = (
    "recorded-not-shelved",
    "number-noted",
    "document-written",
    "file-carried:1",
    "file-carried:2",
    "file-carried:3",
    "place-not-cleared",
    "manifest-removed",
    "notes-removed",
    "shelved-not-recorded",
    "shelved",
)
POINTS: dict[Situation, tuple[str, ...]] = {
    a_scan: (*TAKING, *SENDING, "file-sent:2", *SHELVING, *(f"written-aside:{number}" for number in range(1, 6))),
    a_second_scan_of_the_name: ("number-noted", "document-written", "file-carried:1", "notes-removed"),
    a_bad_scan: ("taken-not-recorded", "committed", "document-written:1", "document-written:2", "file-carried:2"),
    a_refused_scan: ("reply-not-recorded", "not-committed:2", "document-written:1", "shelved-not-recorded"),
    a_retry: (
        "number-noted",
        *(f"file-carried:{number}" for number in (1, 2, 3)),
        "document-removed:1",
        "document-removed:2",
        "put-back-not-forgotten",
        "put-back-not-recorded",
    ),
    a_statement: (
        "spooling",
        "spool-not-named",
        "spool-written",
        "manifest-written",
        "file-taken",
        "taken-not-recorded",
        "not-committed:1",
        "recorded-not-sent",
        *SENDING,
        "recorded-not-shelved",
        "document-written",
        "file-carried",
        "shelved-not-recorded",
        "shelved",
    ),
    a_bad_statement: ("taken-not-recorded", "committed", "document-written:1", "file-carried", "shelved-not-recorded"),
    a_name_used_today: ("spool-written", "file-taken", "taken-not-recorded", "not-committed", "committed"),
    a_held_one_that_goes: (
        "transfer-manifest-written",
        "file-transferred",
        "place-not-cleared:1",
        "manifest-removed:1",
        "transferred-not-recorded",
        "not-committed",
        "recorded-not-sent",
        "body-sent",
        "reply-not-recorded",
    ),
    a_lost_ledger: ("ledger-half-set-aside", "ledger-set-aside", "migration-not-committed", "body-sent", "shelved"),
}
CROSSING = ("copying:1", "copied:1", "copied:2", "copy-compared:1", "copy-placed:1", "copy-placed:3")
ONE_AFTER_THE_OTHER = (
    ("file-taken:2", "number-noted"),  # the second one falls into the undoing of the first
    ("file-taken:2", "file-carried:1"),
    ("file-taken:2", "file-carried:2"),
    ("file-taken:3", "place-not-cleared"),
    ("taken-not-recorded", "notes-removed"),
    ("taken-not-recorded", "shelved"),
    ("body-sent", "try-ended-as-unknown"),
    ("body-sent", "body-sent"),
    ("reply-not-recorded", "reply-not-recorded"),
    ("reply-not-recorded", "file-carried:2"),
    ("recorded-not-shelved", "file-carried:1"),
    ("file-carried:1", "file-carried:1"),
    ("file-carried:3", "manifest-removed"),
    ("document-written", "document-written"),
)


def exercised() -> set[str]:
    points = [*(point for points in POINTS.values() for point in points), *CROSSING]
    return {point.partition(":")[0] for point in [*points, *(point for both in ONE_AFTER_THE_OTHER for point in both)]}


def test_each_point_has_a_name_of_its_own_and_is_exercised_here() -> None:
    names = Counter(
        call.args[0].value
        for path in (ROOT / "agent").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "here"
        if call.args and isinstance(call.args[0], ast.Constant)
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert set(names) == exercised()


@pytest.mark.crash
@pytest.mark.parametrize(
    ("situation", "point"),
    [
        pytest.param(situation, point, id=f"{situation.__name__}-{point}")
        for situation, points in POINTS.items()
        for point in points
    ],
)
def test_killed_at_a_point(tmp_path: Path, launcher: Launcher, situation: Situation, point: str) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        expected = situation(practice)
        kill_and_check(practice, [point], expected)


@pytest.mark.crash
@pytest.mark.parametrize(("first", "second"), ONE_AFTER_THE_OTHER)
@pytest.mark.parametrize("situation", [a_scan])
def test_killed_again_while_it_recovers(
    tmp_path: Path, launcher: Launcher, situation: Situation, first: str, second: str
) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        kill_and_check(practice, [first, second], situation(practice))


@pytest.mark.crash
@pytest.mark.parametrize("abroad", [("sending", "held"), ("sent", "failed")], ids="-".join)
@pytest.mark.parametrize("point", CROSSING)
def test_killed_while_files_cross_volumes(
    tmp_path: Path, launcher: Launcher, abroad: tuple[str, ...], point: str
) -> None:
    with other_volume(tmp_path) as place:
        shelves = {shelf: place / shelf for shelf in abroad}
        with MortalPractice(tmp_path, launcher, shelves=shelves) as practice:
            kill_and_check(practice, [point], a_scan(practice))


@pytest.mark.crash
@pytest.mark.parametrize("point", ["migration-not-committed", "written-aside:1", "body-sent"])
def test_killed_at_its_first_start(tmp_path: Path, launcher: Launcher, point: str) -> None:
    with MortalPractice(tmp_path, launcher, ledger=False, prepared=False) as practice:
        kill_and_check(practice, [point], a_scan(practice))


@pytest.mark.crash
@pytest.mark.parametrize(("kills", "sent", "failed"), [(1, 1, 0), (2, 0, 1)])
def test_what_ends_it_twice_over_one_file_is_put_aside_at_the_third_start(
    tmp_path: Path, launcher: Launcher, kills: int, sent: int, failed: int
) -> None:
    with MortalPractice(tmp_path, launcher) as practice:
        practice.drop_statement(account="1001")
        kill_and_check(practice, ["spooling"] * kills, (sent, failed, 0))


def kill_and_check(practice: MortalPractice, points: list[str], expected: tuple[int, int, int]) -> None:
    for point in points:
        practice.start(crash_at=point)
        practice.wait_until_killed()
    practice.start()
    practice.wait_until_at_rest(*expected)
    practice.kill()
    practice.check()


@contextmanager
def other_volume(than: Path) -> Iterator[Path]:
    """Give a folder on another volume, where there is one."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == than.stat().st_dev:
        pytest.skip("there is no second volume at hand")
    place = Path(tempfile.mkdtemp(prefix="outtray-crash-", dir=MEMORY))
    try:
        yield place
    finally:
        shutil.rmtree(place)
