"""From a form to a sidecar and back, and from faults to the fields that they belong to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.desk.page.forms.fields import (
    Entered,
    defaults,
    entered_by,
    entered_in,
    file_input,
    groups,
    placed,
    sidecar_text,
)
from agent.destinations.dentatt import translate
from agent.destinations.reply import VendorWords
from agent.intake.attachments.fields import claim_fields, file_fields
from agent.intake.attachments.sidecar import Sidecar, read_sidecar
from agent.model import Fault
from agent.settings.schema import AttachmentsSettings

NAMES = [info.name for info in claim_fields()]
OF_FILES = [info.name for info in file_fields() if info.name not in ("fileName", "mimeType")]
SETTINGS = AttachmentsSettings(folder="/practice", environment="sandbox", client_id="one", submitter_id="SUB-1")  # type: ignore[arg-type]

typed = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
plain_names = st.lists(st.from_regex(r"[a-z]{1,8}[.]pdf", fullmatch=True), max_size=5, unique=True)


@settings(deadline=None)
@given(values=st.dictionaries(st.sampled_from(NAMES), typed), files=plain_names, data=st.data())
def test_what_is_read_from_the_sidecar_is_what_was_entered(
    values: dict[str, str], files: list[str], data: st.DataObject
) -> None:
    of_files = {name: data.draw(st.dictionaries(st.sampled_from(OF_FILES), typed)) for name in files}
    said = read_sidecar(sidecar_text(Entered(values, of_files), files), "scan.json")
    assert isinstance(said, Sidecar)
    assert said.faults == ()
    assert said.values == {name: value.strip() for name, value in values.items() if value.strip()}
    assert list(said.files) == files
    told = {entry["fileName"]: {k: v for k, v in entry.items() if k != "fileName"} for entry in said.file_metadata}
    assert told == {
        name: {key: value.strip() for key, value in entries.items() if value.strip()}
        for name, entries in of_files.items()
    }


@settings(deadline=None)
@given(values=st.dictionaries(st.sampled_from(NAMES), typed), data=st.data())
def test_a_form_shows_what_a_sidecar_says_and_posts_the_same(values: dict[str, str], data: st.DataObject) -> None:
    said = read_sidecar(sidecar_text(Entered(values)), "scan.json")
    assert isinstance(said, Sidecar)
    shown = {one.name: one.value for group in groups(entered_by(said, SETTINGS, ()), placed((), Entered()), "m")
             for one in group.inputs}  # fmt: skip
    assert entered_in(shown).values == shown
    assert {name: value for name, value in shown.items() if value} == defaults(SETTINGS) | dict(said.values)


def test_a_name_with_half_a_character_is_still_a_sidecar_that_says_so() -> None:
    said = read_sidecar(sidecar_text(Entered({"claimId": "1"}), ["a\udcff.pdf"]), "scan.json")
    assert isinstance(said, Sidecar)
    assert [fault.where for fault in said.faults] == ["files"]


@pytest.mark.parametrize(
    ("code", "field", "said"),
    [
        ("DENTATT_004", "claimId", "The claim ID is missing."),
        ("DENTATT_007", "payerId", "The payer ID is not exactly 5 letters or digits."),
        ("DENTATT_009", "providerNPI", "The provider NPI has a wrong digit: its check digit does not fit."),
        ("DENTATT_012", "dateOfService", "The date of service is not written as 2024-01-31."),
        ("DENTATT_013", "patientDateOfBirth", "The patient's date of birth is not written as 2024-01-31."),
        (
            "DENTATT_014",
            "patientLastName",
            "The patient's last name is missing or has characters that are not accepted.",
        ),
        ("DENTATT_016", "memberId", "The member ID is missing or has characters that are not accepted."),
    ],
)
def test_the_services_codes_come_to_their_fields_in_words(code: str, field: str, said: str) -> None:
    fault = translate(VendorWords(code, "", "as the service puts it"))
    found = placed([fault], Entered(dict.fromkeys(NAMES, "x")))
    assert found.at_fields == {("", field): said}
    assert found.others == ()


def test_the_services_own_words_stand_where_there_are_none_of_ours_and_without_a_code() -> None:
    fault = translate(VendorWords("DENTATT_777", "payerId", "payer is not configured for attachments"))
    found = placed([fault], Entered({"payerId": "TST09"}))
    assert found.at_fields == {("", "payerId"): 'The service says: "payer is not configured for attachments"'}


def test_faults_of_no_field_stand_together_and_once() -> None:
    faults = [Fault("files", "", "The packet has no file."), Fault("scan.pdf", "", "scan.pdf is empty.")]
    assert placed([*faults, *faults], Entered()).others == ("The packet has no file.", "scan.pdf is empty.")


def test_what_is_said_of_a_file_has_fields_of_its_own() -> None:
    entered = Entered({}, {"a.pdf": {"toothNumbers": "99"}})
    wrong = placed([Fault("fileMetadata a.pdf: toothNumbers", "99", "There is no tooth 99.")], entered)
    [about] = [group for group in groups(entered, wrong, "m") if group.legend == "About a.pdf"]
    assert {one.name: one.wrong for one in about.inputs if one.wrong} == {
        file_input("a.pdf", "toothNumbers"): "There is no tooth 99."
    }


@pytest.mark.parametrize(("given", "kind"), [("", "date"), ("1988-03-09", "date"), ("03/09/1988", "text")])
def test_a_date_that_a_date_field_would_not_show_stands_in_a_plain_one(given: str, kind: str) -> None:
    shown = groups(Entered({"patientDateOfBirth": given}), placed((), Entered()), "m")
    [born] = [one for group in shown for one in group.inputs if one.name == "patientDateOfBirth"]
    assert (born.kind, born.value) == (kind, given)


def test_defaults_are_folded_only_while_nobody_has_to_look_at_them() -> None:
    every = {"providerNPI": "1234567893", "submitterId": "S", "billingProviderTaxId": "1"}
    assert groups(Entered(every), placed((), Entered()), "m")[2].folded
    assert not groups(Entered({**every, "submitterId": ""}), placed((), Entered()), "m")[2].folded
    wrong = placed([Fault("providerNPI", "1", "no")], Entered(every))
    assert not groups(Entered(every), wrong, "m")[2].folded
