"""Reading a sidecar: from bytes to fields by their names on the wire. Whether the values are right is `check.py`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from agent.folder.names import is_watched, name_key
from agent.intake.attachments.fields import SidecarField, claim_fields, file_fields, printable
from agent.intake.attachments.json_text import Json, NotJson, Number, Pairs, parse
from agent.intake.encoding import NotText, decode
from agent.intake.problems import SIDECAR_UNREADABLE
from agent.model import Fault, Problem

MOST_BYTES = 1024 * 1024
MOST_FILES = 10  # of one request; the service's contract
_MOST_TOLD = 10 * MOST_FILES  # entries of a list, and faults: more than these help nobody
ENDING = ".json"

_SEPARATORS = re.compile(r"[\s_.\-]+")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DIGEST = re.compile("[0-9a-fA-F]{64}")
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}) | frozenset(
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
)
_LISTS = ("files", "fileMetadata", "request", "sha256")


@dataclass(frozen=True)
class Sidecar:
    """What a sidecar says. `faults` are those of its shape, for the check to tell together with those of its values."""

    values: Mapping[str, str] = field(default_factory=dict)  # claim fields by their names on the wire
    files: tuple[str, ...] = ()
    lists_files: bool = False  # it has "files", whether or not every name in it can be used
    file_metadata: tuple[Mapping[str, str], ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)  # of files that it was written for, by their names' keys
    faults: tuple[Fault, ...] = ()

    @property
    def names_files(self) -> bool:
        """Whether it speaks of files by name, so that they must keep their names."""
        return self.lists_files or bool(self.file_metadata)

    @property
    def has_unusable_names(self) -> bool:
        """Whether "files" has faults: then it is of no use to wait for what it names."""
        return any(fault.where == "files" for fault in self.faults)


def read_sidecar(data: bytes, name: str) -> Sidecar | Problem:
    """Read a sidecar's bytes; `name` is its own file name.

    A problem means that it cannot be read at all (not text, not JSON, not an object). Anything less is a fault of the
    sidecar that is returned, so that all faults of a packet can be told at once.
    """
    if len(data) > MOST_BYTES:
        return SIDECAR_UNREADABLE.problem(name=name, reason="it is larger than 1 MiB. A sidecar is a page of text.")
    try:
        found = parse(decode(data))
    except NotText as fault:
        reason = f"line {fault.line} has characters that are not {fault.encoding}."
        return SIDECAR_UNREADABLE.problem([Fault(name, "", reason)], name=name, reason=reason)
    except NotJson as fault:
        return SIDECAR_UNREADABLE.problem([Fault(name, "", str(fault))], name=name, reason=str(fault))
    if not isinstance(found, Pairs):
        reason = f"it holds {_kind(found)}. A sidecar begins with {{ and ends with }}."
        return SIDECAR_UNREADABLE.problem([Fault(name, "", reason)], name=name, reason=reason)
    return _Reader(name).read(found)


class _Reader:
    """Collects fields and faults from one sidecar."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: dict[str, str] = {}
        self._faults: list[Fault] = []

    def read(self, top: Pairs) -> Sidecar:
        names = [info.name for info in claim_fields()]
        found = self._by_name(top, [*names, *_LISTS], "")
        request = found.pop("request", None)
        if isinstance(request, Pairs):
            inner = self._by_name(request, [*names, "files", "fileMetadata"], "request: ")
            for name in found.keys() & inner.keys():
                self._fault(name, "", f'"{name}" stands both inside and outside of "request". Keep one of them.')
            found = inner | found
        elif request is not None:
            self._fault("request", "", f'"request" holds {_kind(request)}. It has to be an object: {{ ... }}.')
        lists_files = "files" in found
        files = self._files(found.pop("files", None)) if lists_files else ()
        file_metadata = self._file_metadata(found.pop("fileMetadata", None))
        digests = self._digests(found.pop("sha256", None))
        for name, value in found.items():
            self._values[name] = self._text(name, value)
        return Sidecar(self._values, files, lists_files, file_metadata, digests, tuple(self._faults))

    def _fault(self, where: str, value: str, message: str) -> None:
        self._faults.append(Fault(where, printable(value), message))

    def _by_name(self, pairs: Pairs, known: Iterable[str], where: str) -> dict[str, Json]:
        """Match keys whatever their case and separators; tell unknown keys, and keys that come twice."""
        by_key = {_key(name): name for name in known}
        spelled: dict[str, str] = {}
        found: dict[str, Json] = {}
        for written, value in pairs.items:
            if len(self._faults) >= _MOST_TOLD:
                break
            name = by_key.get(_key(written))
            if name is None:
                self._fault(where + printable(written), "", _unknown(written, by_key))
            elif name in spelled:
                first, second = printable(spelled[name]), printable(written)
                same = f'"{first}" stands there twice.'
                alike = f'"{first}" and "{second}" are the same field.'
                self._fault(where + name, "", f"{same if first == second else alike} Keep one of them.")
            else:
                spelled[name] = written
                found[name] = value
        return found

    def _text(self, where: str, value: Json) -> str:
        """Return a field's text. A number is refused: whoever wrote it may have lost its leading zeros already."""
        if isinstance(value, str):
            return value
        name = where.rpartition(": ")[2]
        if isinstance(value, Number):
            shown = printable(value.text)
            message = (
                f'"{name}" is a number, and a number loses its leading zeros. Put it in quotes: "{name}": "{shown}".'
            )
            self._fault(where, value.text, message)
        elif value is not None:
            self._fault(where, "", f'"{name}" holds {_kind(value)}. It has to be a text in double quotes.')
        return ""

    def _files(self, value: Json) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._fault("files", "", f'"files" holds {_kind(value)}. It has to be a list: "files": ["scan.pdf"].')
            return ()
        if not 1 <= len(value) <= MOST_FILES:
            self._fault("files", "", f'"files" lists {len(value)} files. A packet has 1 to {MOST_FILES}.')
        names: dict[str, str] = {}
        for entry in value[:_MOST_TOLD]:
            if not isinstance(entry, str):
                self._fault(
                    "files", "", f'"files" has {_kind(entry)} in it. Each entry is a file name in double quotes.'
                )
            elif wrong := _wrong_with(entry, self._name):
                self._fault("files", entry, wrong)
            elif name_key(entry) in names:
                self._fault("files", entry, f"{entry} is listed twice. List it once.")
            else:
                names[name_key(entry)] = entry
        return tuple(names.values())

    def _digests(self, value: Json) -> dict[str, str]:
        if value is None:
            return {}
        entries = value.items if isinstance(value, Pairs) else (("", value),)
        if not all(isinstance(said, str) and _DIGEST.fullmatch(said) for _, said in entries):
            self._fault("sha256", "", '"sha256" has to be an object: each file name with its SHA-256 in hexadecimal.')
            return {}
        return {name_key(name): str(said).lower() for name, said in entries}

    def _file_metadata(self, value: Json) -> tuple[Mapping[str, str], ...]:
        """Take the service's list of objects with `fileName`, or an object keyed by file name."""
        if value is None:
            return ()
        if isinstance(value, Pairs):
            entries = [(name, inner) for name, inner in value.items]
        elif isinstance(value, list):
            entries = [("", inner) for inner in value]
        else:
            self._fault("fileMetadata", "", f'"fileMetadata" holds {_kind(value)}. It has to be a list, or {{ ... }}.')
            return ()
        if len(entries) > _MOST_TOLD:
            message = f'"fileMetadata" speaks of {len(entries)} files. A packet has 1 to {MOST_FILES}.'
            self._fault("fileMetadata", "", message)
        numbered = enumerate(entries[:_MOST_TOLD], start=1)
        return tuple(self._one_file(number, name, inner) for number, (name, inner) in numbered)

    def _one_file(self, number: int, name: str, value: Json) -> Mapping[str, str]:
        where = f"fileMetadata {printable(name) or number}: "
        if not isinstance(value, Pairs):
            self._fault(where.removesuffix(": "), "", f"Here stands {_kind(value)}. It has to be an object: {{ ... }}.")
            return {"fileName": name}
        known: list[SidecarField] = list(file_fields())
        aliased = Pairs(tuple((_FILE_ALIASES.get(_key(key), key), inner) for key, inner in value.items))
        found = self._by_name(aliased, [info.name for info in known], where)
        if name and "fileName" in found and name_key(str(found["fileName"])) != name_key(name):
            self._fault(where + "fileName", str(found["fileName"]), f'"fileName" has to be {name}, as above it.')
        texts = {key: self._list_or_text(where + key, inner) for key, inner in found.items()}
        return {**texts, "fileName": name} if name else texts

    def _list_or_text(self, where: str, value: Json) -> str:
        """Join a list with commas. Tooth numbers may be plain numbers: a tooth has no leading zero to lose."""
        plain_numbers = where.endswith("toothNumbers")
        if isinstance(value, Number) and plain_numbers:
            return value.text
        if isinstance(value, list) and where.endswith(("toothNumbers", "procedureCodes")):
            inner = (
                self._text(where, one) if isinstance(one, list) else self._list_or_text(where, one) for one in value
            )
            return ",".join(inner)
        return self._text(where, value)


_FILE_ALIASES = {"dateofservice": "serviceDate"}  # the service's own example and schema differ


def _key(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _unknown(written: str, by_key: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(_key(written)[:100], by_key, n=1, cutoff=0.6)
    hint = f'Did you mean "{by_key[near[0]]}"?' if near else "Take it out."
    return f'"{printable(written)}" is not a field of a sidecar. {hint}'


def _kind(value: Json) -> str:
    """Name what a JSON value is, for people."""
    if isinstance(value, Pairs):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Number):
        return "a number"
    return "nothing (null)" if value is None else "true or false"


def _wrong_with(name: str, sidecar: str) -> str | None:
    """Tell why `name` cannot be one of the packet's files: it has to be a plain file name of the same folder."""
    shown = printable(name)
    if not name.strip():
        return "A blank stands where a file name is expected."
    if name_key(name) == name_key(sidecar):
        return f"{shown} is the sidecar itself. List the scans only."
    if "/" in name or "\\" in name or name in (".", "..") or PureWindowsPath(name).drive:
        return f"{shown} leads out of the folder. Write the plain file name, and keep the file beside the sidecar."
    if _FORBIDDEN.search(name) or any("\ud800" <= character <= "\udfff" for character in name):
        return f"{shown} has characters that no file name can have."
    if name != name.rstrip(" ."):
        return f"{shown} ends with a blank or a full stop, which Windows takes off."
    if name.partition(".")[0].rstrip().casefold() in _DEVICES:
        return f"{shown} is the name of a device in Windows. Rename the file."
    if not is_watched(name):
        return f"{shown} is a name that OutTray never picks up. Rename the file."
    if name.casefold().endswith(ENDING):
        return f"{shown} is a sidecar itself. List the scans only."
    return None
