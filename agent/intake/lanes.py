"""Each kind of lane's intake behind one face: gather files into candidates, check a candidate, name its upload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from agent.folder.filesystem import FileSystem, ReadsFiles
from agent.folder.looking import Look
from agent.folder.settling import Complete, FileLook
from agent.intake.attachments import AttachmentsIntake, check_attachments
from agent.intake.noted import Notes, looking_at
from agent.intake.statements.check import check_statements
from agent.intake.statements.gather import gather_statements
from agent.intake.statements.own_profiles import own_profiles
from agent.intake.structure import incomplete_reason
from agent.model import SENT_WHOLE, Candidate, Checked, LaneId
from agent.settings.schema import AttachmentsSettings, LaneSettings, StatementsSettings


class AttachmentsLane:
    """Scans with sidecars."""

    complete: Complete = staticmethod(incomplete_reason)

    def __init__(self, settings: AttachmentsSettings, lane: LaneId, fs: FileSystem, notes: Notes | None = None) -> None:
        self._settings = settings
        self._lane = lane
        self._fs = fs
        self._notes = notes
        self._intake = AttachmentsIntake(settings.index_files)

    def gather(self, looks: Sequence[FileLook], seen: Look) -> list[Candidate]:
        """Return which files of the lane's folder belong together."""
        return self._intake.gather(self._fs, self._settings.folder, looks, seen.nested, seen.returned)

    def check(
        self,
        place: Path,
        candidate: Candidate,
        packet: str,
        upload_name: str,
        now: datetime,
        files: ReadsFiles | None = None,
    ) -> Checked:
        """Check a packet against every rule of the service, and make its request."""
        del packet, upload_name
        with looking_at(self._notes, self._lane, candidate) as harmful:
            if harmful is not None:
                return Checked(harmful)
            return check_attachments(files or self._fs, place, candidate, self._settings, now.astimezone().date())

    def upload_name(self, candidate: Candidate, now: datetime) -> str:
        """Return nothing: this service knows no names of uploads."""
        del candidate, now
        return ""

    def forget(self, packet: str) -> None:
        """Nothing was prepared."""
        del packet

    def prepared(self) -> frozenset[str]:
        """Nothing was prepared."""
        return frozenset()

    def went_out_whole(self, packet: str) -> bool:
        """Nothing is noted: no refusal could confirm it."""
        del packet
        return False


class StatementsLane:
    """Statement files: each becomes one JSON body in the spool folder."""

    complete: Complete = staticmethod(incomplete_reason)

    def __init__(
        self,
        settings: StatementsSettings,
        lane: LaneId,
        fs: FileSystem,
        spool: Path | None,
        profiles: Path | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._settings = settings
        self._notes = notes
        self._lane = lane
        self._fs = fs
        self._spool = spool
        self._profiles = profiles

    def gather(self, looks: Sequence[FileLook], seen: Look) -> list[Candidate]:
        """Return a candidate a statement file."""
        return gather_statements(looks, self._settings.include, seen.returned)

    def check(
        self,
        place: Path,
        candidate: Candidate,
        packet: str,
        upload_name: str,
        now: datetime,
        files: ReadsFiles | None = None,
    ) -> Checked:
        """Read a statement file whole and write the request's body to the spool."""
        spool = self._spool / f"{packet}.json" if self._spool else None
        today = now.astimezone().date()
        own = partial(own_profiles, self._profiles, self._lane.store) if self._profiles else tuple
        with looking_at(self._notes, self._lane, candidate) as harmful:
            if harmful is not None:
                return Checked(harmful)
            return check_statements(files or self._fs, place, candidate, self._settings, spool, today, upload_name, own)

    def upload_name(self, candidate: Candidate, now: datetime) -> str:
        """Return the name under which the service will have the file, by the template of the filename rule."""
        base = candidate.files[0].base
        stem, dot, ending = base.rpartition(".")
        local = now.astimezone()
        return self._settings.filename_rule.upload_name.format(
            name=base,
            stem=stem or base,
            suffix=dot + ending if stem else "",
            date=f"{local:%Y-%m-%d}",
            time=f"{local:%H%M%S}",
            store=self._lane.store,
        )

    def forget(self, packet: str) -> None:
        """Remove the body from the spool, and what a check that was cut off has left of it."""
        if self._spool is None:
            return
        for ending in (".json", ".json.part", SENT_WHOLE):
            (self._spool / f"{packet}{ending}").unlink(missing_ok=True)

    def prepared(self) -> frozenset[str]:
        """Return the packets, of every statements lane, of which something stands in the spool."""
        return frozenset(path.name.partition(".")[0] for path in self._spool.iterdir()) if self._spool else frozenset()

    def went_out_whole(self, packet: str) -> bool:
        """Tell whether the last try, which was killed, had come to the end of its body."""
        return self._spool is not None and (self._spool / f"{packet}{SENT_WHOLE}").exists()


def intake_for(
    settings: LaneSettings,
    lane: LaneId,
    fs: FileSystem,
    spool: Path | None,
    profiles: Path | None = None,
    notes: Notes | None = None,
) -> AttachmentsLane | StatementsLane:
    """Return the intake of a lane. `spool`: the folder for request bodies, or None where none is to be sent.

    `profiles`: the folder of stores' own profiles. `notes`: where it is noted which files are being looked at.
    """
    if isinstance(settings, AttachmentsSettings):
        return AttachmentsLane(settings, lane, fs, notes)
    assert isinstance(settings, StatementsSettings)  # noqa: S101 - there are two kinds
    return StatementsLane(settings, lane, fs, spool, profiles, notes)
