"""Small pictures of scans: of what can be drawn, and of nothing else."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from agent.desk.page.forms.pictures import can_be_drawn, thumbnail
from agent.folder.real import RealFileSystem
from agent.intake.readers.drawing import MOST_POINTS, SIDE
from tests.support import files


def drawn(folder: Path, data: bytes, name: str = "scan") -> Image.Image | None:
    (folder / name).write_bytes(data)
    made = thumbnail(RealFileSystem(), folder / name)
    return None if made is None else Image.open(io.BytesIO(made))


@pytest.mark.parametrize("data", [files.jpeg(900), files.png(), files.gif(), files.bmp(), files.tiff()])
def test_pictures_are_drawn_small(tmp_path: Path, data: bytes) -> None:
    made = drawn(tmp_path, data)
    assert made is not None
    assert made.format == "JPEG"
    assert max(made.size) <= SIDE
    assert can_be_drawn(RealFileSystem(), tmp_path / "scan")


@pytest.mark.parametrize("data", [files.pdf(), b"", b"words\n", files.docx(), b"GIF89a", files.jpeg()[:200]])
def test_of_everything_else_there_is_no_picture(tmp_path: Path, data: bytes) -> None:
    assert drawn(tmp_path, data) is None


def test_an_x_ray_of_sixteen_bits_shows_its_whole_range(tmp_path: Path) -> None:
    xray = Image.new("I;16", (64, 64), 1000)
    xray.paste(3000, (0, 0, 32, 64))
    made = io.BytesIO()
    xray.save(made, "TIFF")
    shown = drawn(tmp_path, made.getvalue())
    assert shown is not None
    low, high = shown.convert("L").getextrema()
    assert low < 10
    assert high > 245


def test_transparent_places_are_white(tmp_path: Path) -> None:
    made = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(made, "PNG")
    shown = drawn(tmp_path, made.getvalue())
    assert shown is not None
    assert min(shown.convert("L").getextrema()) > 250


@pytest.mark.parametrize(("side", "is_drawn"), [(2000, True), (int(MOST_POINTS**0.5) + 1, False)])
def test_a_small_file_of_very_many_points_is_not_drawn(tmp_path: Path, side: int, is_drawn: bool) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit a point
    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(bomb) < 20_000
    assert (drawn(tmp_path, bomb) is not None) is is_drawn


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(files.png())
    try:
        (tmp_path / "scan.png").symlink_to(tmp_path / "secret.png")
    except OSError:
        pytest.skip("no right to make links here")
    assert thumbnail(RealFileSystem(), tmp_path / "scan.png") is None


@pytest.mark.parametrize("reader", ["dies", "raises", "talks"])
def test_a_reader_that_comes_to_grief_costs_the_picture_only(
    reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agent.desk.page.forms.pictures._READER", f"tests.worker.foreign:{reader}")
        assert drawn(tmp_path, files.png()) is None
    assert drawn(tmp_path, files.png()) is not None
