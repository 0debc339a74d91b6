"""A lane at work: its folder, what stands there, how it is checked, and how it is sent."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Protocol

from agent.clock import Clock
from agent.delivery import problems
from agent.delivery.actions import Found
from agent.delivery.grown import Grown
from agent.delivery.places import Places
from agent.delivery.planner import Terms
from agent.delivery.proof import ProvenFiles, prove
from agent.delivery.troubles import as_problem
from agent.delivery.unpicked import Unpicked, Waits
from agent.delivery.verification import Answer, AsksAfterwards, ask, could_not_be_asked
from agent.destinations.problems import FILE_CHANGED
from agent.destinations.protocol import Destination, Progress
from agent.folder.digest import digest_of
from agent.folder.errors import problem_of
from agent.folder.filesystem import Changed, FileSystem, FileSystemProblem, NoRoom, Offline, ReadsFiles
from agent.folder.looking import Look, PassedOver, left_alone, look
from agent.folder.names import is_mark
from agent.folder.problems import NOT_WANTED, PUT_ASIDE, folder_problem
from agent.folder.settling import Complete, FileLook, FileStatus, Probe, due
from agent.folder.watching import POLL_SECONDS, Watcher
from agent.intake.statements.problems import CHANGED
from agent.ledger.ledger import Ledger
from agent.ledger.records import LaneRecord, PacketRecord
from agent.ledger.transaction import identity_text
from agent.log import log, where
from agent.model import (
    AttachmentRequest,
    AttemptResult,
    Candidate,
    Checked,
    LaneId,
    LaneKind,
    Observation,
    Problem,
    Readiness,
    Refused,
    Retry,
    StatementUpload,
)
from agent.settings.schema import LaneSettings

SETTLE_LOCAL, SETTLE_SHARE = 2.0, 5.0
SETTLE_PAGED = 8.0  # a PDF or TIFF may be page 1 of a flatbed scanner, which is whole and goes on 5 seconds later
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letters or digits that look alike


class Intake(Protocol):
    """How one kind of lane makes packets of files. Runs over the lane's folder and over a packet's own place alike."""

    complete: Complete  # tells why a file cannot be all there yet

    def gather(self, looks: Sequence[FileLook], seen: Look) -> list[Candidate]:
        """Return which files of the lane's folder belong together; `looks` tell how far those are that were `seen`."""
        ...

    def check(
        self,
        place: Path,
        candidate: Candidate,
        packet: str,
        upload_name: str,
        now: datetime,
        files: ReadsFiles | None = None,
    ) -> Checked:
        """Check a packet's files, read through `files` where given. Raises FileSystemProblem when they cannot be read
        just now.
        """
        ...

    def upload_name(self, candidate: Candidate, now: datetime) -> str:
        """Return the name under which the service will have the file; empty where it has no names."""
        ...

    def forget(self, packet: str) -> None:
        """Remove what was prepared for a packet that has ended."""
        ...

    def prepared(self) -> frozenset[str]:
        """Return the packets of which something prepared still stands, of any lane. Raises OSError."""
        ...

    def went_out_whole(self, packet: str) -> bool:
        """Tell whether a try that was killed had come to the end of its body, as far as that was noted."""
        ...


class Lane:
    """One lane. Belongs to the control thread, but for `check` and `send`, which run in others and change nothing."""

    def __init__(
        self,
        lane_id: LaneId,
        settings: LaneSettings,
        terms: Terms,
        fs: FileSystem,
        clock: Clock,
        intake: Intake,
        destination: Destination,
        *,
        duplicate_days: float = 7,
        dice: random.Random | None = None,
        watcher: Watcher | None = None,
        verifier: AsksAfterwards | None = None,
        installation: str = "",
    ) -> None:
        self.id = lane_id
        self.settings = settings
        self.terms = terms
        self.fs = fs
        self.destination = destination
        self.duplicate_days = duplicate_days
        self.places = Places(lane_id, settings, fs, installation)
        self.found: dict[str, Found] = {}
        self.offline: Problem | None = None  # why the folder cannot be looked at
        self.trouble: Problem | None = None  # why files cannot be moved, although it can
        self.left_behind: Problem | None = None  # packets of a PC that is not heard of any more
        self.left_elsewhere: Problem | None = None  # files in a folder that was watched before the settings changed
        self.left_alone: Problem | None = None  # what lies in the folder and is never picked up
        self.unpicked: tuple[PassedOver, ...] = ()  # what makes no packet for its name or its place
        self._unpicked = Unpicked()
        self.writes_in_steps = False  # whoever writes here goes on after a file has stood still
        self._grown = Grown()
        self.spool_trouble: Problem | None = None  # what cannot be removed of a packet that has ended
        self.shelf_trouble: Problem | None = None  # which packet on a shelf cannot be put in order, and why
        self.recovered = False
        self.looks: tuple[FileLook, ...] = ()
        self._clock = clock
        self.intake = intake
        self._dice = dice or random.SystemRandom()
        self.watcher = watcher
        self.verifier = verifier  # where the settings ask for it
        self._requests: dict[str, AttachmentRequest | StatementUpload] = {}
        self._failed_before: dict[str, frozenset[str] | None] = {}  # None: it could not be asked
        self._setbacks = 0
        self._marked_at: int | None = None  # when the marker of the folder was written
        self._probe: Probe | None = None
        self._left_in_spool: set[str] = set()
        self._waits: Waits | None = None  # since when files wait, as the ledger says

    # --- Looking (control thread) -----------------------------------------------------------------------------------

    def look(self, ledger: Ledger, record: LaneRecord, now: datetime) -> float:
        """Look at the folder; return when, in steady seconds, to look again."""
        steady = self._clock.steady()
        try:
            if self._probe is None:
                self._probe = self._new_probe(writes_in_steps=self.writes_in_steps or record.writes_in_steps)
            seen = look(
                self.fs,
                self.settings,
                packet_folders=self.id.kind is LaneKind.ATTACHMENTS,
                marker_expected=record.expects_marker(self.settings.folder),
                former=record.places.everywhere if record.places else (),
            )
            self.places.marked = seen.marked
            if seen.marked_at is not None and self._marked_at not in (None, seen.marked_at):
                self.recovered = False  # it is another folder than before, as when a share has been mounted over it
            self._marked_at = seen.marked_at or self._marked_at
            self.looks = self._probe.look(seen.observations, steady)
            candidates = self.intake.gather(self.looks, seen)
        except FileSystemProblem as trouble:
            return self.unreachable(trouble)
        self.offline = self.trouble = None
        longer, in_steps = self._grown.among(candidates, steady) if self._takes_scans else (None, False)
        if in_steps:
            self._probe.learn()
        self.writes_in_steps = self._probe.writes_in_steps
        self._setbacks = 0
        self.unpicked = _unpicked(seen, candidates, self.id.kind)
        self._meet(candidates, ledger, now)
        came = problems.LONGER_CAME.problem(name=longer) if longer is not None else None
        self.left_alone = came or left_alone(seen) or self._unpicked.problem(self.settings.folder)
        period = min(self.settings.rescan_seconds, POLL_SECONDS)
        if self.watcher is not None:
            try:
                self.watcher.follow(seen.folders, steady)
                period = self.watcher.look_every
            except Exception as trouble:  # noqa: BLE001 - events are only hints: without them the looks come by time
                log.warning("a folder cannot be followed", extra={"lane": str(self.id), "trouble": where(trouble)})
        return min(steady + period, max(due(self.looks) or steady + period, steady + 0.01))

    def _new_probe(self, *, writes_in_steps: bool) -> Probe:
        settle = self.settings.settle_seconds
        if settle is None:
            settle = SETTLE_SHARE if self.fs.is_remote(self.settings.folder) else SETTLE_LOCAL
        return Probe(
            self.fs,
            self.settings.folder,
            self.intake.complete,
            settle_seconds=settle,
            incomplete_minutes=self.settings.incomplete_minutes,
            writes_in_steps=writes_in_steps,
            paged_seconds=SETTLE_PAGED if self.settings.settle_seconds is None and self._takes_scans else settle,
        )

    @property
    def _takes_scans(self) -> bool:
        return self.id.kind is LaneKind.ATTACHMENTS

    def place_in(self, trouble: Exception) -> Path | None:
        """Return which of the lane's folders a problem of the file system came up in: a shelf, or the lane's own."""
        if not isinstance(trouble, FileSystemProblem):
            return None
        shelves = (self.settings.shelf(name) for name in ("held", "sending", "sent", "failed"))
        return next((shelf for shelf in shelves if trouble.path.is_relative_to(shelf)), self.settings.folder)

    def problem_of(self, trouble: Exception) -> Problem:
        """Return what the lane says of what it met, naming its shelf or its folder."""
        return as_problem(trouble, self.place_in(trouble) or self.settings.folder)

    def unreachable(self, trouble: Exception) -> float:
        """Remember why the folder cannot be worked with; return when, in steady seconds, to look again."""
        self.offline = self.problem_of(trouble)
        self._forget_all_but({})
        self.looks = ()
        self._probe = None  # whoever was writing could not either: that stillness says nothing
        self._setbacks += 1
        patience = POLL_SECONDS * 2.0 ** min(self._setbacks - 1, 6) if isinstance(trouble, Offline) else POLL_SECONDS
        return self._clock.steady() + min(self.settings.rescan_seconds, patience)

    def _meet(self, candidates: Sequence[Candidate], ledger: Ledger, now: datetime) -> None:
        """Take over what is known of files that were here at the last look; begin anew with the others."""
        known = {found.candidate.members: found for found in self.found.values()}
        waits: Waits = ledger.waiting_since(self.id) if self._waits is None else self._waits
        overdue = {seen.observation.name: seen for seen in self.looks if seen.status is FileStatus.OVERDUE}
        found_now: dict[str, Found] = {}
        for candidate in candidates:
            before = known.get(candidate.members)
            since = min(
                (waits[_key(member)] for member in candidate.members if _key(member) in waits),
                default=before.since if before else now,
            )
            torn = next(
                (
                    overdue[member.name]
                    for member in candidate.members
                    if member.name in overdue
                    and (member == candidate.sidecar or not overdue[member.name].can_be_judged)
                ),
                None,
            )
            found = before or Found(
                packet=self.new_id(now),
                candidate=candidate,
                since=since,
                upload_name=self.intake.upload_name(candidate, now),
            )
            found_now[found.packet] = replace(
                found,
                candidate=candidate,
                since=since,
                not_yet=False,
                incomplete=(torn.observation.base, torn.reason) if torn else None,
            )
        self._forget_all_but(found_now)
        self._remember_waiting(waits, self._unpicked.meet(self.unpicked, waits, now), ledger)

    def _forget_all_but(self, found_now: dict[str, Found]) -> None:
        """Go on with these; of files that have gone or changed, let go of what their check has prepared."""
        for packet, found in self.found.items():
            if packet not in found_now and not found.checking:  # a check under way is let go of when it comes back
                self.forget(packet)
        self.found = found_now

    def _remember_waiting(self, waits: Waits, unpicked: Waits, ledger: Ledger) -> None:
        waiting = {
            _key(member): found.since
            for found in self.found.values()
            if found.candidate.readiness is Readiness.WAITING
            for member in found.candidate.members
        }
        waiting.update(unpicked)
        gone = [key for key in waits if key not in waiting]
        fresh = [key for key in waiting if key not in waits]
        if gone or fresh:
            with ledger.transaction(synced=False) as tx:
                tx.waits_no_more(self.id, gone)
                for key in fresh:
                    tx.waits(self.id, [key], waiting[key])
        self._waits = {key: waits.get(key, since) for key, since in waiting.items()}

    def read_again(self) -> None:
        """Believe nothing that is remembered of the ledger: it was changed, or could not be written."""
        self._waits = None
        self._unpicked.forget()

    def clock_was_set(self, by: timedelta) -> None:
        """Let what was met here have waited as long as before."""
        self.found = {packet: replace(found, since=found.since + by) for packet, found in self.found.items()}

    def new_id(self, now: datetime) -> str:
        """Return an id that no packet has."""
        return f"{now:%Y%m%d-%H%M%S}-{''.join(self._dice.choice(_ALPHABET) for _ in range(5))}"

    # --- Checking ---------------------------------------------------------------------------------------------------

    def checking(self, packet: str) -> None:
        """Remember that a check runs."""
        self.found[packet] = replace(self.found[packet], checking=True)

    def check_done(self, packet: str, checked: Checked | Problem) -> None:
        """Take a check's result. A problem of its own means: not just now; the next look starts anew."""
        found = self.found.get(packet)
        if found is None:
            self._empty_spool_of(packet)
        elif isinstance(checked, Problem):
            del self.found[packet]
            self._empty_spool_of(packet)  # the next look gives the files another id
            self.trouble = checked
        else:
            self.found[packet] = replace(found, checked=checked, checking=False)
            if checked.request is not None:
                self._requests[packet] = checked.request

    def check(self, found: Found, now: datetime) -> Checked | Problem:
        """Check files in the folder (in the checking thread).

        Returns a problem of its own where the files, or the spool, cannot be used just now.
        """
        place = self.settings.folder
        try:
            checked = self.intake.check(place, found.candidate, found.packet, found.upload_name, now)
            if checked.problem is not None and checked.problem.code == CHANGED.code:
                return checked.problem
            if checked.problem is None:
                checked = self._with_digests(checked, found.candidate)
        except FileSystemProblem as trouble:
            log.warning("a check has to wait", extra={"packet": found.packet, "trouble": where(trouble)})
            return folder_problem(trouble, trouble.path.parent)
        except OSError as error:
            log.warning("a check has to wait", extra={"packet": found.packet, "trouble": where(error)})
            return _hampered(error, place)
        return checked

    def _with_digests(self, checked: Checked, candidate: Candidate) -> Checked:
        """Read the files through, so that they can be told from others that have their size and time."""
        place = self.settings.folder
        if not checked.sha256:
            digests = tuple(digest_of(self.fs, place / file.name) for file in candidate.files)
            checked = replace(checked, sha256=digests)
        if candidate.sidecar is not None:
            checked = replace(checked, sidecar_sha256=digest_of(self.fs, place / candidate.sidecar.name))
        return checked

    def broken_check(self, found: Found) -> Checked:
        """Return what holds when a check broke down: a packet that OutTray cannot judge must not vanish from sight."""
        return Checked(problem=problems.UNREADABLE.problem(name=found.candidate.name))

    # --- Sending (in a sender thread) -------------------------------------------------------------------------------

    def send(
        self,
        packet: PacketRecord,
        progress: Progress,
        cancel: Event,
        now: datetime,
        *,
        stands_between: bool = False,
    ) -> AttemptResult:
        """Send a packet from its own place, checking it again where the check is not fresh.

        `stands_between`: at the last try something answered in the service's place, so ask first whether it still does.
        """
        request = self._proven(packet, now)
        if not isinstance(request, AttachmentRequest | StatementUpload):
            return AttemptResult(request)
        if stands_between and (problem := self.destination.health().problem) is not None:
            return AttemptResult(Retry(problem, unreachable=True))
        if self.verifier is not None and self._failed_before.get(packet.id) is None:
            self._failed_before[packet.id] = self._marked_before(self.verifier, packet, cancel)
        result = self.destination.send(request, self.places.place(packet), progress, cancel)
        if isinstance(request, AttachmentRequest):
            said = request.metadata
            result = replace(result, payer_id=said.get("payerId", ""), date_of_service=said.get("dateOfService", ""))
        if isinstance(result.outcome, Retry) and result.outcome.problem.code == FILE_CHANGED.code:
            again = self._proven(packet, now, read_all=True)
            return AttemptResult(again) if isinstance(again, Refused) else result
        return result

    @staticmethod
    def _marked_before(verifier: AsksAfterwards, packet: PacketRecord, cancel: Event) -> frozenset[str] | None:
        """Return what is marked as failed before the packet's first try; None where that is not known (any more).

        What is marked once an earlier try may have arrived can be of that.
        """
        before = None if packet.possibly_sent else verifier.marked_as_failed(cancel)
        return None if before is None or before.problem else frozenset(before.entities)

    def _proven(
        self, packet: PacketRecord, now: datetime, *, read_all: bool = False
    ) -> AttachmentRequest | StatementUpload | Retry | Refused:
        """Return what to send, proved to be what was checked; what was changed since then needs a person."""
        place = self.places.place(packet)
        try:
            request = self._request(packet, now)
            thorough = read_all or isinstance(request, Refused)  # a fault that came in since the check is none of its
            proofs = prove(self.fs, self.places.root(packet), place, packet, read="all" if thorough else "sources")
        except Changed:
            self._requests.pop(packet.id, None)
            return Refused(0, problems.CHANGED.problem(name=packet.upload_name or packet.name))
        except FileSystemProblem as trouble:
            return Retry(folder_problem(trouble, place))
        return replace(request, proofs=proofs) if isinstance(request, AttachmentRequest) else request

    def changed_since(self, packet: PacketRecord) -> bool:
        """Tell whether a delivered packet's files are not those that went out any more, as they stand before shelving.

        Those that are gone or cannot be read say nothing.
        """
        try:
            prove(self.fs, self.places.root(packet), self.places.place(packet), packet, read="what differs")
        except Changed:
            return True
        except FileSystemProblem:
            return False
        return False

    def _request(self, packet: PacketRecord, now: datetime) -> AttachmentRequest | StatementUpload | Retry | Refused:
        """Return what to send: what the check has prepared, or, after a restart, what a new one makes of the files.

        Raises `Changed` where these are not those that were checked.
        """
        known = self._requests.get(packet.id)
        if known is not None and not (isinstance(known, StatementUpload) and not known.spool.exists()):
            return known
        place = self.places.place(packet)
        files = ProvenFiles(self.fs, self.places.root(packet), place, packet)
        try:
            checked = self.intake.check(place, packet.candidate, packet.id, packet.upload_name, now, files)
        except Changed:
            raise
        except FileSystemProblem as trouble:
            return Retry(folder_problem(trouble, place))
        except OSError as error:
            return Retry(_hampered(error, place))
        if checked.problem is not None:
            return Refused(0, checked.problem)
        digests = tuple(file.sha256 for file in packet.documents)
        if checked.sha256 and all(digests) and checked.sha256 != digests:
            raise Changed(place)
        assert checked.request is not None  # noqa: S101 - a check gives a problem or a request
        return checked.request

    def verify(self, packet: PacketRecord, cancel: Event, now: datetime) -> Answer:
        """Ask the service once more about a delivered packet (in the checking thread)."""
        try:
            request = self._request(packet, now)
        except Changed:
            return could_not_be_asked(packet.upload_name)
        if self.verifier is None or not isinstance(request, StatementUpload):
            return could_not_be_asked(packet.upload_name)
        return ask(self.verifier, request, self._failed_before.get(packet.id), cancel)

    def broken_send(self, packet: PacketRecord) -> AttemptResult:
        """Return what holds when a sender broke down: it may have sent, so the reply counts as lost."""
        return AttemptResult(problems.lost_in_a_breakdown(packet.name))

    # --- Bookkeeping ------------------------------------------------------------------------------------------------

    def busy(self, *, settling: bool, soon: float) -> bool:
        """Tell whether there are files that are about to become packets; with `settling` also those that may."""
        return (settling and self.settles(soon=soon)) or any(
            found.candidate.readiness is Readiness.READY for found in self.found.values()
        )

    def settles(self, *, soon: float) -> bool:
        """Tell whether files may become packets, or will have been incomplete for too long in `soon` seconds."""
        overdue_at = self._clock.steady() + soon - self.settings.incomplete_minutes * 60
        return any(
            seen.status in (FileStatus.SETTLING, FileStatus.IN_USE)
            or (seen.status is FileStatus.INCOMPLETE and seen.since <= overdue_at)
            for seen in self.looks
        )

    def forget(self, packet: str) -> None:
        """Let go of what was prepared for a packet that has ended."""
        self._requests.pop(packet, None)
        self._failed_before.pop(packet, None)
        self._empty_spool_of(packet)

    def _empty_spool_of(self, packet: str) -> None:
        """Remove what stands in the spool; another program (an antivirus) may hold it, and then it goes later."""
        try:
            self.intake.forget(packet)
        except Exception as trouble:  # noqa: BLE001 - it keeps nothing else from going on
            log.warning("the spool has to wait", extra={"packet": packet, "trouble": where(trouble)})
            self._left_in_spool.add(packet)
            self.spool_trouble = as_problem(trouble, "OutTray's data folder")
        else:
            self._left_in_spool.discard(packet)

    def tidy_spool(self, needed: Set[str] | None) -> None:
        """Remove from the spool what was in use before, and what is of no packet of `needed` (None: not known yet).

        It holds patients' data: what an agent has left that was killed, or a program held at its end, must not stay.
        """
        self.spool_trouble = None
        left = set(self._left_in_spool)
        if needed is not None:
            with suppress(OSError):  # a folder that is gone, or closed, is told of by who writes there
                left |= self.intake.prepared() - needed
        for packet in sorted(left):
            self._empty_spool_of(packet)

    def drop(self, packet: str) -> None:
        """Take files out of sight that have become a packet, or that turned out to be gone."""
        found = self.found.pop(packet, None)
        if found is not None and found.candidate.sidecar is not None:
            self._grown.taken(found.candidate.files, self._clock.steady())
        if self._probe is not None and found is not None:
            self._probe.forget(member.name for member in found.candidate.members)

    def not_yet(self, packet: str, trouble: Problem | None = None) -> None:
        """Leave files alone until the next look; `trouble` is what keeps every file of the lane from moving."""
        self.found[packet] = replace(self.found[packet], not_yet=True)
        self.trouble = trouble or self.trouble


def _unpicked(seen: Look, candidates: Iterable[Candidate], kind: LaneKind) -> tuple[PassedOver, ...]:
    """Return what was seen and is in no candidate, with why: files by themselves, what was put aside by its folder.

    What other programs put beside a scan or a statement file (marks; index files, where scans are) is left out.
    """
    known = {member.name for candidate in candidates for member in candidate.members}
    left = [one for one in seen.observations if one.name not in known and not is_mark(one.base)]
    beside = [PassedOver(one.name, NOT_WANTED, one.identity) for one in left if not one.folder]
    aside = [PassedOver(folder, PUT_ASIDE) for folder in dict.fromkeys(one.folder for one in left if one.folder)]
    return (*seen.unpicked, *(beside if kind is LaneKind.STATEMENTS else ()), *aside)


def _key(member: Observation) -> tuple[str, str]:
    return (member.name, identity_text(member))


def _hampered(error: OSError, place: Path) -> Problem:
    """Say what kept a check from its end: nothing is written in the folder, so a full disk is that of the spool."""
    trouble = problem_of(error, place)
    return folder_problem(trouble, "OutTray's data folder" if isinstance(trouble, NoRoom) else place)
