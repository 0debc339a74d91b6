"""The same packet twice goes once; a failed one goes again when people put it back, or ask for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from tests.support import files
from tests.support.practice import Practice, standing
from tests.support.simulated_practice import REFUSE, SETTINGS, SimulatedPractice


@pytest.mark.slow
def test_the_same_packet_again_fails_as_a_duplicate_and_names_the_control_number(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        number = practice.receipts()["scan"]["attachment_control_number"]
        practice.drop_packet()
        practice.wait_until_failed(1)
        problem = practice.problems()["scan"]
        assert problem["code"] == "duplicate"
        assert number in problem["what_to_do"]
        assert len(practice.claims) == 1


@pytest.mark.parametrize(
    ("name", "more", "sidecar", "goes"),
    [
        ("scan", b"", {}, False),
        ("SCN_0002", b"", {}, False),
        ("scan", b"\n", {}, True),
        ("scan", b"", {"claimId": "CLM-2"}, True),
        ("scan", b"", {"dateOfService": "2026-01-16"}, True),
        ("scan", b"", {"patientFirstName": "Kim"}, True),
    ],
)
def test_a_duplicate_has_the_same_bytes_and_the_same_claim(
    tmp_path: Path, name: str, more: bytes, sidecar: dict[str, str], goes: bool
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(5)
    practice.drop(f"{name}.pdf", files.pdf() + more)
    practice.drop(f"{name}.json", files.sidecar(**sidecar))
    practice.pass_(5)
    assert len(practice.service().accepted) == (2 if goes else 1)
    assert [problem["code"] for problem in practice.problems()] == ([] if goes else ["duplicate"])
    assert practice.waiting() == []


def test_ten_copies_dropped_at_once_go_once(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        for number in range(10):
            practice.drop_packet(f"copy {number}")
        practice.wait_until_failed(9)
        practice.wait_until_sent(1)
        assert len(practice.claims) == 1
        assert {problem["code"] for problem in practice.problems().values()} == {"duplicate"}


def test_after_the_days_of_the_settings_it_is_no_duplicate_any_more(tmp_path: Path) -> None:
    settings = SETTINGS.replace("[store.statements]", "duplicate_days = 0.02\n[store.statements]")  # 28.8 minutes
    practice = SimulatedPractice(tmp_path, settings)
    for minutes, accepted in ((20, 1), (20, 1), (20, 2)):
        practice.drop("scan.pdf", files.pdf())
        practice.drop("scan.json", files.sidecar())
        practice.pass_(minutes=minutes)
        assert len(practice.service().accepted) == accepted


def test_a_refused_packet_is_no_twin_of_the_next_try(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE]
    for _ in range(2):
        practice.drop("scan.pdf", files.pdf())
        practice.drop("scan.json", files.sidecar())
        practice.pass_(5)
    assert len(practice.service().accepted) == 1


# --- Tried again ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("with_problem", [False, True])
def test_dragging_the_files_back_is_a_retry(tmp_path: Path, with_problem: bool) -> None:
    with Practice(tmp_path, plan="400@1") as practice:
        scan = practice.drop_packet()
        practice.wait_until_failed(1)
        for path in sorted((practice.folder / "failed").iterdir()):
            if with_problem or ".problem." not in path.name:
                shutil.move(path, practice.folder / path.name)
        practice.wait_until_sent(1)
        assert practice.sent() == {"scan.pdf": scan, "scan.json": files.sidecar()}
        practice.wait_for(lambda: practice.status().get("needs_attention") == 0, "the failure to be dealt with")
        assert standing(practice.folder / "failed") == {}


@pytest.mark.slow
def test_what_stands_on_failed_for_it_goes_without_waiting_for_the_timed_rescan(tmp_path: Path) -> None:
    with Practice(tmp_path, rescan=3600) as practice:
        practice.drop_packet(payerId="1")
        practice.wait_until_failed(1)
        practice.drop("scan.json", files.sidecar())
        (practice.folder / "failed" / "scan.json").unlink()
        (practice.folder / "failed" / "scan.pdf").rename(practice.folder / "scan.pdf")
        practice.wait_until_sent(1)
        practice.wait_for(lambda: practice.problems() == {}, "the problem to be taken away")
        practice.wait_for(lambda: practice.lane_status()["needs_attention"] == 0, "nobody to be needed any more")


@pytest.mark.slow
def test_dragged_back_unmended_it_fails_again_and_only_the_last_problem_stands(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet(claimId=...)
        practice.wait_until_failed(1)
        first = practice.problems()["scan"]["packet"]
        for name in ("scan.pdf", "scan.json"):
            shutil.move(practice.folder / "failed" / name, practice.folder / name)
        practice.wait_for(
            lambda: [p["packet"] for p in practice.problems().values()] not in ([], [first]) and not practice.sending(),
            "the second failure",
        )
        practice.wait_for(lambda: len(practice.problems()) == 1, "the first problem to be tidied away")
        assert set(practice.failed()) in ({"scan.pdf", "scan.json"}, {"scan (2)/scan.pdf", "scan (2)/scan.json"})


def test_a_retry_that_is_asked_for_goes_after_the_sidecar_was_mended_on_the_shelf(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop_packet(payerId="123")
        practice.wait_until_failed(1)
        practice.ask("retry", practice.problems()["scan"]["packet"])
        assert practice.engine is not None
        journal = practice.engine.control.state.ledger.journal
        practice.wait_for(
            lambda: len(practice.problems()) == 1 and sum(line.event == "shelved" for line in journal()) == 2,
            "it to fail again",
        )
        practice.wait_for(lambda: set(practice.failed()) == {"scan.pdf", "scan.json"}, "it to stand on failed")
        (practice.folder / "failed" / "scan.json").write_bytes(files.sidecar())
        practice.ask("retry", practice.problems()["scan"]["packet"])
        practice.wait_until_sent(1)
        assert practice.sent()["scan.json"] == files.sidecar()
        assert standing(practice.folder / "failed") == {}


def test_a_retry_of_something_unknown_changes_nothing(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE]
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(5)
    practice.ask(Request("retry", packets=("20260101-000000-AAAAA",)))
    practice.pass_(minutes=5)
    assert len(practice.service().received) == 1
    assert len(practice.problems()) == 1


@pytest.mark.slow
def test_a_folder_that_failed_goes_back_as_a_folder(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="400@1") as practice:
        practice.drop("Smith/x-ray.pdf", files.pdf())
        practice.drop("Smith/claim.json", files.sidecar())
        practice.wait_until_failed(1)
        practice.ask("retry", practice.problems()["Smith"]["packet"])
        practice.wait_until_sent(1)
        assert practice.sent() == {"Smith/x-ray.pdf": files.pdf(), "Smith/claim.json": files.sidecar()}
        assert practice.waiting() == []
