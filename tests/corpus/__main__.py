"""Real files against independent judges: `python -m tests.corpus FOLDER...`, by hand.

Each file of a type that the attachments lane takes is checked as the lane would check it, with a sidecar of its own,
and then opened by someone else: poppler and pypdf for PDF, ImageMagick and Pillow for pictures, pydicom, python-docx,
and LibreOffice, as far as they are there. Where judges differ, a file that any of them opens counts as openable. The
table tells, a type: tried, refused, openable but refused, accepted but opened by nobody; `--list` names the last two.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.folder.real import RealFileSystem
from agent.intake.attachments import AttachmentsIntake, check_attachments
from tests.support import files
from tests.support.bad_packets import TODAY
from tests.support.looks import put, scans_lane, settled_in

SECONDS = 60
MOST_BYTES = 50_000_000
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff")

Judge = Callable[[Path], bool | None]
"""Whether it opens; None where this judge is not there."""


def is_refused(path: Path, place: Path) -> bool:
    """Tell whether the attachments lane would refuse a file."""
    name = f"file{path.suffix.lower()}"
    put(place, {name: path.read_bytes(), "file.json": files.sidecar()})
    fs = RealFileSystem()
    (candidate,) = AttachmentsIntake().gather(fs, place, settled_in(place))
    return check_attachments(fs, place, candidate, scans_lane(place, max_file_mb=100), TODAY).problem is not None


def judges_of(ending: str) -> tuple[Judge, ...]:
    """Return who judges files of an ending, none of which is asked by the check in this way."""
    if ending == ".pdf":
        return _poppler, _pypdf
    if ending in PICTURES:
        return _imagemagick, _pillow
    if ending == ".dcm":
        return (_pydicom,)
    if ending == ".docx":
        return _docx, _office
    return (_office,)


def opens(path: Path) -> bool | None:
    """Tell whether any judge opens it; None where there is none."""
    said = [judge(path) for judge in judges_of(path.suffix.lower())]
    known = [one for one in said if one is not None]
    return any(known) if known else None


def main() -> int:
    """Judge all files of the folders, and print the table."""
    asked = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    asked.add_argument("folders", nargs="+", type=Path)
    asked.add_argument("--list", action="store_true", help="name the files on which we and the judges differ")
    args = asked.parse_args()
    warnings.simplefilter("ignore")
    table: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(_found(args.folders)):
            place = Path(folder) / str(number)
            kind = path.suffix.lower()
            refused, openable = is_refused(path, place), opens(path)
            shutil.rmtree(place)
            table[kind, "tried"] += 1
            table[kind, "refused"] += refused
            table[kind, "unjudged"] += openable is None
            differ = openable is not None and refused is openable
            if differ:
                table[kind, "openable, refused" if refused else "accepted, closed"] += 1
                if args.list:
                    print(f"{'refused ' if refused else 'accepted'} {path}")
    print("| Type | Tried | Refused | Openable, but refused | Accepted, but not openable | No judge there |")
    print("|---|---|---|---|---|---|")
    columns = ("tried", "refused", "openable, refused", "accepted, closed", "unjudged")
    for kind in sorted({kind for kind, _ in table}):
        print(f"| {kind} | " + " | ".join(f"{table[kind, column]:,}" for column in columns) + " |")
    return 0


def _found(folders: list[Path]) -> Iterator[Path]:
    endings = {".pdf", ".dcm", ".docx", ".doc", ".rtf", *PICTURES}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            ours = path.suffix.lower() in endings and not path.is_symlink() and path.is_file()
            if ours and path.stat().st_size <= MOST_BYTES:
                yield path


def _ran(*command: str | Path) -> bool | None:
    if shutil.which(str(command[0])) is None:
        return None
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and bool(done.stdout)


def _poppler(path: Path) -> bool | None:
    return _ran("pdftoppm", "-f", "1", "-l", "1", "-r", "20", path)


def _pypdf(path: Path) -> bool | None:
    from pypdf import PdfReader

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return False
        return len(reader.pages) > 0 and reader.pages[0].get_object() is not None
    except Exception:  # noqa: BLE001 - whatever a judge stumbles over, it does not open the file
        return False


def _imagemagick(path: Path) -> bool | None:
    return _ran("convert", f"{path}[0]", "-resize", "32x32", "jpg:-")


def _pillow(path: Path) -> bool | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            picture.load()
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _pydicom(path: Path) -> bool | None:
    import pydicom

    try:
        return bool(len(pydicom.dcmread(path, force=True)))
    except Exception:  # noqa: BLE001 - as above
        return False


def _docx(path: Path) -> bool | None:
    import docx

    try:
        docx.Document(str(path))
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _office(path: Path) -> bool | None:
    with tempfile.TemporaryDirectory() as folder:
        ran = _ran("soffice", "--headless", "--convert-to", "pdf", "--outdir", folder, path)
        return ran and any(Path(folder).iterdir())


if __name__ == "__main__":
    sys.exit(main())
