"""The ledger is deleted under a running agent, or another is put there: that is noticed, and nothing goes twice."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.delivery.engine import Engine, Opening
from agent.ledger.ledger import Ledger
from agent.model import PacketState
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import SCANS, STATEMENTS, UNREACHABLE, SimulatedPractice, accept

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no file that is open can be deleted there")
Deed = Callable[[Path], None]


class OnDisk(SimulatedPractice):
    """A practice whose ledger is a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "data" / "ledger.sqlite"
        spool = folder / "spool"
        spool.mkdir()
        super().__init__(spool)

    def _ledger_of(self) -> Ledger:
        self.opening = Opening(self.file, self.clock)
        return Ledger(self.opening, self.opening.is_there)

    @property
    def notes(self) -> tuple[str, ...]:
        return Engine(self.settings, self.control, self.opening, self.ledger).notes


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[OnDisk]:
    made = OnDisk(tmp_path)
    made.pass_(1)
    with closing(made.ledger):
        yield made


def deleted(file: Path) -> None:
    file.unlink()


def deleted_with_all(file: Path) -> None:
    shutil.rmtree(file.parent)


def emptied(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.touch()


def replaced_by_text(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.write_text("This is no ledger.\n" * 500)


DEEDS = [deleted, deleted_with_all, emptied, replaced_by_text]


def drop_scan(practice: OnDisk, claim: str = "C-1") -> None:
    practice.drop(f"{claim}.pdf", files.pdf())
    practice.drop(f"{claim}.json", files.sidecar(claimId=claim))


@pytest.mark.slow
@pytest.mark.parametrize("deed", DEEDS)
def test_it_is_noticed_within_a_look_and_the_agent_goes_on_from_the_shelves(practice: OnDisk, deed: Deed) -> None:
    drop_scan(practice)
    practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=1)
    deed(practice.file)
    practice.pass_(minutes=2)
    assert "deleted" in practice.notes[0] or "damaged" in practice.notes[0]
    assert practice.file.exists()
    assert practice.control.state.trouble is None
    assert {packet.state for packet in practice.ledger.history()} == {PacketState.SENT}
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    drop_scan(practice)
    practice.pass_(hours=23)
    assert [len(practice.service(lane).accepted) for lane in (SCANS, STATEMENTS)] == [1, 1]
    assert [problem["code"] for problem in practice.problems()] == ["duplicate"]
    practice.pass_(hours=2)
    assert len(practice.service(STATEMENTS).accepted) == 2


@pytest.mark.parametrize("deed", DEEDS)
def test_what_waits_goes_again_marked(practice: OnDisk, deed: Deed) -> None:
    practice.service().script = [UNREACHABLE] * 2000
    drop_scan(practice)
    practice.pass_(minutes=1)
    practice.service().script[:] = [accept(n) for n in range(5)]
    deed(practice.file)
    practice.pass_(hours=2)
    assert len(practice.service().accepted) == 1
    assert [receipt["possibly_sent_twice"] for receipt in practice.receipts()] == [True]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("lane", [SCANS, STATEMENTS])
def test_what_is_being_sent_meanwhile_is_recorded_and_goes_once(practice: OnDisk, deed: Deed, lane: object) -> None:
    done = []

    def meanwhile() -> None:
        if not done:
            done.append(deed(practice.file))

    for service in practice.services.values():
        service.during = meanwhile if service is practice.services[lane] else lambda: None  # type: ignore[index]
    drop_scan(practice)
    practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(hours=2)
    assert done
    assert [len(practice.service(one).accepted) for one in (SCANS, STATEMENTS)] == [1, 1]
    assert {packet.state for packet in practice.ledger.history()} == {PacketState.SENT}


def test_an_older_copy_in_its_place_is_known_for_what_it_is(practice: OnDisk) -> None:
    drop_scan(practice)
    practice.pass_(minutes=1)
    practice.ledger.close()
    copy = practice.file.with_name("backup")
    shutil.copy(practice.file, copy)
    practice.service().script = [accept(7), *[UNREACHABLE] * 2000]
    drop_scan(practice, "C-2")
    practice.pass_(minutes=1)
    drop_scan(practice, "C-3")
    practice.pass_(minutes=1)
    practice.service().script[:] = [accept(n) for n in range(5)]
    for beside in practice.file.parent.glob("ledger.sqlite-*"):
        beside.unlink()
    copy.replace(practice.file)
    practice.pass_(hours=2)
    assert len(practice.service().accepted) == 3
    marks = {receipt["claim_id"]: receipt["possibly_sent_twice"] for receipt in practice.receipts()}
    assert marks == {"C-1": False, "C-2": False, "C-3": True}
    assert "another was put in its place" in practice.notes[0]
