"""What simulated days of a practice (tests/simulation) have brought to light, each as the rule that it broke."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.folder.filesystem import Busy
from tests.support import files
from tests.support.simulated_practice import LOSE_REPLY, REFUSE, SETTINGS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv


def statement(account: str) -> bytes:
    return csv((account, "07/03/2026", "John Snow", "12.00"))


@pytest.fixture
def practice(tmp_path):
    return SimulatedPractice(tmp_path)


def test_a_statement_file_that_is_overwritten_in_the_moment_before_it_moves_is_sent_as_what_it_has_become(practice):
    """The old body went out, and the new file, which nobody had sent, was shelved as sent."""
    path = practice.folder(STATEMENTS) / "Statements.csv"

    def overwrite(step, _path):
        if step == "move" and practice.fs.files(path.parent).get(path.name) == statement("1001"):
            practice.fs.put(path, statement("1002"))

    practice.fs.fail = overwrite
    practice.drop(path.name, statement("1001"), STATEMENTS)
    practice.pass_(minutes=5)
    [accepted] = practice.service(STATEMENTS).accepted
    assert b'"1002"' in accepted.files[path.name]
    [sent] = [data for name, data in practice.standing(STATEMENTS).items() if name.endswith(".csv")]
    assert sent == statement("1002")


def test_a_scan_that_was_refused_after_a_lost_reply_is_marked_when_it_is_tried_again(practice):
    """The first acceptance was forgotten with the failed packet: two attachments, and a receipt that knew of one."""
    practice.service().script = [LOSE_REPLY, REFUSE]
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(hours=1)
    [problem] = practice.problems()
    practice.ask(Request("retry", packets=(problem["packet"],)))
    practice.pass_(hours=1)
    assert len(practice.service().accepted) == 2
    [receipt] = practice.receipts()
    assert receipt["possibly_sent_twice"]


def test_the_problem_goes_when_a_retry_finds_that_the_files_were_taken_away(practice):
    """The packet counted as dealt with, and its problem stood on `failed` for good."""
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar(memberId=...))
    practice.pass_(minutes=1)
    [problem] = practice.problems()
    for name in ("scan.pdf", "scan.json"):
        practice.fs.delete(practice.folder() / "failed" / name)
    practice.ask(Request("retry", packets=(problem["packet"],)))
    practice.pass_(minutes=1)
    assert practice.problems() == []


def test_the_body_of_a_statement_file_that_goes_before_it_is_taken_does_not_stay_in_the_spool(practice, tmp_path):
    """Patients' names stood in the spool until the next start."""
    practice.fs.fail = lambda step, path: Busy(path) if step == "move" else None
    path = practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(seconds=4)
    assert list(tmp_path.iterdir()), "the file was checked"
    practice.fs.delete(path)
    practice.pass_(minutes=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_share_that_is_unmounted_between_two_looks_withdraws_nothing_that_falls_due_then(practice):
    """A held file was taken for one that people had removed, and stood on `held` for good when the share came back."""
    folder = practice.folder(STATEMENTS)
    practice.fs.add_volume(folder)
    for account in ("1001", "1002"):
        practice.drop("Statements.csv", statement(account), STATEMENTS)
        practice.pass_(minutes=5)
    [held] = [packet for packet in practice.control.state.packets.values() if packet.state == "held"]
    practice.pass_(seconds=(held.next_at - practice.clock.now()).total_seconds() - 0.5)
    practice.fs.unmount(folder)
    practice.clock.pass_(0.5)
    practice.control.state.timetable.look_at(STATEMENTS, practice.clock.steady() + 60)  # the next look comes later
    practice.step()
    assert practice.ledger.packet(held.id).state == "held"
    practice.fs.mount(folder)
    practice.pass_(hours=1)
    assert practice.ledger.packet(held.id).state == "sent"


def test_what_was_delivered_while_its_share_was_unmounted_is_shelved_when_the_share_is_back(practice):
    """Shelving found nothing left to shelve, and the ledger said that it was done."""
    folder = practice.folder()
    practice.fs.add_volume(folder)
    practice.service().during = lambda *_: practice.fs.unmount(folder)
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(minutes=5)
    practice.fs.mount(folder)
    practice.pass_(hours=1)
    assert [receipt["attempts"] for receipt in practice.receipts()] == [1]
    assert not [name for name in practice.standing() if name.startswith("sending/")]


def test_a_statement_that_goes_once_more_beside_another_of_its_name_after_a_lost_reply_says_so(practice):
    """Its name was taken in the folder, so the retry came back in a folder, and the first try was forgotten."""
    practice.service(STATEMENTS).script = [LOSE_REPLY, REFUSE]
    practice.drop("july.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=2)
    [problem] = practice.problems(STATEMENTS)
    practice.drop("july.csv", statement("1002"), STATEMENTS)
    practice.ask(Request("retry", packets=(problem["packet"],)))
    practice.pass_(minutes=2)
    assert [taken.filename for taken in practice.service(STATEMENTS).accepted] == ["july.csv", "july.csv"]
    [receipt] = practice.receipts(STATEMENTS)
    assert (receipt["files"][0]["name"], receipt["possibly_sent_twice"]) == ("july.csv", True)


def test_a_retry_that_was_cut_off_in_its_middle_by_a_file_in_use_is_finished(practice):
    """One scan stood in the folder, waited there for the other, and failed; the rest stayed on `failed`."""
    names = ("claim.json", "page 1.pdf", "page 2.pdf")
    practice.drop("claim.json", files.sidecar(files=list(names[1:]), memberId=...))
    practice.drop("page 1.pdf", files.pdf())
    practice.drop("page 2.pdf", files.pdf(3))
    practice.pass_(minutes=1)
    [problem] = practice.problems()
    busy = [True]

    def in_use(step, path):
        return Busy(path) if step == "move" and path.name == "page 2.pdf" and busy[0] else None

    practice.fs.fail = in_use
    practice.ask(Request("retry", packets=(problem["packet"],)))
    practice.pass_(minutes=5)
    busy[0] = False
    practice.pass_(minutes=5)
    [again] = practice.problems()
    assert again["packet"] != problem["packet"]
    assert {f"failed/{name}" for name in names} <= set(practice.standing())
    assert not [name for name in practice.fs.files(practice.folder()) if ".outtray-back-" in name]


@pytest.mark.parametrize("shelves_elsewhere", [False, True])
def test_a_retry_while_the_share_is_not_mounted_neither_forgets_the_packet_nor_fills_the_empty_place(
    tmp_path, shelves_elsewhere
):
    """The packet counted as dealt with, for its files were not to be seen; from another disk they went out of sight."""
    elsewhere = 'failed = "/archive/failed"\n' if shelves_elsewhere else ""
    practice = SimulatedPractice(
        tmp_path, SETTINGS.replace('client_id = "outtray"', f'client_id = "outtray"\n{elsewhere}')
    )
    practice.fs.add_volume(practice.folder())
    practice.fs.add_volume(Path("/archive"))
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar(memberId=...))
    practice.pass_(minutes=1)
    [failed] = practice.ledger.unresolved()
    practice.fs.unmount(practice.folder())
    practice.ask(Request("retry", packets=(failed.id,)))
    practice.step()
    assert practice.fs.files(practice.folder()) == {}
    practice.fs.mount(practice.folder())
    practice.pass_(minutes=5)
    assert practice.ledger.unresolved() == [failed]
