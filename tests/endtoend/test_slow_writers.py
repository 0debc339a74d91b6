"""Files that arrive as scanners, copies and people write them: each goes once, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import files
from tests.support.simulated_practice import SETTINGS, SimulatedPractice

SCAN = files.pdf()


@pytest.fixture
def practice(tmp_path: Path) -> SimulatedPractice:
    return SimulatedPractice(tmp_path)


def sent_once(practice: SimulatedPractice, **files_by_name: bytes) -> None:
    [request] = practice.service().received
    assert request.files == {name.replace("_", "."): data for name, data in files_by_name.items()}
    [receipt] = practice.receipts()
    assert [file["name"] for file in receipt["files"]] == list(request.files)
    assert receipt["attempts"] == 1
    assert practice.problems() == []
    assert practice.waiting() == []


def test_a_file_that_grows_for_20_seconds_goes_when_it_is_whole(practice: SimulatedPractice) -> None:
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", b"")
    step = len(SCAN) // 20 + 1
    for second in range(20):
        practice.pass_(1)
        assert practice.service().received == []
        practice.append("scan.pdf", SCAN[second * step : (second + 1) * step])
    practice.pass_(10)
    sent_once(practice, scan_pdf=SCAN)


def test_a_flatbed_that_adds_a_page_every_five_seconds_is_sent_with_all_its_pages(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path, SETTINGS.replace("settle_seconds = 2\n", ""))
    practice.drop("scan.json", files.sidecar())
    for pages in (1, 2, 3):
        practice.drop("scan.pdf", files.pdf(pages=pages))
        practice.pass_(5)
    practice.pass_(10)
    sent_once(practice, scan_pdf=files.pdf(pages=3))


def test_a_file_that_pauses_for_longer_than_the_settle_time_still_goes_whole(practice: SimulatedPractice) -> None:
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", SCAN[:500])
    practice.pass_(minutes=5)
    practice.append("scan.pdf", SCAN[500:])
    practice.pass_(minutes=5)
    sent_once(practice, scan_pdf=SCAN)


@pytest.mark.parametrize("windows", [False, True])
def test_a_file_that_is_opened_and_closed_five_times_goes_once(tmp_path: Path, windows: bool) -> None:
    # A scanner writes the empty file first and the longest write last.
    practice = SimulatedPractice(tmp_path, windows=windows)
    practice.drop("scan.json", files.sidecar())
    scan = practice.drop("scan.pdf", b"")
    parts = [SCAN[:10], SCAN[10:20], SCAN[20:30], SCAN[30:40], SCAN[40:]]
    for part in parts:
        handle = practice.fs.hold_open(scan)
        practice.pass_(1.5)
        handle.append(part)
        handle.close()
        practice.hint(next(iter(practice.control.state.lanes)))
        practice.pass_(1.5)
    practice.pass_(10)
    sent_once(practice, scan_pdf=SCAN)


def test_on_windows_a_file_that_is_whole_but_still_open_waits_until_it_is_closed(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path, windows=True)
    practice.drop("scan.json", files.sidecar())
    handle = practice.fs.hold_open(practice.drop("scan.pdf", SCAN))
    practice.pass_(minutes=3)
    assert practice.service().received == []
    handle.close()
    practice.pass_(10)
    sent_once(practice, scan_pdf=SCAN)


@pytest.mark.parametrize("aside", ["scan.pdf.tmp", "scan.part", "~$scan.pdf", ".scan.pdf", "scan.crdownload"])
def test_a_file_written_aside_goes_after_its_rename(practice: SimulatedPractice, aside: str) -> None:
    practice.drop("scan.json", files.sidecar())
    practice.drop(aside, SCAN[:100])
    practice.pass_(5)
    practice.append(aside, SCAN[100:])
    practice.pass_(5)
    assert practice.service().received == []
    practice.rename(aside, "scan.pdf")
    practice.pass_(5)
    sent_once(practice, scan_pdf=SCAN)


def test_a_sidecar_may_come_first(practice: SimulatedPractice) -> None:
    practice.drop("scan.json", files.sidecar())
    practice.pass_(minutes=20)
    practice.drop("scan.pdf", SCAN)
    practice.pass_(5)
    sent_once(practice, scan_pdf=SCAN)


def test_a_sidecar_may_come_an_hour_later(practice: SimulatedPractice) -> None:
    practice.drop("scan.pdf", SCAN)
    practice.pass_(hours=1)
    assert practice.service().received == []
    assert practice.waiting() == ["scan.pdf"]
    practice.drop("scan.json", files.sidecar())
    practice.pass_(5)
    sent_once(practice, scan_pdf=SCAN)


def test_without_any_event_a_file_is_met_by_looking(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.fs.put(practice.folder() / "scan.json", files.sidecar())
    practice.fs.put(practice.folder() / "scan.pdf", SCAN)
    practice.pass_(minutes=2)
    sent_once(practice, scan_pdf=SCAN)


def test_a_scan_without_a_sidecar_fails_after_its_waiting_hours_and_not_before(tmp_path: Path) -> None:
    practice = SimulatedPractice(
        tmp_path, SETTINGS.replace("[store.statements]", "waiting_hours = 1\n[store.statements]")
    )
    practice.drop("scan.pdf", SCAN)
    practice.pass_(minutes=59)
    assert practice.problems() == []
    practice.pass_(minutes=2)
    [problem] = practice.problems()
    assert problem["code"] == "no-sidecar"
    assert practice.standing()["failed/scan.pdf"] == SCAN


def test_an_idle_practice_wakes_only_for_its_rescan(practice: SimulatedPractice) -> None:
    practice.pass_(minutes=1)
    before = practice.steps
    practice.pass_(hours=1)
    assert practice.steps - before <= 2 * 62


def test_a_slow_disk_delays_nothing_until_the_next_rescan(practice: SimulatedPractice) -> None:
    # A look that takes longer than the settle time: when it ends, the next one is due already.
    def slow(step: str, _path: Path) -> None:
        practice.clock.pass_(5 if step == "list" else 0)

    practice.pass_(1)
    practice.fs.fail = slow
    practice.drop("scan.json", files.sidecar())
    practice.drop("scan.pdf", SCAN)
    practice.pass_(30)
    sent_once(practice, scan_pdf=SCAN)
