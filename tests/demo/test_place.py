"""The demo's folder: one place, emptied only where it is proved to be ours."""

from pathlib import Path

import pytest

from agent.demo.place import MARKER, NoPlace, demo_folder


def contents(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}


def test_it_is_kept_after_a_demo_and_emptied_by_the_next(tmp_path: Path) -> None:
    with demo_folder(tmp_path) as first:
        (first / "Scans" / "sent").mkdir(parents=True)
        (first / "outtray.toml").write_text("")
    assert contents(first) == {"Scans", "outtray.toml"}
    with demo_folder(tmp_path) as second:
        assert second == first
        assert contents(second) == set()


@pytest.mark.parametrize("marker", [None, "something else", b"\xff\xfe"])
def test_a_folder_that_our_marker_does_not_prove_to_be_ours_is_left_alone(
    tmp_path: Path, marker: str | bytes | None
) -> None:
    stranger = tmp_path / "outtray-demo-1"
    stranger.mkdir()
    (stranger / "thesis.txt").write_text("years of work")
    if marker is not None:
        (stranger / MARKER).write_bytes(marker if isinstance(marker, bytes) else marker.encode())
    with demo_folder(tmp_path) as folder:
        assert folder.name == "outtray-demo-2"
    assert (stranger / "thesis.txt").read_text() == "years of work"


def test_a_folder_that_another_demo_uses_is_left_alone(tmp_path: Path) -> None:
    with demo_folder(tmp_path) as first, demo_folder(tmp_path) as second:
        assert (first.name, second.name) == ("outtray-demo-1", "outtray-demo-2")


def test_a_link_in_it_is_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("kept")
    with demo_folder(tmp_path) as folder:
        try:
            (folder / "link").symlink_to(elsewhere, target_is_directory=True)
        except OSError:
            pytest.skip("no links here")
    with demo_folder(tmp_path) as folder:
        assert contents(folder) == set()
    assert (elsewhere / "kept.txt").exists()


def test_a_link_in_its_place_is_passed_over(tmp_path: Path) -> None:
    with demo_folder(tmp_path / ".") as ours:
        pass
    ours.rename(tmp_path / "moved")
    try:
        (tmp_path / "outtray-demo-1").symlink_to(tmp_path / "moved", target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    with demo_folder(tmp_path) as folder:
        assert folder.name == "outtray-demo-2"


def test_a_temporary_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoPlace, match="cannot make its folder"), demo_folder(tmp_path / "missing"):
        pass
