"""One pass over what is there: it ends in bounded time, whatever stands in the way, and names what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from agent.delivery.once import LONGEST_SETTLING, LONGEST_STILL, OnePass, Pass
from agent.delivery.reconcile.other_pcs import left_on_shelves
from agent.delivery.status import snapshot_of
from agent.folder.filesystem import Busy, Damaged, Denied, FileSystemProblem, NoRoom, Offline
from agent.model import PacketState, Problem
from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, STATEMENTS, UNREACHABLE, SimulatedPractice, accept
from tests.support.statement_files import csv

OLD, NEW = "pc-1", "pc-2"
BOUND = LONGEST_SETTLING + LONGEST_STILL + 60.0


def one_pass(practice: SimulatedPractice) -> Pass:
    """Make a pass, time going by as the control thread wants it; it has to end within its bound."""
    run, begun = OnePass(practice.control), practice.clock.seconds
    while True:
        pause = practice.step()
        if run.is_over():
            return run.result()
        practice.clock.pass_(max(pause, 0.001))
        assert practice.clock.seconds - begun < BOUND, "the pass goes on and on"


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    return SimulatedPractice(tmp_path)


def drop(practice: SimulatedPractice, name: str = "scan", **said: str) -> None:
    practice.drop(f"{name}.json", files.sidecar(**said))
    practice.drop(f"{name}.pdf", files.pdf())


def left_by_another_pc(tmp_path: Path) -> SimulatedPractice:
    """A practice in which a PC died two hours ago, with a packet on `sending`, and another PC works by passes."""
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [UNREACHABLE] * 2000
    drop(practice)
    practice.pass_(minutes=1)
    practice.restart(fresh_ledger=True, installation=NEW)
    practice.clock.pass_(2 * 3600)
    return practice


def without_rights(practice: SimulatedPractice, shelf: Path, kind: type[FileSystemProblem]) -> None:
    """Let nothing be made, moved or written on a shelf any more."""

    def fail(step: str, path: Path) -> FileSystemProblem | None:
        touches = path.is_relative_to(shelf) and step.partition(".")[0] in ("make_folder", "move", "write")
        return kind(path, "for ever") if touches else None

    practice.fs.fail = fail


def test_a_pass_without_trouble_sends_and_reaches_everything(practice: SimulatedPractice) -> None:
    drop(practice)
    done = one_pass(practice)
    assert [packet["name"] for packet in done.sent] == ["scan"]
    assert (done.failed, done.waiting, done.unreachable) == ([], [], {})


@pytest.mark.parametrize(("shelf", "said"), [("sent", {}), ("failed", {"payerId": "1"}), ("sending", {})])
def test_a_file_in_a_shelfs_place_ends_the_pass_and_the_shelf_is_named(
    practice: SimulatedPractice, shelf: str, said: dict[str, str]
) -> None:
    place = practice.folder() / shelf
    practice.fs.put(place, b"a file that someone called so")
    drop(practice, **said)
    done = one_pass(practice)
    assert str(place) in done.unreachable[str(SCANS)]
    assert [packet["name"] for packet in done.waiting] == ["scan"]


@pytest.mark.parametrize("kind", [Denied, NoRoom, Damaged, Busy, Offline, FileSystemProblem])
@pytest.mark.parametrize(("shelf", "said"), [("sent", {}), ("failed", {"payerId": "1"}), ("sending", {})])
def test_a_shelf_that_cannot_be_written_ends_the_pass(
    practice: SimulatedPractice, kind: type[FileSystemProblem], shelf: str, said: dict[str, str]
) -> None:
    without_rights(practice, practice.folder() / shelf, kind)
    drop(practice, **said)
    done = one_pass(practice)
    assert [packet["name"] for packet in done.waiting] == ["scan"]
    if kind is not Busy or shelf != "sending":  # a file that is open somewhere is nobody's trouble yet
        assert str(practice.folder() / shelf) in done.unreachable[str(SCANS)]


@pytest.mark.parametrize("shelf", ["sent", "sending"])
def test_the_running_agent_names_the_shelf(practice: SimulatedPractice, shelf: str) -> None:
    without_rights(practice, practice.folder() / shelf, Denied)
    drop(practice)
    practice.pass_(minutes=10)
    [lane, _] = snapshot_of(practice.control.state, ()).lanes
    assert lane.problem is not None
    assert lane.problem.sentence == f"OutTray lacks the rights for {practice.folder() / shelf}."


def test_what_cannot_be_shelved_says_why(practice: SimulatedPractice) -> None:
    place = practice.folder() / "sent"
    practice.fs.put(place, b"a file")
    drop(practice)
    [left] = one_pass(practice).waiting
    assert (left["state"], str(place) in left["why"]) == (str(PacketState.DELIVERED), True)


def test_one_lanes_shelf_keeps_no_other_lane_from_its_way(practice: SimulatedPractice) -> None:
    practice.fs.put(practice.folder() / "sent", b"a file")
    drop(practice)
    practice.drop("July.csv", csv(("1001", "07/03/2026", "John Snow", "12.00")), STATEMENTS)
    done = one_pass(practice)
    assert [packet["name"] for packet in done.sent] == ["July"]
    assert list(done.unreachable) == [str(SCANS)]


def test_what_was_left_goes_with_the_next_pass(practice: SimulatedPractice) -> None:
    place = practice.folder() / "sent"
    practice.fs.put(place, b"a file")
    drop(practice)
    assert one_pass(practice).unreachable
    practice.fs.remove(place)
    practice.restart()
    done = one_pass(practice)
    assert ([packet["name"] for packet in done.sent], done.unreachable) == (["scan"], {})
    assert len(practice.service().accepted) == 1


def locked(practice: SimulatedPractice) -> Callable[[], None]:
    """Let nobody use the ledger any more; return what ends that."""

    def fail(*_told: object) -> None:
        raise OperationalError("BEGIN", {}, Exception("database is locked"))

    event.listen(practice._database, "before_cursor_execute", fail)
    return lambda: event.remove(practice._database, "before_cursor_execute", fail)


def test_a_locked_ledger_ends_the_pass_and_is_named(practice: SimulatedPractice) -> None:
    drop(practice)
    free = locked(practice)
    try:
        done = one_pass(practice)
    finally:
        free()
    assert set(done.unreachable) == {str(SCANS), str(STATEMENTS)}
    assert practice.service().received == []


def test_a_ledger_that_is_free_again_soon_is_waited_for(practice: SimulatedPractice) -> None:
    drop(practice)
    free = locked(practice)
    practice.step()
    free()
    assert [packet["name"] for packet in one_pass(practice).sent] == ["scan"]


def test_a_file_that_is_written_on_and_on_ends_the_pass(practice: SimulatedPractice) -> None:
    run, begun = OnePass(practice.control), practice.clock.seconds
    practice.drop("scan.pdf", b"%PDF-")
    while practice.clock.seconds - begun < BOUND:
        practice.clock.pass_(min(1.0, max(practice.step(), 0.001)))
        practice.append("scan.pdf", b"more")
        if run.is_over():
            return
    pytest.fail("the pass goes on and on")


def test_a_file_that_nobody_may_open_ends_the_pass(practice: SimulatedPractice) -> None:
    drop(practice)
    practice.fs.fail = lambda step, path: (
        Denied(path, "for ever") if step.startswith("open") and path.suffix == ".pdf" else None
    )
    one_pass(practice)
    assert practice.service().received == []


ONE_ENTRY = {
    "a folder in failed without rights": ("failed/Smith (2)/scan.problem.json", "failed/Smith (2)"),
    "a problem that cannot be read": ("failed/scan.problem.json", "failed/scan.problem.json"),
    "a folder on sending without rights": ("sending/20260101-000000-AAAAA/x.pdf", "sending/20260101-000000-AAAAA"),
    "a manifest of another account": (
        "sending/20260101-000000-AAAAA/.outtray-packet.json",
        "sending/20260101-000000-AAAAA/.outtray-packet.json",
    ),
    "a manifest on held": (
        "held/20260101-000000-AAAAA/.outtray-packet.json",
        "held/20260101-000000-AAAAA/.outtray-packet.json",
    ),
    "an old sent file": ("sent/2020-01-01/old.pdf", "sent/2020-01-01"),
    "a receipt that cannot be read": ("sent/2020-01-01/old.receipt.json", "sent/2020-01-01/old.receipt.json"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Denied, Busy, Damaged, FileSystemProblem])
@pytest.mark.parametrize("entry", ONE_ENTRY)
def test_one_entry_that_cannot_be_read_or_moved_stops_no_pass(
    tmp_path: Path, entry: str, kind: type[FileSystemProblem]
) -> None:
    practice = SimulatedPractice(tmp_path, f"[agent]\nkeep_sent_days = 30\n{SETTINGS}")
    put, closed = (practice.folder() / name for name in ONE_ENTRY[entry])
    practice.fs.put(put, b"{}")
    practice.fs.fail = lambda _step, path: kind(path, "for ever") if path.is_relative_to(closed) else None
    drop(practice)
    for number in range(2):
        drop(practice, f"scan {number}", claimId=f"CLM-{number}")
        done = one_pass(practice)
        assert done.unreachable == {}
        assert f"scan {number}" in [packet["name"] for packet in done.sent]
        practice.restart()


@pytest.mark.parametrize("entry", ["a folder on sending without rights", "a manifest on held"])
def test_what_cannot_be_put_in_order_on_a_shelf_is_said_until_it_can(tmp_path: Path, entry: str) -> None:
    practice = SimulatedPractice(tmp_path)
    put, closed = (practice.folder() / name for name in ONE_ENTRY[entry])
    practice.fs.put(put, b"{}")
    practice.fs.fail = lambda _step, path: Denied(path, "for ever") if path.is_relative_to(closed) else None
    practice.pass_(minutes=5)
    [lane, _] = snapshot_of(practice.control.state, ()).lanes
    assert lane.problem is not None
    assert "20260101-000000-AAAAA" in lane.problem.sentence
    practice.fs.fail = lambda _step, _path: None
    practice.pass_(minutes=5)
    [lane, _] = snapshot_of(practice.control.state, ()).lanes
    assert lane.problem is None


LOOK = Problem("fewer", "Fewer came than went.", "Ask the service.")


def test_a_pass_that_sends_and_has_someone_to_ask_is_not_clean(practice: SimulatedPractice) -> None:
    taken = accept(1)
    practice.service().script = [replace(taken, outcome=replace(taken.outcome, problem=LOOK))]
    drop(practice)
    done = one_pass(practice)
    assert ([packet["sentence"] for packet in done.sent], done.is_clean) == ([LOOK.sentence], False)


def test_what_a_pc_that_is_gone_has_left_needs_someone_in_each_pass_and_between_them(tmp_path: Path) -> None:
    practice = left_by_another_pc(tmp_path)
    for _ in range(2):
        done = one_pass(practice)
        assert (list(done.needs_someone), done.is_clean) == ([str(SCANS)], False)
    lane = practice.settings.lanes[SCANS]
    between = left_on_shelves(practice.fs, SCANS, lane, NEW, (), practice.clock.now())
    assert between is not None
    assert done.needs_someone[str(SCANS)] == f"{between.sentence} {between.what_to_do}"
    assert left_on_shelves(practice.fs, SCANS, lane, OLD, (), practice.clock.now()) is None
