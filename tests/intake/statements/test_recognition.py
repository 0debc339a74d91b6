"""Which profile reads a file: by looking, by name, or by a file of the practice's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent.intake.statements import profile as profiles
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import Profile, built_in, find, parse
from agent.intake.statements.recognition import Choice, choose
from agent.intake.statements.source import examine
from tests.support.statement_files import ROW, check, csv, opendental, opendental_ehg, statement, uploads


def _choose(data: bytes, wanted: str = "auto") -> Choice:
    return choose(examine("a.bin", io.BytesIO(data)), wanted)


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (opendental(statement()), "opendental-xml", "its outermost element is StatementFile"),
        (opendental_ehg(), "opendental-ehg", "its outermost element is EISStatementFile"),
        (b'{"pendingInvoiceUploads":[]}', "api-json", "it is JSON"),
        (csv(ROW), "generic", "row 1 has headings for 4 fields, and no other profile fits"),
        (b"\nIMPSCIF|1|John\n", "instamed-balance", "its rows begin with IMPSCIF"),
        (b"Title\nPatient\tAccount\tTotal Bal\tLast Pt Pmt\n", "topsortho-aging",
         "row 2 has the headings Patient, Account, Total Bal, Last Pt Pmt"),
    ],
)  # fmt: skip
def test_a_file_is_known_by_what_is_in_it(data: bytes, name: str, why: str) -> None:
    choice = _choose(data)
    assert (choice.profile.name, choice.why) == (name, why)


def test_a_named_profile_is_taken_as_it_is_named() -> None:
    choice = _choose(csv(ROW), "generic")
    assert (choice.profile.name, choice.why) == ("generic", "the settings name it (generic)")


@pytest.mark.parametrize(
    ("data", "wanted", "words"),
    [
        (opendental(statement()), "generic", ("generic", "an XML file")),
        (opendental(statement()), "opendental-ehg", ("StatementFile, not EISStatementFile",)),
        (csv(ROW), "transworld", ("transworld", "CLIENT NUMBER")),
    ],
)
def test_a_file_that_is_not_of_the_named_kind_is_told(data: bytes, wanted: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Unreadable) as refused:
        _choose(data, wanted)
    assert refused.value.problem.code == "wrong-profile"
    for word in words:
        assert word in refused.value.problem.sentence


def test_two_equal_matches_name_both(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = built_in()["transworld"].model_copy(update={"name": "twin"})
    monkeypatch.setattr(profiles, "built_in", lambda: {**built_in(), "twin": twin})
    headings = twin.recognise.headings
    with pytest.raises(Unreadable) as refused:
        _choose(csv(["1"] * len(headings), headings=headings, delimiter="|"))
    assert refused.value.problem.code == "two-profiles"
    assert "transworld and twin" in refused.value.problem.sentence


OWN = """
name = "our-pms"
title = "What our PMS exports"
[layout]
dates = "DMY"
amounts = "cents"
[columns]
account = ["Kennung"]
statement_date = ["Vom"]
amount_due = ["Offen"]
"""


def test_a_profile_of_the_practices_own(tmp_path: Path) -> None:
    path = tmp_path / "our-pms.toml"
    path.write_text(OWN)
    data = csv(("7", "31/07/2026", "1234"), headings=("Kennung", "Vom", "Offen"))
    (made,) = uploads(data, "a.csv", tmp_path / "spool", profile=str(path))
    assert (made["statementDate"], made["amountDue"]) == ("2026-07-31", 1234)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[layout]", "[layuot]"), "layuot is not a setting of a profile; the nearest is layout."),
        (('dates = "DMY"', 'date = "DMY"'), "layout.date is not a setting of a profile; the nearest is dates."),
        (('"DMY"', '"DYM"'), "layout.dates is 'DYM', and can only be 'MDY', 'DMY' or 'YMD'."),
        (("amount_due =", "amuont_due ="), "columns.amuont_due is not a field; the nearest is amount_due."),
        (("account =", "note ="), "which column is the account"),
        (("statement_date =", "note ="), "which column is the statement_date"),
        (('title = "What our PMS exports"', ""), "title is missing."),
        (('name = "our-pms"', 'name = "Our PMS"'), "name is 'Our PMS', and can only have small letters"),
        (("[columns]", "[columns"), "it is not TOML"),
    ],
)
def test_a_faulty_profile_is_told_in_plain_sentences(change: tuple[str, str], words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(OWN.replace(*change), "our-pms.toml")
    assert refused.value.problem.code == "bad-profile"
    assert words in refused.value.problem.sentence
    assert "our-pms.toml" in refused.value.problem.sentence


@pytest.mark.parametrize("name", ["opendentel", "/nowhere/x.toml"])
def test_a_profile_that_does_not_exist(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        find(name)
    assert refused.value.problem.code == "no-profile"


def test_a_lane_with_a_bad_profile_has_a_problem_and_no_exception(tmp_path: Path) -> None:
    problem = check(csv(ROW), "a.csv", tmp_path / "spool", profile="nowhere.toml").problem
    assert problem is not None
    assert problem.code == "no-profile"


def test_headings_are_compared_without_case_blanks_and_punctuation() -> None:
    data = csv(("1", "07/31/2026", "5"), headings=("ACCOUNT_#", " statement  date: ", '"Amt. Due"'))
    assert _choose(data).table is not None


@pytest.mark.parametrize("profile", built_in().values(), ids=lambda p: p.name)
def test_every_built_in_profile_speaks_for_itself(profile: Profile) -> None:
    assert profile.title
    assert profile.note
    assert profile.recognise.any_table or profile.recognise.headings or profile.recognise.root \
        or profile.recognise.record_id or profile.recognise.format == "json"  # fmt: skip
