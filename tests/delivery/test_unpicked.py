"""What has lain in a folder and is never picked up: said once it has lain there for an hour, everywhere people look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.delivery.once import OnePass, Pass
from agent.delivery.snapshot import LaneSnapshot
from agent.delivery.status import snapshot_of
from agent.delivery.unpicked import MOST, remembered
from agent.desk.page.views.attention import items
from agent.desk.page.words import Almanac
from agent.folder.filesystem import Denied
from agent.model import LaneId, LaneState
from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, STATEMENTS, SimulatedPractice


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    return SimulatedPractice(tmp_path)


def lane_of(practice: SimulatedPractice, lane: LaneId) -> LaneSnapshot:
    return next(one for one in snapshot_of(practice.control.state, ()).lanes if one.lane == str(lane))


def put_aside(practice: SimulatedPractice) -> None:
    practice.drop("Kept/one.pdf", files.pdf(1))
    practice.drop("Kept/two.pdf", files.pdf(2))
    practice.drop("Kept/one.json", files.sidecar())


NEVER: dict[str, tuple[LaneId, Callable[[SimulatedPractice], object], str]] = {
    "outside include": (STATEMENTS, lambda p: p.drop("July.pdf", files.pdf(), STATEMENTS), "July.pdf"),
    "no extension": (STATEMENTS, lambda p: p.drop("July", b"a;b", STATEMENTS), "July"),
    "a subfolder": (STATEMENTS, lambda p: p.drop("2026/July.csv", b"a;b", STATEMENTS), "2026"),
    "a temporary name": (SCANS, lambda p: p.drop("scan.tmp", files.pdf()), "scan.tmp"),
    "a partial name": (STATEMENTS, lambda p: p.drop("July.csv.part", b"a", STATEMENTS), "July.csv.part"),
    "a temporary name in a packet's folder": (SCANS, lambda p: p.drop("Smith/a.tmp", b"a"), "Smith/a.tmp"),
    "put aside": (SCANS, put_aside, "Kept"),
}


@pytest.mark.parametrize("kind", NEVER)
def test_it_is_said_after_an_hour_and_not_before(practice: SimulatedPractice, kind: str) -> None:
    lane, drop, name = NEVER[kind]
    drop(practice)
    practice.pass_(minutes=50)
    assert lane_of(practice, lane).left_alone is None
    practice.pass_(minutes=15)
    seen = lane_of(practice, lane)
    assert seen.left_alone is not None
    assert (seen.state, seen.problem, seen.left_alone.code) == (LaneState.RUNNING, seen.left_alone, "folder-unpicked")
    assert [fault.where for fault in seen.left_alone.details] == [name]
    assert f"{name} has lain in {practice.folder(lane)}" in seen.left_alone.sentence


@pytest.mark.parametrize("kind", NEVER)
def test_what_is_gone_within_the_hour_is_never_said(practice: SimulatedPractice, kind: str) -> None:
    lane, drop, _name = NEVER[kind]
    drop(practice)
    practice.pass_(minutes=50)
    for name in practice.waiting(lane):
        practice.fs.remove(practice.folder(lane) / name)
    for folder in ("2026", "Kept", "Smith"):
        if practice.fs._nodes.get(practice.fs._key(practice.folder(lane) / folder)):
            practice.fs.remove_folder(practice.folder(lane) / folder)
    practice.pass_(hours=2)
    assert lane_of(practice, lane).left_alone is None
    assert practice.ledger.waiting_since(lane) == {}


def test_marks_that_other_programs_leave_are_not_said(practice: SimulatedPractice) -> None:
    practice.drop("July.done", b"", STATEMENTS)
    practice.drop("scan.md5", b"0", SCANS)
    practice.pass_(hours=3)
    assert lane_of(practice, STATEMENTS).left_alone is lane_of(practice, SCANS).left_alone is None


def test_many_are_one_thing_to_see_to(practice: SimulatedPractice) -> None:
    for number in range(MOST + 5):
        practice.drop(f"letter {number:03}.docx", b"words", STATEMENTS)
    practice.pass_(hours=2)
    said = lane_of(practice, STATEMENTS).left_alone
    assert said is not None
    assert f"letter 000.docx and {MOST + 4} more have lain in" in said.sentence
    assert len(said.details) == MOST


def test_the_page_shows_it_as_something_that_a_person_can_end(practice: SimulatedPractice) -> None:
    practice.drop("July.pdf", files.pdf(), STATEMENTS)
    practice.pass_(hours=2)
    [item] = items(snapshot_of(practice.control.state, ()), (), Almanac(practice.clock.now()))
    assert "July.pdf" in item.heading
    assert "move it out of the folder" in item.do


def test_it_is_remembered_over_a_restart(practice: SimulatedPractice) -> None:
    practice.drop("July.pdf", files.pdf(), STATEMENTS)
    practice.pass_(minutes=40)
    practice.restart()
    practice.pass_(minutes=25)
    assert lane_of(practice, STATEMENTS).left_alone is not None


def test_a_program_that_writes_on_and_on_to_it_changes_nothing(practice: SimulatedPractice) -> None:
    practice.drop("July.tmp", b"a", STATEMENTS)
    for _ in range(70):
        practice.append("July.tmp", b"more", STATEMENTS)
        practice.pass_(minutes=1)
    assert lane_of(practice, STATEMENTS).left_alone is not None


def one_pass(practice: SimulatedPractice) -> Pass:
    practice.restart()
    run = OnePass(practice.control)
    for _ in range(1000):
        pause = practice.step()
        if run.is_over():
            return run.result()
        practice.clock.pass_(max(pause, 0.001))
    raise AssertionError("the pass goes on and on")


def test_passes_for_a_scheduler_say_it_too(tmp_path: Path) -> None:
    practice = SimulatedPractice(
        tmp_path, SETTINGS.replace("[store.attachments]", '[store.attachments]\nwatch = "poll"')
    )
    practice.drop("July.pdf", files.pdf(), STATEMENTS)
    said = []
    for _ in range(9):
        said.append(bool(one_pass(practice).left_alone))
        practice.clock.pass_(600)
    assert said == [False] * 7 + [True] * 2
    waits = practice.ledger.waiting_since(STATEMENTS)
    alone = remembered(waits, practice.folder(STATEMENTS), practice.clock.now())
    assert alone is not None
    assert "July.pdf has lain in" in alone.sentence


@pytest.mark.parametrize("data", [files.pdf()[:200], b"", files.pdf()], ids=["torn", "empty", "without rights"])
def test_a_scan_in_a_folder_without_a_sidecar_that_never_gets_whole_needs_someone_after_its_time(
    tmp_path: Path, data: bytes
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.pass_(minutes=1)
    practice.drop("Smith/page 1.pdf", data)
    if data == files.pdf():
        practice.fs.fail = lambda step, path: Denied(path) if step == "open" and path.suffix == ".pdf" else None
    practice.pass_(minutes=9)
    assert snapshot_of(practice.control.state, ()).needs_attention == 0
    practice.pass_(minutes=2)
    snapshot = snapshot_of(practice.control.state, ())
    assert [(packet.name, packet.needs_someone) for packet in snapshot.packets] == [("Smith", True)]
    assert "page 1.pdf is not complete: " in snapshot.packets[0].why
    assert snapshot.needs_attention == 1
    practice.pass_(hours=1)
    again = practice.control.state.lanes[SCANS].looks[0].again
    assert again is not None
    assert again - practice.clock.steady() > 60  # nobody looks at it every few seconds for ever
