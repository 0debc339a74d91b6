"""The check of a statement file: every fault at once, or the whole request on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from agent.folder.filesystem import ReadsFiles
from agent.intake.statements.problems import CHANGED, TOO_LARGE, UNSENDABLE_NAME, Unreadable
from agent.intake.statements.profile import Profile
from agent.intake.statements.reading import begin
from agent.intake.statements.source import examine
from agent.intake.statements.spool import Spool, SpoolFull
from agent.model import Candidate, Checked, StatementUpload
from agent.settings.schema import StatementsSettings
from agent.shown import shown

_MEGABYTE = 1_000_000


def check_statements(
    fs: ReadsFiles,
    place: Path,
    candidate: Candidate,
    settings: StatementsSettings,
    spool: Path | None,
    today: date,
    upload_filename: str,
    own: Callable[[], Sequence[Profile]] = tuple,
) -> Checked:
    """Read the candidate's one file, which stands in `place`, and write the request's JSON body to `spool`.

    All or nothing: one row that cannot be sent fails the file, with a fault for each. The spool stands only where the
    result has a request; without one the body is only measured. `own` gives the store's own profiles.

    Raises `FileSystemProblem` where the file cannot be opened (it may be that this is only not yet), and `OSError`
    where the spool cannot be written or the share fails in mid-read.
    """
    (observation,) = candidate.files
    path = place / observation.name
    if shown(upload_filename) != upload_filename:
        return Checked(UNSENDABLE_NAME.problem(name=shown(upload_filename)))
    if observation.identity.size > settings.max_file_mb * _MEGABYTE:
        return Checked(TOO_LARGE.problem(name=observation.base, limit=settings.max_file_mb, what=""))
    before = fs.identify(path)
    sha256: tuple[str, ...] = ()
    with fs.open(path) as stream, ExitStack() as opened:
        try:
            source = opened.enter_context(examine(observation.base, stream))
            sha256 = (source.sha256,)
            reading = begin(
                source, settings.profile, today, settings.external_location_id or "", own(), settings.hidden_rows
            )
            with Spool(spool, upload_filename, int(settings.max_request_mb * _MEGABYTE)) as out:
                for text in reading.texts():
                    out.add(text)
                problem = reading.findings.problem(observation.base)
                if problem is None and fs.identify(path) != before:
                    problem = CHANGED.problem(name=observation.base)
                if problem is None:
                    out.finish()
        except Unreadable as unreadable:
            return Checked(unreadable.problem, sha256=sha256)
        except SpoolFull:
            what = " as a request"
            problem = TOO_LARGE.problem(name=observation.base, limit=settings.max_request_mb, what=what)
            return Checked(problem, sha256=sha256)
    warnings = reading.findings.warnings
    if problem:
        return Checked(problem, warnings, sha256=sha256)
    upload = StatementUpload(upload_filename, spool or Path(os.devnull), out.size, reading.count)
    return Checked(None, warnings, upload, fingerprint=out.content, sha256=sha256)
