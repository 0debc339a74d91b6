"""Whose bytes: before each try a packet's files are just those that were checked, whatever is put in their place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import httpx
import pytest

from agent.delivery.lane import Lane
from agent.delivery.planner import Terms
from agent.folder.filesystem import Opened
from agent.folder.real import RealFileSystem
from agent.intake.lanes import AttachmentsLane, StatementsLane
from agent.ledger.records import PacketFile, PacketRecord, Shelf
from agent.model import AttemptResult, Delivered, Identity, LaneId, PacketState, Refused, Retry, StatementUpload
from agent.settings.schema import AttachmentsSettings, StatementsSettings
from tests.support import files
from tests.support.packets import SCANS, STATEMENTS
from tests.support.wire import HandClock, attachments, ignore_progress, statements

NOW = datetime(2026, 1, 20, 9, 0, tzinfo=UTC)
OURS = files.pdf()
MARK = b"of another patient"


def other_bytes(size: int) -> bytes:
    """Bytes of the same size that would be sent, and that a test can find."""
    return (MARK * (size // len(MARK) + 1))[:size]


class Swapping(RealFileSystem):
    """The real file system, and someone who does something before its n-th step with a packet's files."""

    def __init__(self, place: Path, at: int, swap: Callable[[Path], None]) -> None:
        self._place = place
        self._at = at
        self._swap = swap
        self.steps = 0

    def _step(self, path: Path) -> None:
        if path.is_relative_to(self._place):
            if self.steps == self._at:
                self._swap(self._place)
            self.steps += 1

    def identify(self, path: Path) -> Identity:
        self._step(path)
        return super().identify(path)

    def open(self, path: Path) -> BinaryIO:
        self._step(path)
        return super().open(path)

    def open_within(self, root: Path, path: Path) -> Opened:
        self._step(path)
        opened = super().open_within(root, path)
        self._step(path)  # between opening and looking at what was opened
        return _SwappingOpen(opened, self, path)


@dataclass
class _SwappingOpen:
    opened: Opened
    system: Swapping
    path: Path

    @property
    def stream(self) -> BinaryIO:
        return self.opened.stream

    def identity(self) -> Identity:
        self.system._step(self.path)
        return self.opened.identity()


# --- What people and programs put in a file's place ------------------------------------------------------------------


def _elsewhere(place: Path) -> Path:
    """Another patient's packet of the same names, sizes and times."""
    other = place.parent.parent.parent / "elsewhere"
    for path in [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]:
        target = other / path.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_bytes(other_bytes(path.stat().st_size))
            os.utime(target, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    return other


def _file(place: Path) -> Path:
    return place / "scan.pdf"


def link_file(place: Path) -> None:
    other = _elsewhere(place) / "scan.pdf"
    _file(place).unlink()
    _file(place).symlink_to(other)


def replace_file(place: Path) -> None:
    other = _elsewhere(place) / "scan.pdf"
    other.replace(_file(place))


def hard_link_file(place: Path) -> None:
    other = _elsewhere(place) / "scan.pdf"
    _file(place).unlink()
    os.link(other, _file(place))


def overwrite_file(place: Path) -> None:
    _file(place).write_bytes(other_bytes(_file(place).stat().st_size))


def overwrite_file_and_its_time(place: Path) -> None:
    before = _file(place).stat()
    _file(place).write_bytes(other_bytes(before.st_size))
    os.utime(_file(place), ns=(before.st_atime_ns, before.st_mtime_ns))


def truncate_file(place: Path) -> None:
    os.truncate(_file(place), 10)


def append_to_file(place: Path) -> None:
    with _file(place).open("ab") as file:
        file.write(MARK)


def link_folder(place: Path) -> None:
    other = _elsewhere(place)
    place.rename(place.with_name("away"))
    place.symlink_to(other, target_is_directory=True)


def replace_folder(place: Path) -> None:
    other = _elsewhere(place)
    place.rename(place.with_name("away"))
    other.rename(place)


def link_shelf(place: Path) -> None:
    other = _elsewhere(place)
    shelf = place.parent
    shelf.rename(shelf.with_name("shelf-away"))
    beside = shelf.parent.parent / "other-shelf"
    beside.mkdir()
    other.rename(beside / place.name)
    shelf.symlink_to(beside, target_is_directory=True)


def replace_sidecar(place: Path) -> None:
    before = (place / "scan.json").stat()
    data = (place / "scan.json").read_bytes().replace(b"CLM-1", b"CLM-2")
    assert len(data) == before.st_size
    (place / "scan.json").write_bytes(data)
    os.utime(place / "scan.json", ns=(before.st_atime_ns, before.st_mtime_ns))


SWAPS = [
    link_file,
    replace_file,
    hard_link_file,
    overwrite_file,
    overwrite_file_and_its_time,
    truncate_file,
    append_to_file,
    link_folder,
    replace_folder,
    link_shelf,
]


# --- A lane, and its service -----------------------------------------------------------------------------------------


@dataclass
class World:
    """A taken packet on the shelf, and what the service has got."""

    lane: Lane
    packet: PacketRecord
    place: Path
    received: list[bytes]
    whole: list[bytes]

    def send(self) -> AttemptResult:
        return self.lane.send(self.packet, ignore_progress, Event(), NOW)


def world(tmp_path: Path, at: int = -1, swap: Callable[[Path], None] = lambda _place: None) -> World:
    folder = tmp_path / "scans"
    place = folder / "sending" / "p1"
    place.mkdir(parents=True)
    (place / "scan.pdf").write_bytes(OURS)
    (place / "scan.json").write_bytes(files.sidecar(claimId="CLM-1"))
    received: list[bytes] = []
    whole: list[bytes] = []

    def service(request: httpx.Request) -> httpx.Response:
        pieces: list[bytes] = []
        for piece in request.stream:  # type: ignore[union-attr]
            pieces.append(piece)
            received.append(piece)
        whole.append(b"".join(pieces))
        return httpx.Response(201, json={"attachmentControlNumber": "CHC#1", "attachmentIds": ["CHC#2"]})

    fs = Swapping(place, at, swap)
    settings = AttachmentsSettings(
        folder=folder, base_url="https://api.example.com", token_url="https://api.example.com/token", client_id="c"
    )
    destination = attachments(with_streaming_token(service), files=fs)
    lane = Lane(SCANS, settings, Terms(), fs, HandClock(), AttachmentsLane(settings, SCANS, fs), destination)
    packet = record(place, SCANS, "scan.pdf", "scan.json")
    return World(lane, packet, place, received, whole)


class _Streaming(httpx.BaseTransport):
    """Takes a body piece by piece, as a wire does: what breaks off has gone out as far as it came."""

    def __init__(self, service: Callable[[httpx.Request], httpx.Response]) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            request.read()
            return httpx.Response(200, json={"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"})
        return self._service(request)


def with_streaming_token(service: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=_Streaming(service))


def record(place: Path, lane: LaneId, *names: str) -> PacketRecord:
    members = tuple(
        PacketFile(
            name,
            "sidecar" if name.endswith(".json") else "document",
            RealFileSystem().identify(place / name),
            sha256((place / name).read_bytes()).hexdigest(),
        )
        for name in names
    )
    return PacketRecord("p1", lane, PacketState.SENDING, "scan", Shelf.SENDING, members, NOW, upload_name=names[0])


def steps_of_a_send(tmp_path: Path) -> int:
    whole = world(tmp_path)
    assert isinstance(whole.send().outcome, Delivered)
    fs = whole.lane.fs
    assert isinstance(fs, Swapping)
    return fs.steps


# --- The rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
def test_whatever_takes_its_place_at_whatever_moment_no_other_bytes_are_sent(
    swap: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    steps = steps_of_a_send(tmp_path / "plain")
    assert steps > 8
    for at in range(steps):
        root = tmp_path / str(at)
        root.mkdir()
        swapped = world(root, at, swap)
        outcome = swapped.send().outcome
        sent = b"".join(swapped.received)
        assert MARK not in sent, (swap.__name__, at)
        assert all(OURS in body for body in swapped.whole), (swap.__name__, at)
        assert isinstance(outcome, Delivered) is bool(swapped.whole), (swap.__name__, at, outcome)
        again = swapped.send().outcome
        assert MARK not in b"".join(swapped.received), (swap.__name__, at)
        if not isinstance(outcome, Delivered):
            assert isinstance(again, Refused), (swap.__name__, at, again)
            assert again.problem.code == "changed-before-sending"


@pytest.mark.parametrize("restarted", [False, True])
def test_a_sidecar_that_was_changed_speaks_for_nothing_any_more(restarted: bool, tmp_path: Path) -> None:
    ours = world(tmp_path)
    if not restarted:
        assert isinstance(ours.send().outcome, Delivered)  # the request is at hand now, of the old sidecar
    replace_sidecar(ours.place)
    outcome = ours.send().outcome
    assert isinstance(outcome, Refused)
    assert outcome.problem.code == "changed-before-sending"
    assert not any(b"CLM-2" in body for body in ours.whole)


@pytest.mark.parametrize(
    "renumber",
    [
        lambda path: os.utime(path, ns=(1, path.stat().st_mtime_ns + 3600 * 10**9)),  # FAT, when the season changes
        lambda path: (shutil.copy2(path, path.with_name("copy")), path.with_name("copy").replace(path)),
    ],
    ids=["another time", "another number"],
)
def test_the_same_bytes_go_whatever_the_share_says_of_them(renumber: Callable[[Path], Any], tmp_path: Path) -> None:
    ours = world(tmp_path)
    for name in ("scan.pdf", "scan.json"):
        renumber(ours.place / name)
    assert isinstance(ours.send().outcome, Delivered)


def test_a_file_too_large_to_be_read_twice_is_known_by_its_identity(tmp_path: Path) -> None:
    ours = world(tmp_path)
    scan, card = ours.packet.files
    ours.packet = replace(ours.packet, files=(replace(scan, sha256=""), card))
    assert isinstance(ours.send().outcome, Delivered)
    os.utime(ours.place / "scan.pdf", ns=(1, 1))
    assert isinstance(ours.send().outcome, Refused)


def test_a_file_that_people_took_away_is_not_changed(tmp_path: Path) -> None:
    ours = world(tmp_path)
    (ours.place / "scan.pdf").unlink()
    assert isinstance(ours.send().outcome, Retry)


def test_what_was_changed_after_it_went_is_known_before_it_is_shelved(tmp_path: Path) -> None:
    ours = world(tmp_path)
    assert isinstance(ours.send().outcome, Delivered)
    assert not ours.lane.changed_since(ours.packet)
    append_to_file(ours.place)
    assert ours.lane.changed_since(ours.packet)


def statement_world(tmp_path: Path) -> World:
    folder = tmp_path / "statements"
    place = folder / "sending" / "p1"
    place.mkdir(parents=True)
    (place / "july.csv").write_bytes(STATEMENT)
    settings = StatementsSettings(folder=folder, base_url="https://api.example.com")
    fs = RealFileSystem()
    bodies: list[bytes] = []

    def service(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return httpx.Response(200, json={})

    intake = StatementsLane(settings, STATEMENTS, fs, tmp_path / "spool")
    destination = statements(httpx.Client(transport=_Streaming(service)))
    lane = Lane(STATEMENTS, settings, Terms(), fs, HandClock(), intake, destination)
    return World(lane, record(place, STATEMENTS, "july.csv"), place, bodies, bodies)


STATEMENT = (Path(__file__).parents[1] / "intake/statements/samples/upload.csv").read_bytes()


@pytest.mark.parametrize("prepared", [True, False])
def test_a_body_made_of_the_old_statements_does_not_go_for_the_new_ones(prepared: bool, tmp_path: Path) -> None:
    ours = statement_world(tmp_path)
    path = ours.place / "july.csv"
    if prepared:
        request = ours.lane._request(ours.packet, NOW)
        assert isinstance(request, StatementUpload)
        ours.lane._requests[ours.packet.id] = request
    before = path.stat()
    path.write_bytes(STATEMENT[:-2] + bytes([STATEMENT[-2] ^ 1]) + STATEMENT[-1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    outcome = ours.send().outcome
    assert isinstance(outcome, Refused)
    assert outcome.problem.code == "changed-before-sending"
    assert ours.whole == []
