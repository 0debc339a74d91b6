"""What a look at a folder saw, made up or taken from a real folder: for tests of what intake makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.folder.looking import Look
from agent.folder.looking import look as look_at
from agent.folder.real import RealFileSystem
from agent.folder.settling import FileLook, FileStatus
from agent.model import Identity, Observation
from agent.settings.schema import AttachmentsSettings


def look(name: str, status: FileStatus = FileStatus.SETTLED, *, version: int = 1) -> FileLook:
    """One file as a look saw it; another `version` is another identity."""
    return FileLook(Observation(name, Identity(100, version, f"id-{name}")), status)


def scans_lane(folder: Path, **settings: object) -> AttachmentsSettings:
    """An attachments lane over `folder`."""
    return AttachmentsSettings.model_validate(
        {"folder": folder, "environment": "sandbox", "client_id": "client", **settings}
    )


def seen_in(folder: Path) -> Look:
    """What a real look at a real folder sees."""
    return look_at(RealFileSystem(), scans_lane(folder), packet_folders=True, marker_expected=False)


def settled_in(folder: Path) -> list[FileLook]:
    """Every file that a real look at a real folder sees, as settled."""
    return [FileLook(observation, FileStatus.SETTLED) for observation in seen_in(folder).observations]


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their names, with `/` before a subfolder's file."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
