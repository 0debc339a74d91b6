"""What the packages bring and OutTray never opens. Each line says why it can go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

UNUSED = {
    "phonenumbers/geodata": "which town a number is from: 19 MB",
    "phonenumbers/carrierdata": "which company a number is with",
    "phonenumbers/tzdata": "which time zone a number is in",
    "PIL/_avif.*": "a picture format that no service takes: 8 MB",
    "PIL/_imagingtk.*": "there is no Tk",
    "pygments/lexers/[a-z]*": "colours for 500 programming languages; rich asks for one of them only in tracebacks",
    "pygments/styles/[a-z]*": "further colour schemes",
    "olefile/olefile2.py": "for Python 2",
    "lxml": "pikepdf asks for it where a PDF's own description is read or written: 12 MB",
    "pydicom/data/test_files": "samples for its tests",
    "pydicom/data/charset_files": "samples for its tests",
    "pydicom/data/palettes": "colours for drawing",
    "alembic/templates": "for starting a project of one's own",
    "*/testing": "what packages offer to tests of their own",
    "*/tests": "tests",
    "*.dist-info/licen[cs]es": "copied to the folder of all licences",
    "*.dist-info/sboms": "told in the bill of materials of the whole",
    "**/*.pyi": "types, for the type checker",
    "**/py.typed": "types, for the type checker",
    "**/*.[chx]": "sources of compiled modules",
    "**/*.px[di]": "sources of compiled modules",
    "**/*.pyx": "sources of compiled modules",
    "*.dist-info/[A-Z]*": "notes of the package installer",
    "*.dist-info/zip-safe": "notes of the package installer",
    "*.dist-info/scm_*": "notes of the package installer",
    "*.dist-info/top_level.txt": "notes of the package installer",
}
_KEPT = {"METADATA", "python.pyc", "python.py", "default.py"}


def prune(folder: Path) -> int:
    """Remove what is unused below a folder of packages. Returns how many bytes that were."""
    saved = 0
    for path in _unused(folder):
        if path.is_dir():
            saved += size_of(path)
            shutil.rmtree(path)
        elif path.exists():
            saved += path.stat().st_size
            path.unlink()
    return saved


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _unused(folder: Path) -> Iterator[Path]:
    for pattern in UNUSED:
        yield from (path for path in sorted(folder.glob(pattern)) if path.name not in _KEPT)
