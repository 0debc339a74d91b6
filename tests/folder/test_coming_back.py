"""Files come back into the watched folder only where they cannot meet what is not their packet's, by identity."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from agent.folder.failed import put_back
from agent.folder.filesystem import Busy, FileSystemProblem
from agent.folder.packets import Packet, read_manifest
from agent.folder.shelves import take, undo_take
from agent.folder.simulated import SimulatedFileSystem
from tests.support.folders import LANE, HandClock, every_step, make_packet

PLACE = LANE / "sending" / "p1"
FAILED = LANE / "failed"
FORMS = {
    "beside": (("scan.pdf", "scan.json"), {}),
    "full": (("scan.pdf", "scan.pdf.json"), {}),
    "folder": (("Smith/1.pdf", "Smith/2.pdf", "Smith/claim.json"), {"name": "Smith", "folder": "Smith"}),
    "list": (("left.jpg", "right.jpg", "claim.json"), {"name": "claim", "keep_names": True}),
}


def world(form: str) -> tuple[SimulatedFileSystem, Packet]:
    fs = SimulatedFileSystem(HandClock())  # time stands still: no file's time tells it from another
    names, how = FORMS[form]
    for name in names:
        fs.put(LANE / name, f"its own {name}".encode())
    packet = make_packet(fs, *names, **how)
    digests = [hashlib.sha256(f"its own {file.name}".encode()).hexdigest() for file in packet.files]
    return fs, replace(packet, files=tuple(map(lambda file, sha: replace(file, sha256=sha), packet.files, digests)))


def strangers_come(fs: SimulatedFileSystem, names: list[str], *, in_place: bool) -> None:
    for name in names:
        if not in_place:
            fs.delete(LANE / name)
        fs.put(LANE / name, f"strange {name}".encode())


def standing_below(fs: SimulatedFileSystem, kind: str) -> dict[str, str]:
    """Return what stands in the lane's folder, its first words cut off."""
    found = {name: data.decode() for name, data in fs.files(LANE).items() if not name.startswith(("sending", "failed"))}
    return {name: text.removeprefix(kind) for name, text in found.items() if text.startswith(kind)}


@pytest.mark.parametrize("in_place", [False, True], ids=["another-file", "written-over"])
@pytest.mark.parametrize("form", FORMS)
def test_what_was_taken_never_comes_back_beside_what_has_replaced_the_rest(form: str, in_place: bool) -> None:
    """Killed between two files; what had not moved is scanned over, of the same size and at the same time."""
    _, packet = world(form)
    for step, fs in every_step(lambda: world(form)[0], lambda fs: take(fs, LANE, PLACE, packet)):
        left = [file.name for file in packet.files if file.name in fs.files(LANE)]
        moved = {file.name for file in packet.files} - set(left)
        if not moved:
            continue
        strangers_come(fs, left, in_place=in_place)
        undo_take(fs, LANE, PLACE, read_manifest(fs, PLACE))
        assert standing_below(fs, "strange ").keys() == set(left), step
        own = standing_below(fs, "its own ")
        assert set(own.values()) == moved, step
        if left:
            assert all(" (2)" in name for name in own), step
        else:
            assert own.keys() == moved, step


@pytest.mark.parametrize("form", FORMS)
def test_what_had_not_moved_is_the_packets_own_and_all_comes_back_as_it_was(form: str) -> None:
    names, _ = FORMS[form]
    _, packet = world(form)
    for step, fs in every_step(lambda: world(form)[0], lambda fs: take(fs, LANE, PLACE, packet)):
        undo_take(fs, LANE, PLACE, packet)
        assert standing_below(fs, "its own ") == {name: name for name in names}, step


@pytest.mark.parametrize("form", ["folder", "list"])
def test_a_failed_packet_never_goes_back_to_a_stranger_that_has_the_name_of_a_file_it_lost(form: str) -> None:
    """People have taken one of its files off the shelf `failed`; another patient's bears that name in the folder."""
    fs, packet = world(form)
    for file in packet.files:
        fs.make_folder((FAILED / file.name).parent)
        fs.rename(LANE / file.name, FAILED / file.name)
    lost = packet.files[0].name
    fs.delete(FAILED / lost)
    fs.put(LANE / lost, b"strange ")
    put_back(fs, LANE, FAILED, packet)
    assert standing_below(fs, "strange ").keys() == {lost}
    assert all(" (2)" in name for name in standing_below(fs, "its own "))


def on_failed(form: str) -> tuple[SimulatedFileSystem, Packet]:
    fs, packet = world(form)
    for file in packet.files:
        fs.make_folder((FAILED / file.name).parent)
        fs.rename(LANE / file.name, FAILED / file.name)
    return fs, packet


MEETS = {"beside": "scan.png", "full": "scan.pdf.tif.json", "folder": "Smith/3.pdf", "list": "other.pdf"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", ["retry", "undo"])
def test_a_way_back_that_was_cut_off_is_not_gone_on_with_beside_who_has_come_since(form: str, way: str) -> None:
    """Killed anywhere on the way; before it is gone on with, a stranger stands where the packet's sidecar speaks."""
    _, packet = world(form)

    def prepare() -> SimulatedFileSystem:
        if way == "retry":
            return on_failed(form)[0]
        fs, packet = world(form)
        take(fs, LANE, PLACE, packet)
        return fs

    def back(fs: SimulatedFileSystem) -> None:
        if way == "retry":
            put_back(fs, LANE, FAILED, packet)
        else:
            undo_take(fs, LANE, PLACE, packet)

    for step, fs in every_step(prepare, back):
        whole = standing_below(fs, "its own ").keys() == {file.name for file in packet.files}
        strange = MEETS[form]
        fs.put(LANE / strange, f"strange {strange}".encode())
        if whole:
            continue  # all of it is back already: it waits there like any other
        back(fs)
        own = standing_below(fs, "its own ")
        assert set(own.values()) == {file.name for file in packet.files}, step
        assert form == "full" or all(" (2)" in name for name in own), (step, own)


@pytest.mark.parametrize("form", ["beside", "list"])
def test_where_a_file_is_held_on_the_way_back_the_others_do_not_lie_there_alone(form: str) -> None:
    fs, packet = on_failed(form)
    held = next(file.name for file in packet.files if file.role == "sidecar")

    def busy(step: str, path: Path) -> FileSystemProblem | None:
        return Busy(path) if step == "move" and path.name == held else None

    fs.fail = busy
    with pytest.raises(Busy):
        put_back(fs, LANE, FAILED, packet)
    fs.fail = lambda _step, _path: None
    assert standing_below(fs, "its own ") == {}
    put_back(fs, LANE, FAILED, packet)
    assert standing_below(fs, "its own ").keys() == {file.name for file in packet.files}
