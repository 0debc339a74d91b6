"""Whose a file is on Windows, and who may read it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("of Windows", allow_module_level=True)

from agent import own_files, sddl, windows_rights
from agent.windows_rights import is_of_the_system, make_own_folder, rights_of

EVERYBODY = ("WD", "BU", "AU", "IU", "BG", "S-1-1-0", "S-1-5-32-545", "S-1-5-11")


def allowed(path: Path) -> set[str]:
    return set(re.findall(r"\(A;[^)]*;([^;)]+)\)", rights_of(path)))


def test_what_this_account_has_made_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert is_of_the_system(tmp_path)
    assert is_of_the_system(tmp_path / "file")
    assert is_of_the_system(Path(os.environ["SYSTEMROOT"]))


def test_what_is_not_there_is_nobodys(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - Windows' own
        is_of_the_system(tmp_path / "nothing")


@pytest.mark.parametrize("stood_open", [False, True])
def test_a_folder_of_our_own_is_closed_to_everybody_else(tmp_path: Path, stood_open: bool) -> None:
    folder = tmp_path / "private"
    if stood_open:
        folder.mkdir()
    make_own_folder(folder)
    (folder / "ledger.sqlite").write_text("key")
    assert (folder / "ledger.sqlite").read_text() == "key"
    assert allowed(folder)
    assert not allowed(folder) & set(EVERYBODY)
    make_own_folder(folder)
    assert (folder / "ledger.sqlite").read_text() == "key"


GROUP = "S-1-5-21-0-0-0-513"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The descriptors that Windows is asked for. (Wine keeps the bits of a POSIX mode of them.)"""
    found: list[str] = []
    plain = windows_rights.described
    monkeypatch.setattr(windows_rights, "described", lambda rights: (found.append(rights), plain(rights))[1])
    return found


def test_a_data_folder_is_made_with_an_access_list_of_its_own(tmp_path: Path, asked: list[str]) -> None:
    folder = tmp_path / "data"
    own_files.make_folder(folder)
    assert asked == [sddl.of_folder(windows_rights.own_sid())]
    assert not sddl.open_to(rights_of(folder))


@pytest.mark.parametrize(
    ("above", "inherits"),
    [("D:P(A;OICI;FA;;;SY)", True), ("D:PAI(A;OICI;FA;;;BA)", True), ("D:(A;OICI;FA;;;SY)", False),
     ("D:P(A;OICI;FR;;;BU)", False)],
)  # fmt: skip
def test_a_folder_in_a_closed_one_inherits(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, above: str, inherits: bool
) -> None:
    plain = windows_rights.rights_of
    monkeypatch.setattr(windows_rights, "rights_of", lambda place: above if place == tmp_path else plain(place))
    make_own_folder(tmp_path / "spool")
    assert (tmp_path / "spool").is_dir()
    assert bool(asked) != inherits


def test_whom_somebody_has_let_in_by_name_stays_in_and_everybody_does_not(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    group = "(A;OICI;0x1301bf;;;{})"
    stands = "D:AI" + "".join(group.format(who) for who in ("BU", "WD", "AU", GROUP)) + "(A;OICIID;FA;;;S-1-5-21-1-1)"
    plain = windows_rights.rights_of
    monkeypatch.setattr(windows_rights, "rights_of", lambda place: stands if place == folder else plain(place))
    own_files.make_folder(folder)
    own = windows_rights.own_sid()
    assert asked == [sddl.of_folder(own, [sddl.Entry("A", "OICI", "0x1301bf", GROUP)])]


@pytest.mark.parametrize(("owner", "left"), [("S-1-5-32-544", True), ("S-1-5-18", True), ("S-1-5-21-9-9-9-1", False)])
def test_administrators_folder_is_left_as_they_made_it_and_anothers_is_not_used(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, owner: str, left: bool
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(windows_rights, "owner_of", lambda _place: owner)
    if left:
        own_files.make_folder(tmp_path / "data")
    else:
        with pytest.raises(PermissionError):
            own_files.make_folder(tmp_path / "data")
    assert asked == []


def test_the_doctor_is_told_what_is_open_and_a_start_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    own_files.make_folder(folder)
    (folder / "logs").mkdir()
    rights = {folder / "logs": "D:AI(A;OICI;FA;;;WD)"}
    monkeypatch.setattr(windows_rights, "rights_of", lambda place: rights.get(place, "D:P(A;OICI;FA;;;SY)"))
    monkeypatch.setattr(windows_rights, "inherit", lambda place: rights.pop(place))
    assert [(fault.path.name, fault.why) for fault in own_files.faults(folder)] == [("logs", "open")]
    own_files.close_all(folder)
    assert list(own_files.faults(folder)) == []


def test_what_inherits_has_no_rights_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    own_files.make_folder(folder)
    (folder / "file").touch()
    windows_rights.inherit(folder / "file")
    (folder / "file").write_bytes(b"x")
