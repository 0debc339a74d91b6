"""What a sidecar says of a claim and its files: the one place where its fields, and the rules of each, are written.

Rules are those of the attachments service's contract (operation "create attachments"); its error codes stand beside
them. The patterns that the service publishes for `fileMetadata` reject its own examples: those are checked by meaning.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from agent.intake.attachments import dental
from agent.intake.attachments.days import DateFault, day
from agent.model import Fault
from agent.npi import is_npi
from agent.shown import shown

FIRST_BIRTH_YEAR = 1900
_MOST_SHOWN = 200


def _wrong(message: str) -> PydanticCustomError:
    """A fault in plain words; braces in it are the value's own."""
    return PydanticCustomError("outtray", "{message}", {"message": message})


def _speakable(text: str) -> str:
    """Refuse control characters."""
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) == "Cc":
            name = {"\t": "a tab", "\n": "a line break", "\r": "a line break"}.get(character, "a control character")
            raise _wrong(f"Character {place} is {name}. Take it out.")
    return text


def _exists(text: str, info: ValidationInfo) -> str:
    """Hold a date against the calendar and today. `DENTATT_012`, `DENTATT_013`."""
    try:
        found = day(text)
    except DateFault as fault:
        raise _wrong(str(fault)) from fault
    today = (info.context or {}).get("today")
    if today is not None and found > today:
        raise _wrong(f"{text} is in the future: today is {today.isoformat()}.")
    return text


def _birthday(text: str) -> str:
    if int(text[:4]) < FIRST_BIRTH_YEAR:
        raise _wrong(f"{text} is before {FIRST_BIRTH_YEAR}. Check the year.")
    return text


def _checksum(text: str) -> str:
    """`DENTATT_009`."""
    if not is_npi(text):
        raise _wrong(
            f"{text} is not an NPI: its last digit does not fit the others. Compare it with the provider's card."
        )
    return text


def _by(rule: Callable[[str], str]) -> AfterValidator:
    """Turn a rule's ValueError into a fault in its own words."""

    def apply(text: str) -> str:
        try:
            return rule(text)
        except ValueError as fault:
            raise _wrong(str(fault)) from fault

    return AfterValidator(apply)


Text = Annotated[str, AfterValidator(_speakable)]
Day = Annotated[str, AfterValidator(_speakable), AfterValidator(_exists)]

_DATE: JsonDict = {"kind": "date"}


class _Fields(BaseModel):
    """Fields by the names that they have on the wire. Blanks around a value do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)


class ClaimFields(_Fields):
    """The metadata of one request, all of it required. `setting`: where the store's default for a field stands."""

    claim_id: Text = Field(alias="claimId", title="claim ID", max_length=50)  # DENTATT_004, _005
    payer_id: Text = Field(  # DENTATT_006, _007
        alias="payerId",
        title="payer ID",
        pattern=r"^[A-Za-z0-9]{5}$",
        max_length=5,
        description="5 letters or digits, such as 60054",
    )
    member_id: Text = Field(alias="memberId", title="member ID", max_length=50)  # DENTATT_016
    patient_last_name: Text = Field(alias="patientLastName", title="patient's last name", max_length=75)  # DENTATT_014
    patient_first_name: Text = Field(alias="patientFirstName", title="patient's first name", max_length=50)  # _015
    patient_date_of_birth: Annotated[Day, AfterValidator(_birthday)] = Field(
        alias="patientDateOfBirth", title="patient's date of birth", description="YYYY-MM-DD", json_schema_extra=_DATE
    )
    date_of_service: Day = Field(  # DENTATT_011, _012
        alias="dateOfService", title="date of service", description="YYYY-MM-DD", json_schema_extra=_DATE
    )
    provider_npi: Annotated[Text, AfterValidator(_checksum)] = Field(  # DENTATT_008, _009, _010
        alias="providerNPI",
        title="provider's NPI",
        pattern=r"^[0-9]{10}$",
        max_length=10,
        description="10 digits",
        json_schema_extra={"setting": "provider_npi"},
    )
    submitter_id: Text = Field(  # DENTATT_XXX
        alias="submitterId", title="submitter ID", max_length=50, json_schema_extra={"setting": "submitter_id"}
    )
    billing_provider_tax_id: Text = Field(  # DENTATT_XXX
        alias="billingProviderTaxId",
        title="billing provider's tax ID",
        max_length=50,
        json_schema_extra={"setting": "billing_provider_tax_id"},
    )


class FileFields(_Fields):
    """What the image-intelligence service wants to know of one file. `mimeType` and `serviceDate` can be left out.

    They are then taken from the file's content and from the claim's date of service.
    """

    file_name: Text = Field(alias="fileName", title="file name", max_length=255)
    mime_type: Text = Field("", alias="mimeType", title="MIME type", max_length=255)
    service_date: Day = Field(
        alias="serviceDate", title="service date", description="YYYY-MM-DD", json_schema_extra=_DATE
    )
    procedure_codes: Annotated[Text, _by(dental.procedure_codes)] = Field(
        alias="procedureCodes",
        title="procedure codes",
        description="CDT or CPT codes such as D0120 or 70355, with commas between them",
    )
    tooth_numbers: Annotated[Text, _by(dental.tooth_numbers)] = Field(
        alias="toothNumbers", title="tooth numbers", description="such as 3, 14 or A, with commas between them"
    )


@dataclass(frozen=True)
class SidecarField:
    """One field as a form shows it."""

    name: str  # on the wire
    label: str
    kind: Literal["text", "date"]
    required: bool
    max_length: int | None
    pattern: str | None
    hint: str
    setting: str | None  # the key in the settings that stands in where the field is left out


@cache
def _described(model: type[_Fields]) -> tuple[SidecarField, ...]:
    schema = model.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    return tuple(
        SidecarField(
            name=name,
            label=field["title"],
            kind=field.get("kind", "text"),
            required=name in required,
            max_length=field.get("maxLength"),
            pattern=field.get("pattern"),
            hint=field.get("description", ""),
            setting=field.get("setting"),
        )
        for name, field in schema["properties"].items()
    )


def claim_fields() -> tuple[SidecarField, ...]:
    """Return the fields of a sidecar, in the order in which a form asks for them."""
    return _described(ClaimFields)


def file_fields() -> tuple[SidecarField, ...]:
    """Return the fields of one file's `fileMetadata`."""
    return _described(FileFields)


_Model = TypeVar("_Model", bound=_Fields)


def _checked(
    model: type[_Model], values: Mapping[str, str], today: date, prefix: str
) -> tuple[_Model | None, list[Fault]]:
    """Check values by their names on the wire. A blank value counts as left out."""
    given = {name: value for name, value in values.items() if value.strip()}
    try:
        return model.model_validate(given, context={"today": today}), []
    except ValidationError as problem:
        described = {field.name: field for field in _described(model)}
        return None, [
            _fault(described.get(str(error["loc"][0])), str(error["loc"][0]), error, given, prefix)
            for error in problem.errors(include_url=False)
        ]


def _fault(
    field: SidecarField | None, name: str, error: Mapping[str, Any], given: Mapping[str, str], prefix: str
) -> Fault:
    value = printable(given.get(name, ""))
    if field is None:
        return Fault(prefix + name, value, f'"{printable(name)}" is not a field of a sidecar.')
    label = field.label[0].upper() + field.label[1:]
    if error["type"] == "missing":
        message = f'{missing_words(field)} Add "{field.name}" to the sidecar.'
        if field.name == "toothNumbers":
            message = f"{message} {dental.WITHOUT}"
    elif error["type"] == "outtray":
        message = f"{label}: {error['ctx']['message']}"
    elif error["type"] == "string_unicode":  # an escape such as \ud800 in the JSON, without its other half
        message = f"{label}: {value} holds half a character. Type the text again."
    elif field.pattern:
        message = f"{label}: {value} does not fit. It has exactly {field.hint}."
    else:
        length = len(given[field.name].strip())
        message = f"{label}: {length} characters are too many. At most {field.max_length} fit."
    return Fault(prefix + field.name, value, message)


def missing_words(field: SidecarField) -> str:
    """Say that a field is missing; where to add it depends on whether one looks at a form or at a file."""
    return f"The {field.label} {'are' if field.label.endswith('s') else 'is'} missing."


def printable(text: str) -> str:
    """Return the text as any page or file can show it: at most 200 characters, control and half ones spelled out."""
    return shown(text[:_MOST_SHOWN]) + ("…" if len(text) > _MOST_SHOWN else "")


def check_claim(values: Mapping[str, str], today: date) -> tuple[dict[str, str], list[Fault]]:
    """Check a sidecar's claim fields, given by their names on the wire, and return them as they go out, and all faults.

    The first is empty where there are faults. This is also what a form calls before it writes a sidecar.
    """
    claim, faults = _checked(ClaimFields, values, today, "")
    faults += _order_of_dates(values, faults)
    return ({}, faults) if claim is None or faults else (claim.model_dump(by_alias=True), [])


def _order_of_dates(values: Mapping[str, str], faults: Iterable[Fault]) -> list[Fault]:
    wrong = {fault.where for fault in faults}
    if {"patientDateOfBirth", "dateOfService"} & wrong:
        return []
    born, served = values["patientDateOfBirth"].strip(), values["dateOfService"].strip()
    if born <= served:
        return []
    message = f"Patient's date of birth: {born} is after the date of service, {served}. Check both."
    return [Fault("patientDateOfBirth", born, message)]


def check_file_fields(values: Mapping[str, str], today: date, where: str) -> tuple[dict[str, str], list[Fault]]:
    """Check one file's metadata; `where` stands before the field's name in each fault."""
    fields, faults = _checked(FileFields, values, today, where)
    return ({}, faults) if fields is None else (fields.model_dump(by_alias=True), [])
