"""How stores' folders may lie to each other, with the names of Windows and of POSIX systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.settings.folders import MAC, POSIX, WINDOWS, Ground, clashes


def two(first: str, second: str, **keys: Any) -> dict[str, Any]:
    return {
        "store": [
            {"name": "a", "attachments": {"folder": first, **keys}},
            {"name": "b", "statements": {"folder": second}},
        ]
    }


def told(data: dict[str, Any], ground: Ground) -> list[str]:
    return [".".join(map(str, clash.at)) + ": " + clash.sentence.partition(".")[0] for clash in clashes(data, ground)]


@pytest.mark.parametrize(
    ("first", "second", "ground"),
    [
        (r"C:\Scans", r"c:\scans", WINDOWS),
        (r"C:\Scans", r"C:/Scans/", WINDOWS),
        (r"C:\Scans", r"C:\Other\..\Scans", WINDOWS),
        (r"\\server\share\Scans", r"\\SERVER\Share\scans", WINDOWS),
        ("/srv/scans", "/srv//scans/", POSIX),
        ("/srv/scans", "/srv/x/../scans", POSIX),
        ("/Users/x/Scans", "/users/x/scans", MAC),
        ("/Users/x/Zahn\u00e4rzte", "/Users/x/Zahna\u0308rzte", MAC),
    ],
)
def test_one_folder_under_two_names_is_one_folder(first: str, second: str, ground: Ground) -> None:
    assert told(two(first, second), ground) == ["store.1.statements.folder: a/attachments watches this folder already"]


@pytest.mark.parametrize(
    ("outer", "inner", "ground"),
    [
        (r"C:\Scans", r"c:\scans\claims", WINDOWS),
        ("C:\\", r"C:\Scans", WINDOWS),
        (r"\\server\share", r"\\server\share\Scans\2024", WINDOWS),
        ("/srv", "/srv/scans/claims", POSIX),
        ("/", "/srv", POSIX),
    ],
)
def test_a_watched_folder_in_another_is_refused_in_either_order(outer: str, inner: str, ground: Ground) -> None:
    assert told(two(outer, inner), ground) == [
        f"store.1.statements.folder: it lies inside the folder that a/attachments watches, {outer}"
    ]
    assert told(two(inner, outer), ground) == [
        f"store.1.statements.folder: the folder that a/attachments watches, {inner}, lies inside it"
    ]


@pytest.mark.parametrize(
    ("first", "second", "ground"),
    [
        (r"C:\Scans", r"D:\Scans", WINDOWS),
        (r"C:\Scans", r"C:\Scans2", WINDOWS),
        (r"\\server\one", r"\\server\two", WINDOWS),
        ("/srv/scans", "/srv/Scans", POSIX),
        ("/srv/scans", "/srv/scans2", POSIX),
        ("/srv/Zahn\u00e4rzte", "/srv/Zahna\u0308rzte", POSIX),
    ],
)
def test_folders_side_by_side_are_in_order(first: str, second: str, ground: Ground) -> None:
    assert told(two(first, second), ground) == []


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    try:
        (tmp_path / "link").symlink_to(tmp_path / "scans", target_is_directory=True)
    except OSError:
        pytest.skip("this account may not make links")
    if not (tmp_path / "link").is_symlink():
        pytest.skip("this system makes no links")
    (clash,) = clashes(two(str(tmp_path / "scans"), str(tmp_path / "link" / "claims")))
    assert "lies inside the folder that a/attachments watches" in clash.sentence


@pytest.mark.parametrize("shelf", [r"D:\Statements", r"d:\statements\sent", r"D:\Statements\a\b"])
def test_a_shelf_in_another_lanes_folder_is_refused(shelf: str) -> None:
    assert told(two(r"C:\Scans", r"D:\Statements", sent=shelf), WINDOWS) == [
        "store.0.attachments.sent: it lies in the folder that b/statements watches, which would send everything in it "
        "again"
    ]


def test_a_watched_folder_in_another_lanes_shelf_is_refused() -> None:
    assert told(two("/srv/scans", "/archive/statements", sent="/archive"), POSIX) == [
        "store.0.attachments.sent: the folder that b/statements watches lies inside it"
    ]


@pytest.mark.parametrize(
    "shelves", [{"held": "SENT"}, {"held": r"C:\Scans\sent"}, {"sent": r"D:\Done", "held": r"d:\done"}]
)
def test_two_shelves_of_a_lane_in_one_folder_are_refused(shelves: dict[str, str]) -> None:
    assert told(two(r"C:\Scans", r"D:\Statements", **shelves), WINDOWS) == [
        "store.0.attachments.sent: held is this folder already"
    ]


def test_what_is_under_way_is_shelved_apart_and_what_is_done_may_stand_together() -> None:
    data = two("/srv/scans", "/srv/statements", sending="/work", sent="/done")
    data["store"][1]["statements"] |= {"sending": "/work", "sent": "/done"}
    assert told(data, POSIX) == ["store.1.statements.sending: it is sending of a/attachments already"]


@pytest.mark.parametrize("folder", [r"C:\Scans", r"c:\scans\data"])
def test_outtrays_own_files_lie_in_no_watched_folder(folder: str) -> None:
    data = two(r"C:\Scans", r"D:\Statements") | {"agent": {"data_dir": folder}}
    assert told(data, WINDOWS) == [
        "agent.data_dir: OutTray's own files would lie in the folder that a/attachments watches"
    ]


def test_watched_folders_may_lie_beside_outtrays_own_files() -> None:
    assert told(two("/srv/scans", "/srv/statements") | {"agent": {"data_dir": "/srv"}}, POSIX) == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"store": {}},
        {"store": [5, {"name": 5, "attachments": 5}]},
        {"store": [{"attachments": {"folder": 5, "sent": 5}}, {"statements": {"folder": "relative"}}]},
        {"store": [{"attachments": {"folder": "/a", "sent": [], "held": "a/b"}}], "agent": {"data_dir": 5}},
        {"agent": 5},
    ],
)
def test_tables_that_are_not_what_they_should_be_are_told_elsewhere(data: dict[str, Any]) -> None:
    assert clashes(data, POSIX) == []
