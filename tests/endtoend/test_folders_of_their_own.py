"""A failed packet whose NAME another has on the shelf stands in a folder of its own, and comes back as that folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.delivery.status import snapshot_of
from agent.folder.names import MANIFEST
from agent.folder.packets import DOCUMENT, SIDECAR, Packet, ShelfFile, manifest_bytes
from agent.folder.shelves import undo_take
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import REFUSE, SCANS, STATEMENTS, SimulatedPractice

OF_A_PACKET = ("scan.json", "scan.pdf", "scan.problem.json", "scan.problem.txt")


def drop(practice: SimulatedPractice, claim: str) -> None:
    practice.drop("scan.pdf", files.pdf() + claim.encode())
    practice.drop("scan.json", files.sidecar(claimId=claim))


def fail_twice(practice: SimulatedPractice) -> None:
    """Let two packets called `scan` fail, one after the other."""
    practice.service().script = [REFUSE, REFUSE]
    for claim in ("CLM-1", "CLM-2"):
        drop(practice, claim)
        practice.pass_(10)


def failed_packet(practice: SimulatedPractice, claim: str) -> str:
    return next(problem["packet"] for problem in practice.problems() if problem["claim_id"] == claim)


def claims(practice: SimulatedPractice) -> list[str]:
    return [received.metadata["claimId"] for received in practice.service().accepted]


def left_in_folder(practice: SimulatedPractice) -> list[str]:
    shelves = ("sent/", "failed/", "held/", "sending/")
    return sorted(name for name in practice.standing() if not name.startswith(shelves))


def test_the_second_of_a_name_stands_in_a_folder_under_its_own_names(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    fail_twice(practice)
    assert sorted(practice.standing()) == sorted(
        [f"failed/{name}" for name in OF_A_PACKET] + [f"failed/scan (2)/{name}" for name in OF_A_PACKET]
    )


def test_the_folder_dragged_back_is_a_retry_and_nothing_of_it_stays_behind(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    fail_twice(practice)
    practice.fs.rename(practice.folder() / "failed/scan (2)", practice.folder() / "scan (2)")
    practice.hint(SCANS)
    practice.pass_(30)
    assert claims(practice) == ["CLM-2"]
    assert left_in_folder(practice) == []
    assert [problem["claim_id"] for problem in practice.problems()] == ["CLM-1"]
    assert {f"sent/2026-07-04/{name}" for name in ("scan.pdf", "scan.json", "scan.receipt.json")} <= set(
        practice.standing()
    )


@pytest.mark.parametrize("left", ["Thumbs.db", "desktop.ini", ".DS_Store", "._scan.pdf", ".unknown"])
def test_what_systems_leave_in_the_folder_makes_no_trouble_after_it_has_gone(tmp_path: Path, left: str) -> None:
    practice = SimulatedPractice(tmp_path)
    fail_twice(practice)
    practice.fs.rename(practice.folder() / "failed/scan (2)", practice.folder() / "scan (2)")
    practice.fs.write(practice.folder() / "scan (2)" / left, b"of the system")
    practice.hint(SCANS)
    practice.pass_(minutes=5)
    assert claims(practice) == ["CLM-2"]
    assert practice.control.state.trouble_of(SCANS) is None
    assert left_in_folder(practice) == (["scan (2)/.unknown"] if left == ".unknown" else [])


@pytest.mark.parametrize("stranger", ["scan.pdf", "scan.json", "scan.tif", "scan.pdf.json"])
@pytest.mark.parametrize("claim", ["CLM-1", "CLM-2"])
def test_a_retry_beside_a_stranger_of_the_name_comes_back_in_a_folder(
    tmp_path: Path, stranger: str, claim: str
) -> None:
    practice = SimulatedPractice(tmp_path)
    fail_twice(practice)
    practice.drop(stranger, b"a stranger's" if stranger.endswith("json") else files.pdf() + b"stranger")
    practice.ask(Request("retry", packets=(failed_packet(practice, claim),), actor="front-desk"))
    practice.pass_(30)
    assert claims(practice) == [claim]
    assert [file for got in practice.service().accepted for file in got.files] == ["scan (2)/scan.pdf"]


@pytest.mark.slow
def test_a_statement_file_that_comes_back_beside_another_keeps_its_name_at_the_service(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service(STATEMENTS).script = [REFUSE]
    practice.drop("s.csv", statement("P-1"), STATEMENTS)
    practice.pass_(10)
    (problem,) = practice.problems(STATEMENTS)
    practice.drop("s.csv", statement("P-2"), STATEMENTS)
    practice.ask(Request("retry", packets=(problem["packet"],), actor="front-desk"))
    practice.pass_(hours=25)
    assert [got.filename for got in practice.service(STATEMENTS).accepted] == ["s.csv", "s.csv"]
    assert left_in_folder(practice) == []


@pytest.mark.slow
def test_a_lone_scan_is_not_put_back_where_another_patients_sidecar_lists_its_name(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.drop("scan.pdf", files.pdf() + b"A")
    practice.pass_(hours=80)
    [problem] = practice.problems()
    practice.drop("batch.json", files.sidecar(claimId="CLM-B", files=["scan.pdf"]))
    practice.pass_(10)
    practice.ask(Request("retry", packets=(problem["packet"],), actor="front-desk"))
    practice.pass_(30)
    assert claims(practice) == []
    assert "scan (2)/scan.pdf" in practice.standing()
    practice.drop("scan.pdf", files.pdf() + b"B")
    practice.pass_(30)
    [got] = practice.service().accepted
    assert (got.metadata["claimId"], [data[-1:] for data in got.files.values()]) == ("CLM-B", [b"B"])


@pytest.mark.slow
def test_a_lone_sidecar_that_lists_files_is_not_put_back_beside_another_patients_scan(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.drop("batch.json", files.sidecar(claimId="CLM-A", files=["scan.pdf"]))
    practice.pass_(hours=80)
    [problem] = practice.problems()
    practice.drop("scan.pdf", files.pdf() + b"B")
    practice.pass_(10)
    practice.ask(Request("retry", packets=(problem["packet"],), actor="front-desk"))
    practice.pass_(30)
    assert claims(practice) == []
    assert {"scan.pdf", "batch (2)/batch.json"} <= set(practice.standing())


def test_a_part_of_a_packet_that_came_back_is_not_sent_without_the_rest(tmp_path: Path) -> None:
    """Killed in mid-take, and the last file was scanned over: what came back is not whole, and someone has to look."""
    practice = SimulatedPractice(tmp_path)
    for name in ("back.pdf", "front.pdf"):
        practice.drop(f"Smith/{name}", files.pdf() + name.encode())
    practice.drop("Smith/claim.json", files.sidecar(claimId="CLM-A"))
    packet = Packet(
        "p1", str(SCANS), "pc-1", "Smith", practice.clock.now(), folder="Smith",
        files=tuple(
            ShelfFile(f"Smith/{name}", role, practice.fs.identify(practice.folder() / "Smith" / name))
            for name, role in (("back.pdf", DOCUMENT), ("front.pdf", DOCUMENT), ("claim.json", SIDECAR))
        ),
    )  # fmt: skip
    place = practice.folder() / "sending/p1"
    practice.fs.put(place / MANIFEST, manifest_bytes(packet))
    practice.fs.make_folder(place / "Smith")
    for name in ("claim.json", "back.pdf"):
        practice.fs.rename(practice.folder() / "Smith" / name, place / "Smith" / name)
    practice.drop("Smith/front.pdf", b"another patient's")
    undo_take(practice.fs, practice.folder(), place, packet)
    practice.pass_(minutes=5)
    assert claims(practice) == []
    [lane] = [one for one in snapshot_of(practice.control.state, ()).lanes if one.lane == str(SCANS)]
    assert lane.left_alone is not None
    assert lane.left_alone.code == "folder-was-a-shelf"


# --- NAMEs whose folders would be hidden ------------------------------------------------------------------------------

HIDING = ["#12", "$100", "@home"]


def drop_as(practice: SimulatedPractice, name: str, claim: str) -> None:
    practice.drop(f"{name}.pdf", files.pdf() + claim.encode())
    practice.drop(f"{name}.json", files.sidecar(claimId=claim))


@pytest.mark.parametrize("name", HIDING)
def test_a_dragged_back_folder_of_any_name_is_looked_into(tmp_path: Path, name: str) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE, REFUSE]
    for claim in ("CLM-1", "CLM-2"):
        drop_as(practice, name, claim)
        practice.pass_(10)
    folder = f"files of {name} (2)"
    practice.fs.rename(practice.folder() / "failed" / folder, practice.folder() / folder)
    practice.hint(SCANS)
    practice.pass_(30)
    assert claims(practice) == ["CLM-2"]
    assert left_in_folder(practice) == []
    assert f"sent/2026-07-04/{name}.receipt.json" in practice.standing()


@pytest.mark.parametrize("name", HIDING)
def test_a_retry_beside_a_stranger_comes_back_where_it_is_looked_into(tmp_path: Path, name: str) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE]
    drop_as(practice, name, "CLM-1")
    practice.pass_(10)
    practice.drop(f"{name}.pdf", files.pdf() + b"stranger")
    practice.ask(Request("retry", packets=(failed_packet(practice, "CLM-1"),), actor="front-desk"))
    practice.pass_(30)
    assert claims(practice) == ["CLM-1"]
