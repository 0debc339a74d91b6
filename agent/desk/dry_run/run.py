"""The dry run over paths, from the first look to the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agent.clock import Clock
from agent.desk.dry_run.gathering import gather
from agent.desk.dry_run.judging import Judge
from agent.desk.dry_run.read_only import ReadOnly
from agent.desk.dry_run.scope import Lanes, scopes
from agent.desk.dry_run.verdict import Verdict
from agent.folder.filesystem import FileSystem
from agent.ledger.ledger import Ledger
from agent.settings.locations import profiles_folder
from agent.settings.schema import Settings

Progress = Callable[[int, int], None]
"""Called with (candidates judged, candidates in all)."""


def dry_run(
    paths: Sequence[Path],
    settings: Settings | None,
    *,
    fs: FileSystem,
    clock: Clock,
    ledger: Ledger | None = None,
    lane: str | None = None,
    progress: Progress = lambda _done, _all: None,
) -> list[Verdict]:
    """Return what would become of the files at `paths`: files, lanes' folders, packet subfolders, or any folder.

    The rules are those of the lane whose folder a path is in; elsewhere those of `lane` (STORE/KIND), else of the first
    lane of the files' kind, else neutral ones. Files are taken as they are at this moment. Raises `NoSuchPath`,
    `NoSuchLane`, and `FileSystemProblem` where a folder cannot be looked into.
    """
    reading = ReadOnly(fs)
    lanes = Lanes(settings, lane)
    found = [one for scope in scopes(reading, paths, lanes) for one in gather(reading, scope, lanes)]
    total = sum(len(one.candidates) for one in found)
    done = 0

    def met() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    verdicts: list[Verdict] = []
    now = clock.now()
    profiles = profiles_folder(settings.agent) if settings else None
    for one in found:
        before = ledger if one.rules.store else None
        judge = Judge(reading, one.rules, now, before, profiles if one.rules.store else None, met)
        verdicts += judge.judge(one)
    return verdicts
