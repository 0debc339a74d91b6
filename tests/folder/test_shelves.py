"""Shelves: nothing lost, nothing doubled, nothing overwritten, and what belongs together stays so."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agent.folder import shelves
from agent.folder.failed import files_left, put_back, tidy
from agent.folder.filesystem import Busy, Changed, Damaged, FileSystemProblem, Missing, Offline
from agent.folder.names import MANIFEST, PROBLEM_JSON, PROBLEM_TEXT, RECEIPT
from agent.folder.packets import Packet, manifest_bytes, read_manifest
from agent.folder.shelves import Taken, take, taken, transfer, undo_take
from agent.folder.simulated import SimulatedFileSystem
from tests.support.folders import LANE, Cut, HandClock, PowerCut, every_step, make_packet

PLACE = LANE / "sending" / "p1"
FAILED = LANE / "failed"
SENT = LANE / "sent" / "2026-07-04"
PROBLEM = {PROBLEM_TEXT: b"The scan has no end.", PROBLEM_JSON: b'{"packet": "p1", "code": "incomplete"}'}
RECEIPT_OF_P1 = {RECEIPT: b'{"packet": "p1", "status": 200}'}

SCAN = ("scan.pdf", "scan.json")
FOLDER = ("Smith/1.pdf", "Smith/2.pdf", "Smith/claim.json")
LIST = ("left.jpg", "right.jpg", "claim.json")


def world(*names: str, windows: bool = False, across: Path | None = None, **others: bytes) -> SimulatedFileSystem:
    """A lane's folder with a packet's files, each with its own name as its bytes."""
    fs = SimulatedFileSystem(HandClock(), windows=windows)
    fs.make_folder(LANE)
    if across is not None:
        fs.add_volume(across)
    for name in names:
        fs.put(LANE / name, name.encode(errors="surrogateescape"))
    for name, data in others.items():
        fs.put(LANE / name, data)
    return fs


def shelve(
    fs: SimulatedFileSystem, place: Path, shelf: Path, packet: Packet, documents: dict[str, bytes]
) -> int | None:
    return shelves.shelve(fs, place, shelf, packet, lambda _names: documents)


def packet_in(fs: SimulatedFileSystem, names: tuple[str, ...]) -> Packet:
    if names == FOLDER:
        return make_packet(fs, *names, name="Smith", folder="Smith")
    if names == LIST:
        return make_packet(fs, *names, name="claim", keep_names=True)
    return make_packet(fs, *names)


def names_and_bytes(fs: SimulatedFileSystem, folder: Path = LANE) -> dict[str, str]:
    """What stands there, but for the problems that tell of folders that came back."""
    files = {name: data.decode() for name, data in fs.files(folder).items()}
    return {name: data for name, data in files.items() if name.startswith("failed/") or ".problem." not in name}


# --- Taking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_packet_is_taken_whole_with_its_manifest(names: tuple[str, ...]) -> None:
    fs = world(*names)
    packet = packet_in(fs, names)
    take(fs, LANE, PLACE, packet)
    assert sorted(fs.files(LANE)) == sorted(f"sending/p1/{name}" for name in (*names, MANIFEST))
    assert read_manifest(fs, PLACE) == packet
    assert "Smith" not in fs.folders(LANE)


def test_a_file_that_changed_since_it_was_seen_is_not_taken() -> None:
    fs = world(*SCAN)
    packet = packet_in(fs, SCAN)
    fs.append(LANE / "scan.pdf", b" and more")
    with pytest.raises(Changed):
        take(fs, LANE, PLACE, packet)
    assert sorted(fs.files(LANE)) == ["scan.json", "scan.pdf"]


def test_when_one_file_is_open_elsewhere_none_is_taken() -> None:
    fs = world(*SCAN, windows=True)
    packet = packet_in(fs, SCAN)
    fs.hold_open(LANE / "scan.pdf", writing=False)
    with pytest.raises(Busy):
        take(fs, LANE, PLACE, packet)
    assert (sorted(fs.files(LANE)), fs.folders(LANE)) == (["scan.json", "scan.pdf"], ("sending",))


def test_what_cannot_be_put_back_stays_with_its_manifest_and_is_taken_on() -> None:
    fs = world(*SCAN, windows=True)
    packet = packet_in(fs, SCAN)
    fs.hold_open(LANE / "scan.pdf")
    moves = 0

    def fail(step: str, path: Path) -> FileSystemProblem | None:
        nonlocal moves
        moves += step == "move"
        return Busy(path) if step == "move" and moves > 2 else None

    fs.fail = fail
    with pytest.raises(Busy):
        take(fs, LANE, PLACE, packet)
    fs.fail = lambda _step, _path: None
    assert taken(fs, LANE / "sending") == [Taken(PLACE, packet)]
    fs.release(LANE / "scan.pdf")
    take(fs, LANE, PLACE, packet)
    assert sorted(fs.files(PLACE)) == sorted((MANIFEST, *SCAN))


def test_the_sidecar_leaves_first_and_comes_back_last() -> None:
    fs = world(*SCAN)
    packet = packet_in(fs, SCAN)
    assert [file.name for file in packet.sidecar_first] == ["scan.json", "scan.pdf"]
    assert [file.name for file in packet.sidecar_last] == ["scan.pdf", "scan.json"]


# Each way to take, over one volume and over two, posix and Windows.
@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("across", [None, LANE / "sending"])
@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
class TestTakingIsRepeatable:
    def test_after_a_power_cut_at_any_step_taking_again_ends_as_if_nothing_had_been(
        self, names: tuple[str, ...], across: Path | None, windows: bool
    ) -> None:
        before = world(*names, windows=windows, across=across)
        packet = packet_in(before, names)
        take(before, LANE, PLACE, packet)
        cuts = every_step(
            lambda: world(*names, windows=windows, across=across), lambda fs: take(fs, LANE, PLACE, packet)
        )
        for step, fs in cuts:
            take(fs, LANE, PLACE, packet)
            assert (fs.files(LANE), fs.folders(LANE)) == (before.files(LANE), before.folders(LANE)), step

    def test_after_a_power_cut_at_any_step_undoing_leaves_the_folder_as_it_was(
        self, names: tuple[str, ...], across: Path | None, windows: bool
    ) -> None:
        packet = packet_in(world(*names, across=across), names)
        cuts = every_step(
            lambda: world(*names, windows=windows, across=across), lambda fs: take(fs, LANE, PLACE, packet)
        )
        for step, fs in cuts:
            undo_take(fs, LANE, PLACE, packet)
            assert names_and_bytes(fs) == {name: name for name in names}, step
            assert "sending/p1" not in fs.folders(LANE), step

    def test_undoing_is_itself_repeatable(self, names: tuple[str, ...], across: Path | None, windows: bool) -> None:
        packet = packet_in(world(*names, across=across), names)

        def prepare() -> SimulatedFileSystem:
            fs = world(*names, windows=windows, across=across)
            take(fs, LANE, PLACE, packet)
            return fs

        for step, fs in every_step(prepare, lambda fs: undo_take(fs, LANE, PLACE, packet)):
            undo_take(fs, LANE, PLACE, packet)
            assert names_and_bytes(fs) == {name: name for name in names}, step
            assert "sending/p1" not in fs.folders(LANE), step

    def test_a_problem_at_any_step_leaves_all_or_nothing_taken(
        self, names: tuple[str, ...], across: Path | None, windows: bool
    ) -> None:
        packet = packet_in(world(*names, across=across), names)
        for kind in (Busy, Offline):
            cuts = every_step(
                lambda: world(*names, windows=windows, across=across),
                lambda fs: take(fs, LANE, PLACE, packet),
                kind,
            )
            for step, fs in cuts:
                assert sorted(data for data in names_and_bytes(fs).values() if data in names) == sorted(names), step
                undo_take(fs, LANE, PLACE, packet)
                assert names_and_bytes(fs) == {name: name for name in names}, step


STRANGERS = {SCAN: "scan.pdf", FOLDER: "Smith/1.pdf", LIST: "left.jpg"}
BACK_AS = {
    SCAN: {"scan (2)/scan.pdf", "scan (2)/scan.json"},
    FOLDER: {"Smith (2)/1.pdf", "Smith (2)/2.pdf", "Smith (2)/claim.json"},
    LIST: {"claim (2)/left.jpg", "claim (2)/right.jpg", "claim (2)/claim.json"},
}


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_where_a_stranger_has_one_name_the_whole_packet_comes_back_under_another(names: tuple[str, ...]) -> None:
    """A scanner that numbers from one again: the old sidecar must not meet the new scan."""
    packet = packet_in(world(*names), names)

    def prepare() -> SimulatedFileSystem:
        fs = world(*names)
        take(fs, LANE, PLACE, packet)
        fs.put(LANE / STRANGERS[names], b"a stranger")
        return fs

    expected = {name: name.replace(" (2)", "").removeprefix("claim/").removeprefix("scan/") for name in BACK_AS[names]}
    expected[STRANGERS[names]] = "a stranger"
    fs = prepare()
    undo_take(fs, LANE, PLACE, packet)
    assert names_and_bytes(fs) == expected
    for step, cut in every_step(prepare, lambda fs: undo_take(fs, LANE, PLACE, packet)):
        undo_take(cut, LANE, PLACE, packet)
        assert names_and_bytes(cut) == expected, step


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_no_file_is_ever_left_beside_a_stranger_that_has_its_partners_name(names: tuple[str, ...]) -> None:
    """The power goes at any step of taking; a stranger takes the name of whatever had moved; then all is undone."""
    packet = packet_in(world(*names), names)
    for step, fs in every_step(lambda: world(*names), lambda fs: take(fs, LANE, PLACE, packet)):
        moved = [name for name in names if name not in fs.files(LANE)]
        for name in moved:
            fs.put(LANE / name, b"a stranger")
        undo_take(fs, LANE, PLACE, packet)
        standing = names_and_bytes(fs)
        strangers = {name for name, data in standing.items() if data == "a stranger"}
        own = {name for name in standing if name not in strangers}
        assert strangers == set(moved), step
        assert own == (BACK_AS[names] if moved else set(names)), step


def test_a_folders_sidecar_never_comes_back_to_where_a_scan_was_replaced_while_it_was_taken() -> None:
    """The power goes when the sidecar has moved; another patient's scan takes the name of the one that has not."""
    names = ("Smith/scan.pdf", "Smith/claim.json")
    fs = world(*names)
    packet = make_packet(fs, *names, name="Smith", folder="Smith")
    fs.make_folder(PLACE / "Smith")
    fs.put(PLACE / MANIFEST, manifest_bytes(packet))
    fs.rename(LANE / "Smith/claim.json", PLACE / "Smith/claim.json")
    fs.put(LANE / "Smith/scan.pdf", b"a stranger")
    undo_take(fs, LANE, PLACE, packet)
    assert names_and_bytes(fs) == {"Smith/scan.pdf": "a stranger", "Smith (2)/claim.json": "Smith/claim.json"}


def test_only_readable_manifests_name_their_packet() -> None:
    fs = world(*SCAN)
    take(fs, LANE, PLACE, packet_in(fs, SCAN))
    fs.put(LANE / "sending" / "p2" / MANIFEST, b"{")
    fs.make_folder(LANE / "sending" / "p3")
    found = {entry.place.name: entry.packet is not None for entry in taken(fs, LANE / "sending")}
    assert found == {"p1": True, "p2": False, "p3": False}


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "a/b", "..", "", "Smith/../x", "nul\0"])
def test_a_manifest_that_leads_out_of_its_folder_is_not_believed(name: str) -> None:
    fs = world(*SCAN)
    take(fs, LANE, PLACE, packet_in(fs, SCAN))
    manifest = json.loads(fs.files(PLACE)[MANIFEST])
    manifest["files"][0]["name"] = name
    fs.put(PLACE / MANIFEST, json.dumps(manifest).encode())
    with pytest.raises(Damaged):
        read_manifest(fs, PLACE)


def test_a_manifest_keeps_names_that_are_not_valid_unicode() -> None:
    fs = world("scan \udcff.pdf")
    packet = make_packet(fs, "scan \udcff.pdf", name="scan \udcff")
    take(fs, LANE, PLACE, packet)
    assert read_manifest(fs, PLACE) == packet


# --- From one shelf to the other ------------------------------------------------------------------------------------


@pytest.mark.parametrize("across", [None, LANE / "held"])
@pytest.mark.parametrize("names", [SCAN, FOLDER])
def test_a_held_packet_is_transferred_whatever_happens_on_the_way(names: tuple[str, ...], across: Path | None) -> None:
    packet = packet_in(world(*names, across=across), names)
    held = LANE / "held" / "p1"

    def prepare() -> SimulatedFileSystem:
        fs = world(*names, across=across)
        take(fs, LANE, held, packet)
        return fs

    for step, fs in every_step(prepare, lambda fs: transfer(fs, held, PLACE, packet)):
        transfer(fs, held, PLACE, packet)
        assert sorted(fs.files(LANE)) == sorted(f"sending/p1/{name}" for name in (*names, MANIFEST)), step
        assert "held/p1" not in fs.folders(LANE), step


def test_a_held_packet_whose_file_was_deleted_is_not_transferred() -> None:
    fs = world(*SCAN)
    packet = packet_in(fs, SCAN)
    take(fs, LANE, LANE / "held" / "p1", packet)
    fs.delete(LANE / "held" / "p1" / "scan.pdf")
    with pytest.raises(Missing):
        transfer(fs, LANE / "held" / "p1", PLACE, packet)
    assert "held/p1/scan.json" in fs.files(LANE)


# --- To the last shelf ----------------------------------------------------------------------------------------------

ALONE = {
    SCAN: ["scan.json", "scan.pdf"],
    FOLDER: ["Smith/1.pdf", "Smith/2.pdf", "Smith/claim.json"],
    LIST: ["claim.json", "left.jpg", "right.jpg"],
}
BESIDE_ANOTHER = {
    SCAN: ("scan.pdf", ["scan (2)/scan.json", "scan (2)/scan.pdf"], "scan (2)/scan"),
    FOLDER: ("Smith/other.pdf", ["Smith (2)/1.pdf", "Smith (2)/2.pdf", "Smith (2)/claim.json"], "Smith (2)/Smith"),
    LIST: ("left.jpg", ["claim (2)/claim.json", "claim (2)/left.jpg", "claim (2)/right.jpg"], "claim (2)/claim"),
}


def taken_world(names: tuple[str, ...], across: Path | None = None, windows: bool = False) -> SimulatedFileSystem:
    fs = world(*names, across=across, windows=windows)
    take(fs, LANE, PLACE, packet_in(fs, names))
    return fs


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_sent_packet_stands_under_its_own_names_beside_its_receipt(names: tuple[str, ...]) -> None:
    fs = taken_world(names)
    packet = read_manifest(fs, PLACE)
    assert shelve(fs, PLACE, SENT, packet, RECEIPT_OF_P1) == 1
    assert sorted(fs.files(LANE)) == sorted(
        f"sent/2026-07-04/{name}" for name in (*ALONE[names], f"{packet.name}{RECEIPT}")
    )
    assert fs.folders(LANE)[0:1] != ("sending/p1",)


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_where_one_name_is_used_all_of_the_packet_has_the_next_number(names: tuple[str, ...]) -> None:
    fs = taken_world(names)
    other, files, title = BESIDE_ANOTHER[names]
    fs.put(FAILED / other, b"another")
    assert shelve(fs, PLACE, FAILED, read_manifest(fs, PLACE), PROBLEM) == 2
    expected = [other, *files, f"{title}{PROBLEM_TEXT}", f"{title}{PROBLEM_JSON}"]
    assert sorted(fs.files(FAILED)) == sorted(expected)
    assert fs.files(FAILED)[other] == b"another"


@pytest.mark.parametrize("document", ["scan.problem.txt", "scan.problem.json", "SCAN.Receipt.json"])
def test_any_document_of_its_name_moves_a_packet_on(document: str) -> None:
    fs = taken_world(SCAN)
    fs.put(FAILED / document, b"another's")
    assert shelve(fs, PLACE, FAILED, read_manifest(fs, PLACE), PROBLEM) == 2
    assert fs.files(FAILED)[document] == b"another's"


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("across", [None, FAILED])
@pytest.mark.parametrize("collides", [False, True])
@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
class TestShelvingIsRepeatable:
    def prepare(
        self, names: tuple[str, ...], collides: bool, across: Path | None, windows: bool
    ) -> SimulatedFileSystem:
        fs = taken_world(names, across, windows)
        if collides:
            fs.put(FAILED / BESIDE_ANOTHER[names][0], b"another")
        return fs

    def test_after_a_power_cut_at_any_step(
        self, names: tuple[str, ...], collides: bool, across: Path | None, windows: bool
    ) -> None:
        once = self.prepare(names, collides, across, windows)
        packet = read_manifest(once, PLACE)
        number = shelve(once, PLACE, FAILED, packet, PROBLEM)
        cuts = every_step(
            lambda: self.prepare(names, collides, across, windows),
            lambda fs: shelve(fs, PLACE, FAILED, packet, PROBLEM),
        )
        for step, fs in cuts:
            assert shelve(fs, PLACE, FAILED, packet, PROBLEM) == number, step
            assert (fs.files(LANE), fs.folders(LANE)) == (once.files(LANE), once.folders(LANE)), step

    def test_after_a_problem_at_any_step(
        self, names: tuple[str, ...], collides: bool, across: Path | None, windows: bool
    ) -> None:
        once = self.prepare(names, collides, across, windows)
        packet = read_manifest(once, PLACE)
        shelve(once, PLACE, FAILED, packet, PROBLEM)
        cuts = every_step(
            lambda: self.prepare(names, collides, across, windows),
            lambda fs: shelve(fs, PLACE, FAILED, packet, PROBLEM),
            Damaged,
        )
        for step, fs in cuts:
            shelve(fs, PLACE, FAILED, packet, PROBLEM)
            assert fs.files(LANE) == once.files(LANE), step


@pytest.mark.slow
def test_shelving_ends_the_same_after_any_two_power_cuts() -> None:
    def prepare() -> SimulatedFileSystem:
        fs = taken_world(SCAN, across=FAILED)
        fs.put(FAILED / "scan.pdf", b"another")
        return fs

    def act(fs: SimulatedFileSystem) -> int | None:
        return shelve(fs, PLACE, FAILED, packet, PROBLEM)

    def cut_at(first: int) -> SimulatedFileSystem:
        fs = prepare()
        fs.fail = Cut(first)
        with pytest.raises(PowerCut):
            act(fs)
        return fs

    once = prepare()
    packet = read_manifest(once, PLACE)
    act(once)
    for first, _ in every_step(prepare, act):
        for second, fs in every_step(lambda first=first: cut_at(first), act):  # type: ignore[misc]
            act(fs)
            assert fs.files(LANE) == once.files(LANE), (first, second)


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_stranger_that_comes_after_the_number_was_given_is_left_alone(names: tuple[str, ...]) -> None:
    """The power goes at any step; while the PC is off someone puts a file under a name that was still to come."""
    packet = read_manifest(taken_world(names), PLACE)
    for step, fs in every_step(
        lambda: taken_world(names), lambda fs: shelve(fs, PLACE, FAILED, packet, RECEIPT_OF_P1 | PROBLEM)
    ):
        wanted = FAILED / ALONE[names][-1]
        came = wanted.relative_to(FAILED).as_posix() not in fs.files(FAILED)
        if came:
            fs.put(wanted, b"a stranger")
        number = shelve(fs, PLACE, FAILED, packet, RECEIPT_OF_P1 | PROBLEM)
        standing = fs.files(FAILED)
        assert number == (2 if came else 1), step
        assert not came or standing[ALONE[names][-1]] == b"a stranger", step
        own = {data.decode() for name, data in standing.items() if data.decode() in names}
        assert own == set(names), step
        assert len(standing) == len(names) + 3 + came, (step, sorted(standing))
        assert "sending/p1" not in fs.folders(LANE), step


def test_a_stranger_and_a_second_power_cut() -> None:
    """Two numbers are noted then: the one that holds must be the last to be forgotten."""
    packet = read_manifest(taken_world(SCAN), PLACE)

    def act(fs: SimulatedFileSystem) -> int | None:
        return shelve(fs, PLACE, FAILED, packet, PROBLEM)

    def cut_at(first: int) -> SimulatedFileSystem:
        fs = taken_world(SCAN)
        fs.fail = Cut(first)
        with pytest.raises(PowerCut):
            act(fs)
        fs.fail = lambda _step, _path: None
        if "scan.pdf" not in fs.files(FAILED):
            fs.put(FAILED / "scan.pdf", b"a stranger")
        return fs

    for first, _ in every_step(lambda: taken_world(SCAN), act):
        once = cut_at(first)
        number = act(once)
        for second, fs in every_step(lambda first=first: cut_at(first), act):  # type: ignore[misc]
            assert act(fs) == number, (first, second)
            assert fs.files(LANE) == once.files(LANE), (first, second)


def test_a_problem_told_in_other_words_the_second_time_has_no_twin() -> None:
    packet = read_manifest(taken_world(SCAN), PLACE)
    for step, fs in every_step(lambda: taken_world(SCAN), lambda fs: shelve(fs, PLACE, FAILED, packet, PROBLEM)):
        later = {PROBLEM_TEXT: b"Later.", PROBLEM_JSON: b'{"packet": "p1", "code": "later"}'}
        assert shelve(fs, PLACE, FAILED, packet, later) == 1, step
        assert sorted(fs.files(FAILED)) == ["scan.json", "scan.pdf", "scan.problem.json", "scan.problem.txt"], step


def test_files_that_people_took_from_the_shelf_are_not_waited_for() -> None:
    fs = taken_world(SCAN)
    packet = read_manifest(fs, PLACE)
    fs.delete(PLACE / "scan.pdf")
    assert shelve(fs, PLACE, FAILED, packet, PROBLEM) == 1
    assert sorted(fs.files(LANE)) == [f"failed/scan{end}" for end in (".json", PROBLEM_JSON, PROBLEM_TEXT)]


def test_what_was_shelved_before_is_found_again() -> None:
    fs = taken_world(SCAN)
    packet = read_manifest(fs, PLACE)
    fs.put(FAILED / "scan.pdf", b"another")
    assert [shelve(fs, PLACE, FAILED, packet, PROBLEM) for _ in range(3)] == [2, 2, 2]


# --- Failed files: left, tidied, and back for another try -----------------------------------------------------------


def failed_world(names: tuple[str, ...], *others: str, across: Path | None = None) -> SimulatedFileSystem:
    fs = taken_world(names, across)
    for name in others:
        fs.put(FAILED / name, b"another")
    shelve(fs, PLACE, FAILED, read_manifest(fs, PLACE), PROBLEM)
    return fs


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_failed_files_count_as_long_as_they_stand_there(names: tuple[str, ...]) -> None:
    packet = packet_in(world(*names), names)
    fs = failed_world(names, BESIDE_ANOTHER[names][0])
    assert files_left(fs, FAILED, [packet]) == {"p1": tuple(file.name for file in packet.files)}
    first = next(path for path, data in fs.files(FAILED).items() if data.decode() == names[0])
    fs.delete(FAILED / first)
    assert files_left(fs, FAILED, [packet])["p1"] == tuple(names[1:])


def test_a_file_that_was_mended_on_the_shelf_is_still_the_failed_one() -> None:
    fs = failed_world(SCAN)
    packet = packet_in(world(*SCAN), SCAN)
    fs.put(FAILED / "scan.json", b"mended")
    assert files_left(fs, FAILED, [packet]) == {"p1": SCAN}


@pytest.mark.parametrize("problem", [None, b'{"packet": "p2"}'])
def test_without_its_problem_another_file_under_the_same_name_is_not_the_failed_one(problem: bytes | None) -> None:
    fs = failed_world(SCAN)
    packet = packet_in(world(*SCAN), SCAN)
    fs.delete(FAILED / "scan.problem.json")
    if problem:
        fs.put(FAILED / "scan.problem.json", problem)
    for name in SCAN:
        fs.delete(FAILED / name)
        fs.put(FAILED / name, b"a later packet's")
    assert files_left(fs, FAILED, [packet]) == {"p1": ()}


def test_a_packet_that_failed_again_is_another_although_its_bytes_are_the_same() -> None:
    fs = failed_world(SCAN)
    packet = packet_in(world(*SCAN), SCAN)
    for name in ("scan.pdf", "scan.json"):
        fs.rename(FAILED / name, FAILED / "scan (2)" / name)
    fs.put(FAILED / "scan (2)" / "scan.problem.json", b'{"packet": "p2"}')
    again = replace(packet, id="p2")
    assert files_left(fs, FAILED, [packet, again]) == {"p1": (), "p2": SCAN}


def test_a_problem_is_tidied_away_and_no_other_packets() -> None:
    fs = failed_world(SCAN, "scan.pdf")
    fs.put(FAILED / "scan.problem.json", b'{"packet": "p0"}')
    fs.put(FAILED / "scan.problem.txt", b"another's")
    for name in ("scan.pdf", "scan.json"):
        fs.delete(FAILED / "scan (2)" / name)
    tidy(fs, FAILED, packet_in(world(*SCAN), SCAN))
    assert sorted(fs.files(FAILED)) == ["scan.pdf", "scan.problem.json", "scan.problem.txt"]


@pytest.mark.parametrize("across", [None, FAILED])
@pytest.mark.parametrize("others", [(), ("a",)])
@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_retry_brings_the_files_back_under_their_first_names_whatever_happens(
    names: tuple[str, ...], others: tuple[str, ...], across: Path | None
) -> None:
    packet = packet_in(world(*names, across=across), names)
    standing = (BESIDE_ANOTHER[names][0],) if others else ()
    expected = {name: name for name in names} | {f"failed/{name}": "another" for name in standing}
    fs = failed_world(names, *standing, across=across)
    put_back(fs, LANE, FAILED, packet)
    assert names_and_bytes(fs) == expected
    cuts = every_step(
        lambda: failed_world(names, *standing, across=across), lambda fs: put_back(fs, LANE, FAILED, packet)
    )
    for step, fs in cuts:
        with suppress(Missing):  # the cut came after the last step that mattered
            put_back(fs, LANE, FAILED, packet)
        assert names_and_bytes(fs) == expected, step


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_retry_never_overwrites_and_never_mixes_two_packets(names: tuple[str, ...]) -> None:
    packet = packet_in(world(*names), names)
    stranger = {SCAN: "SCAN.pdf", FOLDER: "Smith/new.pdf", LIST: "left.jpg"}[names]
    expected = {name: name.replace(" (2)", "").removeprefix("claim/").removeprefix("scan/") for name in BACK_AS[names]}
    expected[stranger] = "a stranger"

    def prepare() -> SimulatedFileSystem:
        fs = failed_world(names)
        fs.put(LANE / stranger, b"a stranger")
        return fs

    for step, fs in every_step(prepare, lambda fs: put_back(fs, LANE, FAILED, packet)):
        with suppress(Missing):
            put_back(fs, LANE, FAILED, packet)
        assert names_and_bytes(fs) == expected, step


@pytest.mark.parametrize("stranger", ["scan.tif", "Scan.pdf.json"])
def test_a_scan_and_its_sidecar_never_come_back_beside_a_stranger_they_could_be_paired_with(stranger: str) -> None:
    packet = packet_in(world(*SCAN), SCAN)
    expected = {"scan (2)/scan.pdf": "scan.pdf", "scan (2)/scan.json": "scan.json", stranger: "another patient's"}

    def retried(fs: SimulatedFileSystem) -> None:
        put_back(fs, LANE, FAILED, packet)

    def undone(fs: SimulatedFileSystem) -> None:
        undo_take(fs, LANE, PLACE, packet)

    for from_shelf, again in ((failed_world(SCAN), retried), (taken_world(SCAN), undone)):
        from_shelf.put(LANE / stranger, b"another patient's")
        again(from_shelf)
        assert names_and_bytes(from_shelf) == expected


def test_a_lone_scan_never_comes_back_beside_another_that_one_sidecar_could_speak_for() -> None:
    alone = ("scan.pdf",)
    fs = failed_world(alone)
    fs.put(LANE / "scan.txt", b"another patient's")
    put_back(fs, LANE, FAILED, packet_in(world(*alone), alone))
    assert names_and_bytes(fs) == {"scan (2)/scan.pdf": "scan.pdf", "scan.txt": "another patient's"}


def test_a_retried_sidecar_comes_back_beside_its_own_scan_that_was_put_back_by_hand() -> None:
    fs = failed_world(SCAN)
    fs.rename(FAILED / "scan.pdf", LANE / "scan.pdf")
    put_back(fs, LANE, FAILED, packet_in(world(*SCAN), SCAN))
    assert names_and_bytes(fs) == {name: name for name in SCAN}


def test_a_retry_of_what_is_gone_says_so() -> None:
    fs = failed_world(SCAN)
    for name in SCAN:
        fs.delete(FAILED / name)
    with pytest.raises(Missing):
        put_back(fs, LANE, FAILED, packet_in(world(*SCAN), SCAN))


@pytest.mark.parametrize("names", [SCAN, FOLDER, LIST])
def test_a_retry_takes_what_was_mended_on_the_shelf(names: tuple[str, ...]) -> None:
    packet = packet_in(world(*names), names)

    def prepare() -> SimulatedFileSystem:
        fs = failed_world(names)
        fs.put(FAILED / names[-1], b"mended")
        return fs

    for step, fs in every_step(prepare, lambda fs: put_back(fs, LANE, FAILED, packet)):
        with suppress(Missing):
            put_back(fs, LANE, FAILED, packet)
        assert names_and_bytes(fs) == {name: name for name in names} | {names[-1]: "mended"}, step


def test_a_retry_leaves_a_later_packets_file_under_the_same_name_alone() -> None:
    fs = failed_world(SCAN)
    packet = packet_in(world(*SCAN), SCAN)
    fs.delete(FAILED / "scan.problem.json")
    fs.delete(FAILED / "scan.problem.txt")
    fs.delete(FAILED / "scan.pdf")
    fs.put(FAILED / "scan.pdf", b"a later packet's")
    put_back(fs, LANE, FAILED, packet)
    assert names_and_bytes(fs) == {"scan.json": "scan.json", "failed/scan.pdf": "a later packet's"}
