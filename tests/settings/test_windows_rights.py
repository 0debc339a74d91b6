"""Whose a file is on Windows, and who may read it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")

EVERYBODY = ("WD", "BU", "AU", "IU", "BG", "S-1-1-0", "S-1-5-32-545", "S-1-5-11")


def allowed(path: Path) -> set[str]:
    from agent.windows_rights import rights_of

    return set(re.findall(r"\(A;[^)]*;([^;)]+)\)", rights_of(path)))


def test_what_this_account_has_made_is_its_own(tmp_path: Path) -> None:
    from agent.windows_rights import is_of_the_system

    (tmp_path / "file").write_bytes(b"")
    assert is_of_the_system(tmp_path)
    assert is_of_the_system(tmp_path / "file")
    assert is_of_the_system(Path(os.environ["SYSTEMROOT"]))


def test_what_is_not_there_is_nobodys(tmp_path: Path) -> None:
    from agent.windows_rights import is_of_the_system

    with pytest.raises(OSError):  # noqa: PT011 - Windows' own
        is_of_the_system(tmp_path / "nothing")


@pytest.mark.parametrize("stood_open", [False, True])
def test_a_folder_of_our_own_is_closed_to_everybody_else(tmp_path: Path, stood_open: bool) -> None:
    from agent.windows_rights import make_own_folder

    folder = tmp_path / "private"
    if stood_open:
        folder.mkdir()
    make_own_folder(folder)
    (folder / "interface.key").write_text("key")
    assert (folder / "interface.key").read_text() == "key"
    assert allowed(folder)
    assert not allowed(folder) & set(EVERYBODY)
    make_own_folder(folder)
    assert (folder / "interface.key").read_text() == "key"
