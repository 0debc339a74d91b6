"""What a packet's file is called by now: people rename files on a shelf, and other systems spell names differently."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from agent.folder.carrying import names_in
from agent.folder.digest import digest_of
from agent.folder.filesystem import Exists, FileSystem, FileSystemProblem, Missing, Offline
from agent.folder.names import PROBLEM_JSON, is_watched, name_key
from agent.folder.packets import Packet, ShelfFile
from agent.folder.receipts import ProblemDocument, read_document


def called_now(
    fs: FileSystem, folder: Path, standing: Sequence[str], base: str, file: ShelfFile, others: Collection[str]
) -> str | None:
    """Return under which name of a folder a packet's file stands that was called `base` there; None where it does not.

    Under its own name, however that is spelled by now; else it is told by its identity, or as the only one with its
    digest. `others`: the packet's other names there; a file beside whose NAME a problem stands is another packet's, and
    so is one that another's problem names. `standing` is without the packet's own problem. Raises `Offline`.
    """
    key = name_key(base)
    spelled = [name for name in standing if name == base] or [name for name in standing if name_key(name) == key]
    if spelled:
        return spelled[0]
    keys = frozenset(map(name_key, standing))
    free = [name for name in standing if is_watched(name) and name not in others and not _has_problem(name, keys)]
    same = [name for name in free if _is_same(fs, folder / name, file)]
    if same:
        named = _named_by_problems(fs, folder, standing)
        same = [name for name in same if name_key(name) not in named]
    return same[0] if len(same) == 1 else None


def name_as_taken(fs: FileSystem, place: Path, packet: Packet) -> None:
    """Give the files in a packet's own folder the names back that they had: people, or another system's spelling, may
    have changed them.

    Raises `FileSystemProblem`.
    """
    for file in packet.files:
        inside, _, base = file.name.rpartition("/")
        standing = names_in(fs, place / inside)
        if base in standing:
            continue
        now = called_now(fs, place / inside, standing, base, file, _bases(packet))
        if now is not None:
            try:
                fs.move(place / inside / now, place / file.name)
            except (Missing, Exists):  # to this disk both are one name
                continue


def stands_in(fs: FileSystem, place: Path, packet: Packet, file: ShelfFile) -> bool:
    """Tell whether a packet's file stands in a folder of the packet's, under whatever name. Raises `Offline`."""
    inside, _, base = file.name.rpartition("/")
    return called_now(fs, place / inside, names_in(fs, place / inside), base, file, _bases(packet)) is not None


def _bases(packet: Packet) -> frozenset[str]:
    return frozenset(file.name.rpartition("/")[2] for file in packet.files)


def _has_problem(name: str, keys: Collection[str]) -> bool:
    stem = name.rpartition(".")[0] or name
    return name_key(stem + PROBLEM_JSON) in keys


def _named_by_problems(fs: FileSystem, folder: Path, standing: Sequence[str]) -> frozenset[str]:
    """Return the keys of the names that problems in a folder give to the files of their packets there."""
    named: set[str] = set()
    for name in standing:
        if name_key(name).endswith(PROBLEM_JSON):
            try:
                document = read_document(fs, folder / name, ProblemDocument)
            except Offline:
                raise
            except FileSystemProblem:
                continue  # anyone can write there: it is none of ours
            named.update(name_key(file.on_shelf.rpartition("/")[2]) for file in document.on_shelf)
    return frozenset(named)


def _is_same(fs: FileSystem, path: Path, file: ShelfFile) -> bool:
    try:
        identity = fs.identify(path)
        if identity.size != file.identity.size:
            return False
        if identity.file_id and identity == file.identity:
            return True
        return bool(file.sha256) and digest_of(fs, path) == file.sha256
    except Offline:
        raise
    except FileSystemProblem:
        return False
