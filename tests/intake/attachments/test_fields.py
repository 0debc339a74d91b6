"""The fields of a sidecar as a form and the check see them: one source for both."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.attachments.dental import procedure_codes, tooth_numbers
from agent.intake.attachments.fields import SidecarField, check_claim, claim_fields, file_fields
from agent.settings.schema import AttachmentsSettings
from tests.support import files

TODAY = date(2026, 7, 4)
CONTRACT = Path(__file__).resolve().parents[4] / "shared/contracts/optum-real-dental-attachments.openapi.json"


def values(**changes: Any) -> dict[str, str]:
    return json.loads(files.sidecar(**changes))  # type: ignore[no-any-return]


def test_a_form_can_be_made_of_the_fields() -> None:
    by_name = {field.name: field for field in claim_fields()}
    assert by_name["providerNPI"] == SidecarField(
        name="providerNPI",
        label="provider's NPI",
        kind="text",
        required=True,
        max_length=10,
        pattern="^[0-9]{10}$",
        hint="10 digits",
        setting="provider_npi",
    )
    assert by_name["patientDateOfBirth"].kind == "date"
    assert [field.name for field in file_fields()] == [
        "fileName",
        "mimeType",
        "serviceDate",
        "procedureCodes",
        "toothNumbers",
    ]


def test_each_default_is_one_of_the_stores_settings() -> None:
    settings = {field.setting for field in claim_fields() if field.setting}
    assert settings == {"submitter_id", "billing_provider_tax_id", "provider_npi"}
    assert settings <= AttachmentsSettings.model_fields.keys()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the published contract is not beside this checkout")
def test_fields_and_lengths_are_those_of_the_published_contract() -> None:
    paths = json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"]
    body = paths["/attachments/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = {field.name: field for field in claim_fields()}
    assert fields.keys() == set(body["required"]) - {"files"}
    for name, field in fields.items():
        published = body["properties"][name]
        if field.kind == "text" and "maxLength" in published:
            assert field.max_length == published["maxLength"]
        if "pattern" in published:
            assert field.pattern == published["pattern"]


def test_a_value_of_just_the_longest_length_goes() -> None:
    longest = {field.name: "x" * (field.max_length or 0) for field in claim_fields() if not field.pattern}
    texts = {name: value for name, value in longest.items() if value}
    assert len(texts) == 6
    assert check_claim(values(**texts), TODAY)[1] == []


@pytest.mark.parametrize("born", ["1900-01-01", "2026-01-15"])
def test_the_oldest_and_the_newest_patient_go(born: str) -> None:
    assert check_claim(values(patientDateOfBirth=born), TODAY)[1] == []


def test_a_service_of_today_goes_and_tomorrows_does_not() -> None:
    assert check_claim(values(dateOfService="2026-07-04"), TODAY)[1] == []
    assert [fault.where for fault in check_claim(values(dateOfService="2026-07-05"), TODAY)[1]] == ["dateOfService"]


def test_a_key_that_is_no_field_is_a_fault_here_too() -> None:
    claim, faults = check_claim(values(colour="blue"), TODAY)
    assert claim == {}
    assert [fault.where for fault in faults] == ["colour"]


@given(
    st.dictionaries(st.sampled_from([field.name for field in claim_fields()]), st.text(st.characters(), max_size=60))
)
def test_any_text_is_either_right_or_told_with_a_place_and_a_sentence(given_values: dict[str, str]) -> None:
    claim, faults = check_claim(given_values, TODAY)
    assert bool(claim) is not bool(faults)
    assert all(fault.where and fault.message.endswith((".", "?")) for fault in faults)
    for fault in faults:
        (fault.value + fault.message).encode("utf-8")  # no half characters: it stands in a file


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("3", "03"),
        ("03", "03"),
        ("8, 14", "08,14"),
        ("32", "32"),
        ("a", "0A"),
        ("T", "0T"),
        ("0b, C", "0B,0C"),
        ("51,82", "51,82"),
        ("as", "AS"),
        ("3;14", "03,14"),
        ("#3 #14", "03,14"),
    ],
)
def test_teeth_are_written_with_two_characters(written: str, sent: str) -> None:
    assert tooth_numbers(written) == sent


@pytest.mark.parametrize(
    "written", ["0", "33", "50", "83", "U", "US", "AT", "", ",", "3.", "1-4", "٣", "AA", "00A", "0U", "003", "0082"]
)
def test_what_is_no_tooth_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="tooth"):
        tooth_numbers(written)


@pytest.mark.parametrize(("written", "sent"), [("D0120", "D0120"), (" d0120 ,D0150,", "D0120,D0150")])
def test_procedure_codes_are_cdt_codes(written: str, sent: str) -> None:
    assert procedure_codes(written) == sent


@pytest.mark.parametrize("written", ["", "0120", "D012", "D01200", "D01 20", "E0120", "D٠١٢٠"])
def test_what_is_no_procedure_code_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="D0120"):
        procedure_codes(written)
