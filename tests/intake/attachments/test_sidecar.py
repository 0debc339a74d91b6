"""Reading a sidecar. What cannot be read, or says what it may not, is in `tests/support/bad_packets.py`."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.attachments.fields import claim_fields, file_fields
from agent.intake.attachments.sidecar import Sidecar, read_sidecar
from agent.model import Problem
from tests.support import files


def read(data: bytes) -> Sidecar:
    found = read_sidecar(data, "scan.json")
    assert isinstance(found, Sidecar), found
    return found


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_a_sidecar_may_come_in_any_unicode_encoding(mark: bytes, encoding: str) -> None:
    text = json.dumps({"patientLastName": "Peña Łukasz"}, ensure_ascii=False)
    assert read(mark + text.encode(encoding)).values == {"patientLastName": "Peña Łukasz"}


def test_the_services_own_nested_example_is_read() -> None:
    nested = {"request": json.loads(files.sidecar()), "files": ["scan.pdf"]}
    found = read(json.dumps(nested).encode())
    assert found == Sidecar(json.loads(files.sidecar()), ("scan.pdf",), lists_files=True)


@pytest.mark.parametrize("key", ["claimId", "ClaimID", "claim_id", "CLAIM ID", "claim-id", "claim.id"])
def test_a_key_counts_whatever_its_case_and_separators(key: str) -> None:
    assert read(json.dumps({key: "CLM-7"}).encode()).values == {"claimId": "CLM-7"}


@pytest.mark.parametrize("name", ["scan.pdf", "Größe 1.tif", "a,b;c & d's (2).jpg", "comet.pdf", "console.txt"])
def test_a_plain_file_name_may_be_listed(name: str) -> None:
    found = read(json.dumps({"files": [name]}).encode())
    assert found.files == (name,)
    assert not found.faults


@given(st.binary(max_size=300))
def test_any_bytes_are_either_a_sidecar_or_a_problem(data: bytes) -> None:
    assert isinstance(read_sidecar(data, "scan.json"), Sidecar | Problem)


KEYS = st.sampled_from(
    [field.name for field in (*claim_fields(), *file_fields())] + ["files", "fileMetadata", "request", "a.pdf", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=8), st.booleans())
def test_any_json_gives_texts_and_plain_file_names(value: dict[str, object], escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    found = read_sidecar(text.encode("utf-8", "surrogatepass"), "scan.json")
    if isinstance(found, Sidecar):
        assert all(isinstance(entry, str) for entry in found.values.values())
        assert not any(set(name) & set('/\\:*?"<>|') for name in found.files)
        assert all(isinstance(text, str) for entry in found.file_metadata for text in entry.values())


@given(st.text(alphabet="{}[]\",:\\/'0-+.eEn aclNIut\n\t“”", max_size=60))
def test_whatever_breaks_is_told_in_one_sentence(text: str) -> None:
    found = read_sidecar(text.encode(), "scan.json")
    if isinstance(found, Problem):
        assert found.sentence.startswith("The sidecar scan.json cannot be read: ")
        assert found.sentence.endswith(".")
