"""Looking: the look is the truth, and an unmounted share is not an empty folder."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from agent.folder.filesystem import Denied, NoRoom, Offline
from agent.folder.looking import Look, PassedOver, left_alone, look
from agent.folder.names import MARKER
from agent.folder.simulated import SimulatedFileSystem
from agent.settings.schema import LaneSettings
from tests.support.folders import LANE, HandClock

SETTINGS = LaneSettings(folder=LANE)


@pytest.fixture
def fs() -> SimulatedFileSystem:
    system = SimulatedFileSystem(HandClock())
    system.add_volume(LANE)
    return system


def see(fs: SimulatedFileSystem, *, packet_folders: bool = True, marker_expected: bool = True) -> Look:
    return look(fs, SETTINGS, packet_folders=packet_folders, marker_expected=marker_expected)


def names(seen: Look) -> list[str]:
    return [observation.name for observation in seen.observations]


# --- What is there --------------------------------------------------------------------------------------------------


def test_a_look_sees_files_and_those_of_packet_subfolders(fs: SimulatedFileSystem) -> None:
    for name in ("b.pdf", "a.json", "Smith/1.pdf", "Smith/claim.json", "sent/2026-07-04/old.pdf", "Sending/p/x.pdf"):
        fs.put(LANE / name, b"x")
    fs.make_folder(LANE / "Empty")
    seen = see(fs)
    assert names(seen) == ["Smith/1.pdf", "Smith/claim.json", "a.json", "b.pdf"]
    assert (seen.folders, seen.nested, seen.passed_over) == (("Empty", "Smith"), (), ())


def test_the_statements_lane_does_not_look_into_folders(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "july.xml", b"x")
    fs.put(LANE / "archive/june.xml", b"x")
    seen = see(fs, packet_folders=False)
    assert (names(seen), seen.folders) == (["july.xml"], ())


def test_folders_inside_packet_folders_are_told_of_and_not_looked_into(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "Smith/old/x.pdf", b"x")
    fs.put(LANE / "Smith/1.pdf", b"x")
    assert (names(see(fs)), see(fs).nested) == (["Smith/1.pdf"], ("Smith/old",))


def test_links_are_told_of_and_never_followed(fs: SimulatedFileSystem) -> None:
    fs.link(LANE / "scan.pdf")
    fs.link(LANE / "Smith/scan.pdf")
    reason = "it is a shortcut to another place, or a device"
    assert see(fs).passed_over == (PassedOver("Smith/scan.pdf", reason), PassedOver("scan.pdf", reason))
    assert names(see(fs)) == []


def test_what_is_never_picked_up_is_said_and_not_passed_over_in_silence(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "Smith/1.pdf", b"x")
    assert left_alone(see(fs)) is None
    fs.put(LANE / "Smith/old/x.pdf", b"x")
    assert left_alone(see(fs)) is None  # the packet Smith fails, and says so itself
    fs.put(LANE / "2026/July/x.pdf", b"x")
    nested = left_alone(see(fs))
    assert nested is not None
    assert (nested.code, "The folder 2026 has folders inside it" in nested.sentence) == ("folder-nested", True)
    fs.link(LANE / "scan.pdf")
    link = left_alone(see(fs))
    assert link is not None
    assert link.sentence == "scan.pdf is left alone: it is a shortcut to another place, or a device."
    assert [fault.where for fault in link.details] == ["scan.pdf"]


# --- Folders that hold our documents --------------------------------------------------------------------------------


def problem_json(packet: str, *files: tuple[str, bytes | None], lane: str = "attachments") -> bytes:
    entries = [
        {"name": name, "size": len(data or b""), "sha256": sha256(data).hexdigest() if data is not None else None}
        for name, data in files
    ]
    return json.dumps({"packet": packet, "lane": lane, "code": "x", "files": entries}).encode()


FAILED = {"scan.pdf": b"page", "scan.json": b"{}"}
PROBLEM = problem_json("p1", ("scan.pdf", b"page"), ("scan.json", b"{}"))


@pytest.mark.parametrize("folder", ["Problems", "scan (2)"])
@pytest.mark.parametrize(
    ("standing", "retried"),
    [
        ({**FAILED, "scan.problem.json": PROBLEM, "scan.problem.txt": b"words"}, "p1"),
        ({**FAILED, "scan.problem.json": PROBLEM}, "p1"),
        ({**FAILED, "scan.json": b'{"mended": 1}', "scan.problem.json": PROBLEM}, "p1"),
        ({"renamed.pdf": b"page", "scan.json": b"{}", "scan.problem.json": PROBLEM}, "p1"),
        ({**FAILED, "stranger.pdf": b"other", "scan.problem.json": PROBLEM}, ""),
        ({**FAILED, "stranger.pdf": b"ages", "scan.problem.json": PROBLEM}, ""),
        ({**FAILED, "b.problem.json": problem_json("p2", ("b.pdf", b"b")), "scan.problem.json": PROBLEM}, ""),
        ({**FAILED, "scan.receipt.json": b"{}", "scan.problem.json": PROBLEM}, ""),
        ({**FAILED, ".outtray-packet.json": b"{}"}, ""),
        ({**FAILED, "scan.receipt.json": b"{}"}, ""),
        ({**FAILED, "scan.problem.txt": b"words"}, ""),
        ({**FAILED, "scan.problem.json": b"[]"}, ""),
        ({**FAILED, "scan.problem.json": b"{"}, ""),
        ({**FAILED, "scan.problem.json": problem_json("p1", ("scan.pdf", b""), lane="statements")}, ""),
        ({**FAILED, "old/x.pdf": b"x", "scan.problem.json": PROBLEM}, ""),
        ({"scan.problem.json": PROBLEM}, ""),
    ],
)
def test_a_folder_with_our_documents_is_a_shelf_or_one_packets_retry(
    fs: SimulatedFileSystem, folder: str, standing: dict[str, bytes], retried: str
) -> None:
    for name, data in standing.items():
        fs.put(LANE / folder / name, data)
    seen = see(fs)
    trouble = left_alone(seen)
    if retried:
        assert (seen.returned, seen.shelves, trouble) == ({folder: retried}, (), None)
        assert len(names(seen)) == 2
    else:
        assert (names(seen), seen.returned, seen.shelves) == ([], {}, (folder,))
        assert trouble is not None
        assert trouble.code == "folder-was-a-shelf"


def test_a_statements_lane_knows_a_failed_files_own_folder_and_no_other(fs: SimulatedFileSystem) -> None:
    problem = problem_json("p1", ("july.csv", b"a"), lane="statements")
    for name, data in {"july.csv": b"a", "july.problem.json": problem}.items():
        fs.put(LANE / "july (2)" / name, data)
        fs.put(LANE / "archive" / name, data)
    fs.put(LANE / "june (2)/june.csv", b"x")
    seen = see(fs, packet_folders=False)
    assert (names(seen), seen.returned) == (["july (2)/july.csv"], {"july (2)": "p1"})
    assert [entry.name for entry in seen.unpicked] == ["archive", "june (2)"]


@pytest.mark.parametrize("kept", ["#recycle", "@eaDir", "Trash", "old", "sent", "Failed"])
def test_deleted_files_are_in_no_look_wherever_the_device_keeps_them(fs: SimulatedFileSystem, kept: str) -> None:
    fs.put(LANE / kept / "claim.json", b"x")
    fs.put(LANE / kept / "scan.pdf", b"x")
    fs.put(LANE / "Smith/1.pdf", b"x")
    fs.put(LANE / "Smith/@eaDir/1.pdf", b"x")
    assert (names(see(fs)), see(fs).nested) == (["Smith/1.pdf"], ())


def test_unfinished_files_are_named_apart(fs: SimulatedFileSystem) -> None:
    for name in ("a.tmp", "Smith/b.pdf.part", "Thumbs.db", "Scans.lnk", ".hidden"):
        fs.put(LANE / name, b"x")
    assert [entry.name for entry in see(fs).unpicked] == ["Smith/b.pdf.part", "a.tmp"]


def test_a_subfolder_that_does_not_open_does_not_stop_the_rest(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "Smith/1.pdf", b"x")
    fs.put(LANE / "scan.pdf", b"x")
    fs.fail = lambda step, path: Denied(path) if step == "list" and path.name == "Smith" else None
    seen = see(fs)
    assert (names(seen), [entry.name for entry in seen.passed_over]) == (["scan.pdf"], ["Smith"])


def test_nothing_is_listed_twice(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "Smith/1.pdf", b"x")
    see(fs)
    steps: list[tuple[str, str]] = []
    fs.fail = lambda step, path: steps.append((step, path.name))  # type: ignore[func-returns-value]
    see(fs)
    assert steps == [("list", "scans"), ("list", "Smith")]


# --- The marker -----------------------------------------------------------------------------------------------------


def test_a_first_look_leaves_the_marker_even_in_an_empty_folder(fs: SimulatedFileSystem) -> None:
    assert see(fs, marker_expected=False).marked
    assert list(fs.files(LANE)) == [MARKER]


def test_a_missing_folder_is_offline_and_is_not_made(fs: SimulatedFileSystem) -> None:
    fs.delete(LANE)
    for expected in (False, True):
        with pytest.raises(Offline):
            see(fs, marker_expected=expected)
    assert fs.folders(LANE.parent) == ()


def test_a_share_that_does_not_answer_is_offline_and_then_as_it_was(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "scan.pdf", b"x")
    before = see(fs, marker_expected=False)
    fs.share_vanishes(LANE)
    with pytest.raises(Offline):
        see(fs)
    fs.share_returns(LANE)
    assert see(fs) == before


def test_the_empty_place_of_an_unmounted_share_is_not_an_empty_folder(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "scan.pdf", b"x")
    before = see(fs, marker_expected=False)
    fs.unmount(LANE)
    with pytest.raises(Offline):
        see(fs)
    assert fs.files(LANE) == {}
    fs.mount(LANE)
    assert see(fs) == before


@pytest.mark.parametrize("left", ["scan.pdf", "sent/2026-07-04/old.pdf"])
def test_someone_who_tidies_up_hidden_files_stops_nothing(fs: SimulatedFileSystem, left: str) -> None:
    fs.put(LANE / left, b"x")
    see(fs, marker_expected=False)
    fs.delete(LANE / MARKER)
    assert see(fs).marked
    assert MARKER in fs.files(LANE)


def test_without_room_for_the_marker_the_lane_goes_on_and_expects_none(fs: SimulatedFileSystem) -> None:
    fs.put(LANE / "scan.pdf", b"x")
    fs.fail = lambda step, path: NoRoom(path) if step == "write" else None
    seen = see(fs, marker_expected=False)
    assert (names(seen), seen.marked) == (["scan.pdf"], False)


def test_a_folder_that_cannot_be_marked_for_want_of_rights_says_so(fs: SimulatedFileSystem) -> None:
    fs.fail = lambda step, path: Denied(path) if step == "write" else None
    with pytest.raises(Denied):
        see(fs, marker_expected=False)
