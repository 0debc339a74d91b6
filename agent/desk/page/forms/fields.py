"""A sidecar as a form: its fields as the check knows them, what stands in each, and what is wrong with it. Pure.

Which fields there are, their words, limits and faults, is written in one place, `agent.intake.attachments.fields`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.desk.page.tokens import token
from agent.folder.names import name_key
from agent.intake.attachments.fields import SidecarField, claim_fields, file_fields, missing_words, printable
from agent.intake.attachments.sidecar import Sidecar
from agent.model import Fault
from agent.settings.schema import AttachmentsSettings

LONGEST_VALUE = 2000
_PATIENT = ("patientLastName", "patientFirstName", "patientDateOfBirth", "memberId")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch
_SERVICE_SAYS = re.compile(r'(?P<ours>.*?)\s*(?P<theirs>The service says: ".*")(?: \([^()]*\))?', re.DOTALL)
_BY_CLAIM = "serviceDate"  # of a file: where it is left out, the claim's date of service stands in
_NOT_EDITED = ("fileName", "mimeType")


@dataclass(frozen=True)
class Input:
    """One field of the form. `id` is unique on the page; `wrong` says what is wrong with the value, if anything."""

    id: str
    name: str
    label: str
    kind: str
    value: str
    hint: str = ""
    max_length: int | None = None
    required: bool = True
    wrong: str = ""


@dataclass(frozen=True)
class Group:
    """Fields under one heading. `folded`: they have their defaults, and need nobody's look."""

    legend: str
    inputs: tuple[Input, ...]
    folded: bool = False

    @property
    def names(self) -> str:
        """Name the fields, as the summary of a folded group does."""
        return ", ".join(one.label[:1].lower() + one.label[1:] for one in self.inputs)


@dataclass(frozen=True)
class Entered:
    """What stands in a form: the claim's values by their names on the wire, and those of each file by its name."""

    values: Mapping[str, str] = field(default_factory=dict)
    of_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """Faults by the field that they belong to, as (file name or empty, field); and those of no field."""

    at_fields: Mapping[tuple[str, str], str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.at_fields or self.others)


# --- From a form to a sidecar ---------------------------------------------------------------------------------------


def sidecar_text(entered: Entered, files: Sequence[str] = (), digests: Mapping[str, str] | None = None) -> bytes:
    """Return the sidecar that says what was entered, and lists `files` where there are any. Blank fields are left out.

    `digests`: of the files that it is for, by their names, so that it speaks for no others that come under those.

    What is read from it again is what was entered, but for blanks around it.
    """
    said: dict[str, object] = {name: text for name, value in entered.values.items() if (text := value.strip())}
    if files:
        said["files"] = list(files)
    of_files = [
        {"fileName": name} | {key: text for key, value in values.items() if (text := value.strip())}
        for name, values in entered.of_files.items()
    ]
    if of_files:
        said["fileMetadata"] = of_files
    if digests:
        said["sha256"] = dict(digests)
    try:
        return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"
    except UnicodeEncodeError:  # a name with half a character, which the check will tell of
        return json.dumps(said, indent=2).encode() + b"\n"


def entered_in(form: Mapping[str, str], files: Sequence[str] = ()) -> Entered:
    """Return what a posted form says; `files`: those that it has fields for, in their order."""
    values = {info.name: form.get(info.name, "")[:LONGEST_VALUE] for info in claim_fields()}
    of_files = {
        name: {
            info.name: form.get(file_input(name, info.name), "")[:LONGEST_VALUE]
            for info in file_fields()
            if info.name not in _NOT_EDITED
        }
        for name in files
    }
    return Entered(values, of_files)


def entered_by(sidecar: Sidecar, settings: AttachmentsSettings, files: Sequence[str]) -> Entered:
    """Return a sidecar's values with the store's defaults where it leaves them out; `files`: the packet's, in order."""
    entries = {name_key(entry.get("fileName", "").strip()): entry for entry in sidecar.file_metadata}
    of_files = {name: entries.get(name_key(name), {}) for name in files} if entries else {}
    return Entered(defaults(settings) | {name: value for name, value in sidecar.values.items() if value}, of_files)


def defaults(settings: AttachmentsSettings) -> dict[str, str]:
    """Return what is known of every scan of a store: what the settings say. Never a patient or a claim."""
    found = {info.name: getattr(settings, info.setting) for info in claim_fields() if info.setting}
    return {name: value for name, value in found.items() if value}


def file_input(file: str, name: str) -> str:
    """Return the form's name for a field of one file: the file's own, whichever others come and go meanwhile."""
    return f"file-{token('field', file)}-{name}"


# --- From faults to fields ------------------------------------------------------------------------------------------


def placed(faults: Iterable[Fault], entered: Entered) -> Placed:
    """Put each fault to the field that it belongs to: those of the check, and those that the service has told."""
    from agent.destinations.dentatt import FIELDS

    fields = {info.name: info for info in (*file_fields(), *claim_fields())}
    claim = {info.name for info in claim_fields()}
    in_words = {words: name for name, words in FIELDS.items() if name in claim}
    at_fields: dict[tuple[str, str], str] = {}
    others: dict[str, None] = {}
    for fault in faults:
        where = fault.where.removeprefix("request: ")
        of_file, _, inner = where.removeprefix("fileMetadata ").rpartition(": ")
        name = in_words.get(where, where)
        key = ("", name)
        if where.startswith("fileMetadata ") and of_file in map(printable, entered.of_files):
            name, key = inner, (next(one for one in entered.of_files if printable(one) == of_file), inner)
        elif name not in claim:
            key = ("", "")
        known = fields.get(name)
        if key[1] and known is not None and name not in _NOT_EDITED:
            given = (entered.of_files.get(key[0], {}) if key[0] else entered.values).get(name, "")
            blank = not given.strip() and "is missing" in fault.message
            at_fields.setdefault(key, missing_words(known) if blank else _for_people(fault.message))
        else:
            others[_for_people(fault.message)] = None
    return Placed(at_fields, tuple(others))


def _for_people(message: str) -> str:
    """Leave out the service's code; and its own words where there is a sentence of ours."""
    match = _SERVICE_SAYS.fullmatch(message)
    return message if match is None else match["ours"] or match["theirs"]


# --- What the page shows --------------------------------------------------------------------------------------------


def groups(entered: Entered, wrong: Placed, prefix: str) -> list[Group]:
    """Return the form's fields; `prefix` makes their ids unique."""
    inputs = {
        info.name: _input(info, info.name, entered.values.get(info.name, ""), wrong.at_fields.get(("", info.name), ""),
                          prefix)
        for info in claim_fields()
    }  # fmt: skip
    by_default = [info.name for info in claim_fields() if info.setting]
    of_claim = [name for name in inputs if name not in (*_PATIENT, *by_default)]
    settled = all(inputs[name].value and not inputs[name].wrong for name in by_default)
    made = [
        Group("Whose scan is it?", tuple(inputs[name] for name in _PATIENT)),
        Group("Which claim?", tuple(inputs[name] for name in of_claim)),
        Group("Who sends it?", tuple(inputs[name] for name in by_default), folded=settled),
    ]
    for file, values in entered.of_files.items():
        of_file = tuple(
            _input(
                info, file_input(file, info.name), values.get(info.name, ""),
                wrong.at_fields.get((file, info.name), ""), prefix,
            )
            for info in file_fields()
            if info.name not in _NOT_EDITED
        )  # fmt: skip
        made.append(Group(f"About {printable(file)}", of_file))
    return made


def faulty(shown: Iterable[Group]) -> list[Input]:
    """Return the fields with something wrong, in the order of the form."""
    return [one for group in shown for one in group.inputs if one.wrong]


def _input(info: SidecarField, name: str, value: str, wrong: str, prefix: str) -> Input:
    # A date field shows nothing of a date that is not written as it wants it: then it is a plain text.
    kind = "date" if info.kind == "date" and (not value or _ISO_DAY(value)) else "text"
    hint = "" if kind == "date" else info.hint
    label = info.label[:1].upper() + info.label[1:]
    required = info.required and info.name != _BY_CLAIM
    if not required and not value:
        hint = "Empty: the claim's date of service"
    return Input(f"{prefix}-{name}", name, label, kind, value, hint, info.max_length, required, wrong)
