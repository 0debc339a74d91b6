"""Who else opens a file: poppler, pypdf and PDFium for PDF; Pillow, ImageMagick and GraphicsMagick for pictures;
pydicom and DCMTK; python-docx and LibreOffice; as far as they are there.

They are asked from the quickest to the slowest, until one opens the file: where judges differ, it counts as openable.
Of what we refuse (`strictly`), a judge that complains and then shows an empty page, or that says that the file breaks
off, has opened nothing; of what we accept, it is enough that one of them goes through with it.
"""

from __future__ import annotations

import importlib
import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

SECONDS = 30
OFFICE_AT_ONCE = 15
BREAKS_OFF = re.compile(rb"premature|truncated|corrupt|unexpected end|insufficient image data", re.I).search
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff")
OFFICE = (".doc", ".docx", ".rtf")

Judge = Callable[[Path, bool], bool | None]
"""Whether it opens, strictly or not; None where this judge is not there."""


def open_among(paths: Sequence[Path], *, strictly: bool) -> dict[Path, bool | None]:
    """Return of each file whether any judge opens it, None where there is none."""
    verdicts = {path: _first_of(judges_of(path.suffix.lower()), path, strictly) for path in paths}
    left = [path for path, opens in verdicts.items() if not opens and path.suffix.lower() in OFFICE]
    if left and shutil.which("soffice"):
        for start in range(0, len(left), OFFICE_AT_ONCE):
            verdicts |= office(left[start : start + OFFICE_AT_ONCE])
    return verdicts


def judges_of(ending: str) -> tuple[Judge, ...]:
    """Return who judges files of an ending one by one."""
    if ending == ".pdf":
        return _poppler, _pypdf, _pdfium
    if ending in PICTURES:
        return _pillow, _imagemagick, _graphicsmagick
    return {".dcm": (_dcmtk, _pydicom), ".docx": (_docx,)}.get(ending, ())


def _first_of(judges: Iterable[Judge], path: Path, strictly: bool) -> bool | None:
    known: bool | None = None
    for judge in judges:
        opens = judge(path, strictly)
        if opens:
            return True
        known = opens if known is None else known
    return known


def office(paths: Iterable[Path]) -> dict[Path, bool | None]:
    """Return what LibreOffice makes of documents, opened one after the other in one run; alone where that ends it."""
    with tempfile.TemporaryDirectory() as folder:
        copies = {path: Path(folder) / f"{number}{path.suffix.lower()}" for number, path in enumerate(paths)}
        for path, copy in copies.items():
            shutil.copyfile(path, copy)
        _office(folder, *copies.values())
        verdicts: dict[Path, bool | None] = {path: _became_text(copy) for path, copy in copies.items()}
        for path, copy in copies.items():
            if not verdicts[path] and len(copies) > 1:
                _office(folder, copy)
                verdicts[path] = _became_text(copy)
        return verdicts


@cache
def _profile() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # made at its first start, which takes longer than many documents


def _office(folder: str, *paths: Path) -> None:
    _run(
        "soffice",
        f"-env:UserInstallation=file://{_profile().name}",
        "--headless",
        "--convert-to",
        "txt:Text",
        "--outdir",
        folder,
        *paths,
    )


def _became_text(copy: Path) -> bool:
    return copy.with_suffix(".txt").is_file()


def _run(*command: str | Path) -> tuple[bytes, bytes] | None:
    """Return what a program said on both ways out, nothing where it failed; None where it is not there."""
    if shutil.which(str(command[0])) is None:
        return None
    pipe = subprocess.PIPE
    words = [str(word) for word in command]
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, start_new_session=True) as running:
        try:
            said, complained = running.communicate(timeout=SECONDS + 2 * len(command))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # LibreOffice is started by a script that would leave it behind
            return b"", b""
    return (said if running.returncode == 0 else b""), complained


def _poppler(path: Path, strictly: bool) -> bool | None:
    said = _run("pdftoppm", "-f", "1", "-l", "1", "-r", "20", path)
    return None if said is None else bool(said[0]) and (not strictly or not said[1].strip() or _has_ink(said[0]))


def _has_ink(page: bytes) -> bool:
    from PIL import Image

    with Image.open(io.BytesIO(page)) as drawn:
        lowest, highest = drawn.convert("L").getextrema()
        return bool(lowest != highest)


def _pdfium(path: Path, strictly: bool) -> bool | None:
    """Ask what browsers open PDFs with. It says nothing of its repairs, so that an empty page counts for nothing."""
    try:
        pdfium = importlib.import_module("pypdfium2")
    except ImportError:
        return None
    try:
        with pdfium.PdfDocument(path) as document:
            page = document[0].render(scale=0.3).to_pil()
    except Exception:  # noqa: BLE001 - as below
        return False
    lowest, highest = page.convert("L").getextrema()
    return not strictly or bool(lowest != highest)


def _pypdf(path: Path, strictly: bool) -> bool | None:
    from pypdf import PdfReader

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return False
        return len(reader.pages) > 0 and (not strictly or bool(reader.pages[0].get_contents()))
    except Exception:  # noqa: BLE001 - whatever a judge stumbles over, it does not open the file
        return False


@cache
def _has_imagemagick() -> bool:
    convert = shutil.which("convert")
    if convert is None:
        return False
    said = subprocess.run([convert, "-version"], capture_output=True, timeout=SECONDS, check=False).stdout
    return b"ImageMagick" in said


def _imagemagick(path: Path, strictly: bool) -> bool | None:
    return _shown("convert", path, strictly=strictly) if _has_imagemagick() else None


def _graphicsmagick(path: Path, strictly: bool) -> bool | None:
    return _shown("gm", "convert", path, strictly=strictly)


def _shown(*command: str | Path, strictly: bool) -> bool | None:
    *program, path = command
    said = _run(*program, f"{path}[0]", "-resize", "32x32", "jpg:-")
    return None if said is None else bool(said[0]) and (not strictly or BREAKS_OFF(said[1]) is None)


def _pillow(path: Path, _: bool) -> bool | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            picture.load()
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _dcmtk(path: Path, _: bool) -> bool | None:
    said = _run("dcmdump", path)
    return None if said is None else bool(said[0])


def _pydicom(path: Path, _: bool) -> bool | None:
    import pydicom

    try:
        return bool(len(pydicom.dcmread(path, force=True)))
    except Exception:  # noqa: BLE001 - as above
        return False


def _docx(path: Path, _: bool) -> bool | None:
    import docx

    try:
        docx.Document(str(path))
    except Exception:  # noqa: BLE001 - as above
        return False
    return True
