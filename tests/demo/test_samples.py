"""The samples: all there, small, and what the demo drops of them."""

from pathlib import Path

import pytest

from agent.demo import samples
from agent.demo.samples import DROPS, Drop, SamplesMissing, samples_folder
from agent.model import LaneKind
from tests.support import attachment_samples

LARGEST = 60_000  # bytes


def test_every_committed_scan_is_one_that_the_script_makes() -> None:
    made = {f"good/{name}" for name in attachment_samples.good()} | {f"bad/{name}" for name in attachment_samples.bad()}
    root = samples_folder() / "attachments"
    assert {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} == made


def test_every_sample_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in samples_folder().rglob("*") if path.is_file()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


def test_the_dicom_sample_is_an_image() -> None:
    import pydicom

    image = pydicom.dcmread(samples_folder() / "attachments" / "good" / "panoramic-x-ray.dcm")
    assert (image.Modality, image.Rows, image.Columns, len(image.PixelData)) == ("DX", 150, 300, 150 * 300)


def test_what_the_demo_needs_to_have_been_sent_is_dropped_before() -> None:
    for number, drop in enumerate(DROPS):
        earlier = {Path(path).name for before in DROPS[:number] for path in before.paths}
        assert not drop.after or drop.after in earlier


def test_a_drop_copies_files_and_folders_under_their_own_names(tmp_path: Path) -> None:
    source = tmp_path / "samples" / "attachments"
    (source / "good" / "case").mkdir(parents=True)
    (source / "good" / "case" / "a.jpg").write_bytes(b"a")
    (source / "good" / "b.pdf").write_bytes(b"b")
    lane = tmp_path / "lane"
    lane.mkdir()
    Drop(LaneKind.ATTACHMENTS, ("good/b.pdf", "good/case")).into(lane, tmp_path / "samples")
    assert (lane / "b.pdf").read_bytes() == b"b"
    assert (lane / "case" / "a.jpg").read_bytes() == b"a"


def test_samples_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "DROPS", (Drop(LaneKind.STATEMENTS, ("no-such-file.csv",)),))
    with pytest.raises(SamplesMissing, match="Install OutTray again"):
        samples_folder()


def test_an_installed_package_brings_its_own_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "agent" / "assets" / "samples"
    monkeypatch.setattr(samples, "DROPS", (Drop(LaneKind.STATEMENTS, ("a.csv",)),))
    monkeypatch.setattr(samples.agent, "__file__", str(tmp_path / "agent" / "__init__.py"))
    (installed / "statements").mkdir(parents=True)
    (installed / "statements" / "a.csv").write_bytes(b"")
    assert samples_folder() == installed
