"""What a person's answer changes on `failed`: never the only copy of anybody's text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.desk.page.forms.shelf import OnShelf, back_into_folder, into_own_folder, keep_beside, replace_sidecar
from agent.folder.filesystem import Busy
from agent.folder.names import is_looked_into, is_watched
from agent.folder.real import RealFileSystem
from agent.ledger.records import PacketFile, PacketRecord, Shelf
from agent.model import LaneId, LaneKind, PacketState
from agent.settings.schema import AttachmentsSettings


class Stubborn(RealFileSystem):
    """A disk on which the nth move fails, as where someone has the file open."""

    def __init__(self, fails_at: int) -> None:
        self.moves, self.fails_at = 0, fails_at

    def move(self, source: Path, target: Path) -> None:
        self.moves += 1
        if self.moves == self.fails_at:
            raise Busy(source)
        super().move(source, target)


def failed_packet(folder: Path, *names: str, subfolder: str = "", called: str = "scan") -> OnShelf:
    fs, lane = RealFileSystem(), folder / "scans"
    settings = AttachmentsSettings(folder=lane, environment="sandbox", client_id="one")
    shelf = settings.shelf("failed")
    places = {name: shelf / name for name in names}
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(f"old {name}".encode())
    standing = {name: fs.identify(place) for name, place in places.items()}
    record = PacketRecord(
        id="20260714-091500-ABCDE",
        lane=LaneId("main-street", LaneKind.ATTACHMENTS),
        state=PacketState.FAILED,
        name=subfolder or called,
        shelf=Shelf.FAILED,
        files=tuple(
            PacketFile(name, "sidecar" if name.endswith(".json") else "document", standing[name]) for name in names
        ),
        arrived_at=datetime(2026, 7, 14, tzinfo=UTC),
        folder=subfolder,
    )
    return OnShelf(record, settings, standing, places)


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_each_sidecar_that_is_replaced_stays_under_a_name_that_is_never_picked_up(tmp_path: Path) -> None:
    packet, fs = failed_packet(tmp_path, "scan.jpg", "scan.json"), RealFileSystem()
    for text in (b"first", b"second"):
        replace_sidecar(fs, packet, "scan.json", text)
    assert texts(packet.shelf) == {
        "scan.jpg": "old scan.jpg",
        "scan.json": "second",
        "scan.json.replaced.problem.txt": "old scan.json",
        "scan.json.replaced (2).problem.txt": "first",
    }
    assert [name for name in texts(packet.shelf) if is_watched(name)] == ["scan.jpg", "scan.json"]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_where_it_cannot_be_replaced_the_old_one_stands_where_it_was(tmp_path: Path, fails_at: int) -> None:
    packet = failed_packet(tmp_path, "scan.jpg", "scan.json")
    before = texts(packet.shelf)
    with pytest.raises(Busy):
        replace_sidecar(Stubborn(fails_at), packet, "scan.json", b"new")
    assert texts(packet.shelf) == before


def test_what_a_crash_left_of_an_earlier_correction_is_no_hindrance(tmp_path: Path) -> None:
    packet = failed_packet(tmp_path, "scan.jpg", "scan.json")
    (packet.shelf / f".outtray-corrected-{packet.record.id}").write_bytes(b"half")
    replace_sidecar(RealFileSystem(), packet, "scan.json", b"new")
    assert texts(packet.shelf)["scan.json"] == "new"
    assert not [name for name in texts(packet.shelf) if name.startswith(".")]


def test_what_is_set_aside_from_a_packet_subfolder_stands_on_the_shelf_itself(tmp_path: Path) -> None:
    packet = failed_packet(tmp_path, "Smith/1.jpg", "Smith/a.json", subfolder="Smith")
    keep_beside(RealFileSystem(), packet, packet.places["Smith/a.json"], ".set-aside")
    assert set(texts(packet.shelf)) == {"Smith/1.jpg", "a.json.set-aside.problem.txt"}


@pytest.mark.parametrize("stranger", ["scan.json", "scan.tif", "batch.json"])
def test_scans_never_come_back_to_where_a_sidecar_of_anothers_could_speak_for_them(
    tmp_path: Path, stranger: str
) -> None:
    packet = failed_packet(tmp_path, "scan.jpg")
    (packet.settings.folder / stranger).write_text("a stranger's")
    assert back_into_folder(RealFileSystem(), packet, ["scan.jpg"]) == ("scan/scan.jpg",)


def test_scans_come_back_beside_strangers_of_their_names(tmp_path: Path) -> None:
    packet = failed_packet(tmp_path, "scan.jpg", "scan.json")
    (packet.settings.folder / "SCAN.jpg").write_text("a stranger")
    assert back_into_folder(RealFileSystem(), packet, ["scan.jpg"]) == ("scan/scan.jpg",)
    assert texts(packet.settings.folder)["SCAN.jpg"] == "a stranger"


def test_files_of_a_packet_subfolder_come_back_in_a_folder_of_their_own(tmp_path: Path) -> None:
    packet = failed_packet(tmp_path, "Smith/1.jpg", "Smith/2.jpg", subfolder="Smith")
    (packet.settings.folder / "Smith").mkdir()
    names = back_into_folder(RealFileSystem(), packet, ["Smith/1.jpg", "Smith/2.jpg"])
    assert names == ("Smith (2)/1.jpg", "Smith (2)/2.jpg")


@pytest.mark.parametrize("name", ["#12", "$100", "@home", "old", "deleted", "held", "scan.part"])
def test_files_come_back_in_a_folder_that_is_looked_into(tmp_path: Path, name: str) -> None:
    packet = failed_packet(tmp_path, f"{name}.jpg", called=name)
    (packet.settings.folder / f"{name}.jpg").write_text("a stranger")
    [back] = back_into_folder(RealFileSystem(), packet, [f"{name}.jpg"])
    assert is_looked_into(back.partition("/")[0])
    packet = failed_packet(tmp_path, f"{name}.jpg", called=name)
    into_own_folder(RealFileSystem(), packet, [f"{name}.jpg"], f"{name}.json", b"{}")
    [own] = {path.parent.name for path in packet.settings.folder.glob("*/*.json")}
    assert is_looked_into(own)
