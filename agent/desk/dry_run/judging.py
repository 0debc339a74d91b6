"""What would become of candidates: the lane's own check, then the planner's own decision."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from agent.delivery import problems
from agent.delivery.actions import Admit, Found
from agent.delivery.engine import terms_of
from agent.delivery.planner import LaneView, Terms, View, plan
from agent.desk.dry_run.gathering import Gathered
from agent.desk.dry_run.scope import Rules
from agent.desk.dry_run.verdict import Expected, FileLine, StatementsLine, Verdict
from agent.folder.filesystem import Busy, FileSystem, FileSystemProblem
from agent.folder.problems import folder_problem
from agent.intake.lanes import AttachmentsLane, StatementsLane, intake_for
from agent.intake.statements import wire
from agent.intake.statements.own_profiles import own_profiles
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.reading import begin
from agent.intake.statements.source import examine
from agent.ledger.ledger import Ledger
from agent.ledger.records import LaneRecord, PacketRecord
from agent.log import log, where
from agent.model import (
    AttachmentRequest,
    Candidate,
    Checked,
    Observation,
    PacketState,
    Problem,
    Readiness,
    StatementUpload,
)
from agent.settings.schema import StatementsSettings

_DUPLICATE = problems.DUPLICATE.code
_ENOUGH_SENDERS = 1_000_000


@dataclass(frozen=True)
class Judge:
    """Judges the candidates of one lane's folder. `ledger` is None where there is none: then nothing went before."""

    fs: FileSystem
    rules: Rules
    now: datetime
    ledger: Ledger | None = None
    profiles: Path | None = None  # the folder of the stores' own profiles
    met: Callable[[], None] = lambda: None  # called after each candidate, for a progress bar

    def judge(self, gathered: Gathered) -> list[Verdict]:
        """Return a verdict on every candidate, in their order."""
        found = [self._found(number, candidate) for number, candidate in enumerate(gathered.candidates)]
        admitted = self._planned(found)
        named = [self._verdict_on_name(name, problem) for name, problem in gathered.left_alone]
        return [*(self._verdict(one, admitted.get(one.packet)) for one in found), *named]

    # --- The check --------------------------------------------------------------------------------------------------

    def _found(self, number: int, candidate: Candidate) -> Found:
        packet = f"dry-run-{number}"
        intake = intake_for(self.rules.settings, self.rules.lane, self.fs, None, self.profiles)
        upload_name = intake.upload_name(candidate, self.now)
        found = Found(packet=packet, candidate=candidate, since=self.now, upload_name=upload_name)
        if candidate.readiness is Readiness.READY:
            found = self._checked(found, intake)
        self.met()
        return found

    def _checked(self, found: Found, intake: AttachmentsLane | StatementsLane) -> Found:
        """Check the files as the agent would. A file that is open elsewhere, or out of reach, is left for later."""
        place, candidate = self.rules.settings.folder, found.candidate
        try:
            for member in candidate.members:
                if self.fs.in_use(place / member.name):
                    raise Busy(place / member.name)
            checked = intake.check(place, candidate, found.packet, found.upload_name, self.now)
            if checked.problem is None and not checked.sha256 and self._lookalikes(replace(found, checked=checked)):
                checked = replace(checked, sha256=tuple(self._digest(place / file.name) for file in candidate.files))
        except FileSystemProblem as trouble:
            return replace(found, checked=Checked(folder_problem(trouble, place)), not_yet=True)
        except Exception as trouble:  # noqa: BLE001 - as in the agent: what cannot be judged fails by itself, and is logged
            log.warning("a check broke down", extra={"trouble": where(trouble)})
            checked = Checked(problems.UNREADABLE.problem(name=candidate.name))
        finally:
            intake.forget(found.packet)
        return replace(found, checked=checked)

    def _digest(self, path: Path) -> str:
        digest = hashlib.sha256()
        with self.fs.open(path) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    # --- The decision -----------------------------------------------------------------------------------------------

    def _planned(self, found: Sequence[Found]) -> dict[str, Admit]:
        lane, terms = self.rules.lane, self._terms
        view = LaneView(
            lane,
            terms,
            LaneRecord(lane),
            found=tuple(found),
            lookalikes={one.packet: self._lookalikes(one) for one in found if one.checked},
            claims=tuple(self.ledger.claims(terms.account, self.now)) if self.ledger else (),
        )
        actions = plan(View(lanes=(view,), free_senders=_ENOUGH_SENDERS), self.now)
        return {action.found.packet: action for action in actions if isinstance(action, Admit)}

    @property
    def _terms(self) -> Terms:
        store = self.rules.store
        return terms_of(store, self.rules.settings) if store else Terms(account=self.rules.lane.store)

    def _lookalikes(self, found: Found) -> tuple[PacketRecord, ...]:
        settings = self.rules.settings
        if self.ledger is None or found.checked is None or not found.checked.fingerprint:
            return ()
        size = sum(file.identity.size for file in found.candidate.files)
        since = self.now - timedelta(days=settings.duplicate_days)
        return tuple(
            self.ledger.lookalikes(self.rules.lane, self._terms.account, found.checked.fingerprint, size, since)
        )

    # --- What to say of it ------------------------------------------------------------------------------------------

    def _verdict(self, found: Found, admit: Admit | None) -> Verdict:
        candidate = found.candidate
        said = Verdict(
            name=candidate.name,
            lane=str(self.rules),
            kind=self.rules.lane.kind,
            folder=self.rules.settings.folder,
            state=Expected.WAITING,
            files=tuple(FileLine(file.name, file.identity.size) for file in candidate.files),
            sidecar=candidate.sidecar.name if candidate.sidecar else "",
        )
        if found.checked is not None:
            said = self._with_check(said, found, found.checked)
        if found.not_yet and found.checked is not None and found.checked.problem is not None:
            return replace(said, waits_for="", problem=found.checked.problem)
        if admit is None:
            return replace(said, waits_for=_awaited(candidate))
        if admit.state is PacketState.HELD:
            return replace(said, state=Expected.HELD, until=admit.until, problem=admit.problem)
        if admit.state is PacketState.FAILED:
            twin = admit.problem is not None and admit.problem.code == _DUPLICATE
            return replace(said, state=Expected.DUPLICATE if twin else Expected.FAILED, problem=admit.problem)
        return replace(said, state=Expected.READY)

    def _with_check(self, said: Verdict, found: Found, checked: Checked) -> Verdict:
        said = replace(said, warnings=checked.warnings, claim=checked.claim)
        request = checked.request
        if isinstance(request, AttachmentRequest):
            types = dict(request.files)
            return replace(
                said,
                files=tuple(replace(file, type=types[file.name]) for file in said.files),
                endpoint="image-intelligence" if request.file_metadata else "documents",
            )
        if isinstance(request, StatementUpload):
            statements = self._statements(found.candidate.files[0], request)
            return replace(said, endpoint="pending-invoices", statements=statements)
        return said

    def _statements(self, seen: Observation, upload: StatementUpload) -> StatementsLine | None:
        """Read the file once more for what the request does not tell: the profile and why, and the sum."""
        settings = self.rules.settings
        assert isinstance(settings, StatementsSettings)  # noqa: S101 - only these make uploads
        today = self.now.astimezone().date()
        try:
            with self.fs.open(settings.folder / seen.name) as stream, ExitStack() as opened:
                source = opened.enter_context(examine(seen.base, stream))
                own = own_profiles(self.profiles, self.rules.lane.store) if self.profiles else ()
                reading = begin(
                    source, settings.profile, today, settings.external_location_id or "", own, settings.hidden_rows
                )
                cents = sum(_amounts(reading.texts()))
        except (Unreadable, FileSystemProblem, OSError) as trouble:  # it was written to since it was checked
            log.warning("a statement file changed in mid-check", extra={"trouble": where(trouble)})
            return None
        choice = reading.choice
        return StatementsLine(choice.profile.name, choice.why, upload.statements, cents, upload.filename)

    def _verdict_on_name(self, name: str, problem: Problem) -> Verdict:
        return Verdict(
            name=name,
            lane=str(self.rules),
            kind=self.rules.lane.kind,
            folder=self.rules.settings.folder,
            state=Expected.FAILED,
            problem=problem,
        )


def _awaited(candidate: Candidate) -> str:
    if candidate.readiness is Readiness.SETTLING:
        return "the program that has one of its files open"
    if candidate.readiness is Readiness.READY:
        return "a packet with the same content that is just being sent"
    if candidate.sidecar is None:
        card = (
            f"{candidate.folder}.json in the folder {candidate.folder}"
            if candidate.folder
            else f"{candidate.name}.json"
        )
        return f"its sidecar, such as {card}"
    return ", ".join(candidate.missing) or f"{candidate.name}.*"


def _amounts(texts: Iterator[str]) -> Iterator[int]:
    amount = wire.FIELDS["amount_due"].wire[0]
    for text in texts:
        for statement in json.loads(f"[{text}]"):
            yield int(statement.get(amount) or 0)
