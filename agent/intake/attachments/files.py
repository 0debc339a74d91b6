"""One file of a packet: its name, its size, what it is, and whether whoever gets it can open it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.folder.errors import problem_of
from agent.folder.filesystem import ReadsFiles
from agent.intake.attachments import refusals
from agent.intake.attachments.fields import printable
from agent.intake.filetypes import IN_WORDS, TXT, Content, FileType, content_of, type_by_name
from agent.intake.readers.judging import DAMAGED, LOCKED, NO_PAGE, judge
from agent.intake.structure import incomplete_reason
from agent.model import Fault, Observation
from agent.settings.schema import AttachmentsSettings
from agent.shown import shown
from agent.worker import NoWorker

MEGABYTE = 1_000_000  # the stricter reading of the caps, so that no reading of the service's is exceeded
_LONGEST_NAME = 255


@dataclass(frozen=True)
class CheckedFile:
    """One file as the check found it; `kind` is None where it has faults."""

    observation: Observation
    size: int
    kind: FileType | None
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its own name, without a subfolder."""
        return self.observation.base


@contextmanager
def opened(fs: ReadsFiles, path: Path) -> Iterator[BinaryIO]:
    """Open a file so that a failure while reading is told as one of the seam's own problems too."""
    with fs.open(path) as stream:
        try:
            yield stream
        except NoWorker:
            raise  # nothing of this file's, and nothing of its disk's
        except OSError as error:
            raise problem_of(error, path) from error


def check_file(fs: ReadsFiles, place: Path, observation: Observation, settings: AttachmentsSettings) -> CheckedFile:
    """Check one file's name, size and type, and ask the reader of its format whether it opens."""
    name = printable(observation.base)
    notes: tuple[str, ...] = ()
    with opened(fs, place / observation.name) as stream:
        size = stream.seek(0, os.SEEK_END)
        faults = [Fault(name, name, message) for message in _wrong_with_name(observation.base)]
        kind: FileType | None = None
        if size == 0:
            message = refusals.EMPTY.told(name=name)
        elif size > settings.max_file_mb * MEGABYTE:
            words = refusals.too_large(type_by_name(observation.base))
            message = words.told(name=name, size=megabytes(size), limit=settings.max_file_mb)
        else:
            content = content_of(stream, size)
            kind = content.kind
            message = _wrong_with_type(observation.base, content)
            if not message and kind is not None:
                message, notes = _read(stream, size, name, kind)
    if message:
        faults.append(Fault(name, "", message))
    return CheckedFile(observation, size, None if faults else kind, tuple(faults), notes)


def _read(stream: BinaryIO, size: int, name: str, kind: FileType) -> tuple[str, tuple[str, ...]]:
    """Return why a file cannot go, and what its receipt should say of it, by the reader of its format."""
    found = judge(kind, stream)
    if found.state == LOCKED:
        return refusals.locked(kind, found.why).told(name=name), ()
    if found.state == NO_PAGE:
        return refusals.NO_PAGE.told(name=name), ()
    if found.state == DAMAGED:
        return refusals.damaged(kind).told(name=name, why=found.why), ()
    looks = incomplete_reason(stream, name, size)
    notes = [*found.notes, *([f"looks as if {looks}, and opens all the same"] if looks else [])]
    return "", tuple(f"{name} {note}." for note in notes)


def _wrong_with_name(name: str) -> Iterable[str]:
    if len(name) > _LONGEST_NAME:
        yield refusals.LONG_NAME.told(length=len(name), limit=_LONGEST_NAME)
    elif shown(name) != name:
        yield refusals.STRANGE_NAME.told(name=printable(name))


def _wrong_with_type(name: str, content: Content) -> str:
    """Hold what the file is against what its whole name promises; an empty string where they agree."""
    promised = type_by_name(name)
    if promised is not None and promised is content.kind:
        return ""
    told = printable(name)
    if content.kind is None:
        return refusals.NOT_TAKEN.told(name=told, words=content.words, advice=content.advice)
    stem, dot, extension = name.rpartition(".")
    ending = f"its name ends in .{printable(extension)}" if dot else "its name has no ending"
    if promised is None and content.kind is TXT:
        return refusals.OTHER_TEXT.told(name=told, types=IN_WORDS)
    if content.kind is TXT:
        return refusals.TEXT_NAMED_OTHERWISE.told(name=told, ending=ending)
    right = f"{printable(stem or name)}.{content.kind.extensions[0]}"
    return refusals.OTHER_NAME.told(name=told, words=content.words, ending=ending, right=right)


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / MEGABYTE:,.1f} MB"
