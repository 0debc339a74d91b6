"""Which OutTray this is: a name that no other has; a copied data folder takes nothing away from its first PC."""

from __future__ import annotations

import json
import platform
import stat
import sys
import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agent.delivery import installation as installations
from agent.delivery import this_pc
from agent.delivery.installation import FILE, Installation, installation_of, known_id, let_go
from agent.delivery.requests import Request
from agent.delivery.this_pc import Marks
from agent.model import PacketState
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import SCANS, STATEMENTS, UNREACHABLE, SimulatedPractice, accept

THIS = Marks("host", "machine", "card")


@pytest.fixture(autouse=True)
def _pc(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, THIS)


def on(monkeypatch: pytest.MonkeyPatch, pc: Marks) -> None:
    monkeypatch.setattr(this_pc, "marks", lambda: pc)


def test_two_data_folders_of_one_host_name_are_two_installations(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    assert installation_of(one).id != installation_of(other).id


def test_it_stays_the_same_and_is_this_accounts_alone(tmp_path: Path) -> None:
    first = installation_of(tmp_path)
    assert installation_of(tmp_path) == first
    assert known_id(tmp_path) == first.id
    assert not first.copied
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_the_file_gives_no_name_of_the_pc_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    installation_of(tmp_path)
    assert platform.node() not in (tmp_path / FILE).read_text()
    assert this_pc.marks() == this_pc.marks()


def test_a_ledger_of_an_older_version_keeps_the_name_that_its_packets_bear(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"older")
    before = str(uuid.uuid5(uuid.NAMESPACE_URL, f"outtray:{platform.node()}:{tmp_path}"))
    assert known_id(tmp_path) == before
    assert installation_of(tmp_path).id == before
    (tmp_path / "ledger.sqlite").unlink()
    assert installation_of(tmp_path).id == before


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[" * 60_000,
        b'{"id": 7}',
        b'{"id": "../../x", "pc": {}}',
        b"null",
        b"\xff\xfe",
        b"[]",
        b"x" * 10_000,
    ],
)
def test_one_that_is_damaged_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    first = installation_of(tmp_path)
    (tmp_path / FILE).write_bytes(damage)
    (tmp_path / "ledger.sqlite").write_bytes(b"ledger")
    made = installation_of(tmp_path)
    assert made.id != first.id
    assert uuid.UUID(made.id).version == 4
    assert not made.copied
    assert installation_of(tmp_path) == made


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(json.dumps({"id": str(uuid.uuid4()), "pc": vars(THIS), "copied": False}))
    before = elsewhere.read_bytes()
    (tmp_path / FILE).symlink_to(elsewhere)
    made = installation_of(tmp_path)
    assert made.id not in before.decode()
    assert elsewhere.read_bytes() == before
    assert not (tmp_path / FILE).is_symlink()


def test_one_that_cannot_be_kept_is_this_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(installations.own_files, "open_new", full)
    assert uuid.UUID(installation_of(tmp_path).id).version == 4


@pytest.mark.parametrize(
    ("there", "is_the_same"),
    [
        (THIS, True),
        (replace(THIS, host="renamed"), True),
        (replace(THIS, card="another card"), True),
        (replace(THIS, card=""), True),
        (replace(THIS, host="renamed", card="another card"), False),  # an image that was given a name of its own
        (replace(THIS, host="renamed", card=""), False),
        (replace(THIS, machine="another"), False),  # a system set up anew, or an image that was generalised
        (Marks("other", "other", "other"), False),
    ],
)
def test_a_data_folder_on_another_pc_has_another_name_and_a_renamed_pc_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: Marks, is_the_same: bool
) -> None:
    first = installation_of(tmp_path)
    on(monkeypatch, there)
    assert known_id(tmp_path) == (first.id if is_the_same else "")
    found = installation_of(tmp_path)
    assert (found.id == first.id) is is_the_same
    assert found.copied is not is_the_same
    assert installation_of(tmp_path) == found, "also after a crash that came before the ledger let go of anything"


@pytest.mark.parametrize(("one", "other"), [(Marks("a"), Marks("b")), (Marks("a", "", "card"), Marks("b", "", "card"))])
def test_where_a_system_bears_no_mark_the_host_name_decides(one: Marks, other: Marks) -> None:
    assert one.is_of_same_pc(one)
    assert not one.is_of_same_pc(other)


def on_its_way(tmp_path: Path) -> SimulatedPractice:
    """A practice with a scan that waits for its next try, and a statement file that is held."""
    practice = SimulatedPractice(tmp_path)
    practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=1)
    practice.service().script = [UNREACHABLE] * 2000
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(minutes=1)
    assert {packet.state for packet in practice.ledger.unfinished()} == {PacketState.QUEUED, PacketState.HELD}
    practice.service().script[:] = [accept(n) for n in range(9)]
    return practice


@pytest.mark.slow
def test_a_copied_ledger_lets_go_of_what_its_first_pc_has_on_the_way(tmp_path: Path) -> None:
    practice = on_its_way(tmp_path)
    standing = {name for name in practice.standing() if name.startswith("sending/")}
    copied = Installation(str(uuid.uuid4()), THIS, copied=True)
    practice.restart(begin=partial(let_go, tmp_path, copied), installation=copied.id)
    practice.pass_(minutes=30)
    assert practice.ledger.unfinished() == []
    assert {name for name in practice.standing() if name.startswith("sending/")} == standing
    practice.pass_(hours=30)
    assert (len(practice.service().accepted), len(practice.service(STATEMENTS).accepted)) == (0, 1)
    assert not copied.copied
    shown = [lane.left_behind for lane in practice.control.state.lanes.values()]
    assert [problem.code for problem in shown if problem] == ["left-by-another-pc"] * 2
    practice.ask(Request("adopt", actor="it"))
    practice.pass_(hours=30)
    assert (len(practice.service().accepted), len(practice.service(STATEMENTS).accepted)) == (1, 2)
    assert practice.receipts()[0]["possibly_sent_twice"] is True


def test_what_a_ledger_lets_go_of_once_it_does_not_let_go_of_again(tmp_path: Path) -> None:
    practice = on_its_way(tmp_path)
    copied = Installation(str(uuid.uuid4()), THIS, copied=True)
    let_go(tmp_path, copied, practice.ledger, practice.clock.now())
    assert practice.ledger.unfinished() == []
    assert installation_of(tmp_path) == replace(copied, copied=False)


@pytest.mark.slow
@pytest.mark.parametrize("lane", [SCANS, STATEMENTS])
def test_what_the_ledger_knows_stays_ours_where_the_name_was_lost(tmp_path: Path, lane: object) -> None:
    practice = on_its_way(tmp_path)
    practice.restart(installation=str(uuid.uuid4()))
    practice.pass_(hours=30)
    accepted = {SCANS: len(practice.service().accepted), STATEMENTS: len(practice.service(STATEMENTS).accepted)}
    assert accepted == {SCANS: 1, STATEMENTS: 2}
    assert practice.receipts()[0]["possibly_sent_twice"] is False
    assert not any(practice.control.state.lanes[one].left_behind for one in (SCANS, STATEMENTS)), lane
