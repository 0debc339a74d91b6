"""Everything that the attachments service would check, before anything is sent, with every fault told at once.

A function of the files, the settings and today, and nothing else: it runs on the lane's folder before a packet is
taken, and again on the packet's own folder right before it is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from agent.folder.digest import digest_of_open
from agent.folder.filesystem import ReadsFiles
from agent.folder.names import name_key
from agent.intake.attachments import refusals
from agent.intake.attachments.fields import check_claim, check_file_fields, claim_fields, printable
from agent.intake.attachments.files import MEGABYTE, CheckedFile, check_file, megabytes, opened
from agent.intake.attachments.sidecar import MOST_BYTES, MOST_FILES, Sidecar, read_sidecar
from agent.intake.filetypes import FileType, type_by_name
from agent.intake.problems import FILES_UNSUITABLE, NO_SIDECAR, SEVERAL_FAULTS, SIDECAR_FIELDS
from agent.model import AttachmentRequest, Candidate, Checked, Fault, Observation, Problem
from agent.settings.schema import AttachmentsSettings

_ANY_MIME = "application/octet-stream"


def load_sidecar(fs: ReadsFiles, place: Path, sidecar: Observation) -> Sidecar | Problem:
    """Read a sidecar from the disk, no more of it than a sidecar can have. Raises `FileSystemProblem`."""
    with opened(fs, place / sidecar.name) as stream:
        return read_sidecar(stream.read(MOST_BYTES + 1), sidecar.base)


def check_attachments(
    fs: ReadsFiles, place: Path, candidate: Candidate, settings: AttachmentsSettings, today: date
) -> Checked:
    """Check a candidate whose files stand in `place` under their observed names, and make its request.

    Blanks around a value are taken off; a blank value counts as missing; what the sidecar leaves out is filled in from
    the store's settings where they have it. `fingerprint` covers the claim's fields and `fileMetadata`, not the files'
    names: the same scan dropped again under another name is still the same. Raises `FileSystemProblem` where the files
    cannot be read.
    """
    if candidate.problem is not None:
        return Checked(problem=candidate.problem)
    if candidate.sidecar is None:
        return Checked(problem=NO_SIDECAR.problem(expected=f"{candidate.name}.json"))
    return check_packet(fs, place, candidate, load_sidecar(fs, place, candidate.sidecar), settings, today)


def check_packet(
    fs: ReadsFiles,
    place: Path,
    candidate: Candidate,
    sidecar: Sidecar | Problem,
    settings: AttachmentsSettings,
    today: date,
) -> Checked:
    """Check a candidate's files with what `sidecar` says of them, whether or not that stands on the disk already."""
    name = candidate.sidecar.base if candidate.sidecar is not None else f"{candidate.name}.json"
    files = [check_file(fs, place, file, settings) for file in candidate.files]
    lists_files = isinstance(sidecar, Sidecar) and sidecar.lists_files
    file_faults = [
        fault for file in (files if lists_files else _told_beside(candidate, files)) for fault in file.faults
    ]
    if isinstance(sidecar, Problem):
        return Checked(problem=replace(sidecar, details=(*sidecar.details, *file_faults)))
    file_faults += _check_together(sidecar, files, settings)
    claim, field_faults = _check_claim(sidecar, settings, today)
    file_metadata, metadata_faults = _check_file_metadata(sidecar, files, today)
    field_faults += [*_changed(sidecar, files), *_others(fs, place, sidecar, files), *metadata_faults]
    if field_faults or file_faults:
        return Checked(problem=_problem(name, field_faults, file_faults))
    kinds = [(file, file.kind) for file in files if file.kind is not None]
    return Checked(
        warnings=(
            *(note for file in files for note in file.notes),
            *(_warning(file, kind) for file, kind in kinds if not kind.claims_standard),
        ),
        request=AttachmentRequest(
            metadata=claim,
            files=tuple((file.observation.name, kind.mime) for file, kind in kinds),
            file_metadata=tuple(file_metadata),
        ),
        claim=claim["claimId"],
        fingerprint=_fingerprint(claim, file_metadata),
    )


# --- The sidecar's fields --------------------------------------------------------------------------------------------


def _check_claim(sidecar: Sidecar, settings: AttachmentsSettings, today: date) -> tuple[dict[str, str], list[Fault]]:
    """Check the claim's fields, the store's defaults filled in; a field whose shape is wrong is told of once."""
    misshapen = {fault.where for fault in sidecar.faults}
    values = dict(sidecar.values)
    for field in claim_fields():
        default = getattr(settings, field.setting) if field.setting else None
        if default and field.name not in misshapen and not values.get(field.name, "").strip():
            values[field.name] = default
    claim, faults = check_claim(values, today)
    return claim, [*sidecar.faults, *(fault for fault in faults if fault.where not in misshapen)]


def _changed(sidecar: Sidecar, files: Sequence[CheckedFile]) -> Iterable[Fault]:
    """Hold "files" against the packet once more: the sidecar can have been replaced since they were paired."""
    if not sidecar.lists_files or sidecar.has_unusable_names:
        return
    listed = {name_key(name): name for name in sidecar.files}
    present = {name_key(file.name): file.name for file in files}
    for key in listed.keys() - present.keys():
        yield Fault("files", listed[key], f'{listed[key]} is listed under "files" and is not there.')
    for key in present.keys() - listed.keys():
        yield Fault("files", present[key], f'{printable(present[key])} is not listed under "files".')


def _others(fs: ReadsFiles, place: Path, sidecar: Sidecar, files: Sequence[CheckedFile]) -> Iterable[Fault]:
    """Tell of files that are not those for which the sidecar was written: others have come under their names."""
    known = frozenset(sidecar.digests.values())
    for file in files if known else ():
        with opened(fs, place / file.observation.name) as stream:
            digest = digest_of_open(stream)
        expected = sidecar.digests.get(name_key(file.name))
        if digest != expected and (expected is not None or digest not in known):  # else it was given another name
            name = printable(file.name)
            message = f"{name} is another file than the one that was there as its data were entered."
            advice = 'Look whose it is, then save its data on OutTray\'s page, or take "sha256" out of the sidecar.'
            yield Fault("sha256", name, f"{message} {advice}")


# --- The files -------------------------------------------------------------------------------------------------------


def _check_together(sidecar: Sidecar, files: Sequence[CheckedFile], settings: AttachmentsSettings) -> Iterable[Fault]:
    if not files and not sidecar.has_unusable_names:
        yield Fault("files", "0", f"The packet has no file. It needs 1 to {MOST_FILES}.")
    if len(files) > MOST_FILES:
        yield Fault(
            "files",
            str(len(files)),
            f"The packet has {len(files)} files. At most {MOST_FILES} can go: make two packets.",
        )
    total = sum(file.size for file in files)
    if total > settings.max_request_mb * MEGABYTE:
        message = refusals.TOO_LARGE_TOGETHER.told(size=megabytes(total), limit=settings.max_request_mb)
        yield Fault("files", megabytes(total), message)


def _told_beside(candidate: Candidate, files: Sequence[CheckedFile]) -> Iterable[CheckedFile]:
    """Say how a file of no type that is sent can be left beside the scans whose name it bears."""
    scans = [printable(file.name) for file in files if type_by_name(file.name) is not None]
    if not scans:
        return files
    words = refusals.BESIDE_ONE if len(scans) == 1 and not candidate.folder else refusals.BESIDE_SEVERAL
    more = words.told(scan=scans[0], scans=" and ".join(scans))
    return [
        replace(file, faults=(*file.faults[:-1], replace(file.faults[-1], message=f"{file.faults[-1].message} {more}")))
        if file.faults and type_by_name(file.name) is None
        else file
        for file in files
    ]


def _warning(file: CheckedFile, kind: FileType) -> str:
    return f"{file.name} is {kind.label}: some payers (X12 275) take only JPG, TIFF, PDF and PNG."


# --- What the sidecar says of each file ------------------------------------------------------------------------------


def _check_file_metadata(
    sidecar: Sidecar, files: Sequence[CheckedFile], today: date
) -> tuple[list[dict[str, str]], list[Fault]]:
    """Check `fileMetadata`: one entry a file, or none at all. It comes back in the order of the files."""
    if not sidecar.file_metadata:
        return [], []
    faults: list[Fault] = []
    entries: dict[str, Mapping[str, str]] = {}
    for number, entry in enumerate(sidecar.file_metadata, start=1):
        name = entry.get("fileName", "").strip()
        if not name:
            faults.append(
                Fault(f"fileMetadata {number}", "", 'An entry under "fileMetadata" has no file name. Add "fileName".')
            )
        elif name_key(name) in entries:
            faults.append(
                Fault(
                    "fileMetadata", printable(name), f'"fileMetadata" has two entries for {printable(name)}. Keep one.'
                )
            )
        else:
            entries[name_key(name)] = entry
    found: list[dict[str, str]] = []
    for file in files:
        entry = entries.pop(name_key(file.name), {})
        if entry:
            fields, wrong = _check_entry(sidecar, file, entry, today)
            found.append(fields)
            faults += wrong
        else:
            message = f'{printable(file.name)} has no entry under "fileMetadata", and other files have one. Add it.'
            faults.append(Fault("fileMetadata", printable(file.name), message))
    for entry in entries.values():
        name = printable(entry["fileName"])
        faults.append(
            Fault(
                "fileMetadata",
                name,
                f'"fileMetadata" names {name}, which is not one of the packet\'s files. Take it out.',
            )
        )
    return found, faults


def _check_entry(
    sidecar: Sidecar, file: CheckedFile, entry: Mapping[str, str], today: date
) -> tuple[dict[str, str], list[Fault]]:
    where = f"fileMetadata {printable(file.name)}: "
    misshapen = {fault.where for fault in sidecar.faults}
    values = {**entry, "fileName": file.name}
    if not values.get("serviceDate", "").strip():
        values["serviceDate"] = sidecar.values.get("dateOfService", "")
    fields, faults = check_file_fields(values, today, where)
    faults = [fault for fault in faults if fault.where not in misshapen]
    mime = entry.get("mimeType", "").strip().casefold()
    if file.kind is None:
        return fields, faults
    if mime and mime not in {file.kind.mime, _ANY_MIME, *file.kind.other_mimes}:
        message = (
            f'MIME type: {printable(mime)} does not fit {file.kind.label}. Write "{file.kind.mime}", or leave it out.'
        )
        faults.append(Fault(where + "mimeType", printable(mime), message))
    return ({**fields, "mimeType": file.kind.mime} if fields else {}), faults


# --- What is told, and what a duplicate has in common ----------------------------------------------------------------


def _problem(sidecar: str, field_faults: Sequence[Fault], file_faults: Sequence[Fault]) -> Problem:
    faults = [*field_faults, *file_faults]
    words = SEVERAL_FAULTS if field_faults and file_faults else SIDECAR_FIELDS if field_faults else FILES_UNSUITABLE
    rest = len(faults) - 1
    more = "" if not rest else f" {rest} more {'thing is' if rest == 1 else 'things are'} wrong with it."
    return words.problem(faults, first=faults[0].message, more=more, sidecar=sidecar)


def _fingerprint(claim: Mapping[str, str], file_metadata: Iterable[Mapping[str, str]]) -> str:
    """Digest the claim and what it says of its files; neither the order of the files nor their names count."""
    about_files = sorted(
        json.dumps({key: value for key, value in entry.items() if key != "fileName"}, sort_keys=True)
        for entry in file_metadata
    )
    canonical = json.dumps([claim, about_files], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
