"""A profile that the settings name by its path stands where others may write: whatever it becomes, it stops nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.intake.statements.own_profiles import own_profiles
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import find

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs here")


def _nested(path: Path) -> None:
    path.write_text("x = " + "[" * 100_000)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("become", [os.mkfifo, _nested, _endless, _sparse, Path.mkdir])
@pytest.mark.parametrize("named", [True, False], ids=["named", "the store's own"])
def test_what_is_no_profile_any_more_is_said(tmp_path: Path, become: Callable[[Path], None], named: bool) -> None:
    path = tmp_path / "main-street.toml"
    become(path)
    with pytest.raises(Unreadable) as said:
        find(str(path)) if named else own_profiles(tmp_path, "main-street")
    assert "main-street.toml" in said.value.problem.sentence
