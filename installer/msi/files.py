"""The files of the package as WiX: one component a file, named by its path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

from installer.msi.identity import guid, key

_START = '<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Fragment><DirectoryRef Id="INSTALLDIR">'
_MIDDLE = '</DirectoryRef></Fragment><Fragment><ComponentGroup Id="Files">'
_END = "</ComponentGroup></Fragment></Wix>"


def file_key(path: str) -> str:
    """Return the key of a file's row; `path` is relative to the folder of installation, with `/`."""
    return key("f", path)


def files_source(folder: Path, source: str) -> str:
    """Return the WiX source for all files below `folder`, which wixl finds below the relative path `source`."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    references = "".join(f'<ComponentRef Id="{key("c", path)}"/>' for path in paths)
    parts = [_START, *_inside(folder, "", source), _MIDDLE, references, _END]
    return "\n".join(parts) + "\n"


def _inside(folder: Path, at: str, source: str) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        inside = f"{at}{path.name}"
        if path.is_dir():
            yield f'<Directory Id="{key("d", inside)}" Name={quoteattr(path.name)}>'
            yield from _inside(path, f"{inside}/", source)
            yield "</Directory>"
        else:
            file = f'<File Id="{file_key(inside)}" KeyPath="yes" Source={quoteattr(f"{source}/{inside}")}/>'
            yield f'<Component Id="{key("c", inside)}" Guid="{guid("file", inside)}" Win64="yes">{file}</Component>'
