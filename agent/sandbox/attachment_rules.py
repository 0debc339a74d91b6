"""What the attachments service checks, with its codes. Pure.

The rules and the codes `DENTATT_...` are those of the published contract. Where it publishes no code, none is made up:
such an entry carries field and message only. Every violation is told at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agent.sandbox.bodies import Part
from agent.sandbox.file_types import DECLARED, detect

MAX_FILES = 10
MAX_IDENTIFIERS = 10


@dataclass(frozen=True)
class Violation:
    """One entry of a problem document's `properties.errors[]`; `code` is empty where none is published."""

    code: str
    field: str
    message: str


@dataclass(frozen=True)
class _Field:
    missing: str  # the code where the field is missing or empty
    malformed: str  # the code where its form is wrong
    form: str  # what the form is, for the message
    fits: Callable[[str], bool]


def _at_most(length: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= length


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HALVES = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=10_000)
def is_date(text: str) -> bool:
    """Tell whether `text` is a day of the calendar as YYYY-MM-DD."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_unicode(text: str) -> bool:
    """Tell whether `text` can be written down: JSON can also spell halves of a character."""
    return text.isascii() or _HALVES.search(text) is None


def has_npi_check_digit(npi: str) -> bool:
    """Tell whether ten digits are an NPI: the Luhn sum over `80840` and the number."""
    digits = [int(digit) for digit in reversed("80840" + npi)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


_NPI_FORM = re.compile(r"[0-9]{10}")
_DATE_FORM = "a date as YYYY-MM-DD"
METADATA_FIELDS: dict[str, _Field] = {
    "submitterId": _Field("DENTATT_XXX", "DENTATT_XXX", "at most 50 characters", _at_most(50)),
    "billingProviderTaxId": _Field("DENTATT_XXX", "DENTATT_XXX", "at most 50 characters", _at_most(50)),
    "claimId": _Field("DENTATT_004", "DENTATT_005", "at most 50 characters", _at_most(50)),
    "payerId": _Field(
        "DENTATT_006",
        "DENTATT_007",
        "5 letters or digits",
        lambda text: re.fullmatch(r"[A-Za-z0-9]{5}", text) is not None,
    ),
    "providerNPI": _Field("DENTATT_008", "DENTATT_010", "10 digits", lambda text: bool(_NPI_FORM.fullmatch(text))),
    "dateOfService": _Field("DENTATT_011", "DENTATT_012", _DATE_FORM, is_date),
    "patientLastName": _Field("DENTATT_014", "DENTATT_014", "at most 75 characters", _at_most(75)),
    "patientFirstName": _Field("DENTATT_015", "DENTATT_015", "at most 50 characters", _at_most(50)),
    "patientDateOfBirth": _Field("DENTATT_013", "DENTATT_013", _DATE_FORM, is_date),
    "memberId": _Field("DENTATT_016", "DENTATT_016", "at most 50 characters", _at_most(50)),
}


def check_metadata(metadata: Mapping[str, object]) -> list[Violation]:
    """Return what is wrong with a request's metadata. Values are strings; a number for an NPI is none."""
    found: list[Violation] = []
    for name, rule in METADATA_FIELDS.items():
        value = metadata.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            found.append(Violation(rule.missing, name, f"{name} is required"))
        elif not isinstance(value, str) or not is_unicode(value) or not rule.fits(value):
            found.append(Violation(rule.malformed, name, f"{name} must be a string: {rule.form}"))
        elif name == "providerNPI" and not has_npi_check_digit(value):
            found.append(Violation("DENTATT_009", name, "providerNPI does not pass the NPI check digit"))
    return found


def check_files(files: Sequence[Part]) -> list[Violation]:
    """Return what is wrong with the files of a request: their number, names, declared types and contents."""
    found: list[Violation] = []
    if not 1 <= len(files) <= MAX_FILES:
        found.append(Violation("", "files", f"1 to {MAX_FILES} files are required, not {len(files)}"))
    for number, part in enumerate(files, 1):
        where = f"files[{number}]"
        declared = _media_type(part.content_type)
        detected = detect(part.head)
        if not part.filename:
            found.append(Violation("", where, "The file name is missing"))
        if not detected:
            found.append(Violation("", where, "The provided attachment format is not supported"))
        elif declared not in DECLARED:
            found.append(Violation("", where, f"The content type '{declared}' is not supported"))
        elif detected not in DECLARED[declared]:
            found.append(Violation("", where, f"The content is {detected}, the content type says '{declared}'"))
    return found


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


_PROCEDURES = re.compile(r"\s*[A-Za-z0-9]{1,25}\s*(,\s*[A-Za-z0-9]{1,25}\s*)*")
# 01-32, supernumerary 51-82, primary A-T (also padded, 0A), supernumerary primary AS-TS.
_TOOTH = r"(?:0[1-9]|[12][0-9]|3[0-2]|5[1-9]|[67][0-9]|8[0-2]|0?[A-Ta-t]|[A-Ta-t][Ss])"
_TEETH = re.compile(rf"\s*{_TOOTH}\s*(,\s*{_TOOTH}\s*)*")
_FILE_METADATA: dict[str, tuple[str, Callable[[str], bool]]] = {
    "fileName": ("a file's name", bool),
    "mimeType": ("a file's MIME type", bool),
    "serviceDate": (_DATE_FORM, is_date),
    "procedureCodes": (
        "procedure codes of 1 to 25 letters and digits, with commas",
        lambda text: _fits(_PROCEDURES, text),
    ),
    "toothNumbers": ("tooth numbers of two characters, with commas", lambda text: _fits(_TEETH, text)),
}


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None


def check_file_metadata(entries: object, files: Sequence[Part]) -> list[Violation]:
    """Return what is wrong with the part `fileMetadata`: its entries and the files must match one to one.

    The published patterns reject the contract's own examples, so lists are checked by their meaning.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [Violation("", "fileMetadata", "fileMetadata must be a JSON array of objects, one a file")]
    found: list[Violation] = []
    for number, entry in enumerate(entries, 1):
        for name, (form, fits) in _FILE_METADATA.items():
            value = entry.get(name)
            if not isinstance(value, str) or not fits(value):
                found.append(Violation("", f"fileMetadata[{number}].{name}", f"{name} is required: {form}"))
    named = Counter((str(entry.get("fileName")), _media_type(str(entry.get("mimeType")))) for entry in entries)
    sent = Counter((str(part.filename), _media_type(part.content_type)) for part in files)
    if named != sent:
        found.append(Violation("", "fileMetadata", "Each file must match one fileName and mimeType of fileMetadata"))
    return found


_IDENTIFIER = re.compile(r"(?:[A-Z]{3}#)?(?:[0-9]{12}|[0-9a-fA-F]{24})")


def check_identifiers(identifiers: object) -> list[Violation]:
    """Return what is wrong with `attachmentIds` of a search: 1 to 10 attachment IDs or control numbers."""
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= MAX_IDENTIFIERS:
        message = f"A list of 1 to {MAX_IDENTIFIERS} attachment IDs is required"
        return [Violation("DENTAL_017", "attachmentIds", message)]
    return [
        Violation("DENTATT_018", f"attachmentIds[{number}]", "The attachment ID has a wrong format")
        for number, identifier in enumerate(identifiers, 1)
        if not isinstance(identifier, str) or _IDENTIFIER.fullmatch(identifier) is None
    ]
