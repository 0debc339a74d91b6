"""Names: which are never picked up, and what a packet's files are called on a shelf."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.folder.names import (
    is_looked_into,
    is_picked_up,
    is_watched,
    may_pair,
    name_key,
    own_folder,
    shelf_folders,
    stem_of_own_folder,
)
from agent.folder.packets import DOCUMENT, SIDECAR, Packet, ShelfFile, shelf_names
from agent.model import Identity
from agent.settings.schema import LaneSettings
from tests.support.folders import ARRIVED


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.pdf", ".outtray-folder", ".outtray-packet.json", ".DS_Store", "~$letter.docx", "scan.tmp", "SCAN.TMP",
        "scan.pdf.part", "scan.pdf.crdownload", "Thumbs.db", "THUMBS.DB", "desktop.ini", "scan.receipt.json",
        "Scan.Problem.TXT", "scan (2).problem.json", "scan.pdf.filepart", "SCAN.PDF.PARTIAL", "scan.pdf.download",
        "scan.pdf~", "scan.pd~", "scan.temp", "Scans.lnk", "ehthumbs.db", "Icon\r",
        "scan.pdf.uploading", "scan.incomplete",
    ],
)  # fmt: skip
def test_names_that_are_never_picked_up(name: str) -> None:
    assert not is_watched(name)


@pytest.mark.parametrize(
    "name", ["scan.pdf", "SCAN.PDF", "scan.json", "temp.pdf", "receipt.json", "~notes.pdf", "a.tmp.pdf", "x [1].pdf"]
)
def test_names_that_are_picked_up(name: str) -> None:
    assert is_watched(name)


@pytest.mark.parametrize(
    "name",
    [
        "#recycle", "#snapshot", "@Recycle", "@eaDir", "@Recently-Snapshot", "$RECYCLE.BIN",
        "System Volume Information", "lost+found", "__MACOSX", "RECYCLER", "Trash", "Old", "found.000", ".Trash-1000",
        "Smith.download", "~snapshot", "sent", "Failed", "HELD", "sending",
    ],
)  # fmt: skip
def test_folders_that_are_never_looked_into(name: str) -> None:
    assert not is_looked_into(name)
    assert not is_picked_up((name, "scan.pdf"))


@pytest.mark.parametrize("name", ["Smith", "Older", "2026-07-04", "Smith (2)", "sent by mail", "Müller #3", "a@b"])
def test_folders_that_can_be_a_packets(name: str) -> None:
    assert is_looked_into(name)
    assert is_picked_up((name, "scan.pdf"))
    assert not is_picked_up((name, "scan.tmp"))


@pytest.mark.parametrize("name", ["#1234.pdf", "@home.pdf", "$5.pdf", "old", "trash.pdf", "sent.pdf"])
def test_what_is_said_of_folders_is_not_said_of_files(name: str) -> None:
    assert is_picked_up((name,))


def test_shelves_are_not_picked_up_in_any_spelling() -> None:
    assert not is_watched("SENT", {name_key("Sent")})


@pytest.mark.parametrize(
    ("one", "other"), [("SCAN.PDF", "scan.pdf"), ("Mu\u0308ller", "M\u00fcller"), ("Straße", "STRASSE")]
)
def test_names_that_are_one_to_people(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("shelves", "expected"),
    [
        ({}, {"held", "sending", "sent", "failed"}),
        ({"sent": "/archive/sent", "held": "/practice/scans/shelves/held"}, {"shelves", "sending", "failed"}),
        ({"failed": "/practice/scans/Not Sent"}, {"held", "sending", "sent", "not sent"}),
    ],
)
def test_the_shelves_that_stand_in_the_watched_folder(shelves: dict[str, str], expected: set[str]) -> None:
    folder, *_ = whole = [Path(path).absolute() for path in ("/practice/scans", *shelves.values())]
    given = dict(zip(shelves, map(str, whole[1:]), strict=True))
    assert shelf_folders(LaneSettings(folder=folder, **given)) == expected  # type: ignore[arg-type]


def packet(name: str, *files: str, folder: str = "", keep_names: bool = False) -> Packet:
    members = tuple(
        ShelfFile(file, SIDECAR if file.endswith(".json") else DOCUMENT, Identity(1, 1, file)) for file in files
    )
    return Packet("p1", "lane", "pc", name, ARRIVED, members, folder, keep_names)


@pytest.mark.parametrize(
    ("found", "number", "files", "receipt"),
    [
        (packet("scan", "scan.pdf", "scan.json"), 1, ["scan.pdf", "scan.json"], "scan.receipt.json"),
        (packet("scan", "scan.pdf", "scan.json"), 2, ["scan (2)/scan.pdf", "scan (2)/scan.json"],
         "scan (2)/scan.receipt.json"),
        (packet("scan", "SCAN.PDF", "scan.json"), 3, ["scan (3)/SCAN.PDF", "scan (3)/scan.json"],
         "scan (3)/scan.receipt.json"),
        (packet("claim", "left.jpg", "claim.json", keep_names=True), 1, ["left.jpg", "claim.json"],
         "claim.receipt.json"),
        (packet("claim", "left.jpg", "claim.json", keep_names=True), 2, ["claim (2)/left.jpg", "claim (2)/claim.json"],
         "claim (2)/claim.receipt.json"),
        (packet("Smith", "Smith/1.pdf", "Smith/c.json", folder="Smith"), 1, ["Smith/1.pdf", "Smith/c.json"],
         "Smith.receipt.json"),
        (packet("Smith", "Smith/1.pdf", "Smith/c.json", folder="Smith"), 2, ["Smith (2)/1.pdf", "Smith (2)/c.json"],
         "Smith (2)/Smith.receipt.json"),
        (packet("scan", "scan (2)/scan.pdf", folder="scan (2)"), 1, ["scan.pdf"], "scan.receipt.json"),
        (packet("scan", "scan (2)/scan.pdf", folder="scan (2)"), 2, ["scan (2)/scan.pdf"],
         "scan (2)/scan.receipt.json"),
        (packet("README", "README"), 2, ["README (2)/README"], "README (2)/README.receipt.json"),
        (packet("#12", "#12.pdf"), 1, ["#12.pdf"], "#12.receipt.json"),
        (packet("#12", "#12.pdf"), 2, ["files of #12 (2)/#12.pdf"], "files of #12 (2)/#12.receipt.json"),
    ],
)  # fmt: skip
def test_a_file_keeps_its_name_and_a_further_packet_of_a_name_has_a_folder_of_its_own(
    found: Packet, number: int, files: list[str], receipt: str
) -> None:
    names = shelf_names(found, number)
    assert (list(names.files.values()), names.documents[".receipt.json"]) == (files, receipt)


@pytest.mark.parametrize(
    "stem", ["scan", "#12", "$100", "@home", "old", "deleted", "held", "scan.part", "~$x", "a (2)"]
)
@pytest.mark.parametrize("number", [2, 12])
def test_a_packets_own_folder_is_looked_into_whatever_its_name(stem: str, number: int) -> None:
    folder = own_folder(stem, number)
    assert is_looked_into(folder)
    assert stem_of_own_folder(folder) == stem


@pytest.mark.parametrize("folder", ["Smith", "files of Smith", "files of old", "#12", " (2)"])
def test_a_folder_of_peoples_keeps_its_name(folder: str) -> None:
    assert stem_of_own_folder(folder) == folder


@pytest.mark.parametrize("letter", ["x", "é", "漢", "#"])
@pytest.mark.parametrize("number", [1, 2, 12])
def test_documents_and_folders_whose_names_would_grow_too_long_are_cut_and_files_are_not(
    letter: str, number: int
) -> None:
    longest = letter * (250 // len(letter.encode()))
    long = packet(longest, f"{longest}.pdf", f"{longest}.json")
    names = shelf_names(long, number)
    every = [*names.files.values(), *names.documents.values()]
    assert max(len(part.encode()) for name in every for part in name.split("/")) <= 255
    assert [name.rpartition("/")[2] for name in names.files.values()] == [f"{longest}.pdf", f"{longest}.json"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("scan.json", "scan.pdf", True),
        ("scan.pdf.json", "Scan.PDF", True),
        ("scan.pdf", "scan.tif", True),  # scan.json would speak for both
        ("scan.pdf.json", "scan.tif", False),
        ("scan.pdf", "scan 2.pdf", False),
        ("scan.pdf", "scan.pdf.json", True),
    ],
)
def test_names_that_could_come_into_one_packet(one: str, other: str, expected: bool) -> None:
    assert may_pair(one, other) is may_pair(other, one) is expected
