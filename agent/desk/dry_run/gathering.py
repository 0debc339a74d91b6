"""From a folder to the candidates in it, as a lane would gather them, but without waiting for anything to settle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.desk.dry_run.scope import Lanes, Rules, Scope, ending_of
from agent.desk.problems import LEFT_ALONE
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.looking import Look, look
from agent.folder.names import is_watched
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments import AttachmentsIntake
from agent.intake.attachments.claims import is_sidecar
from agent.intake.statements.gather import gather_statements
from agent.model import Candidate, LaneKind, Observation, Problem, Readiness
from agent.settings.schema import AttachmentsSettings, StatementsSettings

STATEMENT_ENDINGS = frozenset({"xml", "csv", "tsv", "txt", "xlsx", "xls"})
"""Of a file outside of any lane for which no sidecar speaks."""

_UPLOADS = b'"pendingInvoiceUploads"'  # what a statement file in the billing service's own JSON holds
_LOOKED_AT = 64 * 1024


@dataclass(frozen=True)
class Gathered:
    """Candidates under one lane's rules; and names that were asked for but are never picked up, with why."""

    rules: Rules
    candidates: tuple[Candidate, ...]
    left_alone: tuple[tuple[str, Problem], ...] = ()


def gather(fs: FileSystem, scope: Scope, lanes: Lanes) -> list[Gathered]:
    """Return what a lane would make of the files in a scope. Raises `FileSystemProblem` where the folder is barred."""
    seen_by = scope.rules or lanes.of_kind(LaneKind.ATTACHMENTS, scope.folder)
    packet_folders = scope.nested and seen_by.lane.kind is LaneKind.ATTACHMENTS
    seen = look(fs, seen_by.settings, packet_folders=packet_folders, marker_expected=False)
    looks = [FileLook(observation, FileStatus.SETTLED) for observation in seen.observations]
    gathered = (
        [_by_rules(fs, scope, scope.rules, looks, seen)]
        if scope.rules is not None
        else _by_kind(fs, scope, lanes, looks, seen)
    )
    chosen = [
        replace(one, candidates=tuple(found for found in one.candidates if _is_wanted(scope, found)))
        for one in gathered
    ]
    known = {member.name for one in gathered for found in one.candidates for member in found.members}
    aside = {seen.folder for seen in seen.observations if seen.folder and seen.name not in known}
    missed = sorted(
        [
            *(name for name in scope.wanted if not name.endswith("/") and name not in known | _inside(seen, aside)),
            *(f"{folder}/" for folder in aside if scope.asks_for([f"{folder}/", *_inside(seen, {folder})])),
        ]
    )
    if missed:
        first = chosen[0]
        chosen[0] = replace(first, left_alone=tuple((name, _left_alone(name, first.rules)) for name in missed))
    return [one for one in chosen if one.candidates or one.left_alone]


def _by_rules(fs: FileSystem, scope: Scope, rules: Rules, looks: Sequence[FileLook], seen: Look) -> Gathered:
    if isinstance(rules.settings, StatementsSettings):
        return Gathered(rules, tuple(gather_statements(looks, rules.settings.include, seen.returned)))
    candidates = _pair(fs, rules, looks, seen)
    if scope.free and _is_one_packet(looks, candidates):
        return _as_one_packet(fs, rules, looks)
    return Gathered(rules, tuple(candidates))


def _by_kind(fs: FileSystem, scope: Scope, lanes: Lanes, looks: Sequence[FileLook], seen: Look) -> list[Gathered]:
    """Tell scans from statements: what a sidecar speaks for is a scan; of the rest, a file's ending decides."""
    uploads: list[FileLook] = []
    others: list[FileLook] = []
    for entry in looks:
        (uploads if _is_upload(fs, scope.folder, entry.observation) else others).append(entry)
    scans = _by_rules(fs, scope, lanes.of_kind(LaneKind.ATTACHMENTS, scope.folder), others, seen)
    alone = [found for found in scans.candidates if _is_statement(found)]
    rules = lanes.of_kind(LaneKind.STATEMENTS, scope.folder)
    statements = gather_statements(
        [*uploads, *(FileLook(found.files[0], FileStatus.SETTLED) for found in alone)], ["*"]
    )
    rest = tuple(found for found in scans.candidates if not _is_statement(found))
    return [replace(scans, candidates=rest), Gathered(rules, tuple(statements))]


def _pair(fs: FileSystem, rules: Rules, looks: Sequence[FileLook], seen: Look) -> list[Candidate]:
    index_files = rules.settings.index_files if isinstance(rules.settings, AttachmentsSettings) else ()
    return AttachmentsIntake(index_files).gather(fs, rules.settings.folder, looks, seen.nested, seen.returned)


def _is_wanted(scope: Scope, candidate: Candidate) -> bool:
    return scope.asks_for(member.name for member in candidate.members)


def _is_one_packet(looks: Iterable[FileLook], candidates: Iterable[Candidate]) -> bool:
    """Tell whether a folder of no lane is a packet's folder: one sidecar, which side by side would speak for nothing.

    Where the sidecar does speak for files by their names, the folder is read as a lane's folder.
    """
    names = [entry.observation.name for entry in looks]
    if any("/" in name for name in names) or sum(map(is_sidecar, names)) != 1 or len(names) < 2:
        return False
    return any(found.sidecar and not found.files and found.readiness is Readiness.WAITING for found in candidates)


def _as_one_packet(fs: FileSystem, rules: Rules, looks: Iterable[FileLook]) -> Gathered:
    folder = rules.settings.folder
    inside = [
        replace(entry, observation=Observation(f"{folder.name}/{entry.observation.name}", entry.observation.identity))
        for entry in looks
    ]
    above = rules.seen_from(folder.parent)
    return Gathered(above, tuple(_pair(fs, above, inside, Look())))


def _is_statement(candidate: Candidate) -> bool:
    alone = candidate.sidecar is None and not candidate.folder
    return alone and ending_of(candidate.files[0].base) in STATEMENT_ENDINGS


def _is_upload(fs: FileSystem, folder: Path, seen: Observation) -> bool:
    if seen.folder or ending_of(seen.base) != "json":
        return False
    try:
        with fs.open(folder / seen.name) as file:
            return _UPLOADS in file.read(_LOOKED_AT)
    except (FileSystemProblem, OSError):
        return False


def _inside(seen: Look, folders: Collection[str]) -> set[str]:
    return {observation.name for observation in seen.observations if observation.folder in folders}


def _left_alone(name: str, rules: Rules) -> Problem:
    base = name.rstrip("/").rpartition("/")[2]
    if name.endswith("/"):
        reason = "a folder is a packet only where its sidecar bears the folder's name, or lists its files"
        remedy = f"If it is one, name the sidecar {base}.json."
    elif not is_watched(base):
        reason = "hidden and temporary files, and what OutTray writes itself, stay where they are"
        remedy = "If it has to go, save it under another name."
    elif isinstance(rules.settings, StatementsSettings):
        reason = f"this lane takes only {', '.join(rules.settings.include)}"
        remedy = "Export it again in one of these kinds, or have IT add its ending to include in the settings."
    else:
        reason = "it is hidden, or a shortcut to another place"
        remedy = "Put the file itself into the folder."
    return LEFT_ALONE.problem(name=base, reason=reason, remedy=remedy)
